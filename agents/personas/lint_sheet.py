"""What every rule of the linter is given: a persona, the tools there are, and where each part of it was written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from agents.personas.definition import AnyOf, Persona, SlotType, Stage, StageEnd
from agents.personas.problems import Level, Lines, Path, Problem, dotted
from core.texts import Text

READ: Final = "read"
BY_CUSTOMER: Final = "customer"


class ParameterRules(Protocol):
    @property
    def types(self) -> frozenset[SlotType]: ...
    @property
    def is_needed(self) -> bool: ...


class ToolRules(Protocol):
    """What a persona has to know of a tool. The tools themselves know personas, and cannot be known here."""

    @property
    def cls(self) -> str: ...
    @property
    def approver(self) -> str: ...
    @property
    def needs_staff(self) -> bool: ...
    @property
    def parameters(self) -> Mapping[str, ParameterRules]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    persona: Persona
    tools: Mapping[str, ToolRules]
    bases: frozenset[str] | None  # none where nobody could say
    lines: Lines

    def error(self, path: Path, pt: str, en: str) -> Problem:
        return Problem(line=self.lines.of(path), field=dotted(path), message=Text(pt, en))

    def warning(self, path: Path, pt: str, en: str) -> Problem:
        return Problem(line=self.lines.of(path), field=dotted(path), message=Text(pt, en), level=Level.WARNING)

    def stages(self) -> Iterator[tuple[int, Stage, Path]]:
        for place, stage in enumerate(self.persona.stages):
            yield place, stage, ("stages", place)

    def offered(self, tool: str) -> int | None:
        """The first stage in which it may be used."""
        uses = ((place, use.tool) for place, stage, _ in self.stages() for use in stage.tools)
        return next((place for place, name in uses if name == tool), None)

    def asked_by(self, place: int) -> frozenset[str]:
        """The slots that are asked for up to a stage: those it collects, and those that the next one wants."""
        stages = self.persona.stages
        names = {name for stage in stages[: place + 1] for name in stage.collect}
        wanted = {name for stage in stages[: place + 2] for name in names_of("slot", stage)}
        return frozenset(name for name in names | wanted if self.is_asked(name))

    def is_asked(self, slot: str) -> bool:
        return slot in self.persona.slots and self.persona.slots[slot].ask is not None


def criteria(stage: Stage) -> Iterator[tuple[str, Path]]:
    """Each single criterion, and where it is below its stage."""
    for place, criterion in enumerate(stage.enter.all if stage.enter else ()):
        here: Path = ("enter", "all", place)
        if isinstance(criterion, AnyOf):
            yield from ((one, (*here, "any", number)) for number, one in enumerate(criterion.any))
        else:
            yield criterion, here


def names_of(kind: str, stage: Stage) -> Iterator[str]:
    for criterion, _ in criteria(stage):
        found, _, name = criterion.partition(":")
        if found == kind:
            yield name


def is_final(stage: Stage) -> bool:
    return stage.end is not StageEnd.OPEN
