"""`masteria staff`: the process of the staff group; `code` makes a code that binds or links, `status` shows it all."""

import asyncio
import os
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from admin_api.commands.home_option import add_home
from admin_api.commands.places import settings_here
from admin_api.programs import SAFE_PATH
from admin_api.staff.roles import NAMES
from admin_api.staff.stores import bots, codes, groups, people
from admin_api.tenants.queries import MemberListing, list_members
from admin_api.tenants.store import company_named
from admin_api.terminal import Parser, launch, say, text, write, write_json
from channels.telegram_staff.problems import words_of
from core import audit
from core.audit import OPERATOR
from core.db.sessions import Database, Pool, TenantSession
from core.errors import Conflict, NotFound
from core.ids import UserId
from core.settings import Settings
from core.texts import language_of_terminal

PROCESS: Final = "admin_api.staff.process"
_ACTIONS: Final = frozenset({"code", "status"})
_HELP: Final = frozenset({"-h", "--help"})


Run = Callable[[TenantSession, Namespace], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """`link` opens the chat with the bot, with the code typed in already."""

    code: str
    email: str | None
    link: str | None


def main(arguments: Sequence[str]) -> int:
    """Without an action it becomes the process, which is another program: it loads what none of these needs."""
    if not arguments or arguments[0] not in _ACTIONS | _HELP:
        os.execv(sys.executable, [sys.executable, *SAFE_PATH, "-m", PROCESS, *arguments])  # noqa: S606 - no shell
    options = _parser().parse_args(arguments)
    settings = settings_here(options)
    run = _make if options.what == "code" else _look
    return asyncio.run(_with_company(settings, options, run))


def _parser() -> Parser:
    about = text(
        "Sem nada, é o processo do grupo da equipe no Telegram. `code` cria um código de uso único, válido por 1 hora: "
        "sem --user vincula o grupo (/vincular CÓDIGO, no grupo); com --user vincula a pessoa (no privado do bot). "
        "`status` mostra o bot, o grupo e quem está vinculado. Passo a passo em docs/staff.md.",
        "By itself it is the process of the staff group in Telegram. `code` makes a code that counts once, for an "
        "hour: without --user it binds the group (/link CODE, there), with --user it links that person (in private). "
        "`status` shows the bot, the group and who is linked. Step by step in docs/staff.md.",
    )
    parser = Parser(prog="masteria staff", description=about)
    actions = parser.add_subparsers(dest="what", required=True, metavar="code|status")
    code = actions.add_parser("code", description=text("Cria um código de uso único.", "Make a one-time code."))
    code.add_argument("--user", metavar="EMAIL", help=text("de quem é o código", "whose code it is"))
    status = actions.add_parser("status", description=text("Como está o grupo da equipe.", "How the group stands."))
    for action in (code, status):
        action.add_argument("--company", required=True, metavar="SLUG", help=text("a empresa", "the company"))
        add_home(action)
        action.add_argument("--json", action="store_true", help=text("em JSON", "as JSON"))
    return parser


async def _with_company(settings: Settings, options: Namespace, run: Run) -> int:
    database = Database(settings.require("DATABASE_URL"), Pool(size=1))
    try:
        await database.check()
        company = await company_named(database, options.company)
        async with database.tenant_session(company) as session:
            await run(session, options)
    finally:
        await database.close()
    return 0


async def _make(session: TenantSession, options: Namespace) -> None:
    user = None if options.user is None else await _user(session, options.user)
    row = await bots.first(session)
    if row is None:
        raise Conflict(
            f"Esta empresa ainda não tem bot: rode `masteria connect telegram --company {options.company} --token -`.",
            f"This company has no bot yet: run `masteria connect telegram --company {options.company} --token -`.",
        )
    code = await codes.make(session, user)
    audit.record(session, OPERATOR, "staff.code_made", subject=user)
    username = row.username
    link = f"https://t.me/{username}?start={code}" if username and user is not None else None
    _show(Made(code=code, email=options.user, link=link), options, username)


async def _user(session: TenantSession, email: str) -> UserId:
    found = await list_members(session, MemberListing(email=email.strip().lower(), most=1))
    if not found:
        raise NotFound(
            f"Ninguém com este e-mail trabalha aqui: acrescente com `masteria user add {email}`.",
            f"Nobody with this e-mail works here: add them with `masteria user add {email}`.",
        )
    return UserId(found[0].user)


def _show(made: Made, options: Namespace, username: str | None) -> None:
    if options.json:
        write_json({"code": made.code, "company": options.company, "user": made.email, "link": made.link})
        return
    bot = f"@{username}" if username else text("o bot", "the bot")
    write(made.code)
    if made.email is None:
        say(
            f"No grupo da equipe, com {bot} como administrador: /vincular {made.code}",
            f"In the staff group, with {bot} as an administrator: /link {made.code}",
        )
    else:
        say(f"No privado com {bot}: /vincular {made.code}", f"In private with {bot}: /link {made.code}")
        if made.link:
            say(f"Ou abra {made.link}", f"Or open {made.link}")
    say("Vale por 1 hora, uma vez.", "It counts once, for an hour.")


async def _look(session: TenantSession, options: Namespace) -> None:
    language = language_of_terminal()
    group = await groups.bound(session)
    linked = await people.all_linked(session)
    told: dict[str, Any] = {
        "company": options.company,
        "bots": [
            {"connection": row.connection_id, "username": row.username, "problem": row.problem}
            for row in await bots.all_of(session)
        ],
        "group": None
        if group is None
        else {"chat_id": group.chat_id, "title": group.title, "is_forum": group.is_forum, "problem": group.problem},
        "people": [{"name": one.name, "role": one.role.value} for one in linked],
    }
    if options.json:
        write_json(told)
        return
    for bot in told["bots"]:
        words = words_of(bot["problem"])
        state = "ok" if words is None else f"✗ {words.in_(language)}"
        write(f"bot    @{bot['username'] or '?'}  {state}")
    if not told["bots"]:
        say("bot    nenhum: `masteria connect telegram`", "bot    none: `masteria connect telegram`")
    _show_group(told["group"])
    for one in linked:
        write(f"{text('pessoa', 'person')} {one.name} ({NAMES[one.role].in_(language)})")


def _show_group(group: dict[str, Any] | None) -> None:
    name = text("grupo ", "group ")
    if group is None:
        say("grupo  nenhum: `masteria staff code`", "group  none: `masteria staff code`")
        return
    words = words_of(group["problem"])
    write(f"{name} {group['title']}  {'ok' if words is None else f'✗ {words.in_(language_of_terminal())}'}")


if __name__ == "__main__":
    launch(main)
