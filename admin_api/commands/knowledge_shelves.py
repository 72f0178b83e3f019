"""`masteria knowledge list` and `remove`: what lies on the shelves, and taking it away."""

from argparse import Namespace
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from admin_api.commands.knowledge_desk import Desk
from admin_api.commands.knowledge_holding import document
from admin_api.terminal import say, text, write, write_json
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


async def show(desk: Desk, options: Namespace) -> int:
    async with desk.session() as session:
        if options.base is not None:
            base = await bases.one(session, options.base)
            _show_documents(await documents.every(session, base.id, most=_MOST), as_json=options.json)
            return 0
        found = await bases.every(session)
        documents_ = Counter(row.base_id for row in await documents.every(session, most=_MOST))
    rows = [(base, documents_[base.id]) for base in found]
    _show_bases(rows, as_json=options.json)
    return 0


def _show_bases(rows: Sequence[tuple[Base, int]], *, as_json: bool) -> None:
    if as_json:
        write_json([{"base": base.name, "documents": many, "passages": base.passages} for base, many in rows])
    elif not rows:
        say("Nenhuma base ainda: use `masteria knowledge add`.", "No base yet: use `masteria knowledge add`.")
    for base, many in () if as_json else rows:
        counts = text(
            f"{many} documento(s), {base.passages} trecho(s)", f"{many} document(s), {base.passages} passage(s)"
        )
        write(f"{base.name:<24} {counts}")


def _show_documents(rows: Sequence[KnowledgeDocument], *, as_json: bool) -> None:
    if as_json:
        write_json([_about(row) for row in rows])
    elif not rows:
        say("A base está vazia.", "The base is empty.")
    for row in () if as_json else rows:
        many = text(f"{row.passages} trecho(s)", f"{row.passages} passage(s)")
        when = f"{row.updated_at.astimezone():%d/%m/%Y %H:%M}"
        write(f"{row.source:<40} {text(*_STATES[row.state]):<10} {when}  v{row.version}  {many}  {row.title}")


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
    if options.json:
        write_json({"base": base.name, "removed": many})
    else:
        say(f"{many} documento(s) a menos em {base.name}.", f"{many} document(s) less in {base.name}.")
    return 0


async def _remove_document(session: TenantSession, base: Base, named: str) -> None:
    row = await document(session, base, named)
    await documents.remove(session, row.id)
    audit.record(session, OPERATOR, "knowledge.removed", subject=row.id, detail={"source": row.source})
