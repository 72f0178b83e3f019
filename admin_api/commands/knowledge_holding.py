"""`masteria knowledge hold`, `retire`, `release` and `validity`: whether and when a document is told to customers."""

from argparse import Namespace
from datetime import datetime
from functools import partial
from typing import Any, Final

from admin_api.commands.knowledge_answers import day
from admin_api.commands.knowledge_desk import (
    Act,
    AddParser,
    Desk,
    action,
    explain,
    explain_base,
    explain_document,
    tell,
)
from admin_api.terminal import Parser
from core import audit
from core.audit import OPERATOR
from core.db.sessions import TenantSession
from core.errors import Malformed, NotFound
from core.models.knowledge import DocumentState, KnowledgeDocument
from core.texts import Text
from knowledge.stores import bases, documents
from knowledge.stores.bases import Base


def parsers(add_parser: AddParser) -> list[Parser]:
    return [*(_parser(add_parser, name, act, about) for name, act, about in _ACTIONS), _dating(add_parser)]


def _dating(add_parser: AddParser) -> Parser:
    about = Text(
        "Diz de que dia até que dia um documento vale. O que não for dito fica como está.",
        "Say from which day until which a document holds. What is not said stays as it is.",
    )
    parser = _parser(add_parser, "validity", validity, about)
    since = Text("desde o começo deste dia", "from the beginning of this day")
    first = partial(day, at="00:00:00")
    explain(parser, "--from", type=first, metavar="YYYY-MM-DD", dest="since", about=since)
    until = Text("até o fim deste dia", "until the end of this day")
    explain(parser, "--until", type=day, metavar="YYYY-MM-DD", about=until)
    always = Text("tira as datas: vale sempre", "take the dates away: it holds always")
    explain(parser, "--always", action="store_true", about=always)
    return parser


def _parser(add_parser: AddParser, name: str, act: Act, about: Text) -> Parser:
    parser = action(add_parser, name, act, about)
    explain_document(parser)
    explain_base(parser)
    return parser


async def hold(desk: Desk, options: Namespace) -> int:
    async with desk.session() as session:
        row = await _change_state(session, options, DocumentState.HELD)
    said = Text(f"Ninguém mais ouve {row.source}.", f"Nobody hears {row.source} any more.")
    return tell(options, _about(row, state=DocumentState.HELD), said)


async def retire(desk: Desk, options: Namespace) -> int:
    async with desk.session() as session:
        row = await _change_state(session, options, DocumentState.RETIRED)
    said = Text(f"{row.source} foi aposentado.", f"{row.source} is retired.")
    return tell(options, _about(row, state=DocumentState.RETIRED), said)


async def release(desk: Desk, options: Namespace) -> int:
    async with desk.session() as session:
        row = await _change_state(session, options, DocumentState.ACTIVE)
        trusted = await documents.trust(session, row.id)
    said = Text(f"{row.source} pode ser dito.", f"{row.source} may be told.")
    return tell(options, _about(row, state=DocumentState.ACTIVE, trusted_passages=trusted), said)


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
    said = Text(f"{row.source} vale {span.pt}.", f"{row.source} holds {span.en}.")
    return tell(options, _about(row, valid_from=since, valid_until=until), said)


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


def _about(row: KnowledgeDocument, **changed: Any) -> dict[str, Any]:
    return {"id": row.id, "source": row.source, **changed}


def _span(since: datetime | None, until: datetime | None) -> Text:
    first = "" if since is None else f"{since.astimezone():%d/%m/%Y}"
    last = "" if until is None else f"{until.astimezone():%d/%m/%Y}"
    if first and last:
        return Text(f"de {first} até {last}", f"from {first} until {last}")
    if first:
        return Text(f"desde {first}", f"from {first}")
    return Text(f"até {last}", f"until {last}") if last else Text("sempre", "always")


def _plain(detail: dict[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in detail.items()}


_ACTIONS: Final = (
    (
        "hold",
        hold,
        Text(
            "Retém um documento: fica guardado, e ninguém o ouve até `release`.",
            "Hold a document: it is kept, and nobody hears it until `release`.",
        ),
    ),
    (
        "retire",
        retire,
        Text(
            "Aposenta um documento: fica guardado como registro, e ninguém o ouve.",
            "Retire a document: it is kept on record, and nobody hears it.",
        ),
    ),
    (
        "release",
        release,
        Text(
            "Libera um documento que alguém olhou, também os trechos dele que falam a um assistente.",
            "Release a document that a person has looked at, and the passages of it that speak to an assistant.",
        ),
    ),
)
