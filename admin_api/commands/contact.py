"""`masteria contact`: what can be done with one person from the installation, whatever company they talk with."""

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from admin_api.commands.home_option import add_home
from admin_api.commands.places import settings_here
from admin_api.tenants.store import company_named
from admin_api.terminal import Parser, launch, say, text, write, write_json
from core.audit import OPERATOR
from core.db.sessions import Database, Pool
from core.errors import Malformed
from core.ids import CompanyId, ContactId
from core.settings import Settings
from core.storage import open_storage
from graphs.erasure import Receipt, erase, remove_files

_WIDTH: Final = 24


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    return asyncio.run(_run(settings_here(options), options))


def _parser() -> Parser:
    about = text("Apaga de vez tudo sobre uma pessoa.", "Erase all about a person, for good.")
    parser = Parser(prog="masteria contact", description=about)
    actions = parser.add_subparsers(dest="what", required=True, metavar="erase")
    erasing = actions.add_parser(
        "erase",
        description=text(
            "Apaga mensagens, arquivos, dados e notas de uma pessoa, e guarda só o recibo. Não dá para desfazer.",
            "Erase a person's messages, files, data and notes, and keep the receipt alone. It cannot be undone.",
        ),
    )
    erasing.add_argument("contact", type=UUID, metavar="ID", help=text("o id do contato", "the contact's id"))
    erasing.add_argument("--company", required=True, metavar="SLUG", help=text("a empresa", "the company"))
    erasing.add_argument("--yes", action="store_true", help=text("apaga mesmo", "really erase"))
    add_home(erasing)
    erasing.add_argument("--json", action="store_true", help=text("em JSON", "as JSON"))
    return parser


async def _run(settings: Settings, options: Namespace) -> int:
    if not options.yes:
        raise Malformed(
            "Isto apaga de vez e não dá para desfazer: repita com --yes.",
            "This erases for good and cannot be undone: say it again with --yes.",
        )
    database = Database(settings.require("DATABASE_URL"), Pool(size=1))
    try:
        await database.check()
        company = await company_named(database, options.company)
        receipt = await _erase(database, company, ContactId(options.contact))
        await remove_files(database, open_storage(settings.storage_url), company)
    finally:
        await database.close()
    _show(receipt, as_json=options.json)
    return 0


async def _erase(database: Database, company: CompanyId, contact: ContactId) -> Receipt:
    async with database.tenant_session(company) as session:
        return await erase(session, contact, OPERATOR)


def _show(receipt: Receipt, *, as_json: bool) -> None:
    if as_json:
        write_json({"id": receipt.id, "contact_id": receipt.contact, "stores": receipt.stores})
        return
    say(f"Apagado. Recibo {receipt.id}:", f"Erased. Receipt {receipt.id}:")
    write("\n".join(f"{store:<{_WIDTH}} {count}" for store, count in sorted(receipt.stores.items()) if count))


if __name__ == "__main__":
    launch(main)
