"""Domain events: written in the transaction of their cause, numbered per company in commit order."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from core.db.locks import try_hold_until_commit
from core.db.sessions import TenantSession
from core.models.record import DomainEvent, EventCounter, EventProgress

CHANNEL: Final = "events"


class EventKind(StrEnum):
    """Everything that can have happened. A consumer names what it wants of these."""

    COMPANY_CREATED = "company.created"
    COMPANY_SHREDDED = "company.shredded"
    API_KEY_CREATED = "api_key.created"
    CONNECTION_CREATED = "connection.created"
    CONNECTION_CHANGED = "connection.changed"
    CONNECTION_EXPIRING = "connection.expiring"  # its token, in so many days
    MEMBER_ADDED = "member.added"
    MEMBER_CHANGED = "member.changed"
    CONTACT_OPTED_OUT = "contact.opted_out"
    CONTACT_OPTED_IN = "contact.opted_in"
    CONTACT_MERGED = "contact.merged"
    CONNECTION_NEWS = "connection.news"
    MESSAGE_RECEIVED = "message.received"
    MESSAGE_ECHOED = "message.echoed"
    MESSAGE_STATUS = "message.status"
    CONVERSATION_OPENED = "conversation.opened"
    CONVERSATION_TAKEN_OVER = "conversation.taken_over"
    CONVERSATION_GIVEN_BACK = "conversation.given_back"
    CONVERSATION_CLOSED = "conversation.closed"
    TURN_ENDED = "turn.ended"
    DRAFT_PROPOSED = "draft.proposed"
    LEAD_MOVED = "lead.moved"
    HANDOFF_OPENED = "handoff.opened"
    HANDOFF_TAKEN = "handoff.taken"
    HANDOFF_ENDED = "handoff.ended"
    HANDOFF_LATE = "handoff.late"  # nobody has taken it, or answered in it, in time
    EFFECT_ENDED = "effect.ended"
    PROMISE_DUE = "promise.due"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    kind: EventKind
    subject_id: UUID | None = None
    payload: dict[str, Any] = field(default_factory=dict)


def emit(session: TenantSession, event: Event) -> None:
    """Kept until the end of the transaction, so that the counter's row lock is held for the commit alone."""
    session.info.setdefault("events", []).append(event)
    session.write_last("events", _write)


async def read_new(session: TenantSession, consumer: str, most: int = 100) -> list[DomainEvent]:
    """What this consumer has not read yet, in order; empty where another one of its kind is reading."""
    if not await try_hold_until_commit(session, "events", consumer):
        return []
    progress = await session.scalar(select(EventProgress.seq).where(EventProgress.consumer == consumer))
    events = select(DomainEvent).where(DomainEvent.seq > (progress or 0)).order_by(DomainEvent.seq).limit(most)
    return list(await session.scalars(events))


async def mark_read(session: TenantSession, consumer: str, seq: int) -> None:
    row = upsert(EventProgress).values(tenant_id=session.tenant_id, consumer=consumer, seq=seq)
    await session.execute(
        row.on_conflict_do_update(
            index_elements=["tenant_id", "consumer"],
            set_={"seq": row.excluded.seq, "updated_at": text("now()")},
            where=EventProgress.seq < row.excluded.seq,
        )
    )


async def _write(session: TenantSession) -> None:
    events: list[Event] = session.info.pop("events")
    await session.flush()
    last = await _take_numbers(session, len(events))
    first = last - len(events) + 1
    rows = [
        {
            "tenant_id": session.tenant_id,
            "seq": seq,
            "kind": event.kind,
            "subject_id": event.subject_id,
            "payload": event.payload,
        }
        for seq, event in enumerate(events, start=first)
    ]
    await session.execute(insert(DomainEvent), rows)
    await session.execute(select(func.pg_notify(CHANNEL, str(session.tenant_id))))


async def _take_numbers(session: TenantSession, count: int) -> int:
    """The counter row stays locked until the commit: a reader never sees number 5 while 4 is still on its way."""
    row = upsert(EventCounter).values(tenant_id=session.tenant_id, last_seq=count)
    taken = row.on_conflict_do_update(
        index_elements=["tenant_id"], set_={"last_seq": EventCounter.last_seq + count}
    ).returning(EventCounter.last_seq)
    last = await session.scalar(taken)
    if last is None:
        raise AssertionError("the counter gave no number")
    return last
