"""Passages that an approved answer contradicts, found again where their document was read anew."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select

from core.db.sessions import TenantSession
from core.models.answers import AnswerConflict, ApprovedAnswer
from core.models.knowledge import KnowledgePassage
from knowledge.contradictions import differing
from knowledge.documents import Piece
from knowledge.stores import answers

_COLUMNS: Final = (ApprovedAnswer.id, ApprovedAnswer.answer, AnswerConflict.passage_id)


async def of_document(session: TenantSession, document: UUID, gone: Iterable[UUID]) -> dict[UUID, str]:
    """The answers that contradict these of its passages, and what they say; not what a person has settled."""
    here = select(KnowledgePassage.id).where(KnowledgePassage.document_id == document)
    query = (
        select(*_COLUMNS)
        .join(AnswerConflict, AnswerConflict.answer_id == ApprovedAnswer.id)
        .where(AnswerConflict.passage_id.in_(here), AnswerConflict.settled_at.is_(None))
        .where(ApprovedAnswer.withdrawn_at.is_(None))
    )
    those = frozenset(gone)
    return {row.id: row.answer for row in await session.execute(query) if row.passage_id in those}


async def carry_over(session: TenantSession, document: UUID, said: Mapping[UUID, str], pieces: Sequence[Piece]) -> None:
    """To the passages that came in the place of others, where they say otherwise still."""
    if not said or not pieces:
        return
    found: defaultdict[UUID, dict[str, str]] = defaultdict(dict)
    for piece in pieces:
        for answer, words in said.items():
            if (sentence := differing(words, piece.text)) is not None:
                found[answer][piece.sha256] = sentence
    wanted = {sha256 for sentences in found.values() for sha256 in sentences}
    columns = (KnowledgePassage.sha256, KnowledgePassage.id)
    there = select(*columns).where(KnowledgePassage.document_id == document, KnowledgePassage.sha256.in_(wanted))
    ids = {row.sha256: row.id for row in await session.execute(there)}
    for answer, sentences in found.items():
        await answers.dispute(session, answer, [(ids[sha256], sentence) for sha256, sentence in sentences.items()])
