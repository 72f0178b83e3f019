"""What contacts told us of themselves, on whatever channel: typed, in their words, known from one moment to another."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Text, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from agents.commands import Value
from agents.extractors.values import same
from core.db.locks import hold_until_commit
from core.db.sessions import TenantSession
from core.ids import new_id
from core.models.stream import Author
from graphs.conversation.state import Decision, Filled
from graphs.stores.snapshots import Begun


async def remember(session: TenantSession, begun: Begun, decision: Decision) -> None:
    """What this turn learned takes the place of what was known; what was taken back is not known any more."""
    new, gone = _learned(begun, decision), _taken_back(begun, decision)
    if not new and not gone:
        return
    contact = begun.snapshot.contact
    await hold_until_commit(session, "facts", contact)  # another conversation of theirs may learn the same
    current = await _current(session, contact)
    slots = begun.version.persona.slots
    fresh = {
        name: filled
        for name, filled in new.items()
        if name not in current or not same(slots[name].type, current[name], filled.value)
    }
    lost = [name for name, value in gone.items() if name in current and same(slots[name].type, current[name], value)]
    await session.execute(_CLOSE, {"contact": contact, "keys": [*fresh, *lost]})
    if fresh:
        await session.execute(_ADD, await _rows(session, begun, fresh))


def _learned(begun: Begun, decision: Decision) -> dict[str, Filled]:
    """Values that count since this turn, of slots that are kept."""
    before, slots = begun.snapshot.dialogue.slots, begun.version.persona.slots
    return {
        name: filled
        for name, filled in decision.dialogue.slots.items()
        if name in slots and slots[name].remember and filled.is_confirmed and not _was_known(before.get(name), filled)
    }


def _was_known(before: Filled | None, now: Filled) -> bool:
    return before is not None and before.is_confirmed and before.value == now.value


def _taken_back(begun: Begun, decision: Decision) -> dict[str, Value]:
    slots = begun.version.persona.slots
    return {
        name: filled.value
        for name, filled in begun.snapshot.dialogue.slots.items()
        if name in slots and filled.is_confirmed and name not in decision.dialogue.slots
    }


async def _current(session: TenantSession, contact: UUID) -> dict[str, Value]:
    return {row.key: row.value for row in await session.execute(_CURRENT, {"contact": contact})}


async def _rows(session: TenantSession, begun: Begun, fresh: Mapping[str, Filled]) -> list[dict[str, Any]]:
    snapshot = begun.snapshot
    bound = {"conversation": snapshot.conversation, "seqs": [filled.quote.message for filled in fresh.values()]}
    said = {row.seq: row for row in await session.execute(_SAID, bound)}
    return [
        {
            "id": new_id(),
            "contact": snapshot.contact,
            "key": name,
            "value": dict(filled.value),
            "message": said[seq].id if (seq := filled.quote.message) in said else None,
            "quote": filled.quote.text or None,
            "source": said[seq].author if seq in said else Author.CUSTOMER.value,
            "channel": snapshot.channel.value,
        }
        for name, filled in fresh.items()
    ]


_CURRENT: Final = text("SELECT key, value FROM contact_facts WHERE contact_id = :contact AND valid_to IS NULL").columns(
    key=Text, value=JSONB
)

_CLOSE: Final = text("""
    UPDATE contact_facts SET valid_to = app_now() WHERE contact_id = :contact AND key = ANY (:keys) AND valid_to IS NULL
""").bindparams(bindparam("keys", type_=ARRAY(Text)))

_SAID: Final = text(
    "SELECT seq, id, author FROM messages WHERE conversation_id = :conversation AND seq = ANY (:seqs)"
).bindparams(bindparam("seqs", type_=ARRAY(BigInteger)))

_ADD: Final = text("""
    INSERT INTO contact_facts (tenant_id, id, contact_id, key, value, message_id, quote, source, channel)
    VALUES (current_tenant(), :id, :contact, :key, :value, :message, :quote, :source, :channel)
""").bindparams(bindparam("value", type_=JSONB))
