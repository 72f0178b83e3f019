"""Which passages are worth weighing, out of very many: those in which the question's rare words weigh most."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from itertools import chain
from typing import Final
from uuid import UUID

from knowledge.asking import Asked
from knowledge.features import TOP_WEIGHT
from knowledge.stores.postings import Run

MOST: Final = 320
_BUDGET: Final = 20_000  # postings that may name new passages; a word more frequent than that tells only of known ones
_MANY: Final = 1_000  # postings of a word that are worth the look whether they can be spared
_KNOWN: Final = 4_000  # passages that frequent words may add to
_SPARSE: Final = 8  # so many times as long as what is looked for in it, a run is searched and not read
_HEAVIEST: Final = round(TOP_WEIGHT * 100)


def counts(lists: Mapping[str, Sequence[Run]]) -> dict[str, int]:
    """In how many passages each word is."""
    return {word: sum(len(run.places) for run in runs) for word, runs in lists.items()}


def likely(asked: Asked, lists: Mapping[str, Sequence[Run]]) -> list[tuple[UUID, int]]:
    """The best by their words alone, named by base and number.

    The rarest words first. Once no passage that has only what is left could still be among the best, or too many were
    looked at, what is left only adds to those that are known.
    """
    worths, sizes = _worths(asked), counts(lists)
    words = sorted(worths.keys() & sizes.keys(), key=lambda word: (sizes[word], word))
    weighed, spent = _Weighed(), 0
    left = sum(worths[word] for word in words) * _HEAVIEST
    for word in words:
        spent += sizes[word]
        if weighed.blocks and (spent > _BUDGET or (sizes[word] > _MANY and weighed.least_of_best() > left)):
            break
        scaled = [worths[word] * weight for weight in range(256)].__getitem__
        for run in lists[word]:
            weighed.add(run, scaled)
        left -= worths[word] * _HEAVIEST
        words = words[1:]
    weighed.forget_light()
    for word in words:
        for run in lists[word]:
            weighed.add_to_known(run, worths[word])
    return weighed.best()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Weighed:
    """The weights of passages so far, by base and block. Every posting passes here, so what can be is done in C."""

    blocks: dict[tuple[UUID, int], dict[int, float]] = field(default_factory=dict)

    def add(self, run: Run, scaled: Callable[[int], float]) -> None:
        known = self.blocks.setdefault((run.base, run.first), {})
        fresh = dict(zip(run.places, map(scaled, run.weights), strict=True))
        for place in known.keys() & fresh.keys():
            fresh[place] += known[place]
        known.update(fresh)

    def add_to_known(self, run: Run, worth: float) -> None:
        known = self.blocks.get((run.base, run.first), {})
        if len(known) * _SPARSE > len(run.places):
            more = dict(zip(run.places, run.weights, strict=True))
            for place in known.keys() & more.keys():
                known[place] += worth * more[place]
            return
        for place in known:  # the places of a run are in order
            at = bisect_left(run.places, place)
            if at < len(run.places) and run.places[at] == place:
                known[place] += worth * run.weights[at]

    def forget_light(self) -> None:
        """All but the heaviest, before the frequent words are looked at."""
        least = self.least_of_best(_KNOWN)
        for block in self.blocks.values():
            for place in [place for place, weight in block.items() if weight < least]:
                del block[place]

    def least_of_best(self, most: int = MOST) -> float:
        """What a passage must weigh to be among the best; nothing while there are fewer than these."""
        weights = sorted(chain.from_iterable(block.values() for block in self.blocks.values()), reverse=True)
        return weights[most - 1] if len(weights) >= most else 0.0

    def best(self) -> list[tuple[UUID, int]]:
        least = self.least_of_best()
        among = (
            (weight, base, first + place)
            for (base, first), block in self.blocks.items()
            for place, weight in block.items()
            if weight >= least
        )
        return [(base, number) for _, base, number in nlargest(MOST, among)]


def _worths(asked: Asked) -> dict[str, float]:
    worths: dict[str, float] = {}
    for concept in asked.concepts:
        for reading, worth in concept.readings.items():
            worths[reading] = max(worths.get(reading, 0.0), worth * concept.rarity)
    return worths
