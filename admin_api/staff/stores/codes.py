"""One-time codes: made for a group or for one person, kept as digests, used once and within the hour."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update

from core.db.sessions import TenantSession
from core.ids import CompanyId, UserId, new_id
from core.models.staff import StaffCode

LIFETIME: Final = timedelta(hours=1)
_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is taken for another one
_HALF: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """Whom it was made for; none: for a group."""

    user: UserId | None


async def make(session: TenantSession, user: UserId | None) -> str:
    """An earlier one for the same is void from now on."""
    await session.execute(update(StaffCode).where(_unused(), _made_for(user)).values(used_at=func.app_now()))
    halves = ("".join(secrets.choice(_LETTERS) for _ in range(_HALF)) for _ in range(2))
    code = "-".join(halves)
    session.add(
        StaffCode(
            tenant_id=session.tenant_id,
            id=new_id(),
            digest=digest_of(session.tenant_id, code),
            user_id=user,
            expires_at=await session.scalar(select(func.app_now() + LIFETIME)),
        )
    )
    await session.flush()
    return code


async def peek(session: TenantSession, code: str) -> Used | None:
    """Whom it would link, without using it. None: it is wrong, used, or too old."""
    row = await session.scalar(select(StaffCode).where(_unused(), _is(session, code)))
    return None if row is None else _used(row.user_id)


async def use(session: TenantSession, code: str, by: int) -> Used | None:
    """Once: of two who type it at the same time, one is told that it is wrong."""
    taken = (
        update(StaffCode)
        .where(_unused(), _is(session, code))
        .values(used_at=func.app_now(), used_by=by)
        .returning(StaffCode.id, StaffCode.user_id)
    )
    row = (await session.execute(taken)).one_or_none()
    return None if row is None else _used(row.user_id)


def digest_of(company: CompanyId, code: str) -> bytes:
    """However it was typed: small, with spaces, without the dash."""
    letters = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(company.bytes + letters.encode()).digest()


def _is(session: TenantSession, code: str) -> ColumnElement[bool]:
    return StaffCode.digest == digest_of(session.tenant_id, code)


def _made_for(user: UserId | None) -> ColumnElement[bool]:
    return StaffCode.user_id.is_(None) if user is None else StaffCode.user_id == user


def _unused() -> ColumnElement[bool]:
    return StaffCode.used_at.is_(None) & (StaffCode.expires_at > func.app_now())


def _used(user: UUID | None) -> Used:
    return Used(user=None if user is None else UserId(user))
