"""Updates as rows of the inbox: kept before Telegram is told so, taken one by one in order, acted on once."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from core import clock
from core.db.sessions import TenantSession
from core.ids import ConnectionId, new_id
from core.models.staff import StaffUpdate
from core.models.stream import Consumer, IncomingEvent
from graphs.stores.incoming import Claim


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """The oldest that was not acted on, with its try counted."""

    claim: Claim
    update: Mapping[str, Any] | None  # none: it is no JSON object


async def keep(session: TenantSession, connection: ConnectionId, updates: Sequence[Mapping[str, Any]]) -> None:
    """In the order in which they came."""
    now = clock.now()
    rows = [_row(session, connection, one) | {"received_at": now} for one in updates]
    if rows:
        await session.execute(insert(IncomingEvent), rows)


async def take(session: TenantSession, connection: ConnectionId, lease: timedelta) -> Taken | None:
    """None where there is none, or the oldest is being tried or rests: none overtakes it."""
    row = (await session.execute(_TAKE, {"connection": connection, "lease": lease})).one_or_none()
    if row is None:
        return None
    claim = Claim(
        company=session.tenant_id, event=row.id, received=row.received_at, fence=row.fence, tries=row.attempts
    )
    return Taken(claim=claim, update=_parsed(row.payload, row.body))


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


def _parsed(payload: str | None, body: bytes | None) -> Mapping[str, Any] | None:
    try:
        parsed = json.loads(payload if payload is not None else (body or b"").decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


_TAKE: Final = text("""
    WITH oldest AS (
        SELECT id, received_at, lease_until FROM incoming_events
        WHERE consumer = 'staff' AND state = 'new' AND connection_id = :connection
        ORDER BY received_at, id LIMIT 1 FOR UPDATE)
    UPDATE incoming_events e SET lease_until = now() + CAST(:lease AS interval), fence = e.fence + 1,
        attempts = e.attempts + 1
    FROM oldest o
    WHERE e.id = o.id AND e.received_at = o.received_at AND (o.lease_until IS NULL OR o.lease_until < now())
    RETURNING e.id, e.received_at, e.fence, e.attempts, CAST(e.payload AS text) AS payload,
        CASE WHEN e.payload IS NULL THEN e.body END AS body
""")

_AGE: Final = text("""
    SELECT CAST(extract(epoch FROM app_now() - max(received_at)) AS float) FROM incoming_events
    WHERE connection_id = :connection
""")

_REST: Final = text("""
    UPDATE incoming_events SET lease_until = now() + CAST(:pause AS interval)
    WHERE id = :event AND received_at = :received AND fence = :fence AND state = 'new'
""")
