"""What a model claims to have understood, claim by claim: kept where the customer's own words bear it out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from agents.checks.quotes import Located, Spoken, locate, occurrence
from agents.commands import (
    AskKnowledge,
    Cancel,
    ClearSlot,
    Command,
    Confirm,
    GiveEvidence,
    Mention,
    OptOut,
    Promise,
    RefuseSlot,
    RequestHuman,
    Say,
    SetSlot,
    Source,
    SwitchGoal,
    Understood,
    Value,
)
from agents.extractors.found import Found, Refused
from agents.extractors.registry import extract
from agents.extractors.values import same
from agents.personas.definition import Persona, Slot, SlotType
from agents.prompts.contract import clean, cut
from agents.prompts.schemas import LANGUAGES, MOST_COMMANDS

_MOST_QUERY: Final = 300
_FREE: Final = frozenset({SlotType.TEXT, SlotType.PERSON_NAME})
_Claim = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """What claims are measured against."""

    persona: Persona
    spoken: Sequence[Spoken]
    known: Mapping[str, Value]
    today: date
    language: str  # where the model names none that we know


class Unfounded(Exception):
    """A claim that nothing bears out; its text is what the trace says of it."""


def understood(data: _Claim, measure: Measure) -> Understood:
    """Whatever the answer looks like: what has not the right shape is a claim like any other, and is refused."""
    claims = data.get("commands")
    claims = list(claims) if isinstance(claims, Sequence) and not isinstance(claims, str) else []
    rejected = ["too_many"] if len(claims) > MOST_COMMANDS else []
    commands: list[Command] = []
    for claim in claims[:MOST_COMMANDS]:
        try:
            commands.append(_command(claim, measure))
        except Unfounded as unfounded:
            rejected.append(str(unfounded))
    commands.extend(_besides(data, commands))
    language = data.get("lang")
    return Understood(
        commands=tuple(commands),
        language=language if language in LANGUAGES else measure.language,
        rejected=tuple(rejected),
    )


def _besides(data: _Claim, commands: Sequence[Command]) -> Iterator[Command]:
    query = data.get("query")
    if isinstance(query, str) and query.strip() and not any(isinstance(one, AskKnowledge) for one in commands):
        yield AskKnowledge(query=_query(query))
    if data.get("unsure") is True and not commands:
        yield Say(mention=Mention.UNCLEAR)


def _command(claim: object, measure: Measure) -> Command:
    kind = claim.get("type") if isinstance(claim, Mapping) else None
    read = _READERS.get(kind) if isinstance(kind, str) else None
    if read is None or not isinstance(claim, Mapping):
        raise Unfounded("unknown")
    return read(claim, measure)


# --- claims with a quote ----------------------------------------------------------------------------------------------


def _set_slot(claim: _Claim, measure: Measure) -> Command:
    name = _name(claim, measure.persona.slots, "slot")
    located = _located(claim, measure, f"slot:{name}")
    if not located.spoken.is_now and name in measure.known:
        raise Unfounded(f"old:slot:{name}")  # what was said before would undo what was said since
    found = _value(claim, measure.persona.slots[name], located, measure)
    match found:
        case Found(value=value):
            source: Source = "staff" if located.spoken.by_staff else "model"
            return SetSlot(name=name, value=value, quote=located.quote, source=source)
        case Refused(reason=reason):
            return RefuseSlot(name=name, quote=located.quote, reason=reason)
        case _:
            raise Unfounded(f"value:{name}")


def _value(claim: _Claim, slot: Slot, located: Located, measure: Measure) -> Found | Refused | None:
    """From the very words. Which of several values is meant, the claim says; what it amounts to, the words do."""

    def read(text: str) -> Found | Refused | None:
        return extract(slot, text, today=measure.today, known=measure.known)

    claimed = claim.get("value")
    claimed = claimed if isinstance(claimed, str) else ""
    if (meant := occurrence(claimed, located.quote.text)) and (found := read(meant)) is not None:
        return found
    found = read(located.quote.text)
    told = read(claimed) if claimed and slot.type not in _FREE else None
    differs = isinstance(found, Found) and isinstance(told, Found) and not same(slot.type, found.value, told.value)
    return None if differs else found


def _clear_slot(claim: _Claim, measure: Measure) -> Command:
    name = _name(claim, measure.persona.slots, "slot")
    return ClearSlot(name=name, quote=_of_now(claim, measure, f"clear:{name}").quote)


def _evidence(claim: _Claim, measure: Measure) -> Command:
    name = _name(claim, measure.persona.evidence, "evidence")
    return GiveEvidence(name=name, quote=_located(claim, measure, f"evidence:{name}").quote)


def _confirm(claim: _Claim, measure: Measure) -> Command:
    """Of this turn alone: an old yes was the answer to another question."""
    if not isinstance(is_yes := claim.get("yes"), bool):
        raise Unfounded("confirm")
    return Confirm(is_yes=is_yes, quote=_of_customer(claim, measure, "confirm").quote)


def _request_human(claim: _Claim, measure: Measure) -> Command:
    return RequestHuman(quote=_of_customer(claim, measure, "request_human").quote, source="model")


def _opt_out(claim: _Claim, measure: Measure) -> Command:
    return OptOut(quote=_of_customer(claim, measure, "opt_out").quote, source="model")


def _promise(claim: _Claim, measure: Measure) -> Command:
    quote = _of_customer(claim, measure, "promise").quote
    return Promise(quote=quote, when=_when(quote.text, measure))


def _when(text: str, measure: Measure) -> str | None:
    for kind, key in ((SlotType.MOMENT, "at"), (SlotType.DATE, "date")):
        found = extract(Slot(type=kind), text, today=measure.today, known={})
        if isinstance(found, Found) and isinstance(found.value.get(key), str):
            return str(found.value[key])
    return None


def _located(claim: _Claim, measure: Measure, about: str) -> Located:
    quote = claim.get("quote")
    located = locate(quote, claim.get("message"), measure.spoken) if isinstance(quote, str) else None
    if located is None:
        raise Unfounded(f"quote:{about}")
    return located


def _of_now(claim: _Claim, measure: Measure, about: str) -> Located:
    now = tuple(spoken for spoken in measure.spoken if spoken.is_now)
    return _located(claim, _among(measure, now), about)


def _of_customer(claim: _Claim, measure: Measure, about: str) -> Located:
    """What only the customer can want."""
    theirs = tuple(spoken for spoken in measure.spoken if spoken.is_now and not spoken.by_staff)
    return _located(claim, _among(measure, theirs), about)


def _among(measure: Measure, spoken: Sequence[Spoken]) -> Measure:
    return Measure(
        persona=measure.persona, spoken=spoken, known=measure.known, today=measure.today, language=measure.language
    )


# --- claims without ---------------------------------------------------------------------------------------------------


def _ask_knowledge(claim: _Claim, _: Measure) -> Command:
    query = claim.get("query")
    if not isinstance(query, str) or not query.strip():
        raise Unfounded("query")
    return AskKnowledge(query=_query(query))


def _switch_goal(claim: _Claim, measure: Measure) -> Command:
    goals = {goal.id: goal for goal in measure.persona.goals}
    return SwitchGoal(goal=_name({"name": claim.get("goal")}, goals, "goal"))


def _cancel(_: _Claim, __: Measure) -> Command:
    return Cancel()


def _say(claim: _Claim, _: Measure) -> Command:
    mention = claim.get("mention")
    if not isinstance(mention, str) or mention not in {known.value for known in Mention}:
        raise Unfounded("mention")
    return Say(mention=Mention(mention))


def _name(claim: _Claim, among: Mapping[str, object], kind: str) -> str:
    name = claim.get("name")
    if not isinstance(name, str) or name not in among:
        raise Unfounded(f"unknown:{kind}")
    return name


def _query(text: str) -> str:
    return cut(" ".join(clean(text).split()), _MOST_QUERY)


_READERS: Final[Mapping[str, Callable[[_Claim, Measure], Command]]] = {
    "set_slot": _set_slot,
    "clear_slot": _clear_slot,
    "evidence": _evidence,
    "ask_knowledge": _ask_knowledge,
    "switch_goal": _switch_goal,
    "confirm": _confirm,
    "cancel": _cancel,
    "request_human": _request_human,
    "opt_out": _opt_out,
    "promise": _promise,
    "say": _say,
}
