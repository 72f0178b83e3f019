"""What is looked up and done in a stage: planned from what is known, never from a model's words. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from agents.commands import Cancel, SetSlot
from agents.personas.definition import ToolUse
from agents.tools.registry import TOOLS, Class, Tool, arguments_of
from core.models.service import Approver
from core.models.stream import Trigger
from graphs.conversation.desk import Desk
from graphs.conversation.pending import EFFECT
from graphs.conversation.state import ToolCall

_MOST_READS: Final = 2


def plan(desk: Desk) -> None:
    """Reads whose arguments are new in this turn, and the effect of the stage once all that it needs is known."""
    for use in desk.here.tools:
        tool = TOOLS.get(use.tool)
        if tool is None or (tool.needs_consent and desk.snapshot.is_opted_out):
            continue
        arguments = arguments_of(use, _values(desk), {fact.key: fact for fact in desk.snapshot.facts})
        if arguments is None:
            continue
        if tool.cls is Class.READ:
            _read(desk, use, arguments)
        else:
            _propose(desk, tool, arguments)


def confirmed(desk: Desk) -> None:
    """Said yes to: its arguments are read anew, so that a slot corrected meanwhile counts."""
    uses = {use.tool: use for use in desk.here.tools}
    calls, desk.effects = desk.effects, []
    for call in calls:
        use = uses.get(call.tool)
        facts = {fact.key: fact for fact in desk.snapshot.facts}
        arguments = arguments_of(use, _values(desk), facts) if use else None
        if arguments is None:
            desk.note(f"effect.not_allowed:{call.tool}")
            continue
        desk.effects.append(ToolCall(tool=call.tool, arguments=arguments, is_confirmed=True))
        desk.say(f"{TOOLS[call.tool].text}_started")


def _read(desk: Desk, use: ToolUse, arguments: Mapping[str, Any]) -> None:
    """Once for the same question: when the stage is entered, and when something it is asked with changes."""
    changed = {f"slot:{given.name}" for given in desk.every(SetSlot)}
    is_new = any(move.target == desk.stage for move in desk.moves) or changed & set(use.arguments.values())
    if desk.snapshot.trigger is not Trigger.INBOUND or len(desk.reads) >= _MOST_READS or not is_new:
        return
    desk.note(f"tool.read:{use.tool}")
    desk.reads.append(ToolCall(tool=use.tool, arguments=arguments))


def _propose(desk: Desk, tool: Tool, arguments: Mapping[str, Any]) -> None:
    """One at a time; what succeeded, or was declined in this turn, is not proposed again."""
    waits = desk.last_ask == f"{EFFECT}{tool.name}" or any(call.tool == tool.name for call in desk.effects)
    was_declined = any(rule == f"effect.declined:{tool.name}" for rule in desk.rules)
    if waits or was_declined or tool.name in desk.snapshot.succeeded or desk.first(Cancel):
        return
    if tool.approver is Approver.CUSTOMER:
        desk.note(f"effect.asked:{tool.name}")
        desk.last_ask = f"{EFFECT}{tool.name}"
        desk.ask = desk.last_ask
        return
    desk.note(f"effect.planned:{tool.name}")
    desk.effects.append(ToolCall(tool=tool.name, arguments=arguments))


def _values(desk: Desk) -> dict[str, Any]:
    return {name: filled.value for name, filled in desk.slots.items() if filled.is_confirmed}
