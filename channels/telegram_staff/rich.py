"""Text with marks, built and never parsed: whatever a customer is called or writes cannot break a message.

Telegram counts in units of UTF-16 and cuts blank ends off, so both are done here before it sees the marks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate
from typing import Final

LONGEST: Final = 4096
LONGEST_CAPTION: Final = 1024
MOST_MARKS: Final = 100
_BORDERS: Final = ("\n\n", "\n", ". ", " ")


class MarkKind(StrEnum):
    """As Telegram names them."""

    BOLD = "bold"
    ITALIC = "italic"
    STRIKE = "strikethrough"
    CODE = "code"
    BLOCK = "pre"
    QUOTE = "blockquote"
    FOLDED = "expandable_blockquote"
    LINK = "text_link"


@dataclass(frozen=True, slots=True)
class Mark:
    """In characters of Python; `units` turns them into Telegram's."""

    kind: MarkKind
    start: int
    length: int
    url: str | None = None

    @property
    def end(self) -> int:
        return self.start + self.length

    def moved(self, by: int) -> "Mark":
        return replace(self, start=self.start + by)


@dataclass(frozen=True, slots=True)
class Rich:
    text: str
    marks: tuple[Mark, ...] = ()

    def __add__(self, other: "Rich | str") -> "Rich":
        more = other if isinstance(other, Rich) else Rich(other)
        moved = tuple(mark.moved(len(self.text)) for mark in more.marks)
        return Rich(self.text + more.text, self.marks + moved)

    def __radd__(self, other: str) -> "Rich":
        return Rich(other) + self

    def __bool__(self) -> bool:
        return bool(self.text.strip())

    def cut(self, start: int, end: int) -> "Rich":
        """A part, without blank ends, and with what of the marks lies in it."""
        part = self.text[start:end]
        start += len(part) - len(part.lstrip())
        part = part.strip()
        end = start + len(part)
        inside = (
            replace(mark, start=max(mark.start, start) - start, length=min(mark.end, end) - max(mark.start, start))
            for mark in self.marks
        )
        return Rich(part, tuple(mark for mark in inside if mark.length > 0))


def bold(text: str) -> Rich:
    return _marked(MarkKind.BOLD, text)


def italic(text: str) -> Rich:
    return _marked(MarkKind.ITALIC, text)


def strike(text: str) -> Rich:
    return _marked(MarkKind.STRIKE, text)


def code(text: str) -> Rich:
    return _marked(MarkKind.CODE, text)


def block(text: str) -> Rich:
    return _marked(MarkKind.BLOCK, text)


def quote(text: str, *, is_folded: bool = False) -> Rich:
    return _marked(MarkKind.FOLDED if is_folded else MarkKind.QUOTE, text)


def link(text: str, url: str) -> Rich:
    return Rich(text, (Mark(MarkKind.LINK, 0, len(text), url),) if text else ())


def lines(*parts: Rich | str | None) -> Rich:
    """Each on a line of its own; those that are None are left out, an empty one is a gap."""
    return join("\n", (part for part in parts if part is not None))


def join(between: str, parts: Iterable[Rich | str]) -> Rich:
    whole = Rich("")
    for number, part in enumerate(parts):
        whole = whole + between + part if number else whole + part
    return whole


def pieces(rich: Rich, longest: int = LONGEST) -> Iterator[Rich]:
    """As few messages as it takes, cut at the borders of paragraphs where there are any."""
    rest = rich.cut(0, len(rich.text))
    while rest.text:
        end = _fitting(rest, longest)
        if end < len(rest.text):
            end = _border(rest.text, end)
        yield rest.cut(0, end)
        rest = rest.cut(end, len(rest.text))


def shortened(rich: Rich, longest: int) -> Rich:
    """The beginning, with a sign that there is more."""
    whole = rich.cut(0, len(rich.text))
    if units(whole.text) <= longest:
        return whole
    return whole.cut(0, _fitting(whole, longest - 1)) + "…"


def units(text: str) -> int:
    """How long Telegram finds it."""
    return len(text) + sum(character > "\uffff" for character in text)


def _marked(kind: MarkKind, text: str) -> Rich:
    return Rich(text, (Mark(kind, 0, len(text)),) if text else ())


def _fitting(rich: Rich, longest: int) -> int:
    """How many characters fit, with no more marks than a message takes."""
    ends = accumulate(2 if character > "\uffff" else 1 for character in rich.text)
    fitting = sum(1 for end in ends if end <= longest)
    starts = sorted(mark.start for mark in rich.marks)
    return fitting if len(starts) <= MOST_MARKS else max(1, min(fitting, starts[MOST_MARKS]))


def _border(text: str, end: int) -> int:
    for border in _BORDERS:
        found = text.rfind(border, end // 2, end)
        if found > 0:
            return found + len(border)
    return end
