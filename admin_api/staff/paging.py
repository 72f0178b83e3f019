"""Ten of a list at a time, with the buttons that lead on and back."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from admin_api.staff.asking import Ask
from admin_api.staff.buttons import Choice

A_PAGE: Final = 10
_A_ROW: Final = 5
_FURTHEST: Final = 10_000

Item = TypeVar("Item")


def page_of(ask: Ask) -> int:
    """From 0 on."""
    page = ask.arguments.get("page", 0)
    return page if isinstance(page, int) and 0 <= page <= _FURTHEST else 0


class Leaf(Generic[Item]):
    """One page. Whoever loads it asks for one item more than it shows, which tells whether there is another."""

    def __init__(self, ask: Ask, found: Sequence[Item]) -> None:
        self.number = page_of(ask)
        self.items = found[:A_PAGE]
        self._arguments = {name: value for name, value in ask.arguments.items() if name != "page"}
        self._has_more = len(found) > A_PAGE

    @classmethod
    def of_all(cls, ask: Ask, every: Sequence[Item]) -> "Leaf[Item]":
        start = page_of(ask) * A_PAGE
        return cls(ask, every[start : start + A_PAGE + 1])

    @property
    def first(self) -> int:
        """The number of its first item."""
        return self.number * A_PAGE + 1

    def turns(self, action: str, *, arguments: Mapping[str, Any] | None = None) -> list[Choice]:
        """The row of « and ». None, where all is on one page."""
        kept = self._arguments if arguments is None else dict(arguments)
        back = [self._turn("«", action, kept, self.number - 1)] if self.number else []
        on = [self._turn("»", action, kept, self.number + 1)] if self._has_more else []
        return back + on

    @staticmethod
    def _turn(sign: str, action: str, kept: Mapping[str, Any], page: int) -> Choice:
        return Choice(text=sign, action=action, arguments={**kept, "page": page})


def rows_of(choices: Sequence[Choice]) -> list[list[Choice]]:
    """As many in a row as a thumb can tell apart."""
    return [list(choices[start : start + _A_ROW]) for start in range(0, len(choices), _A_ROW)]


def skipped(ask: Ask) -> int:
    return page_of(ask) * A_PAGE
