"""A persona from its text, with everything that is wrong named by its line; to and from the JSON that is kept of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from pydantic import ValidationError

from agents.personas.definition import Persona
from agents.personas.problems import NOWHERE, Lines, Problem
from agents.personas.refusals import loose, refusals
from agents.personas.source import Source, parse
from core.errors import FieldError, Malformed

_MOST_PROBLEMS: Final = 100  # nobody reads on
_KEPT: Final = 16  # texts: one is checked, kept and shown, and every new company begins with the same few


class PersonaBroken(Malformed):
    """It is no persona: `problems` are all that is wrong, in the order of the document."""

    exit_code = 1  # the command was well typed; what it was given is not

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda one: one.line or 0)[:_MOST_PROBLEMS])
        first = self.problems[0]
        pt, en = (f"linha {first.line}: ", f"line {first.line}: ") if first.line else ("", "")
        where = f"{first.field}: " if first.field else ""
        super().__init__(
            f"A persona tem {len(problems)} problema(s). {pt}{where}{first.message.pt}.",
            f"The persona has {len(problems)} problem(s). {en}{where}{first.message.en}.",
            errors=tuple(FieldError(field=one.field, message=one.message) for one in self.problems),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """A persona, and where each part of it was written."""

    persona: Persona
    lines: Lines


def read_persona(text: str) -> Persona:
    return read_with_lines(text).persona


@lru_cache(maxsize=_KEPT)
def read_with_lines(text: str) -> Read:
    source = parse(text)
    if source.data is None:
        raise PersonaBroken(source.problems)
    slack = list(loose(source.data, source.lines))
    try:
        persona = Persona.model_validate(source.data)
    except ValidationError as error:
        raise PersonaBroken(_together(source, slack, error)) from error
    except OverflowError as error:  # a duration of millions of years
        raise PersonaBroken([*source.problems, *slack]) from error
    if problems := [*source.problems, *slack]:
        raise PersonaBroken(problems)
    return Read(persona=persona, lines=source.lines)


def to_json(persona: Persona) -> dict[str, Any]:
    """All of it, defaults too: what a version means does not change with what we find sensible later."""
    return persona.model_dump(mode="json", by_alias=True)


def from_json(data: Mapping[str, Any]) -> Persona:
    try:
        return Persona.model_validate(dict(data))
    except ValidationError as error:
        raise PersonaBroken(list(refusals(error, data, NOWHERE))) from error


def fingerprint(persona: Persona) -> str:
    """The same for the same persona, however it was written down."""
    canonical = json.dumps(to_json(persona), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _together(source: Source, slack: Sequence[Problem], error: ValidationError) -> list[Problem]:
    """What is refused twice is said once, as the first to see it says it."""
    known = [*source.problems, *slack]
    fields = {one.field for one in known}
    return known + [one for one in refusals(error, source.data, source.lines) if one.field not in fields]
