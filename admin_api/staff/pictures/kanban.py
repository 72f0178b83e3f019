"""A board as a picture for a phone: its columns two by two, each with how many stand there and who came last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from admin_api.staff import amounts
from admin_api.staff.pictures.canvas import (
    GREEN,
    GREY,
    INK,
    MARGIN,
    PALE,
    ROOM,
    RUST,
    SOFT,
    TEAL,
    Canvas,
    fitted,
    high,
    legible,
    wide,
)
from agents.personas.drawing_type import Style
from core.errors import TooLarge
from core.models.personas import StageKind
from core.texts import Language, Text

SHOWN: Final = 5  # names in a column; the others are counted
_MOST_COLUMNS: Final = 40
_GAP: Final = 24
_PADDING: Final = 24
_STRIPES: Final = {StageKind.OPEN: TEAL, StageKind.WON: GREEN, StageKind.LOST: GREY}
_OLD: Final = timedelta(days=7)

_NOBODY: Final = Text("ninguém aqui", "nobody here")
_NAMELESS: Final = Text("Sem nome", "No name")
_MORE: Final = Text("+ {n} outros", "+ {n} more")
_ONE_MORE: Final = Text("+ 1 outro", "+ 1 more")
_LEADS: Final = Text("{n} leads", "{n} leads")
_ONE_LEAD: Final = Text("1 lead", "1 lead")
_EMPTY: Final = Text("Este quadro não tem colunas.", "This board has no columns.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """One lead: since when it has stood where it stands."""

    name: str | None
    value_cents: int | None
    since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """`leads` are those that came last; `count` and `value_cents` are of all. No value is known: none."""

    name: str
    kind: StageKind
    count: int
    value_cents: int | None
    leads: Sequence[Standing]


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """`at` is now, in the company's time zone."""

    board: str
    at: datetime
    columns: Sequence[Column]
    language: Language = Language.PT

    def say(self, text: Text) -> str:
        return text.in_(self.language)


def png(drawn: Drawn) -> bytes:
    if len(drawn.columns) > _MOST_COLUMNS:
        raise TooLarge(
            "O quadro tem colunas demais para uma imagem: peça em texto.",
            "The board has too many columns for one picture: ask for it as text.",
        )
    rows = [drawn.columns[start : start + 2] for start in range(0, len(drawn.columns), 2)]
    heights = [max(_height(column) for column in row) for row in rows]
    head = MARGIN + high(Style.TITLE) + high(Style.BODY) + _GAP
    canvas = Canvas(head + (sum(heights) + _GAP * len(rows) if rows else high(Style.BODY) + _GAP) + MARGIN - _GAP)
    _write_head(canvas, drawn)
    if not rows:
        canvas.write((MARGIN, head), drawn.say(_EMPTY), Style.BODY, SOFT)
    top = head
    for row, height in zip(rows, heights, strict=True):
        _paint_row(canvas, drawn, row, (top, height))
        top += height + _GAP
    return canvas.png()


def _write_head(canvas: Canvas, drawn: Drawn) -> None:
    canvas.write((MARGIN, MARGIN), fitted(legible(drawn.board, "?"), Style.TITLE, ROOM), Style.TITLE)
    total = sum(column.count for column in drawn.columns)
    values = [column.value_cents for column in drawn.columns if column.kind is StageKind.OPEN and column.value_cents]
    parts = [_counted(drawn, total, _ONE_LEAD, _LEADS), amounts.moment(drawn.at, drawn.language)]
    if values:
        parts.insert(1, amounts.money(sum(values), drawn.language))
    canvas.write((MARGIN, MARGIN + high(Style.TITLE)), " · ".join(parts), Style.BODY, SOFT)


def _paint_row(canvas: Canvas, drawn: Drawn, row: Sequence[Column], place: tuple[int, int]) -> None:
    """Who stands alone has the whole width."""
    top, height = place
    width = ROOM if len(row) == 1 else (ROOM - _GAP) // 2
    for number, column in enumerate(row):
        left = MARGIN + number * (width + _GAP)
        canvas.card((left, top, left + width, top + height), _STRIPES[column.kind])
        _write_column(canvas, drawn, column, (left + _PADDING, top + _PADDING + 6, left + width - _PADDING))


def _write_column(canvas: Canvas, drawn: Drawn, column: Column, place: tuple[int, int, int]) -> None:
    left, top, right = place
    count = amounts.number(column.count, drawn.language)
    canvas.write_right((right, top), count, Style.HEADING, _STRIPES[column.kind])
    room = right - left - wide(count, Style.HEADING) - 16
    canvas.write((left, top + 8), fitted(legible(column.name, "?"), Style.STRONG, room), Style.STRONG)
    top += high(Style.HEADING)
    worth = "" if column.value_cents is None else amounts.money(column.value_cents, drawn.language)
    canvas.write((left, top), worth, Style.SMALL, SOFT)
    top += high(Style.SMALL) + 10
    canvas.draw.line((left, top, right, top), fill=PALE, width=2)
    top += 12
    if not column.count:
        canvas.write((left, top), drawn.say(_NOBODY), Style.SMALL, GREY)
    for lead in column.leads[:SHOWN]:
        _write_lead(canvas, drawn, lead, (left, top, right))
        top += _LEAD
    rest = column.count - len(column.leads[:SHOWN])
    if rest > 0 and column.leads:
        canvas.write((left, top), _counted(drawn, rest, _ONE_MORE, _MORE), Style.SMALL, SOFT)


def _write_lead(canvas: Canvas, drawn: Drawn, lead: Standing, place: tuple[int, int, int]) -> None:
    left, top, right = place
    stood = drawn.at - lead.since
    name = legible(lead.name or "", drawn.say(_NAMELESS))
    canvas.write((left, top), fitted(name, Style.BODY, right - left), Style.BODY, INK if lead.name else SOFT)
    top += high(Style.BODY) - 4
    worth = "" if lead.value_cents is None else amounts.money(lead.value_cents, drawn.language)
    canvas.write((left, top), worth, Style.SMALL, SOFT)
    colour = RUST if stood >= _OLD else SOFT
    canvas.write_right((right, top), amounts.age(stood, drawn.language), Style.SMALL, colour)


def _height(column: Column) -> int:
    shown = len(column.leads[:SHOWN])
    lines = shown * _LEAD
    if not column.count or column.count > shown > 0:
        lines += high(Style.SMALL)
    return 2 * _PADDING + 6 + high(Style.HEADING) + high(Style.SMALL) + 22 + lines


def _counted(drawn: Drawn, count: int, one: Text, many: Text) -> str:
    told = one if count == 1 else many
    return drawn.say(told).replace("{n}", amounts.number(count, drawn.language))


_LEAD: Final = high(Style.BODY) + high(Style.SMALL) + 8
