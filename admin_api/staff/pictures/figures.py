"""The figures of some days as a picture for a phone: what counts most as tiles, and below them charts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from admin_api.analytics.figures import Figures, Period, Standing, Step, Unit
from admin_api.staff import amounts
from admin_api.staff.pictures.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    MARGIN,
    ROOM,
    RUST,
    SOFT,
    TEAL,
    Canvas,
    fitted,
    high,
    legible,
)
from admin_api.staff.pictures.charts import (
    Over,
    Part,
    Place,
    Series,
    legend,
    legend_height,
    lying,
    lying_height,
    over,
    over_height,
    parted,
    parted_height,
)
from agents.personas.drawing_type import Style
from core.models.personas import StageKind
from core.texts import Language, Text

MOST_COLUMNS: Final = 12  # of all boards together
_GAP: Final = 24
_PADDING: Final = 30
_TILE: Final = high(Style.HEADING) + high(Style.SMALL) + 2 * 22
_COLOURS: Final = {StageKind.OPEN: TEAL, StageKind.WON: GREEN, StageKind.LOST: GREY}

_TO: Final = Text("{a} a {b}", "{a} to {b}")
_RECEIVED: Final = Text("Mensagens recebidas", "Messages received")
_OPENED: Final = Text("Conversas novas", "New conversations")
_ALONE: Final = Text("Atendidas só pelo bot", "Answered by the bot alone")
_RESPONSE: Final = Text("1ª resposta (mediana)", "1st response (median)")
_HANDED: Final = Text("Passadas a pessoas", "Handed to people")
_LEADS: Final = Text("Leads novos", "New leads")
_WON: Final = Text("Ganhos", "Won")
_COST: Final = Text("Custo da IA", "Cost of AI")
_AND_UNKNOWN: Final = Text("{cost} + ?", "{cost} + ?")
_SALES: Final = Text("Pedidos pagos", "Orders paid")
_BOOKED: Final = Text("Agendamentos", "Appointments")
_MESSAGES: Final = {
    Unit.HOUR: Text("Mensagens por hora", "Messages per hour"),
    Unit.DAY: Text("Mensagens por dia", "Messages per day"),
    Unit.WEEK: Text("Mensagens por semana", "Messages per week"),
}
_BY_CUSTOMERS: Final = Text("dos clientes", "from customers")
_BY_BOT: Final = Text("do bot", "from the bot")
_BY_PEOPLE: Final = Text("de pessoas da equipe", "from people of the team")
_WHO: Final = Text("Quem atendeu as conversas", "Who answered the conversations")
_BOT_ALONE: Final = Text("só o bot", "the bot alone")
_PEOPLE: Final = Text("pessoas da equipe", "people of the team")
_NOBODY: Final = Text("ninguém ainda", "nobody yet")
_BOARD: Final = Text("Leads agora", "Leads now")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tile:
    value: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Card:
    """A chart with its title, once it is known how high it is."""

    title: str
    height: int
    paint: Callable[[Canvas, Place], None]


def png(figures: Figures, *, company: str, language: Language = Language.PT) -> bytes:
    say = _Sayer(language)
    tiles = list(_tiles(figures, say))
    cards = list(_cards(figures, say))
    head = MARGIN + high(Style.TITLE) + high(Style.BODY) + _GAP
    rows = -(-len(tiles) // 2)
    height = head + rows * (_TILE + _GAP) + sum(_full(card) + _GAP for card in cards) + MARGIN - _GAP
    canvas = Canvas(height)
    canvas.write((MARGIN, MARGIN), fitted(legible(company, "?"), Style.TITLE, ROOM), Style.TITLE)
    canvas.write((MARGIN, MARGIN + high(Style.TITLE)), _dates(figures.period, say), Style.BODY, SOFT)
    _paint_tiles(canvas, tiles, head)
    top = head + rows * (_TILE + _GAP)
    for card in cards:
        canvas.card((MARGIN, top, MARGIN + ROOM, top + _full(card)))
        canvas.write((MARGIN + _PADDING, top + _PADDING), card.title, Style.STRONG)
        inner = top + _PADDING + high(Style.STRONG) + 12
        card.paint(canvas, (MARGIN + _PADDING, inner, MARGIN + ROOM - _PADDING))
        top += _full(card) + _GAP
    return canvas.png()


@dataclass(frozen=True, slots=True)
class _Sayer:
    language: Language

    def __call__(self, text: Text) -> str:
        return text.in_(self.language)

    def number(self, value: float) -> str:
        return amounts.number(value, self.language)


def _full(card: _Card) -> int:
    return card.height + 2 * _PADDING + high(Style.STRONG) + 12


def _dates(period: Period, say: _Sayer) -> str:
    first, last = (amounts.day(day, say.language) for day in (period.begins, period.ends))
    told = first if period.days == 1 else say(_TO).replace("{a}", first).replace("{b}", last)
    return f"{told} · {period.ends.year}"


def _tiles(figures: Figures, say: _Sayer) -> Iterator[_Tile]:
    talk, answered = figures.talk, figures.talk.answered_by_bot_alone
    talks = answered + figures.talk.answered_by_people + figures.talk.unanswered
    yield _Tile(value=say.number(talk.received), label=say(_RECEIVED))
    yield _Tile(value=say.number(talk.conversations), label=say(_OPENED))
    yield _Tile(value=amounts.share(answered, talks, say.language) or "–", label=say(_ALONE))
    median = figures.handoffs.median_response
    yield _Tile(value="–" if median is None else amounts.span(median), label=say(_RESPONSE))
    yield _Tile(value=say.number(figures.handoffs.asked), label=say(_HANDED))
    yield _Tile(value=say.number(figures.moves.new_leads), label=say(_LEADS))
    yield _Tile(value=say.number(figures.moves.won), label=say(_WON))
    yield _Tile(value=_cost(figures, say), label=say(_COST))
    for sales in figures.sales:
        value = amounts.money(sales.orders_cents, say.language, currency=sales.currency)
        yield _Tile(value=value, label=f"{say(_SALES)} ({say.number(sales.orders)})")
    if figures.appointments.booked or figures.appointments.due:
        yield _Tile(value=say.number(figures.appointments.booked), label=say(_BOOKED))


def _cost(figures: Figures, say: _Sayer) -> str:
    """Unknown is not zero."""
    if not figures.unknown_calls:
        return amounts.dollars(figures.known_micros, say.language)
    if not figures.known_micros:
        return "?"
    return say(_AND_UNKNOWN).replace("{cost}", amounts.dollars(figures.known_micros, say.language))


def _cards(figures: Figures, say: _Sayer) -> Iterator[_Card]:
    yield _messages(figures, say)
    yield _who(figures, say)
    if figures.standings:
        yield _board(figures.standings, say)


def _messages(figures: Figures, say: _Sayer) -> _Card:
    bars = (
        Series(name=say(_BY_BOT), colour=TEAL, values=[step.by_bot for step in figures.steps]),
        Series(name=say(_BY_PEOPLE), colour=BLUE, values=[step.by_people for step in figures.steps]),
    )
    line = Series(name=say(_BY_CUSTOMERS), colour=RUST, values=[step.received for step in figures.steps])
    parts = [
        Part(name=one.name, colour=one.colour, value=sum(one.values), written=say.number(sum(one.values)))
        for one in (line, *bars)
    ]
    unit = figures.period.unit
    chart = Over(
        bars=bars,
        line=line,
        labels=[_label(step, unit, say) for step in figures.steps],
        written=lambda value: amounts.short(value, say.language),
    )

    def paint(canvas: Canvas, place: Place) -> None:
        left, top, right = place
        legend(canvas, parts, place)
        over(canvas, chart, (left, top + legend_height(parts) + 14, right))

    return _Card(title=say(_MESSAGES[unit]), height=legend_height(parts) + 14 + over_height(), paint=paint)


def _label(step: Step, unit: Unit, say: _Sayer) -> str:
    return f"{step.begins.hour} h" if unit is Unit.HOUR else amounts.day(step.begins.date(), say.language)


def _who(figures: Figures, say: _Sayer) -> _Card:
    talk = figures.talk
    parts = [
        Part(name=say(name), colour=colour, value=value, written=say.number(value))
        for name, colour, value in (
            (_BOT_ALONE, TEAL, talk.answered_by_bot_alone),
            (_PEOPLE, BLUE, talk.answered_by_people),
            (_NOBODY, RUST, talk.unanswered),
        )
    ]
    return _Card(title=say(_WHO), height=parted_height(parts), paint=lambda canvas, place: parted(canvas, parts, place))


def _board(standings: Sequence[Standing], say: _Sayer) -> _Card:
    shown = standings[:MOST_COLUMNS]
    has_boards = len({one.board for one in shown}) > 1
    parts = [
        Part(
            name=f"{one.board}: {one.stage}" if has_boards else one.stage,
            colour=_COLOURS[one.kind],
            value=one.leads,
            written=_worth(one, say),
        )
        for one in shown
    ]
    return _Card(title=say(_BOARD), height=lying_height(parts), paint=lambda canvas, place: lying(canvas, parts, place))


def _worth(one: Standing, say: _Sayer) -> str:
    count = say.number(one.leads)
    return count if not one.value_cents else f"{count} · {amounts.money(one.value_cents, say.language)}"


def _paint_tiles(canvas: Canvas, tiles: Sequence[_Tile], top: int) -> None:
    width = (ROOM - _GAP) // 2
    for number, tile in enumerate(tiles):
        left, head = MARGIN + number % 2 * (width + _GAP), top + number // 2 * (_TILE + _GAP)
        canvas.card((left, head, left + width, head + _TILE))
        canvas.write(
            (left + _PADDING, head + 18), fitted(tile.value, Style.HEADING, width - 2 * _PADDING), Style.HEADING, INK
        )
        at = (left + _PADDING, head + 18 + high(Style.HEADING))
        canvas.write(at, fitted(tile.label, Style.SMALL, width - 2 * _PADDING), Style.SMALL, SOFT)
