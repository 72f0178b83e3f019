"""A space filled: passages that have no vector in it get theirs, a batch at a time, and nothing waits for it."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from core.clock import Deadline
from core.db.sessions import Database
from core.ids import CompanyId
from knowledge.embeddings import EmbeddingFailed, EmbeddingPort, TextKind
from knowledge.stores import spaces
from knowledge.stores.spaces import Space

_AT_ONCE: Final = 64
_CALL_SECONDS: Final = 30.0


async def fill(
    database: Database, company: CompanyId, space_id: UUID, port: EmbeddingPort, *, deadline: Deadline
) -> int:
    """How many got theirs until nothing was missing or the time was up. Carried on by calling it again.

    Raises `EmbeddingFailed`: what was placed before stays.
    """
    space = await _space(database, company, space_id)
    placed = 0
    while not deadline.passed:
        async with database.tenant_session(company) as session:
            missing = await spaces.unplaced(session, space_id, most=_AT_ONCE)
            if not missing and await spaces.is_complete(session, space_id):
                return placed
        vectors = await _embedded(port, [one.text for one in missing], deadline)
        rows = [(one.id, vector) for one, vector in zip(missing, vectors, strict=True)]
        async with database.tenant_session(company) as session:
            placed += await spaces.place(session, space, rows)
    return placed


async def _embedded(port: EmbeddingPort, texts: Sequence[str], deadline: Deadline) -> Sequence[Sequence[float]]:
    if not texts:
        return ()
    call = Deadline.after(min(_CALL_SECONDS, deadline.remaining))
    vectors = await port.embed(texts, kind=TextKind.PASSAGE, deadline=call)
    if len(vectors) != len(texts):
        raise EmbeddingFailed(
            f"O modelo {port.name} devolveu {len(vectors)} vetores para {len(texts)} textos.",
            f"The model {port.name} returned {len(vectors)} vectors for {len(texts)} texts.",
        )
    return vectors


async def _space(database: Database, company: CompanyId, space_id: UUID) -> Space:
    async with database.tenant_session(company) as session:
        return await spaces.one(session, space_id)
