"""What a question looks for: its words, what the company means by them, how rare they are, and what was misspelt."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from knowledge.features import letter_places, pairs, place, written
from knowledge.folding import is_code, meant
from knowledge.small_words import WRAPPING
from knowledge.stemming import stem

LONGEST: Final = 2_000  # characters of a question that are looked at
MOST_WORDS: Final = 48
_PHRASE: Final = 3  # words that may stand together in the company's synonyms
_SYNONYM: Final = 0.8  # what a synonym is worth beside the word itself
_MISSPELT: Final = 0.75  # for each letter
_CUT: Final = 0.7  # an ending was misspelt, so that the stem took it for its own
_SHORTEST_CUT: Final = 5
_CODE: Final = 1.5  # an exact code says more than any word
_MOST_READINGS: Final = 3
_LIGHT: Final = 0.2  # what is left of the weight of a word that only wraps the question


@dataclass(frozen=True, kw_only=True, slots=True)
class Concept:
    """One thing that was asked for, in the words that it may stand in a passage with."""

    word: str  # as it was asked, folded
    stem: str
    readings: Mapping[str, float]  # stems, and what each is worth
    corrections: tuple[str, ...] = ()  # those of them that are other spellings
    rarity: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question, understood as far as words go."""

    concepts: tuple[Concept, ...]
    stems: tuple[str, ...]  # in their order

    @property
    def readings(self) -> set[str]:
        return {reading for concept in self.concepts for reading in concept.readings}


def read(question: str) -> Asked:
    words, codes = meant(question[:LONGEST])
    words = words[:MOST_WORDS]
    concepts = [_concept(word) for word in dict.fromkeys(words)]
    concepts += [Concept(word=code, stem=code, readings={code: _CODE}) for code in dict.fromkeys(codes)]
    return Asked(concepts=tuple(concepts), stems=tuple(stem(word) for word in words))


def phrases(question: str) -> list[str]:
    """Under which the company may have noted synonyms."""
    words = meant(question[:LONGEST])[0][:MOST_WORDS]
    return [
        " ".join(words[start : start + length])
        for length in range(1, _PHRASE + 1)
        for start in range(len(words) - length + 1)
    ]


def with_synonyms(asked: Asked, synonyms: Mapping[str, Iterable[str]]) -> Asked:
    """Each word of a phrase that has synonyms may stand for these."""
    added: dict[str, dict[str, float]] = {}
    for phrase, others in synonyms.items():
        meanings = {stem(word): _SYNONYM for other in others for word in meant(other)[0]}
        for word in phrase.split():
            added.setdefault(word, {}).update(meanings)
    concepts = (
        replace(concept, readings={**added.get(concept.word, {}), **concept.readings}) for concept in asked.concepts
    )
    return replace(asked, concepts=tuple(concepts))


def with_spellings(asked: Asked, near: Mapping[str, Mapping[str, float]]) -> Asked:
    concepts = (
        replace(
            concept,
            readings={**near.get(concept.stem, {}), **concept.readings},
            corrections=tuple(near.get(concept.stem, ())),
        )
        for concept in asked.concepts
    )
    return replace(asked, concepts=tuple(concepts))


def with_rarity(asked: Asked, counts: Mapping[str, int], passages: int) -> Asked:
    """The fewer passages have it, the more it says. What none has says most: that the answer may not be here."""
    concepts = (replace(concept, rarity=_rarity(concept, counts, passages)) for concept in asked.concepts)
    return replace(asked, concepts=tuple(concepts))


def spelt_nearly(word: str, candidates: Iterable[str]) -> dict[str, float]:
    """Of words that share triples of letters with it, named once for each: those that a slip or two away."""
    shared = Counter(candidates)
    allowed = _slips(word)
    least = max(1, len(word) + 2 - 3 * (allowed + 1))  # a slip spoils at most three triples, a swap four
    found: dict[str, float] = {}
    for other, times in shared.most_common():
        if times < least or len(found) >= _MOST_READINGS:
            break
        slips = distance(word, other, allowed)
        if slips <= allowed:
            found[other] = _MISSPELT**slips
        elif len(other) >= _SHORTEST_CUT and word.startswith(other):
            found[other] = _CUT
    return found


def may_be_misspelt(word: str) -> bool:
    return _slips(word) > 0 and not is_code(word)


def vector(asked: Asked) -> str:
    """The question's side of the rank: rarity of its stems, of the pairs they stand in, and of their letters."""
    places: dict[int, float] = {}
    rarity = {concept.stem: concept.rarity for concept in asked.concepts}
    for concept in asked.concepts:
        for reading, worth in concept.readings.items():
            where = place("s", reading)
            places[where] = max(places.get(where, 0.0), worth * concept.rarity)
        letters = letter_places(concept.word)
        for where in letters:
            places.setdefault(where, concept.rarity / math.sqrt(len(letters)))
    for pair in pairs(asked.stems):
        one, other = pair.split(" ")
        places[place("p", pair)] = rarity.get(one, 0.0) + rarity.get(other, 0.0)
    return written(places)


def distance(one: str, other: str, most: int) -> int:
    """How many letters were added, left out, changed or swapped with the next; more than `most` is `most + 1`."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: Sequence[int] = ()
    row: Sequence[int] = range(len(other) + 1)
    for at, letter in enumerate(one, 1):
        line = [at]
        for over, against in enumerate(other, 1):
            least = min(row[over] + 1, line[-1] + 1, row[over - 1] + (letter != against))
            if at > 1 and over > 1 and letter == other[over - 2] and one[at - 2] == against:
                least = min(least, before[over - 2] + 1)
            line.append(least)
        before, row = row, line
        if min(row) > most:
            return most + 1
    return row[-1]


def _concept(word: str) -> Concept:
    return Concept(word=word, stem=stem(word), readings={stem(word): 1.0})


def _slips(word: str) -> int:
    """Nobody can tell a misspelt short word from another word."""
    return 0 if len(word) < 4 else 1 if len(word) < 8 else 2  # noqa: PLR2004 - that is all there is to say


def _rarity(concept: Concept, counts: Mapping[str, int], passages: int) -> float:
    """Of its best reading that is there at all; a guess is less certain, and so weighs less than its own rarity."""
    found = sum(counts.get(reading, 0) for reading in _best(concept.readings, counts))
    rarity = math.log(1 + (passages - min(found, passages) + 0.5) / (found + 0.5))
    return rarity * (_LIGHT if concept.word in WRAPPING else 1.0)


def _best(readings: Mapping[str, float], counts: Mapping[str, int]) -> Collection[str]:
    there = {reading: worth for reading, worth in readings.items() if counts.get(reading)}
    return [reading for reading, worth in there.items() if worth == max(there.values())]
