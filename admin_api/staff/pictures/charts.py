"""Charts for a phone: bars with a line over them, one bar in parts, bars that lie one below the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from admin_api.staff.pictures.canvas import INK, PALE, SOFT, Canvas, fitted, high, legible, steps, wide
from agents.personas.drawing_type import Style

PLOT: Final = 330
_LABELS: Final = 6  # as many as fit side by side below the bars
_DOT: Final = 28
_THICK: Final = 34
_SHORTEST: Final = 4  # of a bar that is not nought

Place = tuple[int, int, int]  # left, top, right


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One value for each step."""

    name: str
    colour: str
    values: Sequence[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Over:
    """Bars that stand on each other, and a line over them, along the same steps."""

    bars: Sequence[Series]
    line: Series
    labels: Sequence[str]
    written: Callable[[float], str]

    @property
    def most(self) -> int:
        stacked = (sum(values) for values in zip(*(one.values for one in self.bars), strict=True))
        return max((*stacked, *self.line.values), default=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    name: str
    colour: str
    value: int
    written: str


def legend_height(parts: Sequence[Part] | Sequence[Series]) -> int:
    return high(Style.SMALL) * len(parts) + 8


def legend(canvas: Canvas, parts: Sequence[Part], place: Place) -> None:
    """A line for each: its colour, its name, its value."""
    left, top, right = place
    for part in parts:
        canvas.draw.rounded_rectangle((left, top + 12, left + _DOT, top + 12 + _DOT), radius=6, fill=part.colour)
        canvas.write_right((right, top), part.written, Style.SMALL)
        room = right - left - _DOT - 40 - wide(part.written, Style.SMALL)
        canvas.write((left + _DOT + 16, top), fitted(part.name, Style.SMALL, room), Style.SMALL, SOFT)
        top += high(Style.SMALL)


def over_height() -> int:
    return PLOT + high(Style.SMALL) + 34


def over(canvas: Canvas, chart: Over, place: Place) -> None:
    left, top, right = place
    grid = steps(chart.most)
    room = max(wide(chart.written(value), Style.SMALL) for value in grid) + 18
    top += high(Style.SMALL) // 2
    bottom, scale = top + PLOT, PLOT / grid[-1]
    for value in grid:
        height = bottom - value * scale
        canvas.draw.line((left + room, height, right, height), fill=PALE, width=2)
        canvas.write_right((left + room - 16, height - high(Style.SMALL) / 2), chart.written(value), Style.SMALL, SOFT)
    width = (right - left - room) / max(1, len(chart.labels))
    _bars(canvas, chart, (left + room, bottom, width), scale)
    _line(canvas, chart.line, (left + room, bottom, width), scale)
    _labels(canvas, chart.labels, (left + room, bottom + 8, width))


def _bars(canvas: Canvas, chart: Over, place: tuple[float, float, float], scale: float) -> None:
    left, bottom, width = place
    gap = min(10.0, width / 6)
    for number in range(len(chart.labels)):
        foot = bottom
        for one in chart.bars:
            if not one.values[number]:
                continue
            head = foot - max(_SHORTEST, one.values[number] * scale)
            start = left + number * width
            canvas.draw.rectangle((start + gap, head, start + width - gap, foot), fill=one.colour)
            foot = head


def _line(canvas: Canvas, line: Series, place: tuple[float, float, float], scale: float) -> None:
    left, bottom, width = place
    points = [(left + (n + 0.5) * width, bottom - value * scale) for n, value in enumerate(line.values)]
    canvas.draw.line(points, fill=line.colour, width=6, joint="curve")
    size = 8 if len(points) <= 31 else 0  # noqa: PLR2004 - a month; more dots than that are a snake
    for across, down in points:
        canvas.draw.ellipse((across - size, down - size, across + size, down + size), fill=line.colour)


def _labels(canvas: Canvas, labels: Sequence[str], place: tuple[float, float, float]) -> None:
    """Each where there is room, else every second, third, …; the newest always."""
    left, top, width = place
    every = -(-len(labels) // _LABELS)
    for number, label in enumerate(labels):
        if (len(labels) - 1 - number) % every == 0:
            half = wide(label, Style.SMALL) / 2
            middle = min(left + (number + 0.5) * width, left + len(labels) * width - half)
            canvas.write_centred((max(middle, left + half), top), label, Style.SMALL, SOFT)


def parted_height(parts: Sequence[Part]) -> int:
    return _THICK + 20 + legend_height(parts)


def parted(canvas: Canvas, parts: Sequence[Part], place: Place) -> None:
    """One bar that is all of it."""
    left, top, right = place
    whole = sum(part.value for part in parts)
    canvas.draw.rectangle((left, top, right, top + _THICK), fill=PALE)
    start = float(left)
    for part in parts:
        end = start + (right - left) * part.value / max(1, whole)
        if part.value:
            canvas.draw.rectangle((start, top, end, top + _THICK), fill=part.colour)
        start = end
    legend(canvas, parts, (left, top + _THICK + 20, right))


def lying_height(parts: Sequence[Part]) -> int:
    return len(parts) * (high(Style.SMALL) + _THICK + 18)


def lying(canvas: Canvas, parts: Sequence[Part], place: Place) -> None:
    left, top, right = place
    most = max((part.value for part in parts), default=0)
    for part in parts:
        canvas.write_right((right, top), part.written, Style.SMALL)
        room = right - left - wide(part.written, Style.SMALL) - 24
        canvas.write((left, top), fitted(legible(part.name, "?"), Style.SMALL, room), Style.SMALL, INK)
        top += high(Style.SMALL)
        canvas.draw.rectangle((left, top, right, top + _THICK - 10), fill=PALE)
        end = left + (right - left) * part.value / max(1, most)
        if part.value:
            canvas.draw.rectangle((left, top, max(end, left + _SHORTEST), top + _THICK - 10), fill=part.colour)
        top += _THICK + 18
