"""The notes of a staff group, posted: once per key, and in the place of what still waits in their slot."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from channels.telegram_staff.notes import Body, to_json
from core.db.sessions import TenantSession
from core.ids import new_id
from core.models.staff import NoteLane, NoteState, StaffNote

CHANNEL: Final = "staff"  # of NOTIFY, with the company: something was posted


@dataclass(frozen=True, kw_only=True, slots=True)
class NewNote:
    """For the group, one of its topics, or one person. `slot`: what waits in it is replaced, not followed."""

    key: str
    body: Body
    lane: NoteLane
    group: UUID | None = None
    topic: UUID | None = None
    person: UUID | None = None
    slot: str | None = None
    not_before: datetime | None = None


async def post(session: TenantSession, new: NewNote) -> bool:
    """False: it was posted before."""
    if (new.group is None) == (new.person is None):
        raise ValueError("a note is for a group or for a person")
    if new.slot is not None and await _take_place(session, new.slot, new.body):
        return False
    row = upsert(StaffNote).values(
        tenant_id=session.tenant_id,
        id=new_id(),
        key=new.key,
        slot=new.slot,
        group_id=new.group,
        topic_id=new.topic,
        person_id=new.person,
        lane=new.lane,
        body=to_json(new.body),
        **({"not_before": new.not_before} if new.not_before else {}),
    )
    made = row.on_conflict_do_nothing(index_elements=["tenant_id", "key"]).returning(StaffNote.id)
    is_new = await session.scalar(made) is not None
    if is_new:
        await session.execute(_TELL, {"company": str(session.tenant_id)})
    return is_new


async def _take_place(session: TenantSession, slot: str, body: Body) -> bool:
    waiting = update(StaffNote).where(StaffNote.slot == slot, StaffNote.state == NoteState.QUEUED)
    return await session.scalar(waiting.values(body=to_json(body)).returning(StaffNote.id)) is not None


_TELL: Final = text("SELECT pg_notify('staff', :company)")
