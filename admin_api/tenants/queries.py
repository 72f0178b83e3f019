"""The people who work for a company, as the API shows them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, column, func, select

from core.db.sessions import TenantSession
from core.errors import NotFound
from core.ids import ConnectionId, UserId
from core.models.people import Membership, Role
from core.models.staff import StaffBot


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberListing:
    most: int
    after: UUID | None = None  # a membership
    role: Role | None = None
    email: str | None = None  # finds one person, where that person works here


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """Names and e-mails belong to the person, who may work for several companies; `priv` tells those of this one."""

    membership: UUID
    user: UserId
    email: str
    name: str
    role: Role
    since: datetime


async def list_members(session: TenantSession, wanted: MemberListing) -> list[Member]:
    rules: list[ColumnElement[bool]] = []
    if wanted.after is not None:
        rules.append(Membership.id > wanted.after)
    if wanted.role is not None:
        rules.append(Membership.role == wanted.role)
    if wanted.email is not None:
        rules.append(_PEOPLE.c.email == wanted.email.lower())
    rows = await session.execute(_MEMBERS.where(*rules).order_by(Membership.id).limit(wanted.most))
    return [_member(row) for row in rows]


async def get_member(session: TenantSession, user: UserId) -> Member:
    found = (await session.execute(_MEMBERS.where(Membership.user_id == user))).first()
    if found is None:
        raise NotFound("Esta pessoa não trabalha aqui.", "There is no such member.")
    return _member(found)


def _member(row: Any) -> Member:
    return Member(
        membership=row.id,
        user=UserId(row.user_id),
        email=row.email,
        name=row.name,
        role=Role(row.role),
        since=row.created_at,
    )


_PEOPLE: Final = func.priv.members().table_valued(
    column("membership", Uuid), column("email", Text), column("name", Text), name="people"
)
_MEMBERS: Final = select(
    Membership.id, Membership.user_id, Membership.role, Membership.created_at, _PEOPLE.c.email, _PEOPLE.c.name
).join(_PEOPLE, _PEOPLE.c.membership == Membership.id)


async def bot_of(session: TenantSession, connection: ConnectionId) -> StaffBot | None:
    """As the staff process left it."""
    return await session.scalar(select(StaffBot).where(StaffBot.connection_id == connection))
