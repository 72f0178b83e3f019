"""Figures of some days, as a chart and in numbers."""

import asyncio
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from admin_api.analytics import queries
from admin_api.analytics.figures import Figures, Period, Sales
from admin_api.staff import amounts, reading
from admin_api.staff.arguments import Misused
from admin_api.staff.asking import Action, Answer, Ask, Command, Param, Picture
from admin_api.staff.folding import folded
from admin_api.staff.pictures import figures as drawing
from admin_api.tenants.store import own_company
from channels.telegram_staff.rich import Rich, bold, lines
from core.models.people import Role
from core.texts import Text

NUMBERS: Final = "numbers"
_MOST_DAYS: Final = 366
_DAYS: Final = re.compile(r"(\d{1,3})\s*(?:d|dias?|days?)?")
_NAMED: Final = {"hoje": 1, "today": 1, "semana": 7, "week": 7, "mes": 30, "month": 30}
_YESTERDAY: Final = frozenset({"ontem", "yesterday"})
_USUAL: Final = 7


async def _numbers(ask: Ask) -> Answer:
    period = _period(str(ask.arguments.get("period", "")), await queries.today(ask.session))
    figures, company = await queries.figures_of(ask.session, period), await own_company(ask.session)
    png = await asyncio.to_thread(drawing.png, figures, company=company.name, language=ask.asker.language)
    return Answer(text=_in_words(ask, figures, company.name), picture=Picture(png=png, name="numeros.png"))


def _in_words(ask: Ask, figures: Figures, company: str) -> Rich:
    """Short enough for a caption; the rest is in the chart."""
    language, say, talk = ask.asker.language, ask.say, figures.talk
    begins, ends = (amounts.day(day, language) for day in (figures.period.begins, figures.period.ends))

    def count(many: int) -> str:
        return amounts.number(many, language)

    counts = (
        (Text("Conversas", "Conversations"), talk.conversations),
        (Text("Recebidas", "Received"), talk.received),
        (Text("Do bot", "By the bot"), talk.by_bot),
        (Text("Da equipe", "By staff"), talk.by_people),
        (Text("Pediram uma pessoa", "Asked for a person"), figures.handoffs.asked),
        (Text("Leads novos", "New leads"), figures.moves.new_leads),
        (Text("Ganhos", "Won"), figures.moves.won),
        (Text("Pararam de receber", "Opted out"), figures.opt_outs),
    )
    return lines(
        bold(f"📊 {company}") + f" · {begins if begins == ends else f'{begins} – {ends}'}",
        *(f"{say(name)}: {count(many)}" for name, many in counts),
        *_rarer(figures, ask),
        *(line for one in figures.sales for line in _sold(one, ask)),
        f"💰 {say(Text('Modelos', 'Models'))}: {_cost(figures, ask)}",
    )


def _rarer(figures: Figures, ask: Ask) -> Iterator[str]:
    """Each where there is anything to tell."""
    say, waits, moves, known = ask.say, figures.handoffs, figures.moves, figures.knowledge

    def count(many: int) -> str:
        return amounts.number(many, ask.asker.language)

    if figures.talk.by_system:
        yield f"{say(Text('Automáticas', 'Automatic'))}: {count(figures.talk.by_system)}"
    if waits.waiting_now:
        yield f"{say(Text('Esperam uma pessoa agora', 'Wait for a person now'))}: {count(waits.waiting_now)}"
    if waits.median_response is not None and waits.ninth_decile is not None:
        first = say(Text("1ª resposta da equipe", "First answer by staff"))
        most = say(Text("9 de cada 10 em até", "9 of 10 within"))
        yield f"{first}: {amounts.span(waits.median_response)} · {most} {amounts.span(waits.ninth_decile)}"
    if moves.precision is not None:
        right = f"{amounts.number(100 * moves.precision, ask.asker.language)}%"
        told = say(Text("Etapas movidas por regra", "Moves by rules"))
        undone = say(Text("desfeitas", "undone"))
        yield f"{told}: {count(moves.by_rule)} · {undone}: {count(moves.undone)} ({say(_PRECISION)} {right})"
    if known.open_gaps or known.new_gaps:
        told = say(Text("Perguntas sem resposta", "Questions without an answer"))
        yield f"{told}: {count(known.open_gaps)} · {say(Text('novas', 'new'))}: {count(known.new_gaps)}"
    if known.approved:
        yield f"{say(Text('Respostas aprovadas', 'Approved answers'))}: {count(known.approved)}"


def _sold(sales: Sales, ask: Ask) -> Iterator[str]:
    """What was sold, and what was paid of what we charged, each where there was any."""
    language, currency = ask.asker.language, sales.currency
    if sales.orders:
        total = amounts.money(sales.orders_cents, language, currency=currency)
        orders = ask.say(Text("pedido(s) pago(s)", "paid order(s)"))
        yield f"🛒 {ask.say(Text('Vendido', 'Sold'))}: {total} ({sales.orders} {orders})"
    if sales.charges:
        total = amounts.money(sales.charges_cents, language, currency=currency)
        charges = ask.say(Text("cobrança(s) paga(s)", "paid charge(s)"))
        yield f"💵 {ask.say(Text('Recebido', 'Collected'))}: {total} ({sales.charges} {charges})"


def _cost(figures: Figures, ask: Ask) -> str:
    known = amounts.dollars(figures.known_micros, ask.asker.language)
    unknown = figures.unknown_calls
    if not unknown:
        return known
    more = Text(f" + {unknown} chamadas de custo desconhecido", f" + {unknown} calls of unknown cost")
    return known + ask.say(more)


def _period(words: str, today: date) -> Period:
    said = folded(words)
    if said in _YESTERDAY:
        return Period(begins=today - timedelta(days=1), ends=today - timedelta(days=1))
    found = _DAYS.fullmatch(said)
    days = _NAMED.get(said) or (int(found[1]) if found else _USUAL if not said else 0)
    if not 1 <= days <= _MOST_DAYS:
        raise Misused(
            Text(
                "Escreva hoje, ontem, semana, mês, ou um número de dias.",
                "Write today, yesterday, week, month or days.",
            )
        )
    return Period.last(days, today=today)


_PRECISION: Final = Text("precisão", "precision")
ACTIONS: Final = (
    Action(
        name=NUMBERS,
        about=Text("Os números de um período, com gráfico.", "The figures of a period, with a chart."),
        role=Role.VIEWER,
        run=_numbers,
        params=(
            Param(
                name="period",
                about=Text("Período: hoje, ontem, semana, mês ou dias", "Period: today, week, days"),
                is_required=False,
            ),
        ),
    ),
)
COMMANDS: Final = (
    Command(
        name="numeros",
        action=NUMBERS,
        about=Text("Os números, com gráfico", "The figures, with a chart"),
        usage=Text("/numeros [hoje|ontem|semana|mês|30]", "/numbers [today|yesterday|week|month|30]"),
        read=reading.all_as("period"),
        aliases=("numbers", "figures"),
    ),
)
