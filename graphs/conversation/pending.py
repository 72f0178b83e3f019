"""What waits for the customer's yes, and news of what was done in their name. Pure."""

from collections.abc import Mapping
from typing import Final, Literal

from agents.commands import Cancel, Confirm
from core.models.stream import Trigger
from graphs.conversation.asking import CONFIRM
from graphs.conversation.desk import Desk
from graphs.conversation.rules import Rule
from graphs.conversation.state import Decision, EffectNews, Filled, Route, ToolCall

EFFECT: Final = "effect:"
_NEWS: Final[Mapping[Literal["succeeded", "failed", "rejected", "expired"], Rule]] = {
    "succeeded": Rule.SUCCEEDED,
    "failed": Rule.FAILED,
    "rejected": Rule.REJECTED,
    "expired": Rule.EXPIRED,
}


def settle(desk: Desk) -> Decision | None:
    """None, and the turn goes on, unless what happened is all that it is about."""
    tell_news(desk)
    confirm = desk.first(Confirm)
    if confirm is not None and desk.last_ask:
        _take(desk, desk.last_ask, is_yes=confirm.is_yes)
    if desk.first(Cancel):
        desk.note(Rule.CANCELLED)
        desk.last_ask = None
    if desk.snapshot.trigger is Trigger.ACTION_RESULT and not desk.snapshot.effects:
        desk.note(Rule.NO_NEWS)
        return desk.decision(Route.SILENCE)
    return None


def _take(desk: Desk, asked: str, *, is_yes: bool) -> None:
    if asked.startswith(CONFIRM):
        _confirm_slot(desk, asked.removeprefix(CONFIRM), is_yes=is_yes)
    elif asked.startswith(EFFECT):
        tool = asked.removeprefix(EFFECT)
        desk.note(Rule.EFFECT_CONFIRMED if is_yes else Rule.EFFECT_DECLINED, tool)
        desk.settled.add(tool)
        desk.last_ask = None
        if is_yes:
            desk.effects.append(ToolCall(tool=tool, is_confirmed=True))


def _confirm_slot(desk: Desk, name: str, *, is_yes: bool) -> None:
    filled = desk.slots.get(name)
    if filled is None or Rule.SLOT_CORRECTED.about(name) in desk.rules:
        return  # "não, melhor dia 10": the answer was to the old value, and the new one is asked about in its turn
    desk.last_ask = None
    if is_yes:
        desk.note(Rule.CONFIRM_YES, name)
        desk.given.add(name)
        desk.slots[name] = Filled(value=filled.value, quote=filled.quote, is_confirmed=True)
        return
    desk.note(Rule.CONFIRM_NO, name)
    del desk.slots[name]
    desk.lost.add(f"slot_lost:{name}")


def tell_news(desk: Desk) -> None:
    """What was done counts for the stages; what failed leads back, is said, and is not offered again as it was."""
    if desk.has_heard:  # by a rule before: once is enough
        return
    desk.has_heard = True
    for news in desk.snapshot.effects:
        desk.note(_NEWS[news.state], news.tool)
        if news.counts and news.state in {"succeeded", "failed"}:
            desk.lost.add(f"effect:{news.tool}:{news.state}")
        if news.state != "succeeded":
            desk.settled.add(news.tool)
        values = {key: str(value) for key, value in news.result.items() if isinstance(value, str | int)}
        desk.say(_text_about(desk, news), **values)


def _text_about(desk: Desk, news: EffectNews) -> str:
    """A no of the company's is no failure, where the persona has words for it."""
    name = news.tool.replace(".", "_")
    if news.state == "rejected" and desk.persona.has_text(f"{name}_refused"):
        return f"{name}_refused"
    return f"{name}_{'done' if news.state == 'succeeded' else 'failed'}"
