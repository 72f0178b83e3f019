"""What a company knows, as thinking code asks for it: passages of its bases, named as an answer may cite them."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from agents.ports import Passage, SearchFailed
from core.clock import Deadline
from core.db.sessions import Database
from core.ids import CompanyId
from core.logging import get_logger
from graphs.excerpts import excerpt
from knowledge import approved
from knowledge.approved import Match
from knowledge.documents import Flag
from knowledge.embeddings import EmbeddingFailed, EmbeddingPort, TextKind
from knowledge.search import Hit, search
from knowledge.stores import bases as shelves
from knowledge.stores import spaces

SECONDS: Final = 2.0  # a customer waits: what was not found by then is missing
# Below, a passage speaks of something else: `make bench-grounding` loses no answer to it, and of 837 questions that a
# base cannot know 4 are given a passage, where 807 were without it.
LEAST: Final = 0.1
_SPARE: Final = 3  # hits that are looked at beyond those asked for: some are not handed on
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
class _Wanted:
    bases: Sequence[str]
    most: int
    persona: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CompanyKnowledge:
    """The `Retriever` of one company."""

    knowledge: Knowledge
    company: CompanyId

    async def search(
        self, query: str, *, bases: Sequence[str], most: int = 5, persona: str | None = None
    ) -> Sequence[Passage]:
        """A search that takes too long has failed, and so has one of words alone that finds nothing by them."""
        try:
            async with asyncio.timeout(SECONDS):
                vectors = await self._vectors(query) if bases else {}
                passages = await self._passages(query, _Wanted(bases=bases, most=most, persona=persona), vectors or {})
        except TimeoutError:
            log.warning("knowledge.too_slow", company=str(self.company), seconds=SECONDS)
            raise SearchFailed from None
        if vectors is None and not passages:
            raise SearchFailed
        return passages

    async def _passages(self, query: str, wanted: _Wanted, vectors: Mapping[str, Sequence[float]]) -> Sequence[Passage]:
        async with self.knowledge.database.tenant_session(self.company) as session:
            match = await approved.find(session, query, persona=wanted.persona)
            found = await search(session, query, wanted.bases, wanted.most + _SPARE, vectors=vectors)
            hits = [hit for hit in found.hits if hit.score >= LEAST and Flag.ADDRESSES_ASSISTANTS not in hit.flags]
            disputing = {hit.disputed_by for hit in hits if hit.disputed_by is not None}
            instead = await approved.those(session, disputing, persona=wanted.persona)
        makers: list[Callable[[str], Passage]] = [] if match is None else [partial(_answer, match)]
        makers += _makers(query, hits, match, instead)
        return [make(f"p{number}") for number, make in enumerate(makers[: wanted.most], start=1)]

    async def bases(self) -> frozenset[str]:
        async with self.knowledge.database.tenant_session(self.company) as session:
            return frozenset(base.name for base in await shelves.every(session))

    async def _vectors(self, query: str) -> Mapping[str, Sequence[float]] | None:
        """Before the transaction: nothing of the database is held while a provider thinks. None where it failed."""
        port = self.knowledge.embeddings
        if port is None or not await self.knowledge.searches_by_vectors(self.company):
            return {}
        try:
            deadline = Deadline.after(_EMBEDDING_SECONDS)
            [vector] = await port.embed([query], kind=TextKind.QUERY, deadline=deadline)
        except EmbeddingFailed as error:
            log.warning("knowledge.no_vector", model=port.name, reason=str(error))
            return None
        return {port.name: vector}


def _makers(
    query: str, hits: Sequence[Hit], match: Match | None, instead: Mapping[UUID, Match]
) -> Iterator[Callable[[str], Passage]]:
    """What an approved answer disputes is not told: the answer stands for it, once, if this persona may tell it."""
    told = set() if match is None else {match.id}
    for hit in hits:
        if hit.disputed_by is None:
            yield partial(_passage, hit, query)
        elif hit.disputed_by not in told and hit.disputed_by in instead:
            told.add(hit.disputed_by)
            yield partial(_instead, instead[hit.disputed_by], query, hit.score)


def _answer(match: Match, name: str) -> Passage:
    return Passage(
        id=name,
        text=match.answer,
        title=_shortened(match.question, _MOST_OF_TITLE),
        score=match.likeness,
        source=match.id,
        is_approved=True,
    )


def _instead(match: Match, query: str, score: float, name: str) -> Passage:
    """What a person said, where a document says otherwise. It was approved for another question: it is phrased."""
    return Passage(
        id=name,
        text=excerpt(match.answer, query, most=_MOST_OF_TEXT),
        title=_shortened(match.question, _MOST_OF_TITLE),
        score=score,
        source=match.id,
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
