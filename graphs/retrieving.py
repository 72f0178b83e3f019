"""What a company knows, as thinking code asks for it: passages of its bases, named as an answer may cite them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from agents.ports import Passage
from core.clock import Deadline
from core.db.sessions import Database
from core.ids import CompanyId
from core.logging import get_logger
from graphs.excerpts import excerpt
from knowledge import approved
from knowledge.approved import Match
from knowledge.embeddings import EmbeddingFailed, EmbeddingPort, TextKind
from knowledge.search import Hit, search
from knowledge.stores import bases as shelves
from knowledge.stores import spaces

SECONDS: Final = 2.0  # a customer waits: what was not found by then is missing
_EMBEDDING_SECONDS: Final = 0.8
_MOST_OF_TEXT: Final = 700  # characters: what a prompt has room for
_MOST_OF_TITLE: Final = 60
_KNOWN_SECONDS: Final = 30.0
_MOST_KNOWN: Final = 10_000

log = get_logger(__name__)


class Knowledge:
    """Of an installation: hands out a retriever for each company, which sees nothing of another's."""

    def __init__(self, database: Database, embeddings: EmbeddingPort | None = None) -> None:
        self.database = database
        self.embeddings = embeddings
        self._by_vectors: dict[CompanyId, _Known] = {}

    def of(self, company: CompanyId) -> "CompanyKnowledge":
        return CompanyKnowledge(knowledge=self, company=company)

    async def searches_by_vectors(self, company: CompanyId) -> bool:
        """Whether the company's passages have vectors of our model; asked now and then."""
        if self.embeddings is None:
            return False
        known = self._by_vectors.get(company)
        if known is None or known.until.passed:
            async with self.database.tenant_session(company) as session:
                space = await spaces.active(session)
            is_ours = space is not None and space.model == self.embeddings.name
            if len(self._by_vectors) >= _MOST_KNOWN:
                self._by_vectors.clear()
            known = self._by_vectors[company] = _Known(is_ours=is_ours, until=Deadline.after(_KNOWN_SECONDS))
        return known.is_ours


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    is_ours: bool
    until: Deadline


@dataclass(frozen=True, kw_only=True, slots=True)
class CompanyKnowledge:
    """The `Retriever` of one company."""

    knowledge: Knowledge
    company: CompanyId

    async def search(
        self, query: str, *, bases: Sequence[str], most: int = 5, persona: str | None = None
    ) -> Sequence[Passage]:
        """A search that takes too long finds nothing: the turn goes on without."""
        try:
            async with asyncio.timeout(SECONDS):
                vectors = await self._vectors(query) if bases else {}
                async with self.knowledge.database.tenant_session(self.company) as session:
                    match = await approved.find(session, query, persona=persona)
                    found = await search(session, query, bases, most, vectors=vectors)
        except TimeoutError:
            log.warning("knowledge.too_slow", company=str(self.company), seconds=SECONDS)
            return ()
        makers = [] if match is None else [partial(_answer, match)]
        makers += [partial(_passage, hit, query) for hit in found.hits if match is None or hit.disputed_by != match.id]
        return [make(f"p{number}") for number, make in enumerate(makers[:most], start=1)]

    async def bases(self) -> frozenset[str]:
        async with self.knowledge.database.tenant_session(self.company) as session:
            return frozenset(base.name for base in await shelves.every(session))

    async def _vectors(self, query: str) -> Mapping[str, Sequence[float]]:
        """Before the transaction: nothing of the database is held while a provider thinks."""
        port = self.knowledge.embeddings
        if port is None or not await self.knowledge.searches_by_vectors(self.company):
            return {}
        try:
            deadline = Deadline.after(_EMBEDDING_SECONDS)
            [vector] = await port.embed([query], kind=TextKind.QUERY, deadline=deadline)
        except EmbeddingFailed as error:
            log.warning("knowledge.no_vector", model=port.name, reason=str(error))
            return {}
        return {port.name: vector}


def _answer(match: Match, name: str) -> Passage:
    return Passage(
        id=name,
        text=match.answer,
        title=_shortened(match.question, _MOST_OF_TITLE),
        score=match.likeness,
        source=match.id,
        is_approved=True,
    )


def _passage(hit: Hit, query: str, name: str) -> Passage:
    return Passage(
        id=name,
        text=excerpt(hit.text, query, most=_MOST_OF_TEXT),
        title=named(hit),
        score=hit.score,
        source=hit.id,
    )


def named(hit: Hit) -> str:
    """How an answer calls it: the document, the heading that it stands under, the page, which is never cut off."""
    page = f", p. {hit.page}" if hit.page is not None else ""
    title = hit.title.strip()
    under = next((one.strip() for one in reversed(hit.headings) if one.strip() and one.strip() != title), "")
    name = f"{title} – {under}" if title and under else title or under
    return _shortened(name, _MOST_OF_TITLE - len(page)) + page


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
