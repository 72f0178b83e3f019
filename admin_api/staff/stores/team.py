"""Who of the company is linked to the group, and taking a link away."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, update

from core.db.sessions import TenantSession
from core.ids import ConversationId, UserId
from core.models.staff import StaffCode, StaffPerson
from core.models.stream import Control, Conversation

_NOBODYS: Final = 1 << 62


async def linked(session: TenantSession) -> Sequence[StaffPerson]:
    """By name."""
    wanted = (
        select(StaffPerson).where(StaffPerson.telegram_id > 0).order_by(func.lower(StaffPerson.name), StaffPerson.id)
    )
    return (await session.scalars(wanted)).all()


async def person_of(session: TenantSession, user: UserId) -> StaffPerson | None:
    return await session.scalar(select(StaffPerson).where(StaffPerson.user_id == user, StaffPerson.telegram_id > 0))


async def unlink(session: TenantSession, person: UUID) -> None:
    """What they did stays theirs, so the row stays, under a number that nobody at Telegram has."""
    gone = update(StaffPerson).where(StaffPerson.id == person, StaffPerson.telegram_id > 0)
    await session.execute(gone.values(telegram_id=-1 - person.int % _NOBODYS, chat_id=None))


async def void_codes(session: TenantSession, user: UserId) -> None:
    """Those that would link them again."""
    open_ones = update(StaffCode).where(StaffCode.user_id == user, StaffCode.used_at.is_(None))
    await session.execute(open_ones.values(expires_at=func.app_now()))


async def conversations_of(session: TenantSession, user: UserId) -> list[ConversationId]:
    """Which they have now, in the order in which they are locked."""
    theirs = (Conversation.assignee_id == user) & (Conversation.control == Control.HUMAN)
    found = await session.scalars(select(Conversation.id).where(theirs).order_by(Conversation.id))
    return [ConversationId(one) for one in found]
