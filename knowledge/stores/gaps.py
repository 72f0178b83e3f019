"""Questions that nothing answered, as rows."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from core.db.sessions import TenantSession
from core.errors import NotFound
from core.ids import new_id
from core.models.answers import GapState, KnowledgeGap

MOST: Final = 1_000


async def every(session: TenantSession, state: GapState = GapState.OPEN, *, most: int = MOST) -> Sequence[KnowledgeGap]:
    """What was asked most often first."""
    query = select(KnowledgeGap).where(KnowledgeGap.state == state)
    most_asked = query.order_by(KnowledgeGap.asked.desc(), KnowledgeGap.last_at.desc(), KnowledgeGap.id)
    return (await session.scalars(most_asked.limit(most))).all()


async def latest(session: TenantSession, persona: str | None, *, most: int) -> Sequence[Any]:
    """Those that are open: id and question."""
    of_persona = KnowledgeGap.persona.is_(None) if persona is None else KnowledgeGap.persona == persona
    query = select(KnowledgeGap.id, KnowledgeGap.question).where(KnowledgeGap.state == GapState.OPEN, of_persona)
    return (await session.execute(query.order_by(KnowledgeGap.last_at.desc()).limit(most))).all()


async def add(session: TenantSession, question: str, words: Sequence[str], persona: str | None) -> UUID:
    gap = new_id()
    row = {"tenant_id": session.tenant_id, "id": gap, "question": question, "words": list(words), "persona": persona}
    await session.execute(insert(KnowledgeGap).values(row))
    return gap


async def count(session: TenantSession, gap: UUID) -> None:
    again = update(KnowledgeGap).where(KnowledgeGap.id == gap)
    await session.execute(again.values(asked=KnowledgeGap.asked + 1, last_at=func.app_now()))


async def close(session: TenantSession, gap: UUID, state: GapState, answer: UUID | None = None) -> None:
    closed = update(KnowledgeGap).where(KnowledgeGap.id == gap).values(state=state, answer_id=answer)
    if (await session.execute(closed.returning(KnowledgeGap.id))).first() is None:
        raise NotFound("Essa lacuna não existe.", "That gap does not exist.")
