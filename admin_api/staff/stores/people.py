"""Members of a company as Telegram knows them: linked by a code, and who of them may do what now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select, update

from core.db.sessions import TenantSession
from core.errors import Conflict
from core.ids import UserId, new_id
from core.models.people import Membership, Role
from core.models.staff import StaffPerson

_CHIEFS: Final = (Role.OWNER, Role.ADMIN)
_LONGEST_NAME: Final = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Linked:
    person: UUID
    user: UserId
    telegram_id: int
    name: str
    role: Role
    chat: int | None


async def find(session: TenantSession, telegram_id: int) -> Linked | None:
    """With the role of now: whoever is no member any more is nobody."""
    row = (await session.execute(_LINKED.where(StaffPerson.telegram_id == telegram_id))).one_or_none()
    return None if row is None else _linked(row.StaffPerson, row.role)


async def chiefs(session: TenantSession) -> list[Linked]:
    """Those who look after the installation, where they can be written to in private."""
    reachable = StaffPerson.chat_id.is_not(None) & Membership.role.in_(_CHIEFS)
    rows = (await session.execute(_LINKED.where(reachable).order_by(StaffPerson.linked_at))).all()
    return [_linked(row.StaffPerson, row.role) for row in rows]


async def role_of(session: TenantSession, user: UserId) -> Role | None:
    return await session.scalar(select(Membership.role).where(Membership.user_id == user))


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Of a person at Telegram; the chat where they wrote to the bot in private."""

    telegram_id: int
    name: str
    chat: int | None


async def link(session: TenantSession, user: UserId, account: Account) -> UUID:
    """Another account of the same member takes the place of the one before."""
    mine = await session.scalar(select(StaffPerson).where(StaffPerson.user_id == user).with_for_update())
    other = select(StaffPerson.id).where(StaffPerson.telegram_id == account.telegram_id, StaffPerson.user_id != user)
    if await session.scalar(other) is not None:
        raise Conflict(
            "Esta conta do Telegram já está vinculada a outra pessoa da empresa: desvincule-a antes.",
            "This Telegram account is linked to another person of the company already: unlink it first.",
        )
    if mine is None:
        mine = StaffPerson(tenant_id=session.tenant_id, id=new_id(), user_id=user)
        session.add(mine)
    mine.telegram_id, mine.chat_id = account.telegram_id, account.chat
    mine.name = account.name[:_LONGEST_NAME] or "?"
    await session.flush()
    return mine.id


async def note(session: TenantSession, linked: Linked, account: Account) -> None:
    """What Telegram says of them now, where it is different."""
    chat = linked.chat if account.chat is None else account.chat
    name = account.name[:_LONGEST_NAME] or linked.name
    if (chat, name) != (linked.chat, linked.name):
        await session.execute(
            update(StaffPerson).where(StaffPerson.id == linked.person).values(chat_id=chat, name=name)
        )


async def lose_chat(session: TenantSession, person: UUID) -> None:
    """They blocked the bot: it cannot write to them first."""
    await session.execute(update(StaffPerson).where(StaffPerson.id == person).values(chat_id=None))


async def all_linked(session: TenantSession) -> Sequence[Linked]:
    rows = (await session.execute(_LINKED.order_by(StaffPerson.linked_at))).all()
    return [_linked(row.StaffPerson, row.role) for row in rows]


def _linked(row: StaffPerson, role: Role) -> Linked:
    return Linked(
        person=row.id,
        user=UserId(row.user_id),
        telegram_id=row.telegram_id,
        name=row.name,
        role=role,
        chat=row.chat_id,
    )


_LINKED: Final = select(StaffPerson, Membership.role).join(
    Membership, (Membership.tenant_id == StaffPerson.tenant_id) & (Membership.user_id == StaffPerson.user_id)
)
