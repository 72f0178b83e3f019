"""Messages that people of the company have put by for a customer, until their time comes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from channels.policy import Reason
from core.db.sessions import TenantSession
from core.ids import ContactId, ConversationId, MessageId
from core.models.outbox import OutboundState

PREFIX: Final = "scheduled:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Scheduled:
    message: MessageId
    contact: ContactId
    name: str | None
    text: str
    at: datetime


async def waiting(session: TenantSession, *, contact: ContactId | None, most: int, skip: int) -> list[Scheduled]:
    """The next one first."""
    rows = await session.execute(_WAITING, {"contact": contact, "message": None, "most": most, "skip": skip})
    return [_scheduled(row) for row in rows]


async def one(session: TenantSession, message: UUID) -> Scheduled | None:
    """None: it has left, was cancelled, or never was one."""
    row = (await session.execute(_WAITING, {"contact": None, "message": message, "most": 1, "skip": 0})).first()
    return None if row is None else _scheduled(row)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """One whose time has come, in a topic that is open: it left, or why it did not. `key`: of its line there."""

    topic: UUID
    conversation: ConversationId
    seq: int
    key: str
    state: OutboundState
    reason: str | None
    error: dict[str, Any] | None


async def ended(session: TenantSession, group: UUID) -> list[Ended]:
    """Of the last day, those that were not said yet. Whoever cancels one is told so at once."""
    rows = await session.execute(_ENDED, {"group": group, "withdrawn": Reason.WITHDRAWN.value})
    return [
        Ended(
            topic=row.topic,
            conversation=ConversationId(row.conversation_id),
            seq=row.seq,
            key=row.key,
            state=OutboundState(row.state),
            reason=row.reason,
            error=row.error,
        )
        for row in rows
    ]


def _scheduled(row: Any) -> Scheduled:
    return Scheduled(
        message=MessageId(row.message_id),
        contact=ContactId(row.contact_id),
        name=row.name,
        text=row.text or "",
        at=row.not_before,
    )


_WAITING: Final = text(f"""
    SELECT o.message_id, o.contact_id, p.name, m.text, o.not_before
    FROM outbound o JOIN contacts p ON p.id = o.contact_id JOIN messages m ON m.id = o.message_id
    WHERE o.state = 'queued' AND o.intent_key LIKE '{PREFIX}%' AND o.purpose = 'staff'
      AND (CAST(:contact AS uuid) IS NULL OR o.contact_id = :contact)
      AND (CAST(:message AS uuid) IS NULL OR o.message_id = :message)
    ORDER BY o.not_before, o.id LIMIT :most OFFSET :skip
""").bindparams(bindparam("contact", type_=Uuid), bindparam("message", type_=Uuid))  # noqa: S608 - a constant of ours

# Their keys are made before notes are looked up by them, as in stores/lines.py.
_ENDED: Final = text(f"""
    WITH w AS MATERIALIZED (
        SELECT o.id, o.not_before, t.id AS topic, o.conversation_id, m.seq, o.state, o.reason, o.error,
            'line:' || o.message_id || ':' || t.id AS key
        FROM outbound o JOIN messages m ON m.id = o.message_id
        JOIN staff_topics t ON t.conversation_id = o.conversation_id AND t.group_id = :group AND t.state <> 'closed'
        WHERE o.intent_key LIKE '{PREFIX}%' AND o.not_before BETWEEN app_now() - interval '1 day' AND app_now()
          AND o.state NOT IN ('queued', 'sending', 'unknown') AND o.reason IS DISTINCT FROM :withdrawn
          AND o.not_before >= t.created_at AND m.seq <= t.shown_seq AND m.deleted_at IS NULL)
    SELECT * FROM w WHERE NOT EXISTS (SELECT FROM staff_notes n WHERE n.key = w.key) ORDER BY w.not_before, w.id
""").columns(error=JSONB)  # noqa: S608 - a constant of ours
