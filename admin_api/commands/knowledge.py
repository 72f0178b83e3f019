"""`masteria knowledge`: what a company knows. Add, ask, list, remove; what nothing answered; vectors made anew."""

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final
from uuid import UUID

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
from admin_api.commands.knowledge_desk import AddParser, Desk
from admin_api.commands.places import settings_here
from admin_api.tenants.store import all_companies, company_named
from admin_api.terminal import Parser, launch, text
from agents.gateway.embeddings import make_embeddings
from core.db.sessions import Database, Pool
from core.errors import Malformed
from core.ids import CompanyId

_MOST: Final = 50


def main(arguments: Sequence[str]) -> int:
    return asyncio.run(_run(_parser().parse_args(arguments)))


def _parser() -> Parser:
    about = text(
        "Cuida do que uma empresa sabe: documentos, em bases que os estágios das personas nomeiam.",
        "Looks after what a company knows: documents, in bases that the stages of personas name.",
    )
    parser = Parser(prog="masteria knowledge", description=about)
    actions = parser.add_subparsers(dest="what", required=True, metavar="|".join(_ACTIONS))
    every = [
        _adding(actions.add_parser),
        _asking(actions.add_parser),
        _listing(actions.add_parser),
        _removing(actions.add_parser),
        _gaps(actions.add_parser),
        _approving(actions.add_parser),
        _answers(actions.add_parser),
        *knowledge_holding.parsers(actions.add_parser),
        *knowledge_settling.parsers(actions.add_parser),
        actions.add_parser(
            "reembed",
            description=text(
                "Refaz os vetores com o modelo de MASTERIA_EMBEDDING_MODEL e passa a buscar por eles.",
                "Make the vectors with the model of MASTERIA_EMBEDDING_MODEL, and search by them from then on.",
            ),
        ),
    ]
    for one in every:
        whose = text("a empresa; sem isto, a única que houver", "the company; else the only one there is")
        one.add_argument("--company", metavar="SLUG", help=whose)
        one.add_argument("--json", action="store_true", help=text("em JSON", "as JSON"))
        add_home(one)
    return parser


def _adding(add_parser: AddParser) -> Parser:
    parser = add_parser(
        "add",
        description=text(
            "Lê documentos e guarda o que dizem: arquivos, pastas, ZIP, páginas e sitemaps. Rodar de novo só troca o "
            "que mudou.",
            "Read documents and keep what they say: files, folders, ZIP, pages and sitemaps. Run again, it replaces "
            "only what changed.",
        ),
    )
    paths = text(
        "arquivo, pasta, https://página, https://…/sitemap.xml, ou - para a entrada padrão (com --name)",
        "a file, a folder, https://page, https://…/sitemap.xml, or - for standard input (with --name)",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help=paths)
    parser.add_argument("--base", required=True, metavar="NAME", help=text("a base", "the base"))
    named = text("o nome do que vem da entrada padrão", "the name of what comes from standard input")
    parser.add_argument("--name", metavar="NAME", help=named)
    return parser


def _asking(add_parser: AddParser) -> Parser:
    parser = add_parser(
        "ask",
        description=text(
            "Mostra o que a busca acha: cada trecho com sua nota e de onde veio, e a resposta aprovada, se houver.",
            "Show what search finds: passages, their scores and where they are from, and the approved answer, if any.",
        ),
    )
    parser.add_argument("question", metavar="QUESTION", help=text("a pergunta", "the question"))
    bases = text("só esta base; pode repetir", "this base only; may be repeated")
    parser.add_argument("--base", action="append", metavar="NAME", dest="bases", help=bases)
    persona = text("também as respostas aprovadas só para esta", "also the answers approved for this one only")
    parser.add_argument("--persona", metavar="NAME", help=persona)
    most = text("quantos trechos; o padrão é 5", "how many passages; 5 by default")
    parser.add_argument("--most", type=_count, default=5, metavar="N", help=most)
    return parser


def _listing(add_parser: AddParser) -> Parser:
    parser = add_parser(
        "list", description=text("Mostra as bases; de uma, os documentos.", "Show the bases; of one, its documents.")
    )
    parser.add_argument("--base", metavar="NAME", help=text("os documentos desta base", "the documents of this base"))
    return parser


def _removing(add_parser: AddParser) -> Parser:
    parser = add_parser(
        "remove",
        description=text(
            "Tira um documento de uma base, ou a base inteira.", "Take a document out of a base, or the whole base."
        ),
    )
    named = text("o documento, como `list` o mostra", "the document, as `list` shows it")
    parser.add_argument("document", nargs="?", metavar="NAME", help=named)
    parser.add_argument("--base", required=True, metavar="NAME", help=text("a base", "the base"))
    everything = text("tira a base com tudo o que há nela", "take the base out with all that is in it")
    parser.add_argument("--all", action="store_true", dest="everything", help=everything)
    return parser


def _gaps(add_parser: AddParser) -> Parser:
    parser = add_parser(
        "gaps",
        description=text(
            "Mostra o que se perguntou e nada respondeu, e quantas vezes.",
            "Show what was asked and nothing answered, and how often.",
        ),
    )
    parser.add_argument("--dismiss", type=UUID, metavar="ID", help=text("tira uma da lista", "take one off the list"))
    return parser


def _approving(add_parser: AddParser) -> Parser:
    parser = add_parser(
        "approve",
        description=text(
            "Guarda a resposta certa de uma pergunta: ela é dita como está, antes de qualquer busca.",
            "Keep the right answer to a question: it is told as it stands, before anything is searched.",
        ),
    )
    parser.add_argument("question", metavar="QUESTION", help=text("a pergunta, por inteiro", "the question, in full"))
    parser.add_argument("answer", metavar="ANSWER", help=text("a resposta", "the answer"))
    persona = text("só para esta persona; sem isto, todas", "for this persona only; else all of them")
    parser.add_argument("--persona", metavar="NAME", help=persona)
    until = text("até o fim deste dia", "until the end of this day")
    parser.add_argument("--until", type=knowledge_answers.day, metavar="YYYY-MM-DD", help=until)
    instead = text("no lugar desta resposta", "in the place of this answer")
    parser.add_argument("--replacing", type=UUID, metavar="ID", help=instead)
    return parser


def _answers(add_parser: AddParser) -> Parser:
    parser = add_parser(
        "answers",
        description=text(
            "Mostra as respostas aprovadas e quantas vezes cada uma foi dita.",
            "Show the approved answers, and how often each was told.",
        ),
    )
    taken = text("retira uma: ninguém mais a ouve", "withdraw one: nobody hears it any more")
    parser.add_argument("--withdraw", type=UUID, metavar="ID", help=taken)
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
        return await _ACTIONS[options.what](desk, options)


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


def _count(value: str) -> int:
    number = int(value)
    if not 1 <= number <= _MOST:
        raise ValueError(value)
    return number


_ACTIONS: Final = {
    "add": knowledge_adding.add,
    "ask": knowledge_asking.ask,
    "list": knowledge_shelves.show,
    "remove": knowledge_shelves.remove,
    "gaps": knowledge_asking.show_gaps,
    "approve": knowledge_answers.approve,
    "answers": knowledge_answers.show_answers,
    "hold": knowledge_holding.hold,
    "retire": knowledge_holding.retire,
    "release": knowledge_holding.release,
    "validity": knowledge_holding.validity,
    "synonym": knowledge_settling.synonym,
    "settle": knowledge_settling.settle,
    "reembed": knowledge_vectors.reembed,
}


if __name__ == "__main__":
    launch(main)
