"""`masteria knowledge list` and `remove`: what lies on the shelves, and taking it away."""

from argparse import Namespace
from collections import Counter
from typing import Any, Final

from admin_api.commands.knowledge_desk import (
    AddParser,
    Desk,
    action,
    explain,
    explain_base,
    explain_document,
    tell,
    tell_each,
)
from admin_api.commands.knowledge_holding import document
from admin_api.terminal import Parser, text
from core import audit
from core.audit import OPERATOR
from core.db.sessions import TenantSession
from core.errors import Malformed
from core.models.knowledge import DocumentState, KnowledgeDocument
from core.texts import Text
from knowledge.stores import bases, documents
from knowledge.stores.bases import Base

_STATES: Final = {
    DocumentState.ACTIVE: Text("ativo", "active"),
    DocumentState.HELD: Text("retido", "held"),
    DocumentState.RETIRED: Text("aposentado", "retired"),
}
_MOST: Final = 10_000


def parsers(add_parser: AddParser) -> list[Parser]:
    return [_listing(add_parser), _removing(add_parser)]


def _listing(add_parser: AddParser) -> Parser:
    about = Text("Mostra as bases; de uma, os documentos.", "Show the bases; of one, its documents.")
    parser = action(add_parser, "list", show, about)
    of_base = Text("os documentos desta base", "the documents of this base")
    explain(parser, "--base", metavar="NAME", about=of_base)
    return parser


def _removing(add_parser: AddParser) -> Parser:
    about = Text(
        "Tira um documento de uma base, ou a base inteira.", "Take a document out of a base, or the whole base."
    )
    parser = action(add_parser, "remove", remove, about)
    explain_document(parser, nargs="?")
    explain_base(parser)
    everything = Text("tira a base com tudo o que há nela", "take the base out with all that is in it")
    explain(parser, "--all", action="store_true", dest="everything", about=everything)
    return parser


async def show(desk: Desk, options: Namespace) -> int:
    async with desk.session() as session:
        if options.base is not None:
            base = await bases.one(session, options.base)
            rows = await documents.every(session, base.id, most=_MOST)
            nothing = Text("A base está vazia.", "The base is empty.")
            return tell_each(options, rows, about=_about, line=_line, nothing=nothing)
        found = await bases.every(session)
        counts = Counter(row.base_id for row in await documents.every(session, most=_MOST))
    return tell_each(
        options,
        [(base, counts[base.id]) for base in found],
        about=lambda row: {"base": row[0].name, "documents": row[1], "passages": row[0].passages},
        line=_base_line,
        nothing=Text("Nenhuma base ainda: use `masteria knowledge add`.", "No base yet: use `masteria knowledge add`."),
    )


def _base_line(row: tuple[Base, int]) -> str:
    base, many = row
    counts = Text(f"{many} documento(s), {base.passages} trecho(s)", f"{many} document(s), {base.passages} passage(s)")
    return f"{base.name:<24} {text(*counts)}"


def _line(row: KnowledgeDocument) -> str:
    many = text(f"{row.passages} trecho(s)", f"{row.passages} passage(s)")
    when = f"{row.updated_at.astimezone():%d/%m/%Y %H:%M}"
    return f"{row.source:<40} {text(*_STATES[row.state]):<10} {when}  v{row.version}  {many}  {row.title}"


def _about(row: KnowledgeDocument) -> dict[str, Any]:
    return {
        "id": row.id,
        "source": row.source,
        "title": row.title,
        "kind": row.kind,
        "state": row.state.value,
        "version": row.version,
        "passages": row.passages,
        "notes": row.notes,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "updated_at": row.updated_at,
    }


async def remove(desk: Desk, options: Namespace) -> int:
    if (options.document is None) != options.everything:
        raise Malformed("Diga um documento ou --all.", "Name a document, or say --all.")
    async with desk.session() as session:
        base = await bases.one(session, options.base)
        if options.everything:
            many = await bases.remove(session, base.id)
            audit.record(session, OPERATOR, "knowledge.base_removed", subject=base.id, detail={"base": base.name})
        else:
            await _remove_document(session, base, options.document)
            many = 1
    said = Text(f"{many} documento(s) a menos em {base.name}.", f"{many} document(s) less in {base.name}.")
    return tell(options, {"base": base.name, "removed": many}, said)


async def _remove_document(session: TenantSession, base: Base, named: str) -> None:
    row = await document(session, base, named)
    await documents.remove(session, row.id)
    audit.record(session, OPERATOR, "knowledge.removed", subject=row.id, detail={"source": row.source})
