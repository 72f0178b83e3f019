"""`masteria knowledge hold`, `retire`, `release` and `validity`: whether and when a document is told to customers."""

import argparse
from argparse import Namespace
from datetime import datetime
from typing import Any

from admin_api.commands.knowledge_answers import day
from admin_api.commands.knowledge_desk import AddParser, Desk
from admin_api.terminal import Parser, say, text, write_json
from core import audit
from core.audit import OPERATOR
from core.db.sessions import TenantSession
from core.errors import Malformed, NotFound
from core.models.knowledge import DocumentState, KnowledgeDocument
from knowledge.stores import bases, documents
from knowledge.stores.bases import Base


def parsers(add_parser: AddParser) -> list[Parser]:
    return [
        _parser(
            add_parser,
            "hold",
            "Retém um documento: fica guardado, e ninguém o ouve até `release`.",
            "Hold a document: it is kept, and nobody hears it until `release`.",
        ),
        _parser(
            add_parser,
            "retire",
            "Aposenta um documento: fica guardado como registro, e ninguém o ouve.",
            "Retire a document: it is kept on record, and nobody hears it.",
        ),
        _parser(
            add_parser,
            "release",
            "Libera um documento que alguém olhou, também os trechos dele que falam a um assistente.",
            "Release a document that a person has looked at, and the passages of it that speak to an assistant.",
        ),
        _dating(add_parser),
    ]


def _dating(add_parser: AddParser) -> Parser:
    parser = _parser(
        add_parser,
        "validity",
        "Diz de que dia até que dia um documento vale. O que não for dito fica como está.",
        "Say from which day until which a document holds. What is not said stays as it is.",
    )
    since = text("desde o começo deste dia", "from the beginning of this day")
    parser.add_argument("--from", type=_first_of_day, metavar="YYYY-MM-DD", dest="since", help=since)
    until = text("até o fim deste dia", "until the end of this day")
    parser.add_argument("--until", type=day, metavar="YYYY-MM-DD", help=until)
    always = text("tira as datas: vale sempre", "take the dates away: it holds always")
    parser.add_argument("--always", action="store_true", help=always)
    return parser


def _parser(add_parser: AddParser, name: str, pt: str, en: str) -> Parser:
    parser = add_parser(name, description=text(pt, en))
    named = text("o documento, como `list` o mostra", "the document, as `list` shows it")
    parser.add_argument("document", metavar="NAME", help=named)
    parser.add_argument("--base", required=True, metavar="NAME", help=text("a base", "the base"))
    return parser


async def hold(desk: Desk, options: Namespace) -> int:
    async with desk.session() as session:
        row = await _change_state(session, options, DocumentState.HELD)
    return _tell(options, row, "Ninguém mais ouve {}.", "Nobody hears {} any more.", state=DocumentState.HELD)


async def retire(desk: Desk, options: Namespace) -> int:
    async with desk.session() as session:
        row = await _change_state(session, options, DocumentState.RETIRED)
    return _tell(options, row, "{} foi aposentado.", "{} is retired.", state=DocumentState.RETIRED)


async def release(desk: Desk, options: Namespace) -> int:
    async with desk.session() as session:
        row = await _change_state(session, options, DocumentState.ACTIVE)
        trusted = await documents.trust(session, row.id)
    return _tell(
        options, row, "{} pode ser dito.", "{} may be told.", state=DocumentState.ACTIVE, trusted_passages=trusted
    )


async def validity(desk: Desk, options: Namespace) -> int:
    is_dated = options.since is not None or options.until is not None
    if is_dated == options.always:
        raise Malformed(
            "Diga --from, --until ou os dois; ou só --always.", "Say --from, --until, or both; or --always."
        )
    async with desk.session() as session:
        row = await _found(session, options)
        since = None if options.always else options.since or row.valid_from
        until = None if options.always else options.until or row.valid_until
        await documents.set_validity(session, row.id, valid_from=since, valid_until=until)
        detail = {"source": row.source, "valid_from": since, "valid_until": until}
        audit.record(session, OPERATOR, "knowledge.dated", subject=row.id, detail=_plain(detail))
    span = _span(since, until)
    return _tell(options, row, f"{{}} vale {span[0]}.", f"{{}} holds {span[1]}.", valid_from=since, valid_until=until)


async def document(session: TenantSession, base: Base, named: str) -> KnowledgeDocument:
    """By what `list` shows of it, or by its id."""
    row = await documents.named(session, base.id, named)
    if row is None:
        raise NotFound(
            f"Não há documento `{named}` em {base.name}: veja `masteria knowledge list --base {base.name}`.",
            f"There is no document `{named}` in {base.name}: see `masteria knowledge list --base {base.name}`.",
        )
    return row


async def _found(session: TenantSession, options: Namespace) -> KnowledgeDocument:
    return await document(session, await bases.one(session, options.base), options.document)


async def _change_state(session: TenantSession, options: Namespace, state: DocumentState) -> KnowledgeDocument:
    row = await _found(session, options)
    await documents.set_state(session, row.id, state)
    detail = {"source": row.source, "state": state.value}
    audit.record(session, OPERATOR, "knowledge.state_set", subject=row.id, detail=detail)
    return row


def _tell(options: Namespace, row: KnowledgeDocument, pt: str, en: str, **about: Any) -> int:
    if options.json:
        write_json({"id": row.id, "source": row.source, **about})
    else:
        say(pt.format(row.source), en.format(row.source))
    return 0


def _span(since: datetime | None, until: datetime | None) -> tuple[str, str]:
    first = "" if since is None else f"{since.astimezone():%d/%m/%Y}"
    last = "" if until is None else f"{until.astimezone():%d/%m/%Y}"
    if first and last:
        return f"de {first} até {last}", f"from {first} until {last}"
    if first:
        return f"desde {first}", f"from {first}"
    return (f"até {last}", f"until {last}") if last else ("sempre", "always")


def _plain(detail: dict[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in detail.items()}


def _first_of_day(value: str) -> datetime:
    try:
        return datetime.strptime(value, "%Y-%m-%d").astimezone()
    except ValueError:
        raise argparse.ArgumentTypeError(text(f"{value}: escreva 2027-12-31", f"{value}: write 2027-12-31")) from None
