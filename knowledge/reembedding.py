"""A space filled: passages that have no vector in it get theirs, a batch at a time, and nothing waits for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.clock import Deadline
from core.db.sessions import Database
from core.ids import CompanyId
from core.logging import get_logger
from knowledge.embeddings import EmbeddingFailed, EmbeddingPort, TextKind, TextRejected
from knowledge.stores import spaces
from knowledge.stores.spaces import Space, Unplaced

_AT_ONCE: Final = 64
_CALL_SECONDS: Final = 30.0
_HARMLESS: Final = "ok"  # what no model refuses: one that does refuses everything

log = get_logger(__name__)


async def fill(
    database: Database, company: CompanyId, space_id: UUID, port: EmbeddingPort, *, deadline: Deadline
) -> int:
    """How many got theirs until nothing was missing or the time was up. Carried on by calling it again.

    A text that the model does not take is set aside. Raises `EmbeddingFailed`: what was placed before stays.
    """
    async with database.tenant_session(company) as session:
        space = await spaces.one(session, space_id)
    filling = _Filling(database=database, company=company, space=space, port=port, deadline=deadline)
    placed = 0
    while not deadline.passed:
        async with database.tenant_session(company) as session:
            missing = await spaces.unplaced(session, space_id, most=_AT_ONCE)
            if not missing and await spaces.is_complete(session, space_id):
                return placed
        if missing:
            placed += await filling.place(missing)
    return placed


@dataclass(frozen=True, kw_only=True, slots=True)
class _Filling:
    database: Database
    company: CompanyId
    space: Space
    port: EmbeddingPort
    deadline: Deadline

    async def place(self, missing: Sequence[Unplaced]) -> int:
        """Halved where the model takes not all of it, down to the one text that it does not take."""
        try:
            vectors = await self._vectors([one.text for one in missing])
        except TextRejected:
            if len(missing) == 1:
                await self._set_aside(missing[0])
                return 0
            half = len(missing) // 2
            return await self.place(missing[:half]) + await self.place(missing[half:])
        rows = [(one.id, vector) for one, vector in zip(missing, vectors, strict=True)]
        async with self.database.tenant_session(self.company) as session:
            return await spaces.place(session, self.space, rows)

    async def _set_aside(self, one: Unplaced) -> None:
        """Not where the model takes nothing at all: then its setting is wrong, and no text."""
        await self._vectors([_HARMLESS])
        async with self.database.tenant_session(self.company) as session:
            await spaces.set_aside(session, self.space, one.id)
        log.warning("embedding.set_aside", company=self.company, passage=one.id, model=self.port.name)

    async def _vectors(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        call = Deadline.after(min(_CALL_SECONDS, self.deadline.remaining))
        vectors = await self.port.embed(texts, kind=TextKind.PASSAGE, deadline=call)
        if len(vectors) != len(texts):
            raise EmbeddingFailed(
                f"O modelo {self.port.name} devolveu {len(vectors)} vetores para {len(texts)} textos.",
                f"The model {self.port.name} returned {len(vectors)} vectors for {len(texts)} texts.",
            )
        return vectors
