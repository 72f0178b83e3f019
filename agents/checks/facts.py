"""What is known to be so in a turn, as a draft's numbers and dates are held against it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from agents.checks.atoms import OF_DATE, Atom, Kind, atoms
from agents.checks.folding import KEPT

_LEAST_DIGITS: Final = 8  # of a telephone that is written with or without what stands before it


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Every value that texts hold, by its kind; of numbers, with what they measure."""

    plain: frozenset[Decimal]
    measured: frozenset[tuple[Decimal, str | None]]
    money: frozenset[Decimal]
    percents: frozenset[Decimal]
    dates: frozenset[str]
    times: frozenset[str]
    digits: frozenset[str]
    emails: frozenset[str]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Facts":
        found: dict[Kind, list[Atom]] = {kind: [] for kind in Kind}
        for atom in (atom for text in texts for atom in _given(text)):
            found[atom.kind].append(atom)
        numbers = found[Kind.NUMBER]
        return cls(
            plain=frozenset(_values(atom for atom in numbers if atom.unit is None)),
            measured=frozenset((value, atom.unit) for atom in numbers for value in _exact(atom)),
            money=frozenset(_values(found[Kind.MONEY])),
            percents=frozenset(_values(found[Kind.PERCENT])),
            dates=frozenset(_words(found[Kind.DATE])),
            times=frozenset(_words(found[Kind.TIME])),
            digits=frozenset(_words(found[Kind.DIGITS])),
            emails=frozenset(_words(found[Kind.EMAIL])),
        )

    def bear(self, atom: Atom) -> bool:
        """Whether the draft's value is one of these, in any way that it may be read."""
        if atom.kind is Kind.DIGITS:
            return any(self._has_digits(str(value)) for value in atom.values)
        if atom.kind is Kind.EMAIL:
            return any(value in self.emails for value in atom.values)
        return any(self._has(atom, value) for value in atom.values)

    def _has(self, atom: Atom, value: str | Decimal) -> bool:
        match atom.kind, value:
            case Kind.MONEY, Decimal():
                return value in self.money or value in self.plain
            case Kind.PERCENT, Decimal():
                return value in self.percents
            case Kind.DATE, str():
                return any(_same_date(value, known) for known in self.dates)
            case Kind.TIME, str():
                return self._has_time(value)
            case _, Decimal():
                return self._has_number(value, atom.unit)
        return False

    def _has_number(self, value: Decimal, unit: str | None) -> bool:
        if value in self.plain or (value, unit) in self.measured:
            return True
        if unit == "hour":
            return f"{value:02}:00" in self.times
        if unit == OF_DATE:
            return any(int(date[-2:]) == value for date in self.dates)
        return unit is None and self._has_bare(value)

    def _has_bare(self, value: Decimal) -> bool:
        """A number by itself may be a price, a year or the number of an order; "7 dias" are no seven shops."""
        return value in self.money or str(value) in self.digits or str(value) in {date[:-6] for date in self.dates}

    def _has_time(self, value: str) -> bool:
        """`9h` is also a nine in "das 9 às 18", and `24h` a day's length."""
        hour, _, minute = value.partition(":")
        if value in self.times or minute != "00":
            return value in self.times
        return Decimal(hour) in self.plain or (Decimal(hour), "hour") in self.measured

    def _has_digits(self, value: str) -> bool:
        """With or without the country and the area that stand before a number."""
        if value in self.digits or (value.isdigit() and Decimal(value) in self.plain):
            return True
        ends = (known for known in self.digits if min(len(known), len(value)) >= _LEAST_DIGITS)
        return any(known.endswith(value) or value == f"55{known}" for known in ends)


def unborne(text: str, facts: Facts) -> Iterator[Atom]:
    """What a draft states and nothing bears out."""
    return (atom for atom in atoms(text) if not facts.bear(atom))


@lru_cache(maxsize=KEPT)
def _given(text: str) -> tuple[Atom, ...]:
    return tuple(atoms(text, is_ground=True))


def _values(found: Iterable[Atom]) -> Iterator[Decimal]:
    return (value for atom in found for value in _exact(atom))


def _exact(atom: Atom) -> Iterator[Decimal]:
    return (value for value in atom.values if isinstance(value, Decimal))


def _words(found: Iterable[Atom]) -> Iterator[str]:
    return (str(value) for atom in found for value in atom.values)


def _same_date(one: str, other: str) -> bool:
    """A year that is not said is whichever it is."""
    year, rest = one[:-6], one[-6:]
    known_year, known_rest = other[:-6], other[-6:]
    return rest == known_rest and (not year or not known_year or year == known_year)
