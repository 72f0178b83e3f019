"""The switch that stops all sends of an installation: by hand, or where the database has gone back in time."""

from typing import Final
from uuid import UUID

from sqlalchemy import select, text

from core.db.sessions import Database
from core.ids import CompanyId
from core.logging import get_logger
from core.models.outbox import OutboundAttempt

RESTORED: Final = "restored"

log = get_logger(__name__)

Mark = tuple[CompanyId, UUID]  # an attempt that was begun, and of whom


async def hold(database: Database, reason: str) -> None:
    async with database.crossing() as session:
        await session.execute(text("SELECT priv.hold_sends(:reason)"), {"reason": reason})


async def release(database: Database) -> bool:
    """False: they were not held."""
    async with database.crossing() as session:
        return bool(await session.scalar(text("SELECT priv.release_sends()")))


async def why_held(database: Database) -> str | None:
    async with database.crossing() as session:
        reason: str | None = await session.scalar(text("SELECT priv.why_sends_are_held()"))
        return reason


async def hold_if_lost(database: Database, begun: Mark) -> bool:
    """True where the database does not know what was begun: it is an older one, and would send it all again."""
    company, attempt = begun
    async with database.tenant_session(company) as session:
        if await session.scalar(select(OutboundAttempt.id).where(OutboundAttempt.id == attempt)) is not None:
            return False
    await hold(database, RESTORED)
    log.error("outbox.sends_held", reason=RESTORED)
    return True
