"""What tells who somebody is, found in a text: their name, a number of theirs, an address that they gave. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agents.extractors.found import plain

_SHORTEST: Final = 3  # letters of a name that is no particle
_WORD: Final = re.compile(r"[^\W\d_]+")
_DIGIT: Final = re.compile(r"\d")
_PARTICLES: Final = frozenset({"das", "dos", "del", "los", "the", "von", "van", "und", "and"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """`told` are values that they gave, such as an address: what has a figure in it is theirs."""

    names: Sequence[str]
    numbers: Sequence[str]  # figures alone
    told: Sequence[str] = ()


def said_of(person: Person, text: str) -> list[str]:
    """Each as it stands in what is known of them."""
    folded = plain(text).text
    words = set(_WORD.findall(folded))
    figures = "".join(_DIGIT.findall(text))
    found = [name for name in _parts(person.names) if plain(name).text in words]
    found += [number for number in person.numbers if number in figures]
    found += [told for told in person.told if _DIGIT.search(told) and plain(told).text in folded]
    return list(dict.fromkeys(found))


def _parts(names: Sequence[str]) -> list[str]:
    parts = [part for name in names for part in _WORD.findall(name)]
    return [part for part in parts if len(part) >= _SHORTEST and plain(part).text not in _PARTICLES]
