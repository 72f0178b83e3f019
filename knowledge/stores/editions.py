"""Passages whose words were taken by an earlier edition of the code: what they stand under, and their features anew."""

from array import array
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from core.db.sessions import TenantSession
from core.models.knowledge import KnowledgePassage
from knowledge.features import EDITION, of_passage, words_of
from knowledge.stores import bases, postings
from knowledge.stores.postings import BLOCK
from knowledge.stores.statements import BYTES, NUMBERS, ONE_NUMBER, ONE_UUID, TEXTS, UUIDS, given

WORDED: Final = (
    KnowledgePassage.id,
    KnowledgePassage.number,
    KnowledgePassage.body,
    KnowledgePassage.title,
    KnowledgePassage.headings,
    KnowledgePassage.edition,
)


async def renew_some(session: TenantSession, *, most: int) -> int:
    """Of the first base that has any; nobody else writes to it until the commit. How many were renewed."""
    aged = KnowledgePassage.edition != EDITION
    # Those that were renewed have the higher numbers: what is left is found at the front.
    in_order = select(KnowledgePassage.base_id).where(aged).order_by(KnowledgePassage.base_id, KnowledgePassage.number)
    base = await session.scalar(in_order.limit(1))
    if base is None:
        return 0
    first = await bases.hold(session, base)
    ids = select(KnowledgePassage.id).where(KnowledgePassage.base_id == base, aged).order_by(KnowledgePassage.number)
    passages = (await session.scalars(ids.limit(most))).all()
    if not passages:  # another was quicker
        return await renew_some(session, most=most)
    await renew(session, base, passages, first=first)
    await bases.mark_written(session, base, numbers=len(passages))
    return len(passages)


async def renew(session: TenantSession, base: UUID, passages: Sequence[UUID], *, first: int) -> None:
    """They keep their rows and vectors, and get new numbers: postings are written in the order of these."""
    rows = (await session.execute(select(*WORDED).where(KnowledgePassage.id.in_(passages)))).all()
    await unlist(session, base, rows)
    features = [of_passage(row.body, (row.title, *row.headings)) for row in rows]
    values = {
        "ids": [row.id for row in rows],
        "numbers": [first + offset for offset in range(len(rows))],
        "edition": EDITION,
        "likenesses": [one.likeness for one in features],
        "features": [one.vector for one in features],
    }
    await session.execute(_RENEW, values)
    await postings.add(session, base, {first + offset: one.weights for offset, one in enumerate(features)})


async def unlist(session: TenantSession, base: UUID, rows: Sequence[Any]) -> None:
    """Out of the postings, under the words that they were written with."""
    aged = [row.number for row in rows if row.edition != EDITION]
    words = {row.number: words_of(row.body, (row.title, *row.headings)) for row in rows if row.edition == EDITION}
    await postings.remove(session, base, words | await _words_then(session, base, aged))


async def _words_then(session: TenantSession, base: UUID, numbers: Collection[int]) -> dict[int, set[str]]:
    """Under which these passages stand: the code of today would name others."""
    words: dict[int, set[str]] = {number: set() for number in numbers}
    places: defaultdict[int, set[int]] = defaultdict(set)
    for number in numbers:
        places[number // BLOCK].add(number % BLOCK)
    for block, wanted in places.items():
        for word, there in await session.execute(_OF_BLOCK, {"base": base, "block": block}):
            for place in wanted.intersection(array("H", there)):
                words[block * BLOCK + place].add(word)
    return words


_OF_BLOCK: Final = given(
    "SELECT word, places FROM knowledge_postings WHERE base_id = :base AND block = :block",
    base=ONE_UUID,
    block=ONE_NUMBER,
)
_RENEW: Final = given(
    """
    UPDATE knowledge_passages p SET number = w.number, likeness = w.likeness, features = w.features::sparsevec,
        edition = :edition
    FROM unnest(:ids, :numbers, :likenesses, :features) AS w (id, number, likeness, features)
    WHERE p.id = w.id
    """,
    ids=UUIDS,
    numbers=NUMBERS,
    likenesses=BYTES,
    features=TEXTS,
    edition=ONE_NUMBER,
)
