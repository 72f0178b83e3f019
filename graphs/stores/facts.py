"""What contacts told us of themselves, on whatever channel: typed, in their words, known from one moment to another."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Text, Uuid, bindparam, text
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
    if ended := [*(name for name in fresh if name in current), *lost]:
        await session.execute(_CLOSE, {"contact": contact, "keys": ended})
    if fresh:
        await session.execute(_ADD, _columns(begun, fresh))


async def forget(session: TenantSession, contact: UUID, values: Mapping[str, Value]) -> None:
    """A person took these back. What has been told since stays."""
    if values:
        await hold_until_commit(session, "facts", contact)
        await session.execute(_FORGET, {"contact": contact, "values": dict(values)})


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


def _columns(begun: Begun, fresh: Mapping[str, Filled]) -> dict[str, Any]:
    snapshot = begun.snapshot
    return {
        "contact": snapshot.contact,
        "conversation": snapshot.conversation,
        "channel": snapshot.channel.value,
        "customer": Author.CUSTOMER.value,
        "ids": [new_id() for _ in fresh],
        "keys": list(fresh),
        "values": [dict(filled.value) for filled in fresh.values()],
        "quotes": [filled.quote.text or None for filled in fresh.values()],
        "seqs": [filled.quote.message for filled in fresh.values()],
    }


_CURRENT: Final = text("SELECT key, value FROM contact_facts WHERE contact_id = :contact AND valid_to IS NULL").columns(
    key=Text, value=JSONB
)

_CLOSE: Final = text("""
    UPDATE contact_facts SET valid_to = app_now() WHERE contact_id = :contact AND key = ANY (:keys) AND valid_to IS NULL
""").bindparams(bindparam("keys", type_=ARRAY(Text)))

# Each with the message in which it was said, where that is still known.
_ADD: Final = text("""
    INSERT INTO contact_facts (tenant_id, id, contact_id, key, value, message_id, quote, source, channel)
    SELECT current_tenant(), w.id, :contact, w.key, w.value, m.id, w.quote, coalesce(m.author, :customer), :channel
    FROM unnest(:ids, :keys, :values, :quotes, :seqs) AS w (id, key, value, quote, seq)
        LEFT JOIN messages m ON m.conversation_id = :conversation AND m.seq = w.seq
""").bindparams(
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("keys", type_=ARRAY(Text)),
    bindparam("values", type_=ARRAY(JSONB)),
    bindparam("quotes", type_=ARRAY(Text)),
    bindparam("seqs", type_=ARRAY(BigInteger)),
    *(bindparam(name, type_=Text) for name in ("customer", "channel")),
)

_FORGET: Final = text("""
    UPDATE contact_facts f SET valid_to = app_now() FROM jsonb_each(:values) AS w (key, value)
    WHERE f.contact_id = :contact AND f.key = w.key AND f.value = w.value AND f.valid_to IS NULL
""").bindparams(bindparam("values", type_=JSONB))
