"""The sentences of the given passages that answer a question, or none: word for word, never a phrase of its own.

How rare a word is, is judged by the passages at hand and a list of everyday words: the brain has seen nothing else.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from agents.rehearsal.questions import Wanted, answers, sentences, wanted
from agents.rehearsal.vocabulary import ASKING, EVERYDAY, RELATED
from agents.rehearsal.words import fold, stem, words

LONGEST: Final = 320
ENOUGH: Final = 0.56  # of what the question says, weighed by rarity; set by `make bench-grounding`
NEARLY_ALL: Final = 0.6
FOLLOWS_AT: Final = 0.5  # of the best score: a second sentence comes along


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A passage of the prompt."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Quotation:
    text: str  # as it stands in the passage
    passage: Known


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sentence:
    text: str
    passage: Known
    number: int
    stems: frozenset[str]
    around: frozenset[str]  # of the title, and of the question that it stands under


def find(question: str, passages: Sequence[Known]) -> Quotation | None:
    """At most two sentences that follow one another; None where nothing here answers."""
    asked = _content(question)
    pool = [sentence for passage in passages for sentence in _sentences(passage)]
    if not asked or not pool:
        return None
    rarity = _rarity(asked, pool)
    kind = wanted(question)
    ranks = {passage.id: rank for rank, passage in enumerate(passages)}
    scored = [
        (_score(sentence, rarity, kind) - ranks[sentence.passage.id] * _PER_PLACE, -place, sentence)
        for place, sentence in enumerate(pool)
    ]
    best, _, chosen = max(scored, key=lambda one: one[:2])
    if not _is_enough(chosen, rarity, best):
        return None
    return Quotation(text=_with_next(chosen, scored, best), passage=chosen.passage)


def _sentences(passage: Known) -> Iterator[_Sentence]:
    """Headings, and questions that a passage asks itself, are no answers, but say what stands under them is about."""
    title, heading = _stems(passage.title), frozenset[str]()
    texts = list(sentences(passage.text))
    for number, text in enumerate(texts):
        following = texts[number + 1] if number + 1 < len(texts) else ""
        if text.endswith("?") or _is_heading(text, following):
            heading = _stems(text)
        else:
            for piece in _pieces(text):
                yield _Sentence(text=piece, passage=passage, number=number, stems=_stems(piece), around=title | heading)


def _is_heading(text: str, following: str) -> bool:
    """A few words without an end, above something that has one; a row of a table or of a list is none."""
    is_short = len(text) <= _LONGEST_HEADING and not _NO_HEADING.search(text)
    return is_short and following[-1:] in _SENTENCE_ENDS and len(following) > len(text)


def _pieces(sentence: str) -> Iterator[str]:
    """A sentence too long to be quoted, as every run of its clauses that is not."""
    if len(sentence) <= LONGEST:
        yield sentence
        return
    starts = [0, *(found.end() for found in _CLAUSE_END.finditer(sentence)), len(sentence)]
    for number, start in enumerate(starts[:-1]):
        ends = [end for end in starts[number + 1 :] if end - start <= LONGEST]
        if ends:
            yield sentence[start : ends[-1]].rstrip(" ,;")


def _content(question: str) -> frozenset[str]:
    """What it is about, without the words that only make it a question."""
    return frozenset(stem(word.text) for word in words(fold(question)) if word.text not in ASKING)


@lru_cache(maxsize=4096)  # the same passages are looked at turn after turn
def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word.text) for word in words(fold(text)))


def _rarity(asked: frozenset[str], pool: Sequence[_Sentence]) -> Mapping[str, float]:
    seen = Counter(word for sentence in pool for word in asked if _says(sentence.stems | sentence.around, word))
    return {
        word: math.log(1 + len(pool) / (0.5 + seen[word])) * (_EVERYDAY_WEIGHT if word in _EVERYDAY_STEMS else 1)
        for word in sorted(asked)
    }


def _score(sentence: _Sentence, rarity: Mapping[str, float], kind: Wanted) -> float:
    """The share of the question that it covers; without what was asked for, it is hardly an answer."""
    share = _covered(sentence, rarity)
    if kind is Wanted.ANYTHING:
        return share
    return share + _RIGHT_KIND if answers(sentence.text, kind) else share * _WRONG_KIND


def _covered(sentence: _Sentence, rarity: Mapping[str, float]) -> float:
    return sum(weight * _strength(sentence, word) for word, weight in rarity.items()) / sum(rarity.values())


def _strength(sentence: _Sentence, word: str) -> float:
    if _says(sentence.stems, word):
        return 1
    if _says(sentence.around, word):
        return _AROUND
    return _NEAR if _says(_stems(sentence.passage.text), word) else 0


def _is_enough(sentence: _Sentence, rarity: Mapping[str, float], score: float) -> bool:
    """A sentence without the question's rarest word speaks of something else, unless it says nearly all the others."""
    rarest = max(rarity, key=lambda word: (rarity[word], len(word), word))
    has_rarest = _says(sentence.stems | sentence.around, rarest)
    return score >= ENOUGH and (has_rarest or _covered(sentence, rarity) >= NEARLY_ALL)


def _says(stems: frozenset[str], word: str) -> bool:
    if word in stems or not _RELATED_STEMS.get(word, _NOTHING).isdisjoint(stems):
        return True
    return len(word) >= _PREFIX and any(other.startswith(word[:_PREFIX]) for other in stems)


def _with_next(chosen: _Sentence, scored: Sequence[tuple[float, int, _Sentence]], best: float) -> str:
    """With the sentence behind it where that answers too, as long as both stand together in the passage."""
    for score, _, other in scored:
        is_next = other.passage == chosen.passage and other.number == chosen.number + 1
        if is_next and score >= best * FOLLOWS_AT:
            both = chosen.passage.text.partition(chosen.text)[1:]
            start = chosen.passage.text.index(both[0])
            end = chosen.passage.text.index(other.text, start) + len(other.text)
            both_said = chosen.passage.text[start:end]
            if len(both_said) <= LONGEST and "\n" not in both_said:  # what parts lines is not quoted
                return both_said
    return chosen.text


_PREFIX: Final = 6  # letters that two words share to be of one family
_NOTHING: Final[frozenset[str]] = frozenset()
_LONGEST_HEADING: Final = 80
_NO_HEADING: Final = re.compile(r"[.!?…:;]\s|[.!?…:;,]$")
_SENTENCE_ENDS: Final = (".", "!", "?", "…")
_CLAUSE_END: Final = re.compile(r"[,;:] ")
_AROUND: Final = 0.8
_NEAR: Final = 0.2
_PER_PLACE: Final = 0.04
_RIGHT_KIND: Final = 0.1
_WRONG_KIND: Final = 0.7
_EVERYDAY_WEIGHT: Final = 0.4
_EVERYDAY_STEMS: Final = frozenset(stem(word) for word in EVERYDAY)
_RELATED_STEMS: Final = {stem(word): frozenset(stem(other) for other in group) for group in RELATED for word in group}
