"""`masteria user`: who works for a company, and as what."""

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from typing import Final

from admin_api.commands.home_option import add_home
from admin_api.commands.places import settings_here
from admin_api.tenants.queries import Member, MemberListing, list_members
from admin_api.tenants.store import Joined, add_member, company_named
from admin_api.terminal import Parser, launch, say, text, write, write_json
from core.audit import OPERATOR
from core.db.sessions import Database, Pool
from core.ids import CompanyId
from core.models.people import Role
from core.settings import Settings

_MOST: Final = 10_000


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    return asyncio.run(_run(settings_here(options), options))


def _parser() -> Parser:
    about = text(
        "Acrescenta e lista quem trabalha em uma empresa. Quem já está lá recebe o papel dito.",
        "Add and list who works for a company. Whoever is there already gets the role that is told.",
    )
    parser = Parser(prog="masteria user", description=about)
    actions = parser.add_subparsers(dest="what", required=True, metavar="add|list")
    add = actions.add_parser("add", description=text("Acrescenta uma pessoa.", "Add a person."))
    add.add_argument("email", metavar="EMAIL", help=text("o e-mail da pessoa", "the person's e-mail"))
    roles = [role.value for role in Role]
    add.add_argument("--role", required=True, choices=roles, help=text("o que a pessoa pode", "what they may do"))
    add.add_argument("--name", default="", help=text("o nome, para quem é novo aqui", "the name, of who is new here"))
    listing = actions.add_parser(
        "list",
        description=text(
            "Lista as pessoas da empresa.",
            "List the company's people.",
        ),
    )
    for parent in (add, listing):
        parent.add_argument("--company", required=True, metavar="SLUG", help=text("a empresa", "the company"))
        add_home(parent)
        parent.add_argument("--json", action="store_true", help=text("em JSON", "as JSON"))
    return parser


async def _run(settings: Settings, options: Namespace) -> int:
    database = Database(settings.require("DATABASE_URL"), Pool(size=1))
    try:
        await database.check()
        company = await company_named(database, options.company)
        if options.what == "list":
            _show_all(await _members(database, company), as_json=options.json)
        else:
            async with database.tenant_session(company) as session:
                role = Role(options.role)
                joined = await add_member(session, email=options.email, name=options.name, role=role, by=OPERATOR)
            _show(joined, options.company, as_json=options.json)
    finally:
        await database.close()
    return 0


async def _members(database: Database, company: CompanyId) -> list[Member]:
    async with database.tenant_session(company) as session:
        return await list_members(session, MemberListing(most=_MOST))


def _show(joined: Joined, company: str, *, as_json: bool) -> None:
    if as_json:
        about = {"id": joined.user, "membership_id": joined.membership, "company": company, "role": joined.role.value}
        write_json(about | {"is_new": joined.is_new, "is_changed": joined.is_changed})
    elif joined.is_new:
        say(
            f"Agora trabalha em `{company}`: {joined.role} ({joined.user}).",
            f"Now works for `{company}` as {joined.role} ({joined.user}).",
        )
    elif joined.is_changed:
        say(
            f"Já trabalhava em `{company}`; agora é {joined.role} ({joined.user}).",
            f"Worked for `{company}` already; is {joined.role} now ({joined.user}).",
        )
    else:
        say(
            f"Já trabalhava em `{company}` como {joined.role} ({joined.user}).",
            f"Worked for `{company}` as {joined.role} already ({joined.user}).",
        )


def _show_all(members: Sequence[Member], *, as_json: bool) -> None:
    if as_json:
        write_json(
            [
                {
                    "id": row.user,
                    "membership_id": row.membership,
                    "email": row.email,
                    "name": row.name,
                    "role": row.role.value,
                }
                for row in members
            ]
        )
    elif members:
        write("\n".join(f"{row.email:<40} {row.role.value:<8} {row.name}".rstrip() for row in members))
    else:
        say("Ninguém ainda: acrescente com `masteria user add`.", "Nobody yet: add one with `masteria user add`.")


if __name__ == "__main__":
    launch(main)
