"""`masteria company add` and `masteria company list`."""

import asyncio
from argparse import Namespace
from collections.abc import Sequence

from admin_api.commands.home_option import add_home
from admin_api.commands.places import settings_here
from admin_api.tenants.store import NewCompany, all_companies, create_company, own_company
from admin_api.tenants.welcome import furnish
from admin_api.terminal import Parser, launch, say, text, write, write_json
from core.audit import OPERATOR
from core.crypto import KeyRing
from core.db.sessions import Database, Pool
from core.home import Home
from core.models.installation import Company
from core.settings import Settings


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    return asyncio.run(_run(settings_here(options), options))


def _parser() -> Parser:
    about = text("Cria e lista as empresas desta instalação.", "Make and list the companies of this installation.")
    parser = Parser(prog="masteria company", description=about)
    actions = parser.add_subparsers(dest="what", required=True, metavar="add|list")
    add = actions.add_parser("add", description=text("Cria uma empresa.", "Make a company."))
    slug = text("nome curto: letras minúsculas, números e -", "short name: small letters, digits and -")
    add.add_argument("slug", metavar="SLUG", help=slug)
    add.add_argument("--name", required=True, help=text("nome da empresa", "the company's name"))
    zone = text("fuso horário, por exemplo America/Manaus", "time zone, for example America/Manaus")
    add.add_argument("--time-zone", default="America/Sao_Paulo", metavar="ZONE", help=zone)
    add.add_argument("--locale", default="pt-BR", choices=["pt-BR", "en"], help=text("idioma", "language"))
    both = (add, actions.add_parser("list", description=text("Lista as empresas.", "List the companies.")))
    for parent in both:
        add_home(parent)
        parent.add_argument("--json", action="store_true", help=text("em JSON", "as JSON"))
    return parser


async def _run(settings: Settings, options: Namespace) -> int:
    database = Database(settings.require("DATABASE_URL"), Pool(size=1))
    try:
        await database.check()
        if options.what == "list":
            return await _list(database, as_json=options.json)
        ring = KeyRing.load(settings, Home(settings.masteria_home).keys_file)
        new = NewCompany(slug=options.slug, name=options.name, time_zone=options.time_zone, locale=options.locale)
        company = await create_company(database, ring, new, OPERATOR)
        async with database.tenant_session(company) as session:
            await furnish(session)
    finally:
        await database.close()
    if options.json:
        write_json({"id": company, "slug": new.slug})
    else:
        say(f"Empresa `{new.slug}` criada ({company}).", f"Company `{new.slug}` made ({company}).")
    return 0


async def _list(database: Database, *, as_json: bool) -> int:
    companies = []
    for company in await all_companies(database):
        async with database.tenant_session(company) as session:
            companies.append(await own_company(session))
    if as_json:
        write_json(
            [{"id": row.id, "slug": row.slug, "name": row.name, "time_zone": row.time_zone} for row in companies]
        )
    elif companies:
        write("\n".join(_line(row) for row in companies))
    else:
        say("Nenhuma empresa ainda: crie uma com `masteria company add`.", "No company yet: `masteria company add`.")
    return 0


def _line(row: Company) -> str:
    return f"{row.slug:<24} {row.name:<32} {row.time_zone}"


if __name__ == "__main__":
    launch(main)
