"""What a company's documents say to a question: the passages, where each is from, and whether they answer at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from core.db.sessions import TenantSession
from knowledge import asking, candidates, confidence
from knowledge.asking import Asked
from knowledge.likeness import fold_alike, newest_first
from knowledge.nearness import Nearness, fused
from knowledge.remembered import Remembered
from knowledge.stores import passages, postings, spaces
from knowledge.stores.passages import Ranked, Shelves
from knowledge.tallies import Tally

MOST: Final = 50  # passages that may be asked for
_FEW: Final = 400  # passages that are all weighed, which is as quick as looking for the likely ones
_VERY_MANY: Final = 4_000  # passages that are ranked where held, retired and expired ones stand before the others
_SPARE: Final = 3  # times as many are ranked as are asked for: some say the same

_remembered: Final = Remembered()


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A passage that may answer."""

    id: UUID
    document: UUID
    base: str
    source: str
    text: str
    title: str
    headings: tuple[str, ...]
    page: int | None
    position: int
    flags: tuple[str, ...]
    written_at: datetime
    score: float  # how sure it is that this speaks of what was asked: 0 to 1
    rank: float  # by which hits of one search are ordered, and nothing else
    same_as: tuple[UUID, ...] = ()  # passages that say the same, left out
    disputed_by: UUID | None = None  # an approved answer that says something else, and holds


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The best hits first. That none is good enough is an answer too."""

    hits: tuple[Hit, ...] = ()
    read_as: tuple[tuple[str, str], ...] = ()  # words that were taken for misspelt, and for what

    @property
    def is_answer(self) -> bool:
        return any(hit.score >= confidence.ENOUGH for hit in self.hits)


async def search(
    session: TenantSession,
    query: str,
    bases: Sequence[str],
    k: int = 5,
    *,
    vectors: Mapping[str, Sequence[float]] = MappingProxyType({}),
    is_reserved: bool = False,
) -> Found:
    """Of bases by their names; one that does not exist holds nothing, nor does one of ours that is named as a shop's.

    `vectors` are the question's by the name of their model: made before the session, for nothing is held while a
    provider thinks. That of the model by which the company searches now is used, and none needs to be there.
    """
    asked = asking.read(query)
    if not asked.concepts or not bases or k < 1:
        return Found()
    shelves = await passages.shelves(session, bases, asking.phrases(query), is_reserved=is_reserved)
    if not shelves.passages:
        return Found()
    asked = asking.with_synonyms(asked, shelves.synonyms)
    most = min(k, MOST)
    asked, lists = await _understood(session, asked, shelves)
    ranked = await _ranked(session, asked, lists, shelves, most * _SPARE)
    ranked = [*newest_first(ranked[:most]), *ranked[most:]]  # in which order, and not which ones
    nearness = await _nearness(session, list(shelves.ids), vectors, most * _SPARE) if vectors else Nearness()
    ranked = await _with_near(session, asked, ranked, nearness)
    groups = fold_alike(ranked, most)
    hits = tuple(_hit(asked, group, shelves, nearness) for group in groups)
    return Found(hits=hits, read_as=_read_as(asked))


async def _understood(session: TenantSession, asked: Asked, shelves: Shelves) -> tuple[Asked, dict[str, list[Tally]]]:
    """With how rare its words are; and where each of them is."""
    lists = await _remembered.find(session, shelves.versions, asked.readings)
    unknown = [
        concept.stem
        for concept in asked.concepts
        if not any(lists[reading] for reading in concept.readings) and asking.may_be_misspelt(concept.word)
    ]
    if unknown:
        candidates_ = await postings.spelt_like(session, list(shelves.ids), unknown)
        asked = asking.with_spellings(asked, {word: asking.spelt_nearly(word, candidates_) for word in unknown})
        lists = await _remembered.find(session, shelves.versions, asked.readings)
    return asking.with_rarity(asked, candidates.counts(lists), shelves.passages), lists


async def _ranked(
    session: TenantSession, asked: Asked, lists: Mapping[str, Sequence[Tally]], shelves: Shelves, most: int
) -> list[Ranked]:
    """By what their words say. Where most of the likely ones are not to be found now, very many are looked at."""
    vector, bases = asking.vector(asked), list(shelves.ids)
    if shelves.passages <= _FEW:
        ranked = await passages.rank(session, bases, vector, most=most, among=None)
        return [one for one in ranked if one.fit > 0]
    ranked = []
    for least in (max(candidates.LEAST, most), _VERY_MANY):
        among = candidates.likely(asked, lists, least=least)
        ranked = await passages.rank(session, bases, vector, most=most, among=among) if among else []
        if len(ranked) >= min(most, len(among)):
            break
    return [one for one in ranked if one.fit > 0]


async def _nearness(
    session: TenantSession, bases: Sequence[UUID], vectors: Mapping[str, Sequence[float]], most: int
) -> Nearness:
    space = await spaces.active(session)
    vector = None if space is None else vectors.get(space.model)
    if space is None or vector is None or len(vector) != space.dimensions:
        return Nearness()
    near = await spaces.nearest(session, space, bases, vector, most=most)
    return Nearness.of(near, await spaces.usual(session, space, bases, vector))


async def _with_near(session: TenantSession, asked: Asked, ranked: list[Ranked], nearness: Nearness) -> list[Ranked]:
    """Both orders as one: each passage by its places in them."""
    if not nearness.order:
        return ranked
    known = {one.id for one in ranked}
    missing = [passage for passage in nearness.order if passage not in known]
    every = ranked + await passages.of_ids(session, missing, asking.vector(asked))
    places = fused([one.id for one in ranked], nearness.order)
    return sorted(every, key=lambda one: -places[one.id])


def _hit(asked: Asked, group: Sequence[Ranked], shelves: Shelves, nearness: Nearness) -> Hit:
    ranked, *others = group
    evidence = confidence.weigh(asked, "\n".join((ranked.title, *ranked.headings, ranked.text)))
    return Hit(
        id=ranked.id,
        document=ranked.document,
        base=shelves.ids[ranked.base],
        source=ranked.source,
        text=ranked.text,
        title=ranked.title,
        headings=ranked.headings,
        page=ranked.page,
        position=ranked.position,
        flags=ranked.flags,
        written_at=ranked.written_at,
        score=max(evidence.confidence, nearness.confidence(ranked.id)),
        rank=ranked.fit,
        same_as=tuple(other.id for other in others),
        disputed_by=ranked.disputed_by,
    )


def _read_as(asked: Asked) -> tuple[tuple[str, str], ...]:
    return tuple((concept.word, reading) for concept in asked.concepts for reading in concept.corrections)
