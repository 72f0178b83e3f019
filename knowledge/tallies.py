"""How much a word weighs in each passage of a block, kept so that the weights of several words are added up in C.

4,096 small sums are the digits of one large number, two bytes each: a weight times the worth of its word, and a sum of
such, is one operation on a whole block. Whoever adds sees to it that no sum outgrows its two bytes.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from sys import getsizeof
from typing import Final, Self
from uuid import UUID

from knowledge.stores.postings import BLOCK, Run

WORTHS: Final = 257  # of all words of a question: times the heaviest weight, 255, they fill two bytes
_DIGIT: Final = 2
_DENSE: Final = 96  # postings in a block, from which on one operation on all of it is quicker than one for each


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Of one word in one block of passages: as digits, or where it is rare by their places."""

    base: UUID
    first: int
    count: int
    digits: int = 0
    places: Sequence[int] = ()
    weights: bytes = b""

    @classmethod
    def of(cls, run: Run) -> Self:
        count = len(run.places)
        if count < _DENSE:
            return cls(base=run.base, first=run.first, count=count, places=run.places, weights=run.weights)
        digits = bytearray(BLOCK * _DIGIT)
        for place, weight in zip(run.places, run.weights, strict=True):
            digits[place * _DIGIT] = weight
        return cls(base=run.base, first=run.first, count=count, digits=int.from_bytes(digits, "little"))

    @property
    def size(self) -> int:
        """Bytes of what it holds."""
        return getsizeof(self.digits) + len(self.weights) * 3


@dataclass(slots=True)
class Sums:
    """Of the words of a question, in one block."""

    _digits: int = 0
    _rare: list[tuple[Tally, int]] = field(default_factory=list)

    def add(self, tally: Tally, worth: int) -> None:
        if tally.digits:
            self._digits += tally.digits * worth
        else:
            self._rare.append((tally, worth))

    def each(self) -> "array[int]":
        """By the place of the passage."""
        sums = array("H", self._digits.to_bytes(BLOCK * _DIGIT, "little"))
        for tally, worth in self._rare:
            for place, weight in zip(tally.places, tally.weights, strict=True):
                sums[place] += worth * weight
        return sums
