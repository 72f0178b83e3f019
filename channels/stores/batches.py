"""The batches that bulk sends belong to: one row each, which every claim of its messages has to share."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from core.db.sessions import TenantSession
from core.errors import NotFound
from core.ids import ConnectionId, new_id
from core.models.outbox import BatchState, SendBatch


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    id: UUID
    name: str
    state: BatchState
    reason: str | None
    is_new: bool = False


async def start(session: TenantSession, *, name: str, start_key: str) -> Batch:
    """One batch per key, however many ask at once: who comes second waits for the first, and gets its batch."""
    made = insert(SendBatch).values(tenant_id=session.tenant_id, id=new_id(), name=name, start_key=start_key)
    rows = await session.execute(made.on_conflict_do_nothing().returning(*_COLUMNS))
    row = rows.one_or_none()
    if row is not None:
        return _batch(row, is_new=True)
    return _batch((await session.execute(select(*_COLUMNS).where(SendBatch.start_key == start_key))).one())


async def find(session: TenantSession, batch: UUID) -> Batch:
    return _found((await session.execute(select(*_COLUMNS).where(SendBatch.id == batch))).one_or_none())


async def hold(session: TenantSession, batch: UUID) -> Batch:
    """Lock the batch: no message of it is claimed until the commit."""
    held = select(*_COLUMNS).where(SendBatch.id == batch).with_for_update(key_share=True)
    return _found((await session.execute(held)).one_or_none())


async def write(session: TenantSession, batch: UUID, *, state: BatchState, reason: str | None) -> None:
    await session.execute(
        update(SendBatch)
        .where(SendBatch.id == batch)
        .values(state=state, reason=reason, updated_at=func.app_now())
        .execution_options(synchronize_session=False)
    )


async def pause_those_with_work(session: TenantSession, connection: ConnectionId, *, reason: str) -> list[UUID]:
    """The running batches that still have messages for this connection, locked in order of id."""
    rows = await session.execute(_PAUSE_THOSE, {"connection": connection, "reason": reason})
    return sorted(row.id for row in rows)


async def nudge(session: TenantSession) -> None:
    """Senders look at once for what may leave again."""
    await session.execute(_NUDGE)


def _batch(row: "Row[UUID, str, BatchState, str | None]", *, is_new: bool = False) -> Batch:
    return Batch(id=row.id, name=row.name, state=BatchState(row.state), reason=row.reason, is_new=is_new)


def _found(row: "Row[UUID, str, BatchState, str | None] | None") -> Batch:
    if row is None:
        raise NotFound("Este lote de envios não existe.", "This batch of messages does not exist.")
    return _batch(row)


_COLUMNS: Final = (SendBatch.id, SendBatch.name, SendBatch.state, SendBatch.reason)
_NUDGE: Final = text("SELECT pg_notify('outbox', '')")
_PAUSE_THOSE: Final = text("""
    WITH held AS (
        SELECT b.id FROM send_batches b
        WHERE b.state = 'running' AND EXISTS (SELECT FROM outbound o
            WHERE o.tenant_id = b.tenant_id AND o.batch_id = b.id AND o.connection_id = :connection
              AND o.state IN ('queued', 'sending'))
        ORDER BY b.id FOR NO KEY UPDATE OF b
    )
    UPDATE send_batches b SET state = 'paused', reason = :reason, updated_at = app_now()
    FROM held WHERE b.id = held.id RETURNING b.id
""").bindparams(bindparam("connection", type_=Uuid))
