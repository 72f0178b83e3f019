"""Updates as rows of the inbox: kept before Telegram is told so, taken when nothing holds them up, acted on once."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from core import clock
from core.db.sessions import TenantSession
from core.ids import ConnectionId, new_id
from core.models.staff import StaffUpdate
from core.models.stream import Consumer, IncomingEvent
from graphs.stores.incoming import Claim


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Not acted on so far. One that is held is being tried, or rests."""

    id: UUID
    received: datetime
    is_held: bool
    tries: int  # so far
    update: Mapping[str, Any] | None  # none: it was not asked for, or is no JSON object


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """Ours until the lease ends, with its try counted."""

    claim: Claim
    update: Mapping[str, Any] | None  # none: it is no JSON object


async def keep(session: TenantSession, connection: ConnectionId, updates: Sequence[Mapping[str, Any]]) -> None:
    """In the order in which they came."""
    now = clock.now()
    rows = [_row(session, connection, one) | {"received_at": now} for one in updates]
    if rows:
        await session.execute(insert(IncomingEvent), rows)


async def waiting(
    session: TenantSession, connection: ConnectionId, *, known: Collection[UUID], most: int
) -> list[Waiting]:
    """The oldest ones, in the order in which they came. What those that are known say is not told again."""
    bound = {"connection": connection, "known": list(known), "most": most}
    return [
        Waiting(
            id=row.id,
            received=row.received_at,
            is_held=row.is_held,
            tries=row.attempts,
            update=_parsed(row.payload, row.body),
        )
        for row in await session.execute(_WAITING, bound)
    ]


async def take(session: TenantSession, wanted: Sequence[Waiting], lease: timedelta) -> list[Taken]:
    """Those of them that nobody else took meanwhile, as they are now."""
    if not wanted:
        return []
    moments = [one.received for one in wanted]
    bound = {
        "ids": [one.id for one in wanted],
        "moments": moments,
        "first": min(moments),
        "last": max(moments),
        "lease": lease,
    }
    return [_taken(session, row) for row in await session.execute(_TAKE, bound)]


async def take_over(session: TenantSession, connection: ConnectionId) -> None:
    """Whoever was at them holds the bot no more: they can write nothing under the fence of the next try."""
    await session.execute(_TAKE_OVER, {"connection": connection})


async def rest(session: TenantSession, claim: Claim, pause: timedelta) -> None:
    """Tried again after a while."""
    bound = {"event": claim.event, "received": claim.received, "fence": claim.fence, "pause": pause}
    await session.execute(_REST, bound)


async def remember(session: TenantSession, connection: ConnectionId, update_id: int) -> bool:
    """False: it was acted on before. In the transaction that acts."""
    row = upsert(StaffUpdate).values(tenant_id=session.tenant_id, connection_id=connection, update_id=update_id)
    return await session.scalar(row.on_conflict_do_nothing().returning(StaffUpdate.update_id)) is not None


async def is_known(session: TenantSession, connection: ConnectionId, update_id: int) -> bool:
    """Acted on before: then nothing is fetched or thought about again."""
    mine = (StaffUpdate.connection_id == connection) & (StaffUpdate.update_id == update_id)
    return await session.scalar(select(StaffUpdate.update_id).where(mine)) is not None


async def seconds_since_kept(session: TenantSession, connection: ConnectionId) -> float | None:
    """Since the newest one came. None: none ever did."""
    age: float | None = await session.scalar(_AGE, {"connection": connection})
    return age


async def forget_old(session: TenantSession, age: timedelta) -> None:
    """Telegram repeats nothing after a day."""
    await session.execute(delete(StaffUpdate).where(StaffUpdate.created_at < func.app_now() - age))


def _row(session: TenantSession, connection: ConnectionId, update: Mapping[str, Any]) -> dict[str, Any]:
    body = json.dumps(update).encode()
    return {
        "tenant_id": session.tenant_id,
        "id": new_id(),
        "connection_id": connection,
        "consumer": Consumer.STAFF,
        "body": body,
        "body_sha256": hashlib.sha256(body).digest(),
        "payload": dict(update) if fits_column(update) else None,
    }


def fits_column(update: Mapping[str, Any]) -> bool:
    """A column of JSON holds no NUL and no half of a pair; whoever finds none there reads the body."""
    try:
        return "\\u0000" not in json.dumps(update, ensure_ascii=False).encode().decode()
    except UnicodeEncodeError:
        return False


def _taken(session: TenantSession, row: Any) -> Taken:
    claim = Claim(
        company=session.tenant_id, event=row.id, received=row.received_at, fence=row.fence, tries=row.attempts
    )
    return Taken(claim=claim, update=_parsed(row.payload, row.body))


def _parsed(payload: str | None, body: bytes | None) -> Mapping[str, Any] | None:
    if payload is None and body is None:
        return None
    try:
        parsed = json.loads(payload if payload is not None else (body or b"").decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


_WAITING: Final = text("""
    SELECT id, received_at, attempts, coalesce(lease_until > now(), false) AS is_held,
        CASE WHEN NOT w.is_known THEN CAST(payload AS text) END AS payload,
        CASE WHEN NOT w.is_known AND payload IS NULL THEN body END AS body
    FROM incoming_events, LATERAL (SELECT id = ANY (CAST(:known AS uuid[])) AS is_known) w
    WHERE consumer = 'staff' AND state = 'new' AND connection_id = :connection
    ORDER BY received_at, id LIMIT :most
""")

# The bounds of the moments spare the months in which none of them lies.
_TAKE: Final = text("""
    WITH free AS (
        SELECT e.id, e.received_at
        FROM unnest(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[])) AS w (id, moment)
        JOIN incoming_events e ON e.id = w.id AND e.received_at = w.moment
        WHERE e.state = 'new' AND (e.lease_until IS NULL OR e.lease_until < now())
            AND e.received_at BETWEEN :first AND :last
        FOR UPDATE OF e SKIP LOCKED)
    UPDATE incoming_events e SET lease_until = now() + CAST(:lease AS interval), fence = e.fence + 1,
        attempts = e.attempts + 1
    FROM free f
    WHERE e.id = f.id AND e.received_at = f.received_at AND e.received_at BETWEEN :first AND :last
    RETURNING e.id, e.received_at, e.fence, e.attempts, CAST(e.payload AS text) AS payload,
        CASE WHEN e.payload IS NULL THEN e.body END AS body
""")

_TAKE_OVER: Final = text("""
    UPDATE incoming_events SET lease_until = NULL
    WHERE consumer = 'staff' AND state = 'new' AND connection_id = :connection AND lease_until > now()
""")

_AGE: Final = text("""
    SELECT CAST(extract(epoch FROM app_now() - max(received_at)) AS float) FROM incoming_events
    WHERE connection_id = :connection
""")

_REST: Final = text("""
    UPDATE incoming_events SET lease_until = now() + CAST(:pause AS interval)
    WHERE id = :event AND received_at = :received AND fence = :fence AND state = 'new'
""")
