"""Which passages are worth ranking, out of very many: those that the words asked for weigh most in, all added up."""

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain
from math import sqrt
from typing import Final
from uuid import UUID

from knowledge.asking import Asked, Concept
from knowledge.features import letter_places
from knowledge.tallies import WORTHS, Sums, Tally

MOST: Final = 400
LEAST: Final = 32
_SHARE: Final = 0.5  # of the heaviest one's weight: pairs of words seldom lift what is lighter to the best
_MOST_WORDS: Final = 64
_BYTES: Final = 256


def counts(lists: Mapping[str, Sequence[Tally]]) -> dict[str, int]:
    """In how many passages each word is."""
    return {word: sum(tally.count for tally in tallies) for word, tallies in lists.items()}


def likely(asked: Asked, lists: Mapping[str, Sequence[Tally]], *, least: int = LEAST) -> list[tuple[UUID, int]]:
    """The best by their words alone, the heaviest first, named by base and number; at least so many if there are."""
    most = max(least, MOST)
    sums: defaultdict[tuple[UUID, int], Sums] = defaultdict(Sums)
    for word, worth in _worths(asked, lists).items():
        for tally in lists[word]:
            sums[tally.base, tally.first].add(tally, worth)
    blocks = [_block(base, first, of_block) for (base, first), of_block in sums.items()]
    high = _least_of_best(b"".join(block.high for block in blocks), most)
    heaviest = sorted(chain.from_iterable(block.of_at_least(high) for block in blocks), reverse=True)[:most]
    enough = heaviest[0][0] * _SHARE if heaviest else 0.0
    return [
        (base, number) for place, (weight, base, number) in enumerate(heaviest) if place < least or weight >= enough
    ]


def _worths(asked: Asked, lists: Mapping[str, Sequence[Tally]]) -> dict[str, int]:
    """Of the words that are there, in whole parts of what their sums have room for."""
    worths: dict[str, float] = {}
    for concept in asked.concepts:
        for reading, worth in concept.readings.items():
            if lists.get(reading):
                worths[reading] = max(worths.get(reading, 0.0), concept.rarity * (worth + _letters(concept, reading)))
    heaviest = nlargest(_MOST_WORDS, worths.items(), key=lambda one: one[1])
    part = (WORTHS - len(heaviest) / 2) / max(sum(worth for _, worth in heaviest), 1e-9)
    return {word: round(worth * part) for word, worth in heaviest}


def _letters(concept: Concept, reading: str) -> float:
    """What the letters add to the rank of a passage that has the word: those of its ending it has mostly as well."""
    letters = letter_places(concept.word)
    if not letters or reading == concept.stem:
        return sqrt(len(letters))
    return len(set(letters).intersection(letter_places(reading))) / sqrt(len(letters))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Block:
    """What the passages of one weigh, by their places; and of each weight the high byte alone, to look for many."""

    base: UUID
    first: int
    weights: "array[int]"
    high: bytes

    def of_at_least(self, least: int) -> Iterator[tuple[int, UUID, int]]:
        """Those whose high byte is, by weight, base and number."""
        heavy = self.high.translate(bytes(least) + b"\1" * (_BYTES - least))
        place = heavy.find(1)
        while place >= 0:
            yield self.weights[place], self.base, self.first + place
            place = heavy.find(1, place + 1)


def _block(base: UUID, first: int, sums: Sums) -> _Block:
    weights = sums.each()
    return _Block(base=base, first=first, weights=weights, high=weights.tobytes()[1::2])


def _least_of_best(high: bytes, most: int) -> int:
    """As many have this byte or a higher one as are wanted, if there are so many."""
    least, heavy = 1, high.translate(None, bytes(1))
    while len(heavier := heavy.translate(None, bytes(range(2 * least)))) >= most:
        least, heavy = 2 * least, heavier
    above = len(heavy)
    while above - (those := heavy.count(least)) >= most:
        least, above = least + 1, above - those
    return least
