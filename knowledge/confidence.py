"""How sure it is that a passage speaks of what was asked: a share of the question, weighed by rarity, as a probability.

The rank alone cannot say it: the best of nothing is also a best. The constants were fitted to questions asked of their
own base and of others (`bench/knowledge.py` measures what they achieve), and to nothing that stands in those texts.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from knowledge.asking import Asked, Concept
from knowledge.features import pairs
from knowledge.folding import is_code, meant
from knowledge.stemming import stem

ENOUGH: Final = 0.5  # below, nobody should answer from it
_KINDRED: Final = 0.6  # what a word that begins alike is worth
_BEGINNING: Final = 4
_CONSTANT: Final = -5.2
_COVERED: Final = 7.0
_RAREST: Final = 1.0
_TOGETHER: Final = 1.8


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What of the question is in the passage."""

    covered: float  # of the weight of its words
    rarest: float  # whether the word that says most is there
    together: float  # of its words that stand side by side, how many do so here

    @property
    def confidence(self) -> float:
        sum_ = _CONSTANT + _COVERED * self.covered + _RAREST * self.rarest + _TOGETHER * self.together
        return 1 / (1 + math.exp(-sum_))


@dataclass(frozen=True, slots=True)
class _Words:
    """Of a passage: its stems and codes, and the pairs that stand side by side."""

    there: frozenset[str]
    pairs: frozenset[str]


def weigh(asked: Asked, text: str) -> Evidence:
    """`text` with its headings."""
    words = _words_of(text)
    found = {concept.word: _found(concept, words.there) for concept in asked.concepts}
    total = sum(concept.rarity for concept in asked.concepts)
    rarest = max(asked.concepts, key=lambda concept: concept.rarity, default=None)
    if rarest is None or not total:
        return Evidence(covered=0.0, rarest=0.0, together=0.0)
    asked_pairs = set(pairs(asked.stems))
    return Evidence(
        covered=sum(concept.rarity * found[concept.word] for concept in asked.concepts) / total,
        rarest=found[rarest.word],
        together=len(asked_pairs & words.pairs) / len(asked_pairs) if asked_pairs else 0.0,
    )


@lru_cache(maxsize=1024)  # what is asked for is asked for again, and a passage does not change
def _words_of(text: str) -> _Words:
    words, codes = meant(text)
    stems = [stem(word) for word in words]
    return _Words(frozenset((*stems, *codes)), frozenset(pairs(stems)))


def _found(concept: Concept, there: frozenset[str]) -> float:
    best = max((min(1.0, worth) for reading, worth in concept.readings.items() if reading in there), default=0.0)
    if best or is_code(concept.stem):
        return best
    beginning = concept.stem[: max(_BEGINNING, len(concept.stem) - 2)]
    is_kindred = len(beginning) >= _BEGINNING and any(word.startswith(beginning) for word in there)
    return _KINDRED if is_kindred else 0.0
