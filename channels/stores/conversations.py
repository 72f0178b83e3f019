"""Threads: at most one open per contact and connection, found or opened for a whole batch at once."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from core.db.sessions import TenantSession
from core.errors import Unavailable
from core.ids import ContactId, ConversationId, new_id
from core.models.stream import Control

_TRIES: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Party:
    """Whom one talks with, and on which line."""

    connection: UUID
    contact: ContactId


@dataclass(frozen=True, kw_only=True, slots=True)
class Thread:
    """The open conversation of a party, locked until the commit."""

    id: ConversationId
    control: Control
    message_seq: int
    is_new: bool


async def open_threads(session: TenantSession, parties: Collection[Party]) -> dict[Party, Thread]:
    """Where the last conversation is closed a new one is opened. In the order of ids, like every lock on several."""
    wanted = list(dict.fromkeys(parties))
    threads = await _hold(session, wanted, frozenset())
    for _ in range(_TRIES):
        missing = [party for party in wanted if party not in threads]
        if not missing:
            return threads
        threads |= await _hold(session, missing, await _open(session, missing))
    raise Unavailable(
        "As conversas estão sendo fechadas enquanto chegam mensagens: tente de novo.",
        "The conversations are being closed while messages arrive: try again.",
    )


async def _open(session: TenantSession, parties: Collection[Party]) -> frozenset[UUID]:
    rows = await session.scalars(_OPEN, {**_columns(parties), "ids": [new_id() for _ in parties]})
    return frozenset(rows.all())


async def _hold(session: TenantSession, parties: Collection[Party], opened: frozenset[UUID]) -> dict[Party, Thread]:
    found = (await session.scalars(_FIND, _columns(parties))).all()
    if not found:
        return {}
    return {
        Party(connection=row.connection_id, contact=ContactId(row.contact_id)): Thread(
            id=ConversationId(row.id),
            control=Control(row.control),
            message_seq=row.message_seq,
            is_new=row.id in opened,
        )
        for row in (await session.execute(_HOLD, {"ids": found})).all()
    }


def _columns(parties: Collection[Party]) -> dict[str, Any]:
    return {
        "connections": [party.connection for party in parties],
        "contacts": [party.contact for party in parties],
    }


_FIND: Final = text("""
    SELECT c.id
    FROM unnest(CAST(:connections AS uuid[]), CAST(:contacts AS uuid[])) AS w (connection, contact),
        LATERAL (SELECT id FROM conversations
            WHERE connection_id = w.connection AND contact_id = w.contact AND control <> 'closed' LIMIT 1) c
""")

# One that was closed while we waited for its lock is not seen here, and the next round opens another.
_HOLD: Final = text("""
    SELECT id, connection_id, contact_id, control, message_seq FROM conversations
    WHERE id = ANY (CAST(:ids AS uuid[])) AND control <> 'closed' ORDER BY id FOR NO KEY UPDATE
""")

_OPEN: Final = text("""
    INSERT INTO conversations (tenant_id, id, connection_id, contact_id)
    SELECT current_tenant(), w.id, w.connection, w.contact
    FROM unnest(CAST(:ids AS uuid[]), CAST(:connections AS uuid[]), CAST(:contacts AS uuid[]))
        AS w (id, connection, contact)
    ON CONFLICT (tenant_id, connection_id, contact_id) WHERE control <> 'closed' DO NOTHING
    RETURNING id
""")
