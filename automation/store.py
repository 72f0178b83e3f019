"""The schedule ledger, and the forgetting of what is older than a company wants kept."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, column, delete, func, select
from sqlalchemy.engine import CursorResult

from core.db.sessions import Database, TenantSession
from core.ids import CompanyId
from core.models.installation import Company
from core.models.record import DomainEvent, EventProgress

_CHUNK: Final = 100
_TICKS_KEPT: Final = timedelta(days=30)
_STRAYS_KEPT: Final = timedelta(days=7)
_MINUTES_KEPT: Final = timedelta(days=30)


async def claim_tick(database: Database, schedule: str, fire_at: datetime) -> bool:
    """True for exactly one caller per firing."""
    async with database.crossing() as session:
        return bool(await session.scalar(select(func.priv.claim_tick(schedule, fire_at))))


async def finish_tick(database: Database, schedule: str, fire_at: datetime) -> None:
    async with database.crossing() as session:
        await session.execute(select(func.priv.finish_tick(schedule, fire_at)))


async def embedding_due(database: Database, *, most: int) -> list[tuple[UUID, UUID]]:
    """Company and space of vectors that some passages do not have yet."""
    due = func.priv.embedding_due(most).table_valued(column("company", Uuid), column("space", Uuid))
    async with database.crossing() as session:
        return [(row.company, row.space) for row in await session.execute(select(due))]


async def forget_installation(database: Database, now: datetime) -> int:
    """What belongs to no company and has served: old firings, stray events, minutes of the inbox."""
    olds = (
        func.priv.forget_ticks(now - _TICKS_KEPT),
        func.priv.forget_strays(now - _STRAYS_KEPT),
        func.priv.forget_inbox_minutes(now - _MINUTES_KEPT),
    )
    async with database.crossing() as session:
        return sum([int(await session.scalar(select(old)) or 0) for old in olds])


async def chunks_of_companies(database: Database) -> AsyncIterator[list[CompanyId]]:
    async with database.crossing() as session:
        companies = [CompanyId(company) for company in await session.scalars(select(func.priv.companies(type_=Uuid)))]
    for start in range(0, len(companies), _CHUNK):
        yield companies[start : start + _CHUNK]


async def forget_old_events(session: TenantSession, now: datetime) -> int:
    """What is past the company's retention goes, but never an event that a consumer has yet to read."""
    days = await session.scalar(select(Company.retention_days).where(Company.id == session.tenant_id))
    if days is None:
        return 0
    unread = select(EventProgress.seq).where(EventProgress.seq < DomainEvent.seq).exists()
    old = delete(DomainEvent).where(DomainEvent.created_at < now - timedelta(days=days), ~unread)
    result = await session.execute(old)
    return result.rowcount if isinstance(result, CursorResult) else 0
