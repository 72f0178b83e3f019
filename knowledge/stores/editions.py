"""Passages whose words were taken by an earlier edition of the code: what they stand under, and their features anew."""

from array import array
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from core.db.sessions import TenantSession
from knowledge.features import Features
from knowledge.stores.postings import BLOCK
from knowledge.stores.statements import BYTES, NUMBERS, ONE_NUMBER, ONE_UUID, TEXTS, UUIDS, given


async def words_of(session: TenantSession, base: UUID, numbers: Collection[int]) -> dict[int, set[str]]:
    """Under which these passages stand, as it was written then: the code of today would name others."""
    words: dict[int, set[str]] = {number: set() for number in numbers}
    places: defaultdict[int, set[int]] = defaultdict(set)
    for number in numbers:
        places[number // BLOCK].add(number % BLOCK)
    for block, wanted in places.items():
        for word, there in await session.execute(_OF_BLOCK, {"base": base, "block": block}):
            for place in wanted.intersection(array("H", there)):
                words[block * BLOCK + place].add(word)
    return words


async def renew(
    session: TenantSession, ids: Sequence[UUID], *, first: int, edition: int, features: Sequence[Features]
) -> None:
    """They get new numbers, from the first on: postings are written in the order of these."""
    values = {
        "ids": list(ids),
        "numbers": [first + offset for offset in range(len(ids))],
        "edition": edition,
        "likenesses": [one.likeness for one in features],
        "features": [one.vector for one in features],
    }
    await session.execute(_RENEW, values)


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
