"""When a lead moves: forward where every criterion of the next stage holds, back where one was lost. Pure.

No stage is skipped, whoever says so: several are entered in one turn only if the criteria of each hold.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.commands import Quote
from agents.personas.definition import AnyOf, Persona, Stage, StageEnd
from graphs.conversation.rules import Rule
from graphs.conversation.state import Filled, StageMove


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What criteria are judged by."""

    slots: Mapping[str, Filled] = field(default_factory=dict)
    evidence: Mapping[str, Quote] = field(default_factory=dict)
    facts: Mapping[str, str | None] = field(default_factory=dict)  # by key, with the words if they are known
    succeeded: Collection[str] = ()
    lost: Collection[str] = ()  # `slot_lost:…` and `effect:…` of this turn: what may lead back


def progress(persona: Persona, stage: str, known: Known) -> tuple[StageMove, ...]:
    """Every step of this turn, in order."""
    back = tuple(_back(persona, stage, known))
    return back or tuple(_forward(persona, stage, known))


def _back(persona: Persona, stage: str, known: Known) -> Iterator[StageMove]:
    """As long as the stage that was reached has lost something, too."""
    place = _place(persona, stage)
    while place > 0 and (lost := [loss for loss in persona.stages[place].leave_back if loss in known.lost]):
        source, target = persona.stages[place].id, persona.stages[place - 1].id
        criteria = tuple({"id": loss, "satisfied": False, "source": "rule"} for loss in lost)
        yield StageMove(source=source, target=target, rule=Rule.BACK.about(target), criteria=criteria)
        place -= 1


def _forward(persona: Persona, stage: str, known: Known) -> Iterator[StageMove]:
    place = _place(persona, stage)
    while persona.stages[place].end is StageEnd.OPEN and place + 1 < len(persona.stages):
        following = persona.stages[place + 1]
        criteria = _met(following, known)
        if criteria is None or following.end is StageEnd.LOST:
            return
        source, target = persona.stages[place].id, following.id
        yield StageMove(source=source, target=target, rule=Rule.FORWARD.about(target), criteria=criteria)
        place += 1


def _met(stage: Stage, known: Known) -> tuple[Mapping[str, Any], ...] | None:
    """What satisfied each criterion; None where one is not satisfied."""
    if stage.enter is None:
        return None
    met: list[Mapping[str, Any]] = []
    for criterion in stage.enter.all:
        choices = criterion.any if isinstance(criterion, AnyOf) else (criterion,)
        found = next((proof for choice in choices if (proof := proof_of(choice, known)) is not None), None)
        if found is None:
            return None
        met.append(found)
    return tuple(met)


def proof_of(criterion: str, known: Known) -> Mapping[str, Any] | None:
    """What shows that it holds, as it is kept with the event; None where nothing does."""
    kind, _, name = criterion.partition(":")
    match kind:
        case "slot" if (filled := known.slots.get(name)) and filled.is_confirmed:
            return _quoted(criterion, "slot", filled.quote)
        case "evidence" if quote := known.evidence.get(name):
            return _quoted(criterion, "evidence", quote)
        case "fact" if name in known.facts:
            return {"id": criterion, "satisfied": True, "source": "fact", "quote": known.facts[name]}
        case "effect" if name.removesuffix(":succeeded") in known.succeeded:
            return {"id": criterion, "satisfied": True, "source": "effect"}
    return None


def _quoted(criterion: str, source: str, quote: Quote) -> Mapping[str, Any]:
    return {"id": criterion, "satisfied": True, "source": source, "message": quote.message, "quote": quote.text}


def _place(persona: Persona, stage: str) -> int:
    return next((place for place, one in enumerate(persona.stages) if one.id == stage), 0)
