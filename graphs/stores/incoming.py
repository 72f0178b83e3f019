"""The inbox of a company: events that were claimed, and what became of them."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from core.db.sessions import TenantSession
from core.ids import CompanyId, ConnectionId
from core.models.people import ConnectionKind

_LONGEST_REASON: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """An event that is ours until the lease ends. Whoever finishes it must hold this fence."""

    company: CompanyId
    event: UUID
    received: datetime
    fence: int
    tries: int  # this one counted


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """An event with all that is needed to read it. Without a connection nobody can."""

    claim: Claim
    connection: ConnectionId | None
    payload: Mapping[str, Any] | None
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Wire:
    """The connection that an event came in on."""

    id: ConnectionId
    kind: ConnectionKind
    settings: Mapping[str, Any]


async def load(session: TenantSession, claims: Sequence[Claim]) -> list[Kept]:
    """Those that are still ours, in the order in which they were received."""
    by_id = {claim.event: claim for claim in claims}
    return [
        Kept(
            claim=by_id[row.id],
            connection=row.connection_id,
            payload=None if row.payload is None else json.loads(row.payload),
            body=row.body or b"",
        )
        for row in (await session.execute(_LOAD, _columns(claims))).all()
    ]


async def wires(session: TenantSession, ids: Collection[ConnectionId]) -> dict[ConnectionId, Wire]:
    rows = await session.execute(_WIRES, {"ids": list(ids)})
    return {row.id: Wire(id=row.id, kind=ConnectionKind(row.kind), settings=json.loads(row.settings)) for row in rows}


async def wire_of(session: TenantSession, claim: Claim) -> Wire | None:
    bound = {"event": claim.event, "received": claim.received}
    connection = await session.scalar(_CONNECTION, bound)
    return None if connection is None else (await wires(session, [connection])).get(connection)


async def finish(session: TenantSession, claims: Sequence[Claim]) -> set[UUID]:
    """First of all in the transaction that stores them: it locks them, and tells which are still ours."""
    return set((await session.scalars(_FINISH, _columns(claims))).all())


async def quarantine(session: TenantSession, claim: Claim, reason: str) -> bool:
    """Kept for a person to look at. False: somebody else has it by now."""
    bound = {"event": claim.event, "received": claim.received, "fence": claim.fence}
    done = await session.execute(_QUARANTINE, {**bound, "reason": reason[:_LONGEST_REASON]})
    return bool(done.all())


async def give_back(session: TenantSession, claims: Sequence[Claim]) -> None:
    """The try does not count; the lease stays, so that it is not tried at once."""
    await session.execute(_GIVE_BACK, _columns(claims))


async def release(session: TenantSession, event: UUID) -> bool:
    """As if it had just come in. False: there is no such event in quarantine."""
    done = await session.execute(_RELEASE, {"event": event})
    if not done.all():
        return False
    await session.execute(_NUDGE)
    return True


def _columns(claims: Sequence[Claim]) -> dict[str, Any]:
    return {
        "ids": [claim.event for claim in claims],
        "moments": [claim.received for claim in claims],
        "fences": [claim.fence for claim in claims],
        "first": min(claim.received for claim in claims),
        "last": max(claim.received for claim in claims),
    }


# The bounds of the moments spare the months in which none of them lies.
_LOAD: Final = text("""
    SELECT e.id, e.connection_id, CAST(e.payload AS text) AS payload,
        CASE WHEN e.payload IS NULL THEN e.body END AS body
    FROM unnest(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[]), CAST(:fences AS bigint[]))
        AS w (id, moment, fence)
    JOIN incoming_events e ON e.id = w.id AND e.received_at = w.moment AND e.fence = w.fence
    WHERE e.state = 'new' AND e.received_at BETWEEN :first AND :last
    ORDER BY e.received_at, e.id
""")

_WIRES: Final = text("""
    SELECT id, kind, CAST(settings AS text) AS settings FROM connections WHERE id = ANY (CAST(:ids AS uuid[]))
""")

_CONNECTION: Final = text("SELECT connection_id FROM incoming_events WHERE id = :event AND received_at = :received")

_FINISH: Final = text("""
    UPDATE incoming_events e SET state = 'done', lease_until = NULL, reason = NULL
    FROM unnest(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[]), CAST(:fences AS bigint[]))
        AS w (id, moment, fence)
    WHERE e.id = w.id AND e.received_at = w.moment AND e.fence = w.fence AND e.state = 'new'
      AND e.received_at BETWEEN :first AND :last
    RETURNING e.id
""")

_GIVE_BACK: Final = text("""
    UPDATE incoming_events e SET attempts = greatest(e.attempts - 1, 0)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[]), CAST(:fences AS bigint[]))
        AS w (id, moment, fence)
    WHERE e.id = w.id AND e.received_at = w.moment AND e.fence = w.fence AND e.state = 'new'
      AND e.received_at BETWEEN :first AND :last
""")

_QUARANTINE: Final = text("""
    UPDATE incoming_events SET state = 'quarantined', lease_until = NULL, reason = :reason
    WHERE id = :event AND received_at = :received AND fence = :fence AND state = 'new' RETURNING id
""")

_RELEASE: Final = text("""
    UPDATE incoming_events SET state = 'new', attempts = 0, lease_until = NULL, reason = NULL
    WHERE id = :event AND state = 'quarantined' RETURNING id
""")

_NUDGE: Final = text("SELECT pg_notify('incoming', '')")
