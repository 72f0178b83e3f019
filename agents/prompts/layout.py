"""The prompts of a turn: what never changes first, what changes each time last, and all of it within its budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from agents.commands import Heard, Said
from agents.gateway.port import Prompt, Purpose
from agents.personas.definition import Persona, Slot, Stage
from agents.personas.derived import once
from agents.ports import Passage
from agents.prompts.contract import Section, as_json, as_lines, as_record, cut, prompts_of
from agents.prompts.history import BLOCK, history_lines
from agents.prompts.rules import rules
from agents.prompts.schemas import closed_lists, slot_card

CHARACTERS_PER_TOKEN: Final = 3.5  # of our prompts, measured: prose in Portuguese has 4.85, but much of them is JSON
MOST_PASSAGES: Final = 5
_MOST_OF_PASSAGE: Final = 790  # with its title and its id: 180 tokens
_MOST_OF_TITLE: Final = 60
_MOST_SUMMARY: Final = 700
_MOST_FACTS: Final = 500
_MOST_RESULTS: Final = 1_500
_MOST_OF_SLOT: Final = 400
_MOST_HEARD: Final = 40
_MOST_OF_MESSAGES: Final = 4_800  # shared by all that was said at once
_LEAST_OF_MESSAGE: Final = 200
_WEEKDAYS: Final = {
    "pt-BR": ("segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """What does not change from one turn to the next."""

    purpose: Purpose
    persona: Persona
    canary: str
    company: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Slots:
    """What is known, and what is asked for; `known` is in words, as people say it."""

    known: Mapping[str, str] = field(default_factory=dict)
    missing: Sequence[str] = ()
    asked: str | None = None
    said: Sequence[str] = ()
    ask_after: str | None = None
    question: str | None = None  # to be answered: it comes from the customer, so it is data and no instruction


@dataclass(frozen=True, kw_only=True, slots=True)
class Tail:
    """What is of this turn alone, and what was said before it."""

    stage: str
    now: datetime
    time_zone: str
    instruction: str
    slots: Slots = Slots()
    facts: Mapping[str, str] = field(default_factory=dict)
    summary: str | None = None
    history: Sequence[Said] = ()
    heard: Sequence[Heard] = ()
    passages: Sequence[Passage] = ()
    results: Mapping[str, Any] = field(default_factory=dict)
    repair: Mapping[str, Any] | None = None


_FENCES: Final = sum(len(prompt.content) for prompt in prompts_of({}))


def prompts(frame: Frame, tail: Tail) -> list[Prompt]:
    """Within the persona's budget: the past goes first, then passages; what the customer just said never goes."""
    most = int(frame.persona.budget.input_tokens * CHARACTERS_PER_TOKEN) - _FENCES
    bodies: Mapping[Section, str] = {**prefix(frame), **_middle(frame, tail), **_end(frame, tail)}
    for shorter in (_less_history, _less_passages, _less_results, _less_memory):
        while sum(map(len, bodies.values())) > most and (less := shorter(bodies)) is not None:
            bodies = less
    return prompts_of(bodies)


def prefix(frame: Frame) -> Mapping[Section, str]:
    """The same, character by character, for every conversation of a persona's version: made once for each."""
    key = (id(frame.persona), frame.purpose, frame.canary, frame.company)
    known = _PREFIXES.get(key)
    if known is None or known.persona is not frame.persona:
        if len(_PREFIXES) >= _KEPT:
            del _PREFIXES[next(iter(_PREFIXES))]
        known = _PREFIXES[key] = _Prefix(frame.persona, _prefix(frame))
    return known.bodies


class _Prefix(NamedTuple):
    persona: Persona  # held, so that no other one gets its place in memory
    bodies: Mapping[Section, str]


_KEPT: Final = 256
_PREFIXES: Final[dict[tuple[int, Purpose, str, str], _Prefix]] = {}


def _prefix(frame: Frame) -> Mapping[Section, str]:
    schema = as_json(closed_lists(frame.persona), most=200) if frame.purpose is Purpose.UNDERSTAND else ""
    return {
        Section.RULES: rules(frame.purpose, frame.persona.locale, frame.canary),
        Section.PERSONA_CARD: as_json(_card(frame), most=600),
        Section.SCHEMA: schema,
    }


def estimated_tokens(made: Sequence[Prompt]) -> int:
    return round(sum(len(prompt.content) for prompt in made) / CHARACTERS_PER_TOKEN)


def _card(frame: Frame) -> Mapping[str, Any]:
    persona = frame.persona
    card = {
        "name": persona.identity.name,
        "role": persona.identity.role.replace("{company}", frame.company),
        "company": frame.company,
        "scope": persona.scope.replace("{company}", frame.company),
        "register": persona.tone.register_,
        "emoji": persona.tone.emoji,
        "language": persona.locale,
    }
    if frame.purpose is not Purpose.RESPOND:
        return {**card, "forbidden": [], "examples": []}
    examples = [{"customer": one.customer, "persona": one.persona} for one in persona.examples[:4]]
    return {**card, "forbidden": list(persona.tone.forbidden[:40]), "examples": examples}


def _middle(frame: Frame, tail: Tail) -> Mapping[Section, str]:
    return {
        Section.STAGE: _stages(frame.persona)[frame.persona.stage(tail.stage).id],
        Section.FACTS: _within(tail.facts, _MOST_FACTS),
        Section.SUMMARY: cut(tail.summary or "", _MOST_SUMMARY),
        Section.HISTORY: "\n".join(history_lines(tail.history)),
    }


@once
def _stages(persona: Persona) -> Mapping[str, str]:
    return {stage.id: as_json(_of_stage(stage)) for stage in persona.stages}


def _of_stage(stage: Stage) -> Mapping[str, Any]:
    return {
        "id": stage.id,
        "label": stage.label or stage.id.replace("_", " "),
        "objective": cut(stage.objective, 400),
        "strict": stage.strict,
        "kb": list(stage.kb),
    }


def _end(frame: Frame, tail: Tail) -> Mapping[Section, str]:
    local = tail.now.astimezone(ZoneInfo(tail.time_zone))
    now = {
        "now": local.replace(tzinfo=None).isoformat(" ", "minutes"),
        "weekday": _WEEKDAYS[frame.persona.locale][local.weekday()],
        "zone": tail.time_zone,
    }
    return {
        Section.NOW: as_json(now),
        Section.SLOTS: _slots(frame.persona, tail.slots),
        Section.PASSAGES: "\n".join(_passage(one.id, one.title, one.text) for one in tail.passages[:MOST_PASSAGES]),
        Section.INSTRUCTION: tail.instruction,
        Section.MESSAGE: _message_lines(tail.heard),
        Section.RESULTS: _within(tail.results, _MOST_RESULTS),
        Section.REPAIR: as_json(tail.repair, most=900) if tail.repair else "",
    }


def _slots(persona: Persona, slots: Slots) -> str:
    missing = _missing(persona)
    return as_record(
        known=as_json(slots.known, most=_MOST_OF_SLOT),
        missing=f"[{', '.join(missing[name] for name in slots.missing if name in missing)}]",
        asked=as_json(slots.asked, most=_MOST_OF_SLOT),
        said=as_json(slots.said, most=_MOST_OF_SLOT),
        ask_after=as_json(slots.ask_after, most=_MOST_OF_SLOT),
        question=as_json(slots.question, most=_MOST_OF_SLOT),
    )


@once
def _missing(persona: Persona) -> Mapping[str, str]:
    """Of each slot what is asked for, as JSON."""
    return {name: as_json(_asked_for(name, slot), most=_MOST_OF_SLOT) for name, slot in persona.slots.items()}


def _asked_for(name: str, slot: Slot) -> Mapping[str, Any]:
    card = dict(slot_card(name, slot))
    options = card.pop("options", [])
    labels = {"options": [option["label"] for option in options]} if options else {}
    return {"slot": name, **card, **labels}


@lru_cache(maxsize=512)  # the same page answers many
def _passage(name: str, title: str, text: str) -> str:
    return as_record(
        id=as_json(name), title=as_json(cut(title, _MOST_OF_TITLE)), text=as_json(cut(text, _MOST_OF_PASSAGE))
    )


def _message_lines(heard: Sequence[Heard]) -> str:
    """All of them: the more there are, the shorter each. A flood keeps its end; the rules have read the rest."""
    last = heard[-_MOST_HEARD:]
    each = max(_LEAST_OF_MESSAGE, _MOST_OF_MESSAGES // max(1, len(last)))
    return as_lines([_message(one) for one in last], most=each)


def _message(one: Heard) -> Mapping[str, Any]:
    """What a program made of a file stands apart from what a person wrote."""
    line = {"n": one.message, "text": one.text, "spoken": one.was_spoken, "staff": one.by_staff}
    return {**line, "described": one.described} if one.described else line


def _within(values: Mapping[str, Any], most: int) -> str:
    """As JSON that ends where it should: what does not fit is shortened string by string, then left out."""
    if not values:
        return ""
    for each in (most, most // 4, most // 16):
        if len(body := as_json(values, most=max(20, each))) <= most:
            return body
    fitting = dict(values)
    while fitting and len(as_json(fitting, most=40)) > most:
        fitting.popitem()
    return as_json(fitting, most=40) if fitting else ""


# --- what is given up where a prompt is too long ----------------------------------------------------------------------


def _less_history(bodies: Mapping[Section, str]) -> Mapping[Section, str] | None:
    """A block at a time, so that it stays the beginning of the next turn's."""
    lines = bodies[Section.HISTORY].split("\n")
    return {**bodies, Section.HISTORY: "\n".join(lines[BLOCK // 2 :])} if len(lines) > BLOCK // 2 else None


def _less_results(bodies: Mapping[Section, str]) -> Mapping[Section, str] | None:
    return None if not bodies[Section.RESULTS] or not bodies[Section.PASSAGES] else {**bodies, Section.RESULTS: ""}


def _less_passages(bodies: Mapping[Section, str]) -> Mapping[Section, str] | None:
    """The least fitting first; the best stays."""
    lines = bodies[Section.PASSAGES].split("\n")
    return {**bodies, Section.PASSAGES: "\n".join(lines[:-1])} if len(lines) > 1 else None


def _less_memory(bodies: Mapping[Section, str]) -> Mapping[Section, str] | None:
    if not bodies[Section.SUMMARY] and not bodies[Section.FACTS] and not bodies[Section.HISTORY]:
        return None
    return {**bodies, Section.SUMMARY: "", Section.FACTS: "", Section.HISTORY: ""}
