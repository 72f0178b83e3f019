"""What a passage is found by: its stems, its pairs of stems and the letters of its words, weighed as BM25 does.

The part of BM25 that belongs to the passage is kept in one sparse vector; the part that belongs to the question, how
rare its words are, is the other. Their product is the rank. Lengths are held against a fixed one, so that no vector
ages when other passages come.
"""

import hashlib
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from core.models.knowledge import FEATURES
from knowledge.folding import folded, grams, is_code, meant
from knowledge.stemming import stem

EDITION: Final = 2  # another one wherever the same text would be found by other words or weights than before
TOP_WEIGHT: Final = 2.2  # what a word approaches that is everywhere in its passage
_K1: Final = TOP_WEIGHT - 1
_B: Final = 0.75
_USUAL_LENGTH: Final = 80  # stems
_LENGTHS: Final = (0.5, 4.0)  # how much a passage may count as shorter and longer than that
_MOST: Final = 12_000  # pgvector keeps 16,000 places of a sparse vector
_MARKS: Final = ".,;:!…\"'()"


@dataclass(frozen=True, kw_only=True, slots=True)
class Features:
    """Of one passage."""

    vector: str  # as pgvector reads it
    weights: Mapping[str, int]  # of its stems and codes, in hundredths
    likeness: bytes  # of all its words in their order: "com" and "sem", 19h and 22h are not alike


def of_passage(text: str, headings: Iterable[str] = ()) -> Features:
    """Headings count as part of the text: they name what a table or an answer does not repeat."""
    whole = "\n".join((*headings, text))
    words, codes = meant(whole)
    stems = [stem(word) for word in words]
    single = Counter(stems + codes)
    places = Counter({place("s", word): times for word, times in single.items()})
    for word, times in Counter(words).items():
        for where in letter_places(word):
            places[where] += times
    places.update(place("p", pair) for pair in pairs(stems))
    damping = _damping(len(stems))
    return Features(
        vector=_written_counts(places, damping),
        weights={word: min(255, max(1, round(_weight(times, damping) * 100))) for word, times in single.items()},
        likeness=_likeness(whole),
    )


def words_of(text: str, headings: Iterable[str] = ()) -> set[str]:
    """Under which a passage stands in the postings."""
    words, codes = meant("\n".join((*headings, text)))
    return {*map(stem, words), *codes}


def pairs(stems: Iterable[str]) -> list[str]:
    return [f"{one} {other}" for one, other in pairwise(stems)]


def place(kind: str, what: str) -> int:
    """Counted from one, as pgvector does."""
    return zlib.crc32(f"{kind}{what}".encode()) % FEATURES + 1


@lru_cache(maxsize=32_768)  # most words of a text were in the one before it
def letter_places(word: str) -> tuple[int, ...]:
    """None for a code: what is spelt like it is something else."""
    return () if is_code(word) else tuple(place("g", gram) for gram in dict.fromkeys(grams(word)))


def written(places: Mapping[int, float]) -> str:
    """In order, as pgvector wants them."""
    return "{" + ",".join([f"{where}:{weight:.4f}" for where, weight in sorted(places.items())]) + f"}}/{FEATURES}"


def _likeness(whole: str) -> bytes:
    words = (word.strip(_MARKS) for word in folded(whole).split())
    return hashlib.blake2b(" ".join(filter(None, words)).encode(), digest_size=16).digest()


def _written_counts(counts: Counter[int], damping: float) -> str:
    """The most frequent, and of these the words themselves, where there are more than a vector can hold."""
    kept = dict(counts.most_common(_MOST)) if len(counts) > _MOST else counts
    weights = {times: f"{_weight(times, damping):.3f}" for times in set(kept.values())}
    return "{" + ",".join([f"{where}:{weights[kept[where]]}" for where in sorted(kept)]) + f"}}/{FEATURES}"


def _damping(length: int) -> float:
    least, most = _LENGTHS
    return _K1 * (1 - _B + _B * min(max(length / _USUAL_LENGTH, least), most))


def _weight(times: int, damping: float) -> float:
    return times * TOP_WEIGHT / (times + damping)
