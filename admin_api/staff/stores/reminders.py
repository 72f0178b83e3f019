"""Reminders: notes of the group that wait for their time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from core.db.sessions import TenantSession

_PREFIX: Final = "reminder:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reminder:
    id: UUID
    at: datetime
    body: dict[str, Any]
    topic: str | None


def key_of(person: UUID, unique: str) -> str:
    return f"{_PREFIX}{person}:{unique}"


async def waiting(session: TenantSession, person: UUID, *, most: int, skip: int) -> list[Reminder]:
    """The next one first."""
    bound = {"mine": key_of(person, "%"), "most": most, "skip": skip}
    rows = await session.execute(_WAITING, bound)
    return [Reminder(id=row.id, at=row.not_before, body=row.body, topic=row.name) for row in rows]


async def cancel(session: TenantSession, person: UUID, reminder: UUID) -> bool:
    """False: it was said already, or is somebody else's."""
    gone = await session.execute(_CANCEL, {"id": reminder, "mine": key_of(person, "%")})
    return gone.first() is not None


_WAITING: Final = text("""
    SELECT n.id, n.not_before, n.body, t.name FROM staff_notes n LEFT JOIN staff_topics t ON t.id = n.topic_id
    WHERE n.key LIKE :mine AND n.state = 'queued' ORDER BY n.not_before, n.id LIMIT :most OFFSET :skip
""")

_CANCEL: Final = text("DELETE FROM staff_notes WHERE id = :id AND key LIKE :mine AND state = 'queued' RETURNING id")
