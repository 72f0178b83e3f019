"""The versions of a company's personas: `masteria persona publish`, `versions`, `activate` and `withdraw`."""

import asyncio
from argparse import Namespace
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from admin_api.commands.home_option import add_home
from admin_api.commands.places import settings_here
from admin_api.tenants.store import company_named
from admin_api.terminal import Parser, say, text, write, write_json
from agents.personas import reading
from core.audit import OPERATOR
from core.db.sessions import Database, Pool, TenantSession
from core.errors import Malformed
from core.models.personas import PersonaVersion, VersionState
from graphs.stores import personas

_LONGEST_NUMBER: Final = 9
ACTIONS: Final = ("publish", "versions", "activate", "withdraw")
_STATES: Final = {
    VersionState.DRAFT: ("rascunho", "draft"),
    VersionState.CANDIDATE: ("candidata", "candidate"),
    VersionState.ACTIVE: ("ativa", "active"),
    VersionState.RETIRED: ("aposentada", "retired"),
    VersionState.WITHDRAWN: ("retirada", "withdrawn"),
}


def add_actions(add_parser: Callable[..., Parser]) -> None:
    publish = add_parser(
        "publish",
        description=text(
            "Guarda um arquivo como nova versão. A primeira de um nome já responde; as outras esperam por `activate`.",
            "Keep a file as a new version. The first of a name answers at once; others wait for `activate`.",
        ),
    )
    publish.add_argument("file", metavar="FILE", help=text("o arquivo YAML", "the YAML file"))
    listing = add_parser("versions", description=text("Lista as versões de uma empresa.", "List a company's versions."))
    listing.add_argument("name", nargs="?", metavar="NAME", help=text("só as desta persona", "of this persona only"))
    activate = add_parser(
        "activate",
        description=text(
            "Passa a responder com esta versão. Conversas em andamento mudam conforme a persona manda.",
            "Answer with this version from now on. Conversations under way move as the persona says.",
        ),
    )
    withdraw = add_parser(
        "withdraw",
        description=text(
            "Retira uma versão ruim: a anterior volta a responder, também nas conversas em andamento.",
            "Withdraw a bad version: the one before it answers again, in conversations under way, too.",
        ),
    )
    for one in (activate, withdraw):
        one.add_argument("version", metavar="NAME@NUMBER", help=text("por exemplo suporte@2", "such as suporte@2"))
    for one in (publish, listing, activate, withdraw):
        one.add_argument("--company", required=True, metavar="SLUG", help=text("a empresa", "the company"))
        one.add_argument("--json", action="store_true", help=text("em JSON", "as JSON"))
        add_home(one)


def run(options: Namespace, source: str = "") -> int:
    """`source`: what is published."""
    return asyncio.run(_run(options, source))


async def _run(options: Namespace, source: str) -> int:
    settings = settings_here(options)
    database = Database(settings.require("DATABASE_URL"), Pool(size=1))
    try:
        await database.check()
        company = await company_named(database, options.company)
        async with database.tenant_session(company) as session:
            rows = await _done(session, options, source)
    finally:
        await database.close()
    if options.json:
        write_json([_about(row) for row in rows])
    elif rows:
        write("\n".join(_line(row) for row in rows))
    else:
        say("Nenhuma versão ainda: publique um arquivo.", "No version yet: publish a file.")
    return 0


async def _done(session: TenantSession, options: Namespace, source: str) -> Sequence[PersonaVersion]:
    """What it came to: the versions to show."""
    if options.what == "versions":
        return await personas.versions(session, options.name)
    if options.what == "publish":
        return [await personas.publish(session, source, OPERATOR)]
    version = await personas.numbered(session, *_named(options.version))
    if options.what == "activate":
        await personas.activate(session, version, reading.from_json(version.definition), OPERATOR)
        return [version]
    instead = await personas.withdraw(session, version, OPERATOR)
    return [version, *([instead] if instead else [])]


def _named(version: str) -> tuple[str, int]:
    name, _, number = version.rpartition("@")
    if not name or not (number.isascii() and number.isdigit() and len(number) < _LONGEST_NUMBER):
        raise Malformed(
            f"`{version}` não é NOME@NÚMERO, por exemplo suporte@2.",
            f"`{version}` is no NAME@NUMBER, such as suporte@2.",
        )
    return name, int(number)


def _line(row: PersonaVersion) -> str:
    known = f"{row.name}@{row.number}"
    return f"{known:<28} {text(*_STATES[row.state]):<12} {_moment(row.created_at)}  {row.sha256[:12]}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone():%d/%m/%Y %H:%M}"


def _about(row: PersonaVersion) -> dict[str, Any]:
    return {
        "name": row.name,
        "number": row.number,
        "state": row.state.value,
        "sha256": row.sha256,
        "created_at": row.created_at,
        "activated_at": row.activated_at,
    }
