"""Telephone numbers and e-mail addresses, also as they are spoken: "ana arroba exemplo ponto com"."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from agents.extractors.found import Found, Plain, Refused, plain
from core import phones

_LEAST_DIGITS: Final = 8
_MOST_DIGITS: Final = 15
_MOST_READINGS: Final = 3
_MOST_NUMBERS: Final = 16  # a message with more is a list, not an answer
_SHORT: Final = 9  # a number of the neighbourhood has no more


def find_phone(text: str, *, asked: bool = False) -> list[Found | Refused]:
    """Bare digits that were not asked for must be those of a mobile: an order's number looks like a landline."""
    return list(_phones(plain(text), asked=asked))


def find_email(text: str) -> list[Found | Refused]:
    folded = plain(text)
    written = [_address(folded, found, text) for found in _AT.finditer(folded.text)]
    return [*written, *_spoken(folded)]


def _phones(folded: Plain, *, asked: bool) -> Iterator[Found | Refused]:
    for found in islice(_NUMBER.finditer(folded.text), _MOST_NUMBERS):
        number = _longest(found[0], asked=asked)
        if number is not None:
            yield Found({"phone": number[0]}, *folded.span(found.start(), found.start() + number[1]))
            continue
        digits = _digits(found[0])
        if asked and len(digits) >= _LEAST_DIGITS:
            reason = "area_code" if len(digits) <= _SHORT else "unknown_number"
            yield Refused(*folded.span(found.start(), found.end()), reason=reason)


def _longest(written: str, *, asked: bool) -> tuple[str, int] | None:
    """A number with the country before the next word's digits: as much of it as is one, and where that ends."""
    ends = [group.end() for group in _GROUP.finditer(written)]
    plausible = [end for end in ends if _SHORT < len(_digits(written[:end])) <= _MOST_DIGITS]
    for end in reversed(plausible[-_MOST_READINGS:]):
        part = written[:end]
        number = phones.canonical(part)
        if number and (asked or not part.isdecimal() or _MOBILE.fullmatch(part)):
            return number, end
    return None


def _digits(written: str) -> str:
    return re.sub(r"[^0-9]", "", written)


def _address(folded: Plain, found: re.Match[str], text: str) -> Found | Refused:
    """A letter with an accent is none of an address: it was folded for the search only."""
    written = found[0].rstrip(".-_")
    start, end = folded.span(found.start(), found.start() + len(written))
    is_right = text[start:end].isascii() and _ADDRESS.fullmatch(written) and ".." not in written
    return Found({"email": written}, start, end) if is_right else Refused(start, end, reason="not_an_address")


def _spoken(folded: Plain) -> Iterator[Found]:
    for found in _SAID.finditer(folded.text):
        written = found["name"].replace(" ponto ", ".").replace(" underline ", "_").replace(" traco ", "-")
        domain = found["domain"].replace(" ponto ", ".")
        if _ADDRESS.fullmatch(address := f"{written}@{domain}"):
            yield Found({"email": address}, *folded.span(found.start(), found.end()))


_NUMBER: Final = re.compile(
    r"(?<![0-9a-z@.,/_-])(?:\+ ?|\(\+?)?[0-9](?:[0-9 ().-]{6,24})[0-9](?![0-9a-z@_/]|[.,-][0-9])"
)
_GROUP: Final = re.compile(r"[0-9]+")
_MOBILE: Final = re.compile(r"(?:55)?[1-9][0-9]9[0-9]{8}")
_AT: Final = re.compile(r"(?<![a-z0-9._%+@-])[a-z0-9._%+-]{1,64}@[a-z0-9.-]{1,190}(?![a-z0-9@])")
_ADDRESS: Final = re.compile(r"[a-z0-9_%+-][a-z0-9._%+-]*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,24}")
_SAID: Final = re.compile(
    r"(?<![a-z0-9._-])(?P<name>(?:[a-z0-9_-]{1,40} (?:ponto|underline|traco) ){0,3}[a-z0-9._-]{1,40}) arroba "
    r"(?P<domain>[a-z0-9-]{1,40}(?: ponto [a-z]{2,12}){1,3})(?![a-z0-9])"
)
