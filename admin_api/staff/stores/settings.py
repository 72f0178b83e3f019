"""How a company wants things: its quiet hours, how long it waits for more words, and the ways of its group."""

from datetime import time
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from core.db.sessions import TenantSession
from core.models.installation import Company
from core.models.staff import StaffGroup


async def set_quiet(session: TenantSession, *, start: time, end: time) -> None:
    await _change(session, quiet_from=start, quiet_until=end)


async def set_answer_wait(session: TenantSession, seconds: float | None) -> None:
    """None: as usual."""
    await _change(session, answer_wait_seconds=seconds)


async def of_group(session: TenantSession, group: UUID) -> dict[str, Any]:
    found = await session.scalar(select(StaffGroup.settings).where(StaffGroup.id == group))
    return dict(found or {})


async def bound_group(session: TenantSession) -> UUID | None:
    found: UUID | None = await session.scalar(select(StaffGroup.id).where(StaffGroup.left_at.is_(None)))
    return found


async def change_group(session: TenantSession, group: UUID, **changes: Any) -> None:
    """The others stay as they are."""
    held = await session.scalar(select(StaffGroup.settings).where(StaffGroup.id == group).with_for_update())
    settings = {**(held or {}), **changes}
    await session.execute(update(StaffGroup).where(StaffGroup.id == group).values(settings=settings))


async def _change(session: TenantSession, **values: Any) -> None:
    changed = update(Company).where(Company.id == session.tenant_id).values(**values)
    await session.execute(changed.execution_options(synchronize_session="fetch"))
