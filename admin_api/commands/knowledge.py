"""`masteria knowledge`: what a company knows. Add, ask, list, remove; what nothing answered; vectors made anew."""

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

from admin_api.commands import (
    knowledge_adding,
    knowledge_answers,
    knowledge_asking,
    knowledge_holding,
    knowledge_settling,
    knowledge_shelves,
    knowledge_vectors,
)
from admin_api.commands.home_option import add_home
from admin_api.commands.knowledge_desk import Desk, explain
from admin_api.commands.places import settings_here
from admin_api.tenants.store import all_companies, company_named
from admin_api.terminal import Parser, launch, text
from agents.gateway.embeddings import make_embeddings
from core.db.sessions import Database, Pool
from core.errors import Malformed
from core.ids import CompanyId
from core.texts import Text

_MODULES: Final = (
    knowledge_adding,
    knowledge_asking,
    knowledge_shelves,
    knowledge_answers,
    knowledge_holding,
    knowledge_settling,
    knowledge_vectors,
)


def main(arguments: Sequence[str]) -> int:
    return asyncio.run(_run(_parser().parse_args(arguments)))


def _parser() -> Parser:
    about = text(
        "Cuida do que uma empresa sabe: documentos, em bases que os estágios das personas nomeiam.",
        "Looks after what a company knows: documents, in bases that the stages of personas name.",
    )
    parser = Parser(prog="masteria knowledge", description=about)
    actions = parser.add_subparsers(dest="what", required=True)
    for module in _MODULES:
        for one in module.parsers(actions.add_parser):
            whose = Text("a empresa; sem isto, a única que houver", "the company; else the only one there is")
            explain(one, "--company", metavar="SLUG", about=whose)
            explain(one, "--json", action="store_true", about=Text("em JSON", "as JSON"))
            add_home(one)
    actions.metavar = "|".join(actions.choices)
    return parser


async def _run(options: Namespace) -> int:
    settings = settings_here(options)
    async with AsyncExitStack() as stack:
        database = Database(settings.require("DATABASE_URL"), Pool(size=2))
        stack.push_async_callback(database.close)
        await database.check()
        if (embeddings := make_embeddings(settings)) is not None:
            stack.push_async_callback(embeddings.close)
        company = await _company(database, options.company)
        desk = Desk(database=database, company=company, embeddings=embeddings)
        code: int = await options.act(desk, options)
        return code


async def _company(database: Database, slug: str | None) -> CompanyId:
    if slug is not None:
        return await company_named(database, slug)
    companies = await all_companies(database)
    if len(companies) != 1:
        raise Malformed(
            f"Há {len(companies)} empresas: diga qual com --company.",
            f"There are {len(companies)} companies: say which with --company.",
        )
    return companies[0]


if __name__ == "__main__":
    launch(main)
