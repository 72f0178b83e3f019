"""Bots at work: who holds the lease of each, from which update on it asks, and what keeps it from working."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import DateTime, func, select, text, update

from core.db.sessions import Database, TenantSession
from core.ids import CompanyId, ConnectionId
from core.models.staff import StaffBot


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """A bot that is ours for a while. Whoever writes for it must hold this fence."""

    company: CompanyId
    connection: ConnectionId
    fence: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    connection: ConnectionId
    username: str | None


async def claim(database: Database, *, most: int, lease: timedelta) -> list[Lease]:
    """Those that nobody works for just now, new ones among them."""
    async with database.crossing() as session:
        await session.execute(_OPEN)
        rows = (await session.execute(_CLAIM, {"most": most, "lease": lease})).all()
    return [Lease(company=row.company, connection=row.connection, fence=row.held_fence) for row in rows]


async def renew(session: TenantSession, held: Lease, lease: timedelta) -> bool:
    """False: it is somebody else's by now."""
    bound = {"connection": held.connection, "fence": held.fence, "lease": lease}
    return await session.scalar(_RENEW, bound) is not None


async def release(session: TenantSession, held: Lease) -> None:
    """So that another process can take it at once."""
    await _write(session, held, lease_until=None)


async def is_held(session: TenantSession, held: Lease) -> bool:
    """Until the commit nobody else can take it: a claim passes over rows that are locked."""
    fence = select(StaffBot.fence).where(StaffBot.connection_id == held.connection)
    return await session.scalar(fence.with_for_update(read=True, key_share=True)) == held.fence


async def get(session: TenantSession, connection: ConnectionId) -> StaffBot | None:
    return await session.scalar(select(StaffBot).where(StaffBot.connection_id == connection))


async def all_of(session: TenantSession) -> Sequence[StaffBot]:
    return (await session.scalars(select(StaffBot).order_by(StaffBot.connection_id))).all()


async def first(session: TenantSession) -> Named | None:
    """A bot of the company, and what it is called where that is known: the process may not have met it yet."""
    row = (await session.execute(_FIRST)).one_or_none()
    return None if row is None else Named(connection=row.id, username=row.username)


async def introduce(session: TenantSession, held: Lease, *, telegram_id: int, username: str) -> bool:
    return await _write(session, held, telegram_id=telegram_id, username=username, heard_at=_WORLD)


async def move_on(session: TenantSession, held: Lease, next_update: int) -> bool:
    """All before that number is kept. First of all in the transaction that keeps it."""
    return await _write(session, held, next_update=next_update, heard_at=_WORLD)


async def heard(session: TenantSession, held: Lease) -> bool:
    return await _write(session, held, heard_at=_WORLD)


async def say_problem(session: TenantSession, held: Lease, problem: str | None) -> bool:
    """True where it is another one than before."""
    changed = (
        update(StaffBot)
        .where(StaffBot.connection_id == held.connection, StaffBot.fence == held.fence)
        .where(StaffBot.problem.is_distinct_from(problem))
        .values(problem=problem)
        .returning(StaffBot.connection_id)
    )
    return await session.scalar(changed) is not None


async def world(session: TenantSession) -> datetime:
    """The moment by which Telegram lives, too."""
    return (await session.scalars(select(_WORLD))).one()


async def _write(session: TenantSession, held: Lease, **values: object) -> bool:
    mine = (StaffBot.connection_id == held.connection) & (StaffBot.fence == held.fence)
    written = await session.execute(update(StaffBot).where(mine).values(**values).returning(StaffBot.connection_id))
    return written.scalar_one_or_none() is not None


_WORLD: Final = func.now(type_=DateTime(timezone=True))
_OPEN: Final = text("SELECT priv.open_staff_bots()")
_CLAIM: Final = text("""
    SELECT company, connection, held_fence
    FROM priv.claim_staff_bots(CAST(:most AS integer), CAST(:lease AS interval))
""")
_RENEW: Final = text("""
    UPDATE staff_bots SET lease_until = now() + CAST(:lease AS interval)
    WHERE connection_id = :connection AND fence = :fence RETURNING connection_id
""")
_FIRST: Final = text("""
    SELECT c.id, b.username FROM connections c LEFT JOIN staff_bots b ON b.connection_id = c.id
    WHERE c.kind = 'telegram' AND c.state <> 'disabled' ORDER BY c.id LIMIT 1
""")
