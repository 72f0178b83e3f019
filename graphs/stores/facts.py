"""What contacts told us of themselves, on whatever channel: typed, in their words, known from one moment to another."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from agents.commands import Value
from agents.extractors.values import same
from core.db.locks import hold_each_until_commit, hold_until_commit
from core.db.sessions import TenantSession
from core.ids import ContactId, new_id
from core.models.stream import Author
from graphs.conversation.state import Filled
from graphs.stores.endings import Ended

_Current = Mapping[tuple[ContactId, str], Value]  # what counts now, by whose it is and its key


async def remember(session: TenantSession, turns: Sequence[Ended]) -> None:
    """What turns learned takes the place of what was known; what was taken back is not known any more."""
    news = [new for one in turns if (new := _news_of(one)).is_any]
    if not news:
        return
    # Another conversation of theirs may learn the same.
    await hold_each_until_commit(session, [("facts", new.one.contact) for new in news])
    current = await _current(session, [new.one.contact for new in news])
    fresh = [(new.one, *learned) for new in news for learned in _fresh(new, current).items()]
    ended = {(one.contact, name) for one, name, _ in fresh if (one.contact, name) in current}
    ended |= {(new.one.contact, name) for new in news for name in _lost(new, current)}
    if fresh or ended:
        await session.execute(_WRITE, {**_ended_columns(ended), **_columns(fresh)})


async def forget(session: TenantSession, contact: UUID, values: Mapping[str, Value]) -> None:
    """A person took these back. What has been told since stays."""
    if values:
        await hold_until_commit(session, "facts", contact)
        await session.execute(_FORGET, {"contact": contact, "values": dict(values)})


@dataclass(frozen=True, kw_only=True, slots=True)
class _News:
    """What a turn has to say of its contact."""

    one: Ended
    learned: Mapping[str, Filled]
    gone: Mapping[str, Value]

    @property
    def is_any(self) -> bool:
        return bool(self.learned or self.gone)


def _news_of(one: Ended) -> _News:
    return _News(one=one, learned=_learned(one), gone=_taken_back(one))


def _learned(one: Ended) -> dict[str, Filled]:
    """Values that count since this turn, of slots that are kept."""
    before, slots = one.before.slots, one.begun.version.persona.slots
    return {
        name: filled
        for name, filled in one.decision.dialogue.slots.items()
        if name in slots and slots[name].remember and filled.is_confirmed and not _was_known(before.get(name), filled)
    }


def _was_known(before: Filled | None, now: Filled) -> bool:
    return before is not None and before.is_confirmed and before.value == now.value


def _taken_back(one: Ended) -> dict[str, Value]:
    slots = one.begun.version.persona.slots
    return {
        name: filled.value
        for name, filled in one.before.slots.items()
        if name in slots and filled.is_confirmed and name not in one.decision.dialogue.slots
    }


def _fresh(new: _News, current: _Current) -> dict[str, Filled]:
    return {name: filled for name, filled in new.learned.items() if not _is_known(new.one, name, filled.value, current)}


def _lost(new: _News, current: _Current) -> list[str]:
    return [name for name, value in new.gone.items() if _is_known(new.one, name, value, current)]


def _is_known(one: Ended, name: str, value: Value, current: _Current) -> bool:
    known = current.get((one.contact, name))
    return known is not None and same(one.begun.version.persona.slots[name].type, known, value)


async def _current(session: TenantSession, contacts: Collection[ContactId]) -> _Current:
    rows = (await session.execute(_CURRENT, {"contacts": list(contacts)})).all()
    return {(ContactId(row.contact_id), row.key): row.value for row in rows}


def _ended_columns(ended: Collection[tuple[ContactId, str]]) -> dict[str, Any]:
    return {"ended_contacts": [contact for contact, _ in ended], "ended_keys": [name for _, name in ended]}


def _columns(fresh: Sequence[tuple[Ended, str, Filled]]) -> dict[str, Any]:
    snapshots = [one.begun.snapshot for one, _, _ in fresh]
    learned = [filled for _, _, filled in fresh]
    return {
        "ids": [new_id() for _ in fresh],
        "contacts": [snapshot.contact for snapshot in snapshots],
        "conversations": [snapshot.conversation for snapshot in snapshots],
        "channels": [snapshot.channel.value for snapshot in snapshots],
        "keys": [name for _, name, _ in fresh],
        "values": [json.dumps(dict(filled.value), allow_nan=False, ensure_ascii=False) for filled in learned],
        "quotes": [filled.quote.text or None for filled in learned],
        "seqs": [filled.quote.message for filled in learned],
    }


_CURRENT: Final = text("""
    SELECT contact_id, key, value FROM contact_facts
    WHERE contact_id = ANY (CAST(:contacts AS uuid[])) AND valid_to IS NULL
""")

# First what ends, for of each there is one that counts. Then what is new, each with the message in which it was said,
# where that is still known.
_WRITE: Final = text(f"""
    WITH ended AS (
        UPDATE contact_facts f SET valid_to = app_now()
        FROM unnest(CAST(:ended_contacts AS uuid[]), CAST(:ended_keys AS text[])) AS w (contact, key)
        WHERE f.contact_id = w.contact AND f.key = w.key AND f.valid_to IS NULL RETURNING f.id)
    INSERT INTO contact_facts (tenant_id, id, contact_id, key, value, message_id, quote, source, channel)
    SELECT current_tenant(), w.id, w.contact, w.key, CAST(w.value AS jsonb), m.id, w.quote,
        coalesce(m.author, '{Author.CUSTOMER}'), w.channel
    FROM unnest(CAST(:ids AS uuid[]), CAST(:contacts AS uuid[]), CAST(:conversations AS uuid[]),
            CAST(:channels AS text[]), CAST(:keys AS text[]), CAST(:values AS text[]), CAST(:quotes AS text[]),
            CAST(:seqs AS bigint[])) AS w (id, contact, conversation, channel, key, value, quote, seq)
        LEFT JOIN LATERAL (
            SELECT id, author FROM messages WHERE conversation_id = w.conversation AND seq = w.seq LIMIT 1) m ON true
    WHERE (SELECT count(*) FROM ended) >= 0
""")  # noqa: S608 - a word of ours

_FORGET: Final = text("""
    UPDATE contact_facts f SET valid_to = app_now() FROM jsonb_each(:values) AS w (key, value)
    WHERE f.contact_id = :contact AND f.key = w.key AND f.value = w.value AND f.valid_to IS NULL
""").bindparams(bindparam("values", type_=JSONB))
