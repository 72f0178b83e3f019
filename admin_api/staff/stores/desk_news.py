"""What an event speaks of, as people call it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import JSONB

from core.db.sessions import TenantSession
from core.models.people import Connection
from core.models.personas import Cause

_MOST_QUOTES: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """Of a lead, between stages as they are called, with the words that justify it."""

    seq: int
    before: str
    after: str
    quotes: Sequence[str]
    can_be_undone: bool


async def move_of(session: TenantSession, event: UUID) -> Move | None:
    """None for the beginning of a lead, which is no move."""
    row = (await session.execute(_MOVE, {"event": event})).one_or_none()
    if row is None or row.from_stage is None:
        return None
    quotes = [str(one["quote"]) for one in row.criteria if one.get("quote")]
    return Move(
        seq=row.seq,
        before=row.before or row.from_stage,
        after=row.after or row.to_stage,
        quotes=quotes[:_MOST_QUOTES],
        can_be_undone=row.cause != Cause.UNDO and row.is_newest,
    )


async def connection_of(session: TenantSession, connection: UUID | None) -> str | None:
    if connection is None:
        return None
    return await session.scalar(select(Connection.name).where(Connection.id == connection))


_MOVE: Final = text("""
    SELECT e.seq, e.from_stage, e.to_stage, e.cause, e.criteria, l.seq = e.seq AS is_newest,
        (SELECT s.name FROM board_stages s WHERE s.board_id = l.board_id AND s.key = e.from_stage) AS before,
        (SELECT s.name FROM board_stages s WHERE s.board_id = l.board_id AND s.key = e.to_stage) AS after
    FROM lead_stage_events e JOIN leads l ON l.id = e.lead_id WHERE e.id = :event
""").columns(criteria=JSONB)
