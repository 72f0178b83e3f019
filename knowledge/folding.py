"""Text as it is compared: words without case and accents, words that carry meaning, codes and numbers as one word."""

import re
import unicodedata
from typing import Final

from knowledge.small_words import STOP_WORDS

_UNSEEN: Final = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]"
)
_SAME: Final = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i"})
_RUN: Final = re.compile(r"[^\W_]+(?:[-./,:_][^\W_]+)*")
_PART: Final = re.compile(r"[^\W_]+")
_CLIPPED: Final = re.compile(r"(?:n['’]t|['’](?:s|re|ve|ll|d|m))\b")  # the shop's, don't, you'll
_DIGIT: Final = re.compile(r"\d")
# 1.299,90 and 1,299.90 and 1299,9: the last mark is the decimal one if it parts one or two digits.
_NUMBER: Final = re.compile(r"(\d{1,3}(?:[.,]\d{3})+|\d+)(?:[.,](\d{1,2}))?")
_MARKS: Final = re.compile(r"[-./,:_]")
_LONGEST: Final = 64  # a longer word is none: a line of base64


def folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    spread = unicodedata.normalize("NFKD", text.casefold())
    return _UNSEEN.sub("", spread).translate(_SAME)


def is_code(word: str) -> bool:
    """It has a digit: what stands beside it in spelling is another product, another year."""
    return not word.isalpha() and _DIGIT.search(word) is not None


def meant(text: str) -> tuple[list[str], list[str]]:
    """The words that carry meaning, in order; and the codes that they are parts of: AB-12/3 is `ab`, `12`, `3`."""
    words: list[str] = []
    codes: list[str] = []
    for run in _RUN.findall(_CLIPPED.sub("", folded(text))):
        if run.isalpha():  # nearly all of them
            words += [run] if run not in STOP_WORDS and len(run) <= _LONGEST else []
        elif not is_code(run):
            words += [part for part in _PART.findall(run) if part not in STOP_WORDS and len(part) <= _LONGEST]
        elif number := _number(run):
            words.append(number)
        else:
            parts = [part for part in _PART.findall(run) if len(part) <= _LONGEST]
            words += [_bare(part) for part in parts if part not in STOP_WORDS]
            codes += [_MARKS.sub("", run)[:_LONGEST]] if len(parts) > 1 else []
    return words, codes


def _number(run: str) -> str | None:
    found = _NUMBER.fullmatch(run)
    if found is None:
        return None
    whole, cents = re.sub(r"\D", "", found[1]), (found[2] or "").rstrip("0")
    return f"{_bare(whole)}.{cents}" if cents else _bare(whole)


def _bare(part: str) -> str:
    """007 is 7, where nothing but figures stands."""
    return part.lstrip("0") or "0" if part.isdigit() else part


def grams(word: str) -> list[str]:
    """Runs of four letters, with its edges: what related and misspelt words have in common."""
    edged = f"_{word}_"
    return [edged[at : at + 4] for at in range(max(1, len(edged) - 3))]


def triples(word: str) -> list[str]:
    edged = f"_{word}_"
    return [edged[at : at + 3] for at in range(len(edged) - 2)]
