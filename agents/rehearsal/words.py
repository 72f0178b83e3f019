"""Words as one compares them: folded, cut to their stems, each knowing where it stands."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from agents.extractors.found import plain


class Word(NamedTuple):
    text: str  # folded
    start: int
    end: int


def fold(text: str) -> str:
    return plain(text).text


def words(text: str) -> Iterator[Word]:
    """Of a folded text."""
    return (Word(found[0], found.start(), found.end()) for found in _WORD.finditer(text))


def word_set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


def stem(word: str) -> str:
    """Enough of a Portuguese or English word to know its relatives by: custa, custam, custo; delivery, deliveries."""
    if word[:1].isdigit():
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word


_WORD: Final = re.compile(r"[a-z]+|\d+(?:[.,]\d+)*")
_SHORTEST_STEM: Final = 3
# Longest first. A relative found by chance costs less than one that is missed: an answer needs several words.
_ENDINGS: Final = (
    *("amentos", "imentos", "amento", "imento", "idades", "idade", "adores", "adoras", "ador", "adora"),
    *("acoes", "icoes", "ucoes", "acao", "icao", "ucao", "oes", "ao", "aes", "avam", "aram", "eram", "iram", "arem"),
    *("ando", "endo", "indo", "adas", "ados", "idas", "idos", "ada", "ado", "ida", "ido", "aria", "eria", "iria"),
    *("amos", "emos", "imos", "ante", "ente", "mente", "avel", "ivel", "iveis", "aveis"),
    *("ing", "ies", "ied", "ed", "ar", "er", "ir", "am", "em", "as", "es", "os", "is", "ou", "eu", "iu"),
    *("ns", "m", "a", "e", "o", "s", "i", "y"),
)
