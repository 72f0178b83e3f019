"""Messages that people of the company have put by for a customer, until their time comes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text

from core.db.sessions import TenantSession
from core.ids import ContactId, MessageId

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
