"""What must be true of every decision, found out anew from the persona, the moment and the claims.

Written without `progress.py`: the two could only be wrong in the same way by being wrong twice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agents.commands import (
    ClearSlot,
    Command,
    Confirm,
    GiveEvidence,
    OptOut,
    Promise,
    Quote,
    RequestHuman,
    SetSlot,
    SwitchGoal,
    Understood,
)
from agents.personas.definition import AnyOf, Persona, Stage, StageEnd
from agents.tools.registry import SHOWN, TOOLS, Class
from core.models.service import Approver
from core.models.stream import Author, Control, Trigger
from graphs.conversation.state import Decision, Filled, Line, Route, Snapshot, StageMove, ToolCall

Lines = Mapping[int, Line]  # all that was said, by its number


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    persona: Persona
    snapshot: Snapshot
    understood: Understood
    decision: Decision
    lines: Lines

    def every(self, *kinds: type[Command]) -> list[Any]:
        return [command for command in self.understood.commands if isinstance(command, kinds)]

    @property
    def order(self) -> list[str]:
        return [stage.id for stage in self.persona.stages]


def violations(case: Case) -> list[str]:
    return [
        *_wishes(case),
        *_control(case),
        *_moves(case),
        *_missing_moves(case),
        *_news(case),
        *_effects(case),
        *_quotes(case),
    ]


# --- wishes and control -----------------------------------------------------------------------------------------------


def _wishes(case: Case) -> Iterator[str]:
    decision, control = case.decision, case.snapshot.control
    is_out = bool(case.every(OptOut))
    if is_out and decision.opt_out is None:
        yield "an opt-out was not heard"
    if case.every(RequestHuman) and not is_out and control in {Control.BOT, Control.COPILOT} and not decision.handover:
        yield "somebody who asked for a person got none"
    if decision.opt_out is not None and not is_out:
        yield "nobody opted out"


def _control(case: Case) -> Iterator[str]:
    decision, control = case.decision, case.snapshot.control
    if control in {Control.HUMAN, Control.CLOSED}:
        if decision.route not in {Route.ABSORB, Route.SILENCE} or decision.texts or decision.ask or decision.query:
            yield "something was said while a person had it"
        if _moved_unasked(case) or decision.effects:
            yield "something was done while a person had it"
    if control is Control.QUEUED and (_moved_unasked(case) or decision.effects or decision.query):
        yield "something was done while a person was awaited"


def _moved_unasked(case: Case) -> bool:
    """By anything else than news of what was done."""
    return bool(case.decision.moves) and not case.snapshot.effects


# --- stages -----------------------------------------------------------------------------------------------------------


def _moves(case: Case) -> Iterator[str]:
    order, here = case.order, case.persona.stage(case.snapshot.dialogue.stage).id
    for move in case.decision.moves:
        if move.source != here:
            yield f"a move from {move.source}, where nobody was"
        step = order.index(move.target) - order.index(here)
        if step == 1:
            yield from _forward(case, move)
        elif step == -1:
            yield from _backward(case, move)
        else:
            yield f"a jump from {here} to {move.target}"
        here = move.target
    if case.decision.stage != here:
        yield f"at {case.decision.stage}, and no move leads there"


def _forward(case: Case, move: StageMove) -> Iterator[str]:
    stage = case.persona.stage(move.target)
    source = case.persona.stage(str(move.source))
    if stage.enter is None or stage.end is StageEnd.LOST or source.end is not StageEnd.OPEN:
        yield f"no rule leads to {stage.id}"
        return
    told = {str(one["id"]): one for one in move.criteria}
    for group in _groups(stage):
        if not any(_holds(case, one) for one in group):
            yield f"{stage.id} was entered without {' or '.join(group)}"
        elif not any(one in told and told[one]["satisfied"] for one in group):
            yield f"of {' or '.join(group)} nothing is told"
    for one in move.criteria:
        yield from _proof(case, one)


def _backward(case: Case, move: StageMove) -> Iterator[str]:
    source = case.persona.stage(str(move.source))
    if not set(source.leave_back) & (_lost(case, is_certain=False)):
        yield f"{source.id} was left though nothing of it was lost"


def _missing_moves(case: Case) -> Iterator[str]:
    """Where the turn got as far as stages."""
    if not _reached_stages(case):
        return
    order, stage = case.order, case.persona.stage(case.decision.stage)
    went_back = any(order.index(move.target) < order.index(str(move.source)) for move in case.decision.moves)
    place = order.index(stage.id)
    if set(stage.leave_back) & _lost(case, is_certain=True) and (went_back or not case.decision.moves) and place:
        yield f"{stage.id} was kept though it lost something"
    if went_back or stage.end is not StageEnd.OPEN or place + 1 == len(order):
        return
    following = case.persona.stages[place + 1]
    if following.enter is None or following.end is StageEnd.LOST:
        return
    if all(any(_holds(case, one) for one in group) for group in _groups(following)):
        yield f"{following.id} was not entered though everything for it is there"


def _news(case: Case) -> Iterator[str]:
    """Whatever a turn comes to, what was done has been taken in once, and what it leads out of is left."""
    decision = case.decision
    for news in case.snapshot.effects:
        if decision.rules.count(f"effect.{news.state}:{news.tool}") != 1:
            yield f"news of {news.tool} were not heard once"
    left = {str(one["id"]) for move in decision.moves for one in move.criteria if not one["satisfied"]}
    here = case.persona.stage(case.snapshot.dialogue.stage)
    told = {f"effect:{news.tool}:{news.state}" for news in case.snapshot.effects if news.counts}
    if set(here.leave_back) & told and not left:
        yield f"{here.id} was kept though news led out of it"


def _reached_stages(case: Case) -> bool:
    ended = {Route.HANDOFF, Route.CLARIFY, Route.ABSORB, Route.SILENCE}
    is_queued = case.snapshot.control is not Control.BOT
    return not (case.decision.route in ended or is_queued or case.snapshot.trigger is Trigger.TIMER)


def _groups(stage: Stage) -> list[tuple[str, ...]]:
    criteria = stage.enter.all if stage.enter else ()
    return [tuple(one.any) if isinstance(one, AnyOf) else (one,) for one in criteria]


def _holds(case: Case, criterion: str) -> bool:
    kind, name = criterion.split(":")[:2]
    after = case.decision.dialogue
    if kind == "slot":
        return name in after.slots and after.slots[name].is_confirmed
    if kind == "evidence":
        return name in after.evidence
    if kind == "fact":
        return any(fact.key == name for fact in case.snapshot.facts)
    return name in case.snapshot.succeeded


def _wanted_again(case: Case) -> set[str]:
    """What stages before this one do, of which the customer speaks."""
    wanted = {one.goal for one in case.every(SwitchGoal)}
    stages = {goal.stage for goal in case.persona.goals if goal.id in wanted}
    here = case.order.index(case.persona.stage(case.snapshot.dialogue.stage).id)
    uses = [use for stage in case.persona.stages[:here] if stage.id in stages for use in stage.tools]
    return {use.tool for use in uses if TOOLS[use.tool].cls is Class.EFFECT}


def _lost(case: Case, *, is_certain: bool) -> set[str]:
    """Certain is that it counted before, and does not now, or is another value."""
    before, after = case.snapshot.dialogue.slots, case.decision.dialogue.slots
    touched = {one.name for one in case.every(ClearSlot)}
    touched |= {one.name for one in case.every(SetSlot) if one.name in before and one.value != before[one.name].value}
    lost = {f"effect:{news.tool}:{news.state}" for news in case.snapshot.effects}
    lost |= {f"effect:{tool}:over" for tool in _wanted_again(case) - case.snapshot.succeeded}
    for name, filled in before.items():
        is_other = name not in after or (after[name].value, after[name].is_confirmed) != (filled.value, True)
        if (is_other or (name in touched and not is_certain)) and (filled.is_confirmed or not is_certain):
            lost.add(f"slot_lost:{name}")
    return lost


# --- effects and quotes -----------------------------------------------------------------------------------------------


def _effects(case: Case) -> Iterator[str]:
    for call in case.decision.effects:
        tool = TOOLS[call.tool]
        said_yes = any(one.is_yes for one in case.every(Confirm))
        is_asked = case.snapshot.dialogue.last_ask == f"effect:{call.tool}"
        if tool.approver is Approver.CUSTOMER and not (said_yes and is_asked and call.is_confirmed):
            yield f"{call.tool} without a yes"
        yield from _arguments(case, call)


def _arguments(case: Case, call: ToolCall) -> Iterator[str]:
    use = next((use for use in case.persona.stage(case.decision.stage).tools if use.tool == call.tool), None)
    if use is None:
        yield f"{call.tool} is not for {case.decision.stage}"
        return
    for name, value in call.arguments.items():
        if name == SHOWN:  # it was looked up, by what was given
            continue
        kind, _, source = use.arguments[name].partition(":")
        filled = case.decision.dialogue.slots.get(source)
        if kind == "slot" and (filled is None or not filled.is_confirmed or not _is_given(call, value, filled)):
            yield f"{call.tool} with a {name} that nobody gave"


def _is_given(call: ToolCall, value: Any, filled: Filled) -> bool:
    """As it was told; of what was looked up by it, as it is called there."""
    told = filled.value
    return bool(value == told or (SHOWN in call.arguments and value["text"] in str(told.get("text", told))))


def _quotes(case: Case) -> Iterator[str]:
    for one in case.every(OptOut, RequestHuman, Confirm, Promise):
        if not _is_said(case, one.quote, by_staff=False):
            yield f"{one.type} in words that no customer said"
    for one in case.every(SetSlot, GiveEvidence):
        if not _is_said(case, one.quote, by_staff=case.snapshot.trigger is Trigger.STAFF_RETURN):
            yield f"{one.type}:{one.name} in words that nobody said"
    before = case.snapshot.dialogue.evidence
    for name, quote in case.decision.dialogue.evidence.items():
        if name not in before and not _is_said(case, quote, by_staff=True):
            yield f"evidence:{name} without the words"


def _proof(case: Case, criterion: Mapping[str, Any]) -> Iterator[str]:
    """What is kept with an event; memory may have had to shorten old words, even to none."""
    if criterion["source"] not in {"slot", "evidence"}:
        return
    line = case.lines.get(criterion.get("message") or 0)
    if line is None or str(criterion.get("quote", "")) not in line.text:
        yield f"{criterion['id']} is proven by words that stand nowhere"


def _is_said(case: Case, quote: Quote, *, by_staff: bool) -> bool:
    line = case.lines.get(quote.message)
    authors = {Author.CUSTOMER, Author.STAFF} if by_staff else {Author.CUSTOMER}
    return line is not None and line.author in authors and bool(quote.text.strip()) and quote.text in line.text
