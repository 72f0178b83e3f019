"""Of a passage too long for a prompt, the run of sentences that says most of what was asked, as it stands there."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from knowledge.folding import meant
from knowledge.sentences import split_sentences
from knowledge.stemming import stem

_MOST_WORDS: Final = 120  # of a sentence
_AGAIN: Final = 0.05  # what a word is worth that the excerpt says already


class _Sentence(NamedTuple):
    start: int
    end: int
    stems: frozenset[str]


def excerpt(text: str, query: str, *, most: int) -> str:
    """A piece of the text, character by character; all of it where there is room."""
    if len(text) <= most:
        return text
    asked = frozenset(stem(word) for word in meant(query)[0])
    sentences = list(_sentences(text, most))
    best = max(_runs(sentences, most), key=lambda run: (_worth(run, asked), -run[0].start))
    return text[best[0].start : best[-1].end]


def _sentences(text: str, most: int) -> Iterator[_Sentence]:
    at = 0
    for sentence in split_sentences(text, most_words=_MOST_WORDS, most_characters=most):
        start = text.find(sentence, at)
        if start < 0:  # its spaces were tidied: another one begins where it can be found
            continue
        at = start + len(sentence)
        yield _Sentence(start, at, frozenset(stem(word) for word in meant(sentence)[0]))
    if not at:
        yield _Sentence(0, most, frozenset())


def _runs(sentences: Sequence[_Sentence], most: int) -> Iterator[Sequence[_Sentence]]:
    """As many as fit, from each sentence on."""
    end = 0
    for number, first in enumerate(sentences):
        end = max(end, number + 1)
        while end < len(sentences) and sentences[end].end - first.start <= most:
            end += 1
        yield sentences[number:end]


def _worth(run: Sequence[_Sentence], asked: frozenset[str]) -> float:
    said = [asked & sentence.stems for sentence in run]
    return len(frozenset().union(*said)) + _AGAIN * sum(map(len, said))
