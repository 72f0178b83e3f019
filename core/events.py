"""Domain events: written in the transaction of their cause, numbered per company in commit order."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from core.db.locks import try_hold_until_commit
from core.db.sessions import TenantSession
from core.models.record import DomainEvent, EventProgress

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
    CONTACT_ERASED = "contact.erased"
    CONNECTION_NEWS = "connection.news"
    MESSAGE_RECEIVED = "message.received"
    MESSAGE_ECHOED = "message.echoed"
    MESSAGE_STATUS = "message.status"
    MESSAGE_CHANGED = "message.changed"  # edited, or taken back
    CONVERSATION_OPENED = "conversation.opened"
    CONVERSATION_TAKEN_OVER = "conversation.taken_over"
    CONVERSATION_GIVEN_BACK = "conversation.given_back"
    CONVERSATION_COPILOT = "conversation.copilot"  # the bot drafts, a person sends
    CONVERSATION_CLOSED = "conversation.closed"
    TURN_ENDED = "turn.ended"
    DRAFT_PROPOSED = "draft.proposed"
    DRAFT_DECIDED = "draft.decided"
    LEAD_MOVED = "lead.moved"
    HANDOFF_OPENED = "handoff.opened"
    HANDOFF_TAKEN = "handoff.taken"
    HANDOFF_ENDED = "handoff.ended"
    HANDOFF_LATE = "handoff.late"  # nobody has taken it, or answered in it, in time
    EFFECT_PROPOSED = "effect.proposed"  # it waits for the yes of a person of the company
    EFFECT_APPROVED = "effect.approved"
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
    """The counter row stays locked until the commit: a reader never sees number 5 while 4 is still on its way."""
    events: list[Event] = session.info.pop("events")
    await session.flush()
    bound = {
        "channel": CHANNEL,
        "tenant": str(session.tenant_id),
        "count": len(events),
        "kinds": [event.kind.value for event in events],
        "subjects": [event.subject_id for event in events],
        "payloads": [json.dumps(event.payload, allow_nan=False, ensure_ascii=False) for event in events],
    }
    await session.execute(_ADD, bound)


_ADD: Final = text("""
    WITH counter AS (
        INSERT INTO event_counters AS c (tenant_id, last_seq) VALUES (current_tenant(), CAST(:count AS bigint))
        ON CONFLICT (tenant_id) DO UPDATE SET last_seq = c.last_seq + excluded.last_seq RETURNING last_seq),
    added AS (
        INSERT INTO domain_events (tenant_id, seq, kind, subject_id, payload)
        SELECT current_tenant(), n.last_seq - CAST(:count AS bigint) + w.place, w.kind, w.subject,
            CAST(w.payload AS jsonb)
        FROM counter n, unnest(CAST(:kinds AS text[]), CAST(:subjects AS uuid[]), CAST(:payloads AS text[]))
            WITH ORDINALITY AS w (kind, subject, payload, place)
        RETURNING 1)
    SELECT pg_notify(CAST(:channel AS text), CAST(:tenant AS text)) FROM (SELECT count(*) FROM added) AS all_of_them
""")
