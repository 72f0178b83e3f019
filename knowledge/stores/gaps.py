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
from knowledge.stores.statements import ONE_TEXT, TEXTS, given

MOST: Final = 1_000


async def every(session: TenantSession, state: GapState = GapState.OPEN, *, most: int = MOST) -> Sequence[KnowledgeGap]:
    """What was asked most often first."""
    query = select(KnowledgeGap).where(KnowledgeGap.state == state)
    most_asked = query.order_by(KnowledgeGap.asked.desc(), KnowledgeGap.last_at.desc(), KnowledgeGap.id)
    return (await session.scalars(most_asked.limit(most))).all()


async def sharing(session: TenantSession, words: Sequence[str], persona: str | None) -> Sequence[Any]:
    """Those that are open and have most of these words: id and question, few of them."""
    return (await session.execute(_SHARING, {"words": list(words), "persona": persona})).all()


async def add(session: TenantSession, question: str, words: Sequence[str], persona: str | None) -> UUID:
    gap = new_id()
    row = {"tenant_id": session.tenant_id, "id": gap, "question": question, "words": list(words), "persona": persona}
    await session.execute(insert(KnowledgeGap).values(row))
    return gap


async def count(session: TenantSession, gap: UUID) -> None:
    again = update(KnowledgeGap).where(KnowledgeGap.id == gap)
    await session.execute(again.values(asked=KnowledgeGap.asked + 1, last_at=func.app_now()))


async def set_words(session: TenantSession, gap: UUID, words: Sequence[str]) -> None:
    await session.execute(update(KnowledgeGap).where(KnowledgeGap.id == gap).values(words=list(words)))


async def close(session: TenantSession, gap: UUID, state: GapState, answer: UUID | None = None) -> None:
    closed = update(KnowledgeGap).where(KnowledgeGap.id == gap).values(state=state, answer_id=answer)
    if (await session.execute(closed.returning(KnowledgeGap.id))).first() is None:
        raise NotFound("Essa lacuna não existe.", "That gap does not exist.")


# Of the latest alone: what was asked long ago and never again is a gap of its own.
_SHARING: Final = given(
    """
    SELECT gap.id, gap.question
    FROM (SELECT id, question, words, last_at FROM knowledge_gaps
          WHERE tenant_id = current_tenant() AND state = 'open' AND persona IS NOT DISTINCT FROM :persona
          ORDER BY last_at DESC LIMIT 2000) AS gap
    CROSS JOIN LATERAL (SELECT count(*) AS shared FROM unnest(gap.words) AS word WHERE word = ANY(:words)) AS with_it
    WHERE with_it.shared > 0
    ORDER BY with_it.shared DESC, cardinality(gap.words), gap.last_at DESC, gap.id
    LIMIT 20
    """,
    words=TEXTS,
    persona=ONE_TEXT,
)
