"""Two columns as they are filled: on the left the customers' phones, on the right the staff group."""

import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from admin_api.terminal import text, write

_LEAST: Final = 96  # columns, below which lines are labelled instead
_WIDEST: Final = 150
_GAP: Final = " │ "
_JOINERS: Final = frozenset("\u200d\ufe0f")


@dataclass(frozen=True, slots=True)
class Screen:
    columns: int

    @property
    def has_two(self) -> bool:
        return self.columns >= _LEAST

    def head(self) -> None:
        if self.has_two:
            self._both([text("WHATSAPP DOS CLIENTES", "THE CUSTOMERS' WHATSAPP")], [_group()])
            self._both(["─" * self._half], ["─" * self._half])

    def step(self, number: int, title: str) -> None:
        write(f"\n▶ {number}. {title}")

    def customer(self, name: str, words: str) -> None:
        """Words of theirs, or such as came to their phone."""
        lines = _wrapped([f"{name}: {words}"], self._half)
        if self.has_two:
            self._both(lines, [])
        else:
            write("\n".join(f"WhatsApp │ {line}" for line in lines))

    def group(self, lines: Iterable[str]) -> None:
        wrapped = _wrapped(lines, self._half)
        if self.has_two:
            self._both([], wrapped)
        elif wrapped:
            write("\n".join(f"Telegram │ {line}" for line in wrapped))

    def checked(self, words: str) -> None:
        write(f"  ✓ {words}")

    @property
    def _half(self) -> int:
        if not self.has_two:
            return max(40, self.columns - 11)
        return (min(self.columns, _WIDEST) - len(_GAP)) // 2

    def _both(self, left: Sequence[str], right: Sequence[str]) -> None:
        for one, other in zip_longest(left, right, fillvalue=""):
            write(f"{one}{' ' * (self._half - _width(one))}{_GAP}{other}".rstrip())


def _group() -> str:
    return text("GRUPO DA EQUIPE NO TELEGRAM", "THE STAFF GROUP IN TELEGRAM")


def _wrapped(lines: Iterable[str], width: int) -> list[str]:
    wrapped: list[str] = []
    for each in lines:
        for line in each.split("\n"):
            indent = " " * min(6, len(line) - len(line.lstrip()) + 2)
            wrapped += textwrap.wrap(line, width - 2, subsequent_indent=indent, drop_whitespace=True) or [""]
    return wrapped


def _width(words: str) -> int:
    """In cells of a terminal: an emoji takes two, what joins them or stands on a letter none."""
    wide = sum(unicodedata.east_asian_width(one) in "WF" for one in words)
    none = sum(one in _JOINERS or bool(unicodedata.combining(one)) for one in words)
    return len(words) + wide - none
