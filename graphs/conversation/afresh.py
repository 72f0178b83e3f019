"""What was done in a stage may be wanted again: what led there has had its day once a success leads out of it. Pure."""

from typing import Final

from agents.personas.definition import SlotType, ToolUse
from graphs.conversation.desk import Desk
from graphs.conversation.state import StageMove

_TIMES: Final = frozenset({SlotType.MOMENT, SlotType.DATE, SlotType.PERIOD})


def start(desk: Desk, move: StageMove) -> None:
    """Back: the same words would lead there at once again, and the same offer would be made unasked."""
    if not any(str(one["id"]).endswith(":succeeded") and not one["satisfied"] for one in move.criteria):
        return
    left = desk.persona.stage(str(move.source))
    shown = [desk.snapshot.dialogue.evidence.get(name) for name in left.wants("evidence")]
    since = max((quote.message for quote in shown if quote is not None), default=None)
    for name in left.wants("evidence"):
        desk.evidence.pop(name, None)
    by = frozenset(left.wants("effect"))
    for use in desk.persona.stage(move.target).tools:
        if use.tool in by:
            _offer_anew(desk, use, since)


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
