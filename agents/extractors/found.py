"""What an extractor gives back, and the plain form of a text in which it looks: every place leads to the original."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

Value = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A value, and where in the original text it stands."""

    value: Value
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Something of the right shape that fails its check."""

    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class Plain:
    """Lower case, no accents, nothing invisible, every blank a space, every digit one of ours."""

    text: str
    places: Sequence[int]  # of each character in the original, and the original's length at the end

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Accents and invisible characters behind the last one belong to it."""
        first = self.places[start]
        return first, max(self.places[end], self.places[end - 1] + 1) if end > start else first


@lru_cache(maxsize=256)  # every extractor looks at the same message
def plain(text: str) -> Plain:
    if text.isascii():
        return Plain(text.lower().translate(_BLANKS), range(len(text) + 1))
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for letter in _folded(character):
            letters.append(letter)
            places.append(place)
    return Plain("".join(letters), [*places, len(text)])


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    """Twice, because folding the case of a letter may bring an accent with it."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    if _FRACTION in decomposed:
        return character  # ¼ is neither a 1 nor a 4
    return "".join(_letter(letter) for letter in decomposed if unicodedata.category(letter) not in _UNSEEN)


def _letter(letter: str) -> str:
    if letter in _BLANK:
        return " "
    if letter in _DASHES:
        return "-"
    return str(unicodedata.decimal(letter)) if letter.isdecimal() else letter


def without(taken: Sequence[tuple[int, int]]) -> Callable[[Found | Refused], bool]:
    """Whether something stands apart from what was taken already."""
    return lambda found: all(found.end <= start or end <= found.start for start, end in taken)


def vocabulary(*lines: str) -> frozenset[str]:
    """Words, as one writes many of them."""
    return frozenset(word for line in lines for word in line.split())


_FRACTION: Final = "\u2044"
_UNSEEN: Final = frozenset({"Mn", "Me", "Cf"})
_BLANK: Final = frozenset("\t\r\v\f\u00a0\u2007\u202f\u3000 ")
_BLANKS: Final = {ord(blank): " " for blank in "\t\r\v\f"}
_DASHES: Final = frozenset("‐‑‒–—−﹣－")
