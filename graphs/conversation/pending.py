"""What waits for the customer's yes, and news of what was done in their name. Pure."""

from typing import Final

from agents.commands import Cancel, Confirm
from core.models.stream import Trigger
from graphs.conversation.asking import CONFIRM
from graphs.conversation.desk import Desk
from graphs.conversation.state import Decision, Filled, Route, ToolCall

EFFECT: Final = "effect:"


def settle(desk: Desk) -> Decision | None:
    """None, and the turn goes on, unless what happened is all that it is about."""
    _note_news(desk)
    confirm = desk.first(Confirm)
    if confirm is not None and desk.last_ask:
        _take(desk, desk.last_ask, is_yes=confirm.is_yes)
    if desk.first(Cancel):
        desk.note("pending.cancelled")
        desk.last_ask = None
    if desk.snapshot.trigger is Trigger.ACTION_RESULT and not desk.snapshot.effects:
        desk.note("pending.no_news")
        return desk.decision(Route.SILENCE)
    return None


def _take(desk: Desk, asked: str, *, is_yes: bool) -> None:
    if asked.startswith(CONFIRM):
        _confirm_slot(desk, asked.removeprefix(CONFIRM), is_yes=is_yes)
    elif asked.startswith(EFFECT):
        tool = asked.removeprefix(EFFECT)
        desk.note(f"effect.{'confirmed' if is_yes else 'declined'}:{tool}")
        desk.last_ask = None
        if is_yes:
            desk.effects.append(ToolCall(tool=tool, is_confirmed=True))


def _confirm_slot(desk: Desk, name: str, *, is_yes: bool) -> None:
    filled = desk.slots.get(name)
    if filled is None:
        return
    desk.last_ask = None
    if is_yes:
        desk.note(f"confirm.yes:{name}")
        desk.slots[name] = Filled(value=filled.value, quote=filled.quote, is_confirmed=True)
        return
    desk.note(f"confirm.no:{name}")
    del desk.slots[name]
    desk.lost.add(f"slot_lost:{name}")


def _note_news(desk: Desk) -> None:
    """What was done counts for the stages; what failed leads back, and is said."""
    for news in desk.snapshot.effects:
        desk.note(f"effect.{news.state}:{news.tool}")
        if news.state == "failed":
            desk.lost.add(f"effect:{news.tool}:failed")
        name = news.tool.replace(".", "_")
        values = {key: str(value) for key, value in news.result.items() if isinstance(value, str | int)}
        desk.say(f"{name}_{'done' if news.state == 'succeeded' else 'failed'}", **values)
