"""What became of a line that somebody wrote in a topic, as a sign on it; why it failed, as an answer to it.

Telegram lets a bot react with a few signs only. 🕊 it left, 👌 it arrived, 👀 it was read, 👎 it did not go out,
🤔 nobody knows, 😴 it waits. An inner note is marked with ✍.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from admin_api.inbox.reasons import in_words
from admin_api.staff.spots import Spot
from admin_api.staff.stores import desk, lines
from admin_api.staff.stores.lines import Ticked
from channels.telegram_staff.notes import React, Say
from channels.telegram_staff.rich import Rich
from core.db.sessions import TenantSession
from core.models.outbox import OutboundState
from core.models.staff import NoteLane
from core.texts import Language, Text

INNER: Final = "✍"
WAITS: Final = "waits"
SIGNS: Final[Mapping[OutboundState, str]] = {
    OutboundState.ACCEPTED: "🕊",
    OutboundState.SENT: "🕊",
    OutboundState.DELIVERED: "👌",
    OutboundState.READ: "👀",
    OutboundState.FAILED: "👎",
    OutboundState.SUPPRESSED: "👎",
    OutboundState.EXPIRED: "👎",
    OutboundState.UNKNOWN: "🤔",
    OutboundState.AMBIGUOUS: "🤔",
}
WAITING: Final = "😴"
_SAID: Final = frozenset(
    {OutboundState.FAILED, OutboundState.SUPPRESSED, OutboundState.EXPIRED, OutboundState.AMBIGUOUS}
)
_UNSENT: Final = Text("Não foi enviada.", "It was not sent.")


async def show(session: TenantSession, group: UUID, messages: Sequence[UUID]) -> bool:
    """True while something is on its way of which nobody will tell."""
    changed = await lines.changed_ticks(session, group, messages)
    if not changed:
        return False
    language = await desk.language_of(session)
    is_watched = False
    for one in changed:
        is_watched |= await _show(session, one, language)
    return is_watched


async def _show(session: TenantSession, one: Ticked, language: Language) -> bool:
    sign = SIGNS.get(one.state)
    if sign is None and not (one.waits and one.reason):
        return True
    if one.topic is None:
        return False
    spot = Spot(session=session, group=one.group, topic=one.topic)
    shown = one.state.value if sign else WAITS
    if sign is None and one.shown == WAITS:
        return True
    await spot.post(
        React(message_id=one.message, sign=sign or WAITING),
        key=f"tick:{one.said}:{shown}",
        lane=NoteLane.NEWS,
        slot=f"tick:{one.group}:{one.message}",
    )
    if why := _why(one, language):
        key = f"fate:{one.said}:{shown}"
        await spot.post(Say(text=Rich(f"⚠️ {why}"), reply_to=one.message), key=key, lane=NoteLane.ANSWER)
    await lines.tick(session, one.line, shown)
    return one.state in {OutboundState.QUEUED, OutboundState.SENDING, OutboundState.UNKNOWN}


def _why(one: Ticked, language: Language) -> str | None:
    if one.state in {OutboundState.QUEUED, OutboundState.SENDING}:
        words = in_words(one.state, one.reason, one.error)
        return words.in_(language) if words else None
    return why_unsent(one.state, one.reason, one.error, language)


def why_unsent(
    state: OutboundState, reason: str | None, error: Mapping[str, Any] | None, language: Language
) -> str | None:
    """None: it left."""
    if state not in _SAID:
        return None
    words = in_words(state, reason, error)
    why = words.in_(language) if words else ""
    return why if state is OutboundState.AMBIGUOUS else f"{_UNSENT.in_(language)} {why}".strip()
