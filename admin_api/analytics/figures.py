"""What a company did in some days of its own: plain values, equal to a recount of the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from core.errors import Malformed
from core.models.personas import StageKind

_MOST_DAYS: Final = 731
_DAYS_SHOWN: Final = 62  # beyond that, weeks


class Unit(StrEnum):
    """How long one step of a series is; PostgreSQL's names."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """Whole days in the company's time zone, the last one included."""

    begins: date
    ends: date

    def __post_init__(self) -> None:
        if not 0 <= (self.ends - self.begins).days < _MOST_DAYS:
            raise Malformed(
                f"Período inválido: de {self.begins:%d/%m/%Y} a {self.ends:%d/%m/%Y}. Use no máximo dois anos.",
                f"Invalid period: {self.begins} to {self.ends}. Use two years at most.",
            )

    @classmethod
    def last(cls, days: int, *, today: date) -> Self:
        """Today and the days before it."""
        return cls(begins=today - timedelta(days=days - 1), ends=today)

    @property
    def days(self) -> int:
        return (self.ends - self.begins).days + 1

    @property
    def unit(self) -> Unit:
        if self.days == 1:
            return Unit.HOUR
        return Unit.DAY if self.days <= _DAYS_SHOWN else Unit.WEEK


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """An hour, day or week, from `begins` on in the company's time zone; one in which nothing happened is there too."""

    begins: datetime
    conversations: int = 0
    received: int = 0
    by_bot: int = 0
    by_people: int = 0
    handoffs: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Talk:
    """`by_system`: what neither wrote, such as the one line that confirms an opt-out.

    Of the conversations in which a customer wrote: who answered them in these days.
    """

    conversations: int
    people: int
    received: int
    by_bot: int
    by_people: int
    by_system: int
    answered_by_bot_alone: int
    answered_by_people: int
    unanswered: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Handoffs:
    """Of those that waited for a person. The response is the first line that one of the company wrote in it."""

    asked: int
    taken: int
    answered: int
    median_response: timedelta | None
    ninth_decile: timedelta | None
    waiting_now: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How many stand in a column now, and what is known of their worth."""

    board: str
    stage: str
    kind: StageKind
    leads: int
    value_cents: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Moves:
    """Those that rules made; `undone`, by a person since. Ways into columns where leads end count whoever led there."""

    new_leads: int
    by_rule: int
    undone: int
    won: int
    lost: int

    @property
    def precision(self) -> float | None:
        return None if self.by_rule == 0 else 1 - self.undone / self.by_rule


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What models took for one purpose. `micros` are those that are known; `unknown` calls cost nobody knows what."""

    what: str
    calls: int
    micros: int
    unknown: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Knowledge:
    open_gaps: int
    new_gaps: int
    approved: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Appointments:
    """Made and called off in these days; `due` are those that lie in them."""

    booked: int
    cancelled: int
    due: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Sales:
    """Orders placed that were paid and not given back, and charges that were paid, in one currency."""

    currency: str
    orders: int
    orders_cents: int
    charges: int
    charges_cents: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    period: Period
    steps: Sequence[Step]
    talk: Talk
    handoffs: Handoffs
    standings: Sequence[Standing]
    moves: Moves
    opt_outs: int
    costs: Sequence[Cost]
    knowledge: Knowledge
    appointments: Appointments
    sales: Sequence[Sales]

    @property
    def known_micros(self) -> int:
        return sum(cost.micros for cost in self.costs)

    @property
    def unknown_calls(self) -> int:
        return sum(cost.unknown for cost in self.costs)
