"""What thinking code asks of the world. `graphs/stores/` answers with tables; tests answer with what they like.

Every port belongs to one company and, where it says so, to one contact: nobody names either, nor can name another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from core.errors import Unavailable


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """A piece of the company's knowledge, with what it may be called in an answer."""

    id: str  # short, unique within its turn: p1, p2, …
    text: str
    title: str
    score: float
    source: UUID | None = None
    is_approved: bool = False  # a person said that this is the answer: it may be told as it stands


class SearchFailed(Unavailable):
    """It was broken off, which is not the same as that there is nothing."""

    def __init__(self) -> None:
        super().__init__("A busca nos documentos não terminou.", "The search of the documents did not finish.")


class Retriever(Protocol):
    async def search(
        self, query: str, *, bases: Sequence[str], most: int = 5, persona: str | None = None
    ) -> Sequence[Passage]:
        """The best first; before them all an answer that was approved for this question, and for this persona.

        Nothing where none is good enough; `SearchFailed` where that could not be found out.
        """
        ...

    async def bases(self) -> frozenset[str]:
        """The names of the bases that exist."""
        ...


class NoKnowledge:
    """Of a company that has none yet: nothing is ever found."""

    async def search(
        self, query: str, *, bases: Sequence[str], most: int = 5, persona: str | None = None
    ) -> Sequence[Passage]:
        del query, bases, most, persona
        return ()

    async def bases(self) -> frozenset[str]:
        return frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A time at which a service can be had."""

    service: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Booking:
    id: UUID
    place: Place


class Appointments(Protocol):
    """Of one contact; free places are everybody's."""

    async def free(
        self, service: str | None, *, since: datetime, until: datetime, most: int = 6
    ) -> Sequence[Place]: ...

    async def of_contact(self) -> Sequence[Booking]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderNews:
    id: UUID  # two shops of a company may give the same number
    number: str
    state: str
    total_cents: int
    placed_at: datetime
    tracking: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ChargeNews:
    description: str
    method: str
    state: str
    amount_cents: int
    due_on: date | None = None
    pay_url: str | None = None
    pay_code: str | None = None


class Orders(Protocol):
    """Of one contact."""

    async def orders(self, number: str | None = None, *, most: int = 5) -> Sequence[OrderNews]: ...

    async def charges(self, *, most: int = 5) -> Sequence[ChargeNews]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """Something that a contact told us, on any channel."""

    key: str
    value: Mapping[str, Any]
    quote: str | None = None


class Spending(Protocol):
    """How many calls a contact and a company have left today. Asked before the first call of a turn."""

    async def calls_left(self, *, of_contact: int) -> int: ...
