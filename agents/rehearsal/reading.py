"""What the brain knows: the sections of the prompt that it was given, read once, and nothing else."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pydantic import ValidationError

from agents.personas.definition import Option, Slot
from agents.prompts.contract import ContractError, Section, sections_of
from agents.rehearsal.finding import Known
from agents.rehearsal.languages import Tongue, tongue_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A message as section 7 or 12 shows it."""

    number: int
    text: str
    who: str = "customer"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    sections: Mapping[Section, str]
    card: Mapping[str, Any]
    lists: Mapping[str, Any]
    stage: Mapping[str, Any]
    history: tuple[Line, ...]
    today: date
    slots: Mapping[str, Any]
    passages: tuple[Known, ...]
    messages: tuple[Line, ...]
    results: Mapping[str, Any]
    repair: Mapping[str, Any]

    @property
    def heard(self) -> tuple[Line, ...]:
        """What the customer says now."""
        return tuple(line for line in self.messages if line.who == "customer")

    @property
    def tongue(self) -> Tongue:
        """The customer's, by what they say now; where that tells nothing, by what they said, then the persona's."""
        own: Tongue = "en" if str(self.card.get("language", "")).startswith("en") else "pt-BR"
        past = " ".join(line.text for line in self.history if line.who == "customer")
        return tongue_of(" ".join(line.text for line in self.heard), otherwise=tongue_of(past, otherwise=own))

    @property
    def last_bot_text(self) -> str:
        return next((line.text for line in reversed(self.history) if line.who == "bot"), "")


def read(messages: Sequence[Mapping[str, Any]]) -> Reading:
    """Raises ContractError: a prompt that was put together wrongly must not look like one that was understood."""
    sections = sections_of(messages)
    now = _mapping(sections, Section.NOW)
    try:
        today = date.fromisoformat(str(now["now"])[:10])
    except (KeyError, ValueError) as error:
        raise _broken(Section.NOW) from error
    return Reading(
        sections=sections,
        card=_mapping(sections, Section.PERSONA_CARD),
        lists=_mapping(sections, Section.SCHEMA, may_be_empty=True),
        stage=_mapping(sections, Section.STAGE),
        history=_lines(sections, Section.HISTORY),
        today=today,
        slots=_mapping(sections, Section.SLOTS),
        passages=_passages(sections),
        messages=_lines(sections, Section.MESSAGE),
        results=_mapping(sections, Section.RESULTS, may_be_empty=True),
        repair=_mapping(sections, Section.REPAIR, may_be_empty=True),
    )


def slots_of(reading: Reading) -> Mapping[str, Slot]:
    """Those of section 3, with what an extractor has to know of them."""
    try:
        return {name: _slot(card) for name, card in dict(reading.lists.get("slots", {})).items()}
    except (KeyError, TypeError, ValidationError) as error:
        raise _broken(Section.SCHEMA) from error


def _slot(card: Mapping[str, Any]) -> Slot:
    options = tuple(Option.model_validate(option) for option in card.get("options", ()))
    return Slot(type=card["type"], label=card["label"], options=options)


def _mapping(sections: Mapping[Section, str], section: Section, *, may_be_empty: bool = False) -> Mapping[str, Any]:
    body = sections[section].strip()
    if not body and may_be_empty:
        return {}
    return _record(body, section)


def _lines(sections: Mapping[Section, str], section: Section) -> tuple[Line, ...]:
    records = [_record(line, section) for line in sections[section].splitlines() if line.strip()]
    try:
        return tuple(Line(number=int(record["n"]), text=str(record["text"]), who=_who(record)) for record in records)
    except (KeyError, TypeError, ValueError) as error:
        raise _broken(section) from error


def _who(record: Mapping[str, Any]) -> str:
    return str(record["who"]) if "who" in record else "staff" if record["staff"] else "customer"


def _passages(sections: Mapping[Section, str]) -> tuple[Known, ...]:
    body = sections[Section.PASSAGES]
    records = [_record(line, Section.PASSAGES) for line in body.splitlines() if line.strip()]
    try:
        return tuple(Known(**{name: str(record[name]) for name in _OF_PASSAGE}) for record in records)
    except KeyError as error:
        raise _broken(Section.PASSAGES) from error


def _record(body: str, section: Section) -> Mapping[str, Any]:
    try:
        record = json.loads(body)
    except ValueError as error:
        raise _broken(section) from error
    if not isinstance(record, dict):
        raise _broken(section)
    return record


def _broken(section: Section) -> ContractError:
    return ContractError(
        f"Prompt fora do contrato: não leio a seção {section}.", f"Prompt off its contract: {section} cannot be read."
    )


_OF_PASSAGE: Final = ("id", "title", "text")
