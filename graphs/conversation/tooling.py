"""What is looked up and done in a stage: planned from what is known, never from a model's words. Pure."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from agents.commands import Cancel, GiveEvidence, SetSlot, SwitchGoal
from agents.personas.definition import ToolUse
from agents.tools.registry import TOOLS, Class, Tool, arguments_of
from core import lexicon
from core.models.service import Approver
from core.models.stream import Trigger
from graphs.conversation import asking
from graphs.conversation.desk import Desk
from graphs.conversation.pending import EFFECT
from graphs.conversation.rules import Rule
from graphs.conversation.state import ToolCall

_MOST_READS: Final = 2
_STILL_READ: Final = 60  # minutes
_MOST_OF: Final = 0.6
_MOST_ASKED: Final = 2  # whoever says neither yes nor no twice is not pressed


def plan(desk: Desk) -> None:
    """Reads whose arguments are new in this turn, and the effect of the stage once all that it needs is known."""
    for use in desk.here.tools:
        tool = TOOLS.get(use.tool)
        if tool is None or (tool.needs_consent and desk.snapshot.is_opted_out):
            continue
        if _is_wanted_again(desk, use, tool):
            desk.settled.discard(tool.name)
        arguments = _arguments(desk, use)
        if arguments is None:
            continue
        if tool.cls is Class.READ:
            _read(desk, use, arguments)
        elif tool.approver is Approver.CUSTOMER:
            _propose(desk, use, tool)
        elif _is_new(desk, use) and not desk.first(Cancel):
            desk.note(Rule.EFFECT_PLANNED, use.tool)
            _do(desk, use, arguments)


def confirmed(desk: Desk) -> None:
    """Said yes to: its arguments are read anew, so that a slot corrected meanwhile counts."""
    uses = {use.tool: use for use in desk.here.tools}
    calls, desk.effects = desk.effects, []
    for call in calls:
        use = uses.get(call.tool)
        arguments = _arguments(desk, use) if use else None
        if use is None or arguments is None:
            desk.note(Rule.EFFECT_NOT_ALLOWED, call.tool)
            continue
        _do(desk, use, arguments, is_confirmed=True)


def answers(desk: Desk, query: str) -> bool:
    """Whether what is looked up in this turn is what was asked."""
    reads = {call.tool for call in desk.reads}
    by = frozenset[str]().union(*(use.slots for use in desk.here.tools if use.tool in reads))
    told = (given.quote.text for given in desk.every(SetSlot) if given.name in by)
    return bool(reads) and any(_is_named(words, query) for words in (*told, *_dealt_with(desk)))


def asks_for_goal(desk: Desk, query: str) -> bool:
    """Hardly anything but a goal is asked for, which the next question leads to: no page answers that."""
    switched = {switch.goal for switch in desk.every(SwitchGoal)}
    phrases = (phrase for goal in desk.persona.goals if goal.id in switched for phrase in goal.any_of)
    return any(_is_named(phrase, query) and _is_named(query, phrase) for phrase in phrases)


def _read(desk: Desk, use: ToolUse, arguments: Mapping[str, Any]) -> None:
    """Whenever it is asked for; else once, when the stage is entered or what it is looked up by changes."""
    if desk.snapshot.trigger is not Trigger.INBOUND or len(desk.reads) >= _MOST_READS:
        return
    if not _is_asked(desk, use) and (not _is_new(desk, use) or _is_shown(desk, use, arguments)):
        return
    desk.note(Rule.READ, use.tool)
    desk.shown[use.tool] = _mark(desk, arguments)
    desk.reads.append(ToolCall(tool=use.tool, arguments=arguments))


def _do(desk: Desk, use: ToolUse, arguments: Mapping[str, Any], *, is_confirmed: bool = False) -> None:
    """Once for the same arguments. Who was asked hears that it has begun; who waits for staff, that they look at it."""
    needs_staff = use.approver is not None
    call = ToolCall(tool=use.tool, arguments=arguments, is_confirmed=is_confirmed, needs_staff=needs_staff)
    desk.effects.append(call)
    if needs_staff:
        desk.note(Rule.EFFECT_WAITS, use.tool)
        desk.say(f"{TOOLS[use.tool].text}_waiting")
    elif is_confirmed:
        desk.say(f"{TOOLS[use.tool].text}_started")


def _propose(desk: Desk, use: ToolUse, tool: Tool) -> None:
    """One at a time, and where there is reason to: what takes no slot is offered to those alone who speak of it."""
    asked = f"{EFFECT}{tool.name}"
    waits, is_spoken_of = desk.last_ask == asked, _is_spoken_of(desk, use)
    is_due = waits or is_spoken_of or bool(use.slots)
    is_done = tool.name in desk.snapshot.succeeded and not tool.is_repeatable
    is_over = is_done or tool.name in desk.settled
    if not is_due or is_over or desk.effects or desk.ask or desk.first(Cancel):
        return
    times = desk.asked.get(asked, 0) if waits and not is_spoken_of else 0
    if times >= _MOST_ASKED:
        desk.note(Rule.EFFECT_GAVE_UP, tool.name)
        desk.settled.add(tool.name)
        desk.last_ask = None
        return
    desk.note(Rule.EFFECT_ASKED, tool.name)
    desk.asked[asked] = times + 1
    desk.last_ask = desk.ask = asked


def _is_new(desk: Desk, use: ToolUse) -> bool:
    return _is_changed(desk, use) or any(move.target == desk.stage for move in desk.moves)


def _is_asked(desk: Desk, use: ToolUse) -> bool:
    """A question names what it is looked up by, or what is dealt with here."""
    about = bool(desk.given & use.slots) or any(_dealt_with(desk))
    return about and any(asking.asks(line.text) for line in desk.snapshot.unanswered)


def _is_shown(desk: Desk, use: ToolUse, arguments: Mapping[str, Any]) -> bool:
    """For the same, and not long ago: it stands further up in the conversation."""
    asked, _, minute = desk.shown.get(use.tool, "").partition("@")
    now, _, _ = _mark(desk, arguments).partition("@")
    return asked == now and _minute(desk) - int(minute) < _STILL_READ


def _mark(desk: Desk, arguments: Mapping[str, Any]) -> str:
    asked = json.dumps(arguments, sort_keys=True, ensure_ascii=True).encode()
    return f"{hashlib.sha256(asked).hexdigest()[:8]}@{_minute(desk)}"


def _minute(desk: Desk) -> int:
    return int(desk.snapshot.now.timestamp()) // 60


def _dealt_with(desk: Desk) -> Iterator[str]:
    """The words of this turn for what this stage is there for."""
    for switch in desk.every(SwitchGoal):
        yield from (
            phrase
            for goal in desk.persona.goals
            if goal.id == switch.goal and goal.stage == desk.stage
            for phrase in goal.any_of
        )
    shown = frozenset(desk.here.wants("evidence"))
    yield from (evidence.quote.text for evidence in desk.every(GiveEvidence) if evidence.name in shown)


def _is_named(words: str, query: str) -> bool:
    """Most of the words stand in it, in whatever order."""
    named, asked = set(lexicon.normalise(words).split()), set(lexicon.normalise(query).split())
    return bool(named) and len(named & asked) >= _MOST_OF * len(named)


def _is_spoken_of(desk: Desk, use: ToolUse) -> bool:
    """In this turn: what it is done with, the goal that is dealt with here, or what led here."""
    wanted = {goal.id for goal in desk.persona.goals if goal.stage == desk.stage}
    shown = frozenset(desk.here.wants("evidence"))
    return (
        bool(desk.given & use.slots)
        or any(switch.goal in wanted for switch in desk.every(SwitchGoal))
        or any(evidence.name in shown for evidence in desk.every(GiveEvidence))
    )


def _is_changed(desk: Desk, use: ToolUse) -> bool:
    """A no that names another time is an offer to ask about that."""
    rules = (Rule.SLOT_SET, Rule.SLOT_CORRECTED, Rule.CONFIRM_YES)
    return any(rule.about(name) in desk.rules for rule in rules for name in use.slots)


def _is_wanted_again(desk: Desk, use: ToolUse, tool: Tool) -> bool:
    """By whoever gave an answer to the offer already."""
    return _is_changed(desk, use) or (_is_spoken_of(desk, use) and not _is_answered(desk, tool))


def _is_answered(desk: Desk, tool: Tool) -> bool:
    rules = (Rule.EFFECT_CONFIRMED, Rule.EFFECT_DECLINED)
    return any(rule.about(tool.name) in desk.rules for rule in rules)


def _arguments(desk: Desk, use: ToolUse) -> Mapping[str, Any] | None:
    values = {name: filled.value for name, filled in desk.slots.items() if filled.is_confirmed}
    return arguments_of(use, values, {fact.key: fact for fact in desk.snapshot.facts})
