"""What was done in a stage may be wanted again: what led there has had its day once a success leads out of it. Pure."""

from typing import Final

from agents.commands import SwitchGoal
from agents.personas.definition import SlotType, Stage, ToolUse
from agents.tools.registry import TOOLS, Class
from graphs.conversation.desk import Desk
from graphs.conversation.state import StageMove

OVER: Final = ":over"
_TIMES: Final = frozenset({SlotType.MOMENT, SlotType.DATE, SlotType.PERIOD})


def give_up(desk: Desk) -> None:
    """What a goal behind us is reached by is wanted, and nothing that was done of it stands any more."""
    wanted = {switch.goal for switch in desk.every(SwitchGoal)}
    for goal in desk.persona.goals:
        stage = desk.persona.stage(goal.stage) if goal.stage and goal.id in wanted else None
        if stage is not None and desk.persona.stages.index(stage) < desk.place:
            tools = {use.tool for use in stage.tools if use.tool in TOOLS and TOOLS[use.tool].cls is Class.EFFECT}
            desk.lost.update(f"effect:{tool}{OVER}" for tool in tools - desk.snapshot.succeeded)


def start(desk: Desk, move: StageMove) -> None:
    """Back: the same words would lead there at once again, and the same offer would be made unasked."""
    lost = [str(one["id"]) for one in move.criteria if not one["satisfied"]]
    if not any(loss.endswith((":succeeded", OVER)) for loss in lost):
        return
    left = desk.persona.stage(str(move.source))
    desk.done.discard(left.id)  # said again, once that is reached again
    since = _since(desk, left, is_over=any(loss.endswith(OVER) for loss in lost))
    for name in left.wants("evidence"):
        desk.evidence.pop(name, None)
    by = frozenset(left.wants("effect"))
    for use in desk.persona.stage(move.target).tools:
        if use.tool in by:
            _offer_anew(desk, use, since)


def _since(desk: Desk, left: Stage, *, is_over: bool) -> int | None:
    """The message with the wish: the one that led to what is left, or one of this turn."""
    if is_over:
        return min((line.seq for line in desk.snapshot.unanswered), default=None)
    shown = [desk.snapshot.dialogue.evidence.get(name) for name in left.wants("evidence")]
    return max((quote.message for quote in shown if quote is not None), default=None)


def _offer_anew(desk: Desk, use: ToolUse, since: int | None) -> None:
    """At once where another time was told along with the wish; else when somebody speaks of it again."""
    for name in use.slots & desk.slots.keys():
        if desk.persona.slots[name].type in _TIMES and not _is_told(desk, name, since):
            del desk.slots[name]
            desk.asked.pop(name, None)
    if any(_is_told(desk, name, since) for name in use.slots & desk.slots.keys()):
        desk.settled.discard(use.tool)
    else:
        desk.settled.add(use.tool)


def _is_told(desk: Desk, slot: str, since: int | None) -> bool:
    return since is not None and desk.slots[slot].quote.message >= since
