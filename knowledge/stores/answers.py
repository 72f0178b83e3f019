"""Approved answers as rows: kept, counted, withdrawn, and what contradicts them."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from core.db.sessions import TenantSession
from core.errors import NotFound
from core.ids import new_id
from core.models.answers import AnswerConflict, ApprovedAnswer
from core.models.knowledge import KnowledgeDocument, KnowledgePassage


async def add(session: TenantSession, values: dict[str, Any]) -> None:
    await session.execute(insert(ApprovedAnswer).values(tenant_id=session.tenant_id, **values))


async def of_passages(session: TenantSession, passages: Sequence[UUID]) -> Sequence[ApprovedAnswer]:
    """Those that hold now, by the passages that their questions are found as."""
    asked = select(KnowledgePassage.document_id).where(KnowledgePassage.id.in_(passages))
    return (await session.scalars(select(ApprovedAnswer).where(ApprovedAnswer.document_id.in_(asked), *_holds()))).all()


async def of_ids(session: TenantSession, ids: Collection[UUID]) -> Sequence[ApprovedAnswer]:
    """Those of them that hold now."""
    return (await session.scalars(select(ApprovedAnswer).where(ApprovedAnswer.id.in_(ids), *_holds()))).all()


async def every(session: TenantSession, *, with_past: bool = False) -> Sequence[ApprovedAnswer]:
    """The latest first; those that no longer hold only where they are asked for."""
    query = select(ApprovedAnswer).order_by(ApprovedAnswer.created_at.desc(), ApprovedAnswer.id)
    return (await session.scalars(query if with_past else query.where(*_holds()))).all()


async def one(session: TenantSession, answer: UUID) -> ApprovedAnswer:
    found = await session.scalar(select(ApprovedAnswer).where(ApprovedAnswer.id == answer))
    if found is None:
        raise NotFound("Essa resposta aprovada não existe.", "That approved answer does not exist.")
    return found


async def count_hit(session: TenantSession, answer: UUID) -> None:
    hit = update(ApprovedAnswer).where(ApprovedAnswer.id == answer)
    await session.execute(hit.values(hits=ApprovedAnswer.hits + 1, last_hit_at=func.app_now()))


async def withdraw(session: TenantSession, answer: UUID, *, replaced_by: UUID | None = None) -> None:
    """It keeps its hits, and is found by nobody."""
    gone = update(ApprovedAnswer).where(ApprovedAnswer.id == answer)
    now = func.coalesce(ApprovedAnswer.withdrawn_at, func.app_now())
    await session.execute(gone.values(document_id=None, withdrawn_at=now, replaced_by=replaced_by))


async def dispute(session: TenantSession, answer: UUID, said: Sequence[tuple[UUID, str]]) -> None:
    """Passages that say something else, with what they say."""
    if said:
        rows = [
            {"tenant_id": session.tenant_id, "id": new_id(), "answer_id": answer, "passage_id": passage, "said": words}
            for passage, words in said
        ]
        await session.execute(insert(AnswerConflict).values(rows).on_conflict_do_nothing())


async def conflicts(session: TenantSession) -> Sequence[Any]:
    """Those that nobody has settled: id, answer, passage, what it said, and the title of its document."""
    columns = (AnswerConflict.id, AnswerConflict.answer_id, AnswerConflict.passage_id, AnswerConflict.said)
    query = (
        select(*columns, KnowledgeDocument.title)
        .join(KnowledgePassage, KnowledgePassage.id == AnswerConflict.passage_id)
        .join(KnowledgeDocument, KnowledgeDocument.id == KnowledgePassage.document_id)
        .join(ApprovedAnswer, ApprovedAnswer.id == AnswerConflict.answer_id)
        .where(AnswerConflict.settled_at.is_(None), *_holds())
        .order_by(AnswerConflict.created_at, AnswerConflict.id)
    )
    return (await session.execute(query)).all()


async def settle(session: TenantSession, conflict: UUID) -> None:
    """A person looked: both may stand."""
    settled = update(AnswerConflict).where(AnswerConflict.id == conflict).values(settled_at=func.app_now())
    if (await session.execute(settled.returning(AnswerConflict.id))).first() is None:
        raise NotFound("Essa divergência não existe.", "That conflict does not exist.")


def _holds() -> tuple[Any, ...]:
    return (
        ApprovedAnswer.withdrawn_at.is_(None),
        ApprovedAnswer.valid_from <= func.app_now(),
        or_(ApprovedAnswer.valid_until.is_(None), ApprovedAnswer.valid_until > func.app_now()),
    )
