"""The staff group of a company: bound, followed as Telegram tells of it, and left."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update

from core.db.locks import hold_until_commit
from core.db.sessions import TenantSession
from core.ids import ConnectionId, new_id
from core.models.staff import NoteState, StaffGroup, StaffNote


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A group as Telegram tells of it."""

    chat: int
    title: str
    is_forum: bool
    rights: Mapping[str, bool]
    problem: str | None


async def bound(session: TenantSession) -> StaffGroup | None:
    """The one group of the company."""
    return await session.scalar(select(StaffGroup).where(StaffGroup.left_at.is_(None)))


async def bind(session: TenantSession, connection: ConnectionId, seen: Seen, by: int) -> StaffGroup:
    """In the place of the one before, if any. The same chat again is the same group."""
    await hold_until_commit(session, "staff_group")
    before = await bound(session)
    if before is not None and before.chat_id != seen.chat:
        await leave(session, before.id)
        before = None
    if before is None:
        before = await _left(session, connection, seen.chat)
    if before is None:
        before = StaffGroup(
            tenant_id=session.tenant_id, id=new_id(), connection_id=connection, chat_id=seen.chat, bound_by=by
        )
        session.add(before)
    before.left_at = None
    before.connection_id, before.title, before.is_forum = connection, seen.title, seen.is_forum
    before.rights, before.problem = dict(seen.rights), seen.problem
    await session.flush()
    return before


async def _left(session: TenantSession, connection: ConnectionId, chat: int) -> StaffGroup | None:
    """Bound again it is the same group, with the topics that it had."""
    mine = (StaffGroup.connection_id == connection) & (StaffGroup.chat_id == chat)
    return await session.scalar(select(StaffGroup).where(mine).order_by(StaffGroup.bound_at.desc()).limit(1))


async def note(session: TenantSession, group: UUID, seen: Seen) -> bool:
    """What Telegram says now. True where the problem is another one than before."""
    was = select(StaffGroup.problem).where(StaffGroup.id == group).with_for_update()
    before = (await session.scalars(was)).one_or_none()
    values = {"title": seen.title, "is_forum": seen.is_forum, "rights": dict(seen.rights), "problem": seen.problem}
    await session.execute(update(StaffGroup).where(StaffGroup.id == group).values(**values))
    return before != seen.problem


async def say_problem(session: TenantSession, group: UUID, problem: str | None) -> bool:
    """True where it is another one than before."""
    different = (StaffGroup.id == group) & StaffGroup.problem.is_distinct_from(problem)
    changed = update(StaffGroup).where(different).values(problem=problem).returning(StaffGroup.id)
    return await session.scalar(changed) is not None


async def move(session: TenantSession, connection: ConnectionId, was: int, to: int) -> bool:
    """The group goes on under another number."""
    mine = (StaffGroup.connection_id == connection) & (StaffGroup.chat_id == was) & StaffGroup.left_at.is_(None)
    moved = update(StaffGroup).where(mine).values(chat_id=to).returning(StaffGroup.id)
    return await session.scalar(moved) is not None


async def rename(session: TenantSession, group: UUID, title: str) -> None:
    await session.execute(update(StaffGroup).where(StaffGroup.id == group).values(title=title))


async def leave(session: TenantSession, group: UUID) -> None:
    """What still waited for it is said nowhere."""
    await session.execute(update(StaffGroup).where(StaffGroup.id == group).values(left_at=func.app_now()))
    waiting = (StaffNote.group_id == group) & StaffNote.state.in_((NoteState.QUEUED, NoteState.SENDING))
    await session.execute(update(StaffNote).where(waiting).values(state=NoteState.FAILED, reason="group_left"))
