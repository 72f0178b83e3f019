"""`masteria token`: an API key, shown this once."""

import asyncio
from collections.abc import Sequence

from admin_api.commands.home_option import add_home
from admin_api.commands.places import settings_here
from admin_api.tenants.store import company_named, create_api_key
from admin_api.terminal import Parser, launch, text, write, write_json
from core.audit import OPERATOR
from core.db.sessions import Database, Pool
from core.models.people import Role
from core.settings import Settings


def main(arguments: Sequence[str]) -> int:
    about = text(
        "Cria uma chave de API da empresa e a mostra uma única vez: guarde-a. Use-a no cabeçalho X-API-Key.",
        "Make an API key of the company and show it this once: keep it. Send it in the header X-API-Key.",
    )
    parser = Parser(prog="masteria token", description=about)
    parser.add_argument("--company", required=True, metavar="SLUG", help=text("a empresa", "the company"))
    roles = [role.value for role in Role]
    parser.add_argument("--role", required=True, choices=roles, help=text("o que a chave pode", "what the key may do"))
    parser.add_argument("--name", default="cli", help=text("como ela aparece na lista", "how it shows in lists"))
    add_home(parser)
    parser.add_argument("--json", action="store_true", help=text("em JSON", "as JSON"))
    options = parser.parse_args(arguments)
    role = Role(options.role)
    key = asyncio.run(_create(settings_here(options), options.company, options.name, role))
    if options.json:
        write_json({"token": key, "company": options.company, "role": role.value})
    else:
        write(key)
    return 0


async def _create(settings: Settings, slug: str, name: str, role: Role) -> str:
    database = Database(settings.require("DATABASE_URL"), Pool(size=1))
    try:
        await database.check()
        company = await company_named(database, slug)
        async with database.tenant_session(company) as session:
            return await create_api_key(session, name=name, role=role, by=OPERATOR)
    finally:
        await database.close()


if __name__ == "__main__":
    launch(main)
