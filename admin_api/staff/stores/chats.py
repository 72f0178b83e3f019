"""Whether somebody of the staff can be told something in private."""

from uuid import UUID

from sqlalchemy import select

from core.db.sessions import TenantSession
from core.models.staff import StaffPerson


async def has_chat(session: TenantSession, person: UUID) -> bool:
    chat = select(StaffPerson.chat_id).where(StaffPerson.id == person)
    return await session.scalar(chat) is not None
