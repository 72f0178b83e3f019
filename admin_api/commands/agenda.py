"""`masteria agenda`: when a company's services can be booked."""

import argparse
import asyncio
from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any, Final

from admin_api.commands.home_option import add_home
from admin_api.commands.places import settings_here
from admin_api.tenants.store import company_named
from admin_api.terminal import Parser, launch, say, text, write, write_json
from core.audit import OPERATOR
from core.db.sessions import Database, Pool, TenantSession
from core.models.commerce import OpeningHours
from graphs.stores import hours
from graphs.stores.hours import Hours

_PT: Final = ("seg", "ter", "qua", "qui", "sex", "sáb", "dom")
_EN: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NUMBERS: Final = {name: day for names in (_PT, _EN) for day, name in enumerate(names)} | {"sab": 5}


def main(arguments: Sequence[str]) -> int:
    return asyncio.run(_run(_parser().parse_args(arguments)))


def _parser() -> Parser:
    about = text(
        "Diz quando os serviços de uma empresa podem ser marcados. As personas só oferecem o que estiver aqui e livre.",
        "Says when a company's services can be booked. Personas offer only what is here and free.",
    )
    parser = Parser(prog="masteria agenda", description=about)
    actions = parser.add_subparsers(dest="what", required=True, metavar="list|open|close")
    listing = actions.add_parser("list", description=text("Mostra os horários.", "Show the hours."))
    opening = actions.add_parser("open", description=text("Abre horários.", "Open hours."))
    closing = actions.add_parser(
        "close",
        description=text(
            "Fecha horários; o que já foi marcado continua marcado.", "Close hours; what is booked stays booked."
        ),
    )
    for one in (opening, closing):
        one.add_argument("service", metavar="SERVICE", help=text("o serviço, p. ex. retorno", "the service"))
        days = text("dias: seg-sex, ou seg,qua,sáb", "days: mon-fri, or mon,wed,sat")
        one.add_argument("--days", type=_days, required=True, metavar="DAYS", help=days)
    opening.add_argument(
        "--from", dest="opens", type=_time, required=True, metavar="HH:MM", help=text("das", "from when")
    )
    opening.add_argument("--to", dest="closes", type=_time, required=True, metavar="HH:MM", help=text("até", "to when"))
    opening.add_argument("--minutes", type=int, default=60, help=text("duração de cada vaga", "how long a place takes"))
    opening.add_argument("--places", type=int, default=1, help=text("vagas ao mesmo tempo", "places at the same time"))
    for one in (listing, opening, closing):
        one.add_argument("--company", required=True, metavar="SLUG", help=text("a empresa", "the company"))
        one.add_argument("--json", action="store_true", help=text("em JSON", "as JSON"))
        add_home(one)
    return parser


async def _run(options: Namespace) -> int:
    settings = settings_here(options)
    database = Database(settings.require("DATABASE_URL"), Pool(size=1))
    try:
        await database.check()
        company = await company_named(database, options.company)
        async with database.tenant_session(company) as session:
            await _do(session, options)
            rows = await hours.listed(session)
    finally:
        await database.close()
    _show(rows, as_json=options.json)
    return 0


async def _do(session: TenantSession, options: Namespace) -> None:
    if options.what == "open":
        wanted = Hours(
            service=options.service,
            opens=options.opens,
            closes=options.closes,
            minutes=options.minutes,
            places=options.places,
        )
        await hours.open_on(session, options.days, wanted, OPERATOR)
    elif options.what == "close":
        await hours.close_on(session, options.service, options.days, OPERATOR)


def _show(rows: Sequence[OpeningHours], *, as_json: bool) -> None:
    if as_json:
        write_json([_about(row) for row in rows])
    elif rows:
        write("\n".join(map(_line, rows)))
    else:
        say("Nenhum horário aberto: use `masteria agenda open`.", "No hours are open: use `masteria agenda open`.")


def _line(row: OpeningHours) -> str:
    day = text(_PT[row.weekday], _EN[row.weekday])
    many = text(f"{row.places} vaga(s) de {row.minutes} min", f"{row.places} place(s) of {row.minutes} min")
    return f"{row.service:<24} {day}  {row.opens:%H:%M}-{row.closes:%H:%M}  {many}"


def _about(row: OpeningHours) -> dict[str, Any]:
    return {
        "service": row.service,
        "weekday": row.weekday,
        "opens": f"{row.opens:%H:%M}",
        "closes": f"{row.closes:%H:%M}",
        "minutes": row.minutes,
        "places": row.places,
    }


def _days(value: str) -> list[int]:
    return [day for part in value.lower().split(",") for day in _span(part.strip())]


def _span(part: str) -> list[int]:
    first, _, last = part.partition("-")
    if first not in _NUMBERS or (last and last not in _NUMBERS):
        raise argparse.ArgumentTypeError(text(f"{part}: escreva seg-sex, ou sáb", f"{part}: write mon-fri, or sat"))
    begin, end = _NUMBERS[first], _NUMBERS[last or first]
    return [day % len(_PT) for day in range(begin, end + 1 if end >= begin else end + 1 + len(_PT))]


def _time(value: str) -> time:
    try:
        return datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007 - a time of day has no zone
    except ValueError:
        raise argparse.ArgumentTypeError(text(f"{value}: escreva 09:00", f"{value}: write 09:00")) from None


if __name__ == "__main__":
    launch(main)
