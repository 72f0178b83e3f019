"""Whether words that somebody claims to quote were said: by whom, in which message, and exactly how."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from agents.commands import Heard, Quote, Said
from agents.prompts.contract import clean

_EARLIER: Final = 2  # messages of the customer's before this turn
_MOST_QUOTE: Final = 200
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """A message that may be quoted."""

    number: int
    text: str
    is_now: bool  # of this turn
    by_staff: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Located:
    """A quote as it stands in its message."""

    quote: Quote
    spoken: Spoken


def may_be_quoted(heard: Sequence[Heard], history: Sequence[Said]) -> tuple[Spoken, ...]:
    """This turn's messages and the customer's last two before it, newest first. Staff count only in what is heard."""
    now = [
        Spoken(number=one.message, text=_seen(one.text), is_now=True, by_staff=one.by_staff) for one in reversed(heard)
    ]
    numbers = {one.number for one in now}
    before = [
        Spoken(number=said.message, text=_seen(said.text), is_now=False)
        for said in reversed(history)
        if said.author == "customer" and said.message not in numbers
    ]
    return (*now, *before[:_EARLIER])


def locate(quote: str, message: object, among: Sequence[Spoken]) -> Located | None:
    """In the message that was named, else in the newest that has these words: numbers are easily mistaken."""
    named = [spoken for spoken in among if spoken.number == message]
    for spoken in (*named, *among):
        if said := occurrence(quote, spoken.text):
            return Located(quote=Quote(text=_short(said), message=spoken.number), spoken=spoken)
    return None


def occurrence(quote: str, text: str) -> str | None:
    """The piece of the text that has these words, whole and in this order, whatever their case and accents."""
    wanted = [word.folded for word in _words(_seen(quote))]
    if not wanted:  # an emoji, which has no words
        return quote.strip() if quote.strip() and quote.strip() in text else None
    words = list(_words(text))
    for start in range(len(words) - len(wanted) + 1):
        if all(words[start + place].folded == word for place, word in enumerate(wanted)):
            return _with_marks(text, words[start].start, words[start + len(wanted) - 1].end)
    return None


class _Word(NamedTuple):
    folded: str
    start: int
    end: int


def _words(text: str) -> Iterator[_Word]:
    for found in _WORD.finditer(text):
        yield _Word(_folded(found[0]), found.start(), found.end())


def _folded(word: str) -> str:
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(one for one in decomposed if unicodedata.category(one) != "Mn")


def _seen(text: str) -> str:
    """As the model saw it: without what cannot be seen, accents joined to their letters."""
    return unicodedata.normalize("NFC", clean(text))


def _with_marks(text: str, start: int, end: int) -> str:
    """With the marks that belong to it: the + of a number, the % of a share."""
    while start > 0 and not text[start - 1].isspace() and not text[start - 1].isalnum():
        start -= 1
    while end < len(text) and not text[end].isspace() and not text[end].isalnum():
        end += 1
    return text[start:end]


def _short(said: str) -> str:
    return said if len(said) <= _MOST_QUOTE else said[:_MOST_QUOTE].rpartition(" ")[0] or said[:_MOST_QUOTE]
