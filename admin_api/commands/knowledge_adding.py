"""`masteria knowledge add`: from what was named to documents on a shelf, each kept as soon as it is read."""

from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from admin_api.commands import knowledge_sources, knowledge_vectors
from admin_api.commands.knowledge_desk import Desk
from admin_api.commands.knowledge_sources import Got, Thing
from admin_api.terminal import progress, text, write, write_json
from core import audit
from core.audit import OPERATOR
from core.egress import open_egress
from core.texts import Text
from knowledge.chunking import mark_of, pieces_of
from knowledge.documents import Flag, Loaded, Note, Refusal, RefusalReason
from knowledge.loaders.answers import Folder, Hints
from knowledge.parsing import read_source
from knowledge.stores import bases, documents
from knowledge.stores.documents import Put, Source
from knowledge.web import Visitor


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of a source. Neither put nor refused: it says what it said before."""

    name: str
    put: Put | None = None
    refused: Text | None = None
    notes: tuple[Note, ...] = field(default=())


async def add(desk: Desk, options: Namespace) -> int:
    """Whatever is cut off goes on where it was, when it is run again."""
    things = knowledge_sources.things(options.paths)
    async with AsyncExitStack() as stack:
        visitor = None
        if any(thing.address for thing in things):
            visitor = Visitor(egress=await stack.enter_async_context(open_egress()))
            things = await knowledge_sources.with_pages(things, visitor)
        outcomes = await _every(desk, options.base, things, visitor)
    if any(one.put is not None and one.put.added for one in outcomes):
        await knowledge_vectors.keep_up(desk)
    if options.json:
        write_json([_about(one) for one in outcomes])
    else:
        write("\n".join(line for one in outcomes for line in _lines(one)))
    return int(any(one.refused for one in outcomes))


async def _every(desk: Desk, base_name: str, things: Sequence[Thing], visitor: Visitor | None) -> list[Outcome]:
    async with desk.session() as session:
        base = await bases.ensure(session, base_name)
    outcomes: list[Outcome] = []
    for thing in progress(things, text("fontes", "sources")):
        got = await knowledge_sources.read(thing, visitor)
        if isinstance(got, Text):
            outcomes.append(Outcome(name=thing.name, refused=got))
        else:
            outcomes += await _kept(desk, base, thing.name, got)
    return outcomes


async def _kept(desk: Desk, base: UUID, name: str, got: Got) -> list[Outcome]:
    mark = mark_of(got.data)
    async with desk.session() as session:
        if await documents.is_unchanged(session, base, name, mark) is not None:
            return [Outcome(name=name)]
    match await read_source(got.data, Hints(name=name, charset=got.charset)):
        case Refusal(reason=reason):
            return [_refused(name, reason)]
        case Folder(members=members, skipped=skipped):
            inside = [await _kept(desk, base, f"{name}/{one.name}", Got(data=one.data)) for one in members]
            left = [_refused(f"{name}/{one.name}", one.reason) for one in skipped]
            return [*(outcome for outcomes in inside for outcome in outcomes), *left]
        case Loaded() as loaded:
            return [await _put(desk, base, name, _Read(loaded=loaded, mark=mark))]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    loaded: Loaded
    mark: str


async def _put(desk: Desk, base: UUID, name: str, read: _Read) -> Outcome:
    loaded = read.loaded
    pieces = pieces_of(loaded)
    if not pieces:
        return _refused(name, RefusalReason.NO_TEXT)
    source = Source(key=name, title=loaded.title, kind=loaded.kind.value, content_sha256=read.mark, notes=loaded.notes)
    async with desk.session() as session:
        put = await documents.put(session, base, source, pieces)
        detail = {"source": name, "added": put.added, "kept": put.kept, "removed": put.removed}
        audit.record(session, OPERATOR, "knowledge.put", subject=put.document, detail=detail)
    return Outcome(name=name, put=put, notes=loaded.notes)


def _refused(name: str, reason: RefusalReason) -> Outcome:
    return Outcome(name=name, refused=Refusal(reason=reason).words)


def _lines(one: Outcome) -> Iterator[str]:
    if one.refused is not None:
        yield f"✗ {one.name}: {text(*one.refused)}"
    elif one.put is None:
        yield text(f"= {one.name}: sem mudança", f"= {one.name}: unchanged")
    else:
        put, many = one.put, one.put.added + one.put.kept
        yield text(
            f"✓ {one.name}: {many} trecho(s): {put.added} novo(s), {put.kept} igual(is), {put.removed} a menos",
            f"✓ {one.name}: {many} passage(s): {put.added} new, {put.kept} as before, {put.removed} less",
        )
    for note in one.notes:
        page = text(f", página {note.page}", f", page {note.page}") if note.page is not None else ""
        times = f" ({note.times}×)" if note.times > 1 else ""
        yield f"  ! {text(*_WARNINGS[note.flag])}{times}{page}"


def _about(one: Outcome) -> dict[str, Any]:
    state = "refused" if one.refused is not None else "unchanged" if one.put is None else "added"
    put = one.put
    return {
        "name": one.name,
        "state": state,
        "document": put.document if put else None,
        "passages": {"added": put.added, "kept": put.kept, "removed": put.removed} if put else None,
        "reason": text(*one.refused) if one.refused is not None else None,
        "notes": [{"flag": note.flag.value, "times": note.times, "page": note.page} for note in one.notes],
    }


_WARNINGS: Final = {
    Flag.HIDDEN_TEXT: Text("havia texto escondido, que ficou de fora", "there was hidden text, which was left out"),
    Flag.ADDRESSES_ASSISTANTS: Text(
        "um trecho fala com uma IA em vez de com quem lê: confira-o",
        "a passage speaks to an AI, not a reader: look at it",
    ),
    Flag.INVISIBLE_CHARACTERS: Text("caracteres invisíveis foram tirados", "invisible characters were taken out"),
    Flag.MACROS: Text("as macros não foram lidas", "its macros were not read"),
    Flag.EMBEDDED_FILES: Text("os arquivos embutidos não foram lidos", "the files inside it were not read"),
    Flag.TEXT_UNDER_PICTURE: Text(
        "é digitalizado: o texto pode não ser o que se vê", "it was scanned: the text may not be what one sees"
    ),
    Flag.NO_TEXT_ON_PAGE: Text("há páginas sem texto, só imagem", "some pages have no text, only pictures"),
    Flag.TRUNCATED: Text("um trecho longo demais foi cortado", "a piece that was too long was cut"),
    Flag.ENCODING_GUESSED: Text("a codificação foi adivinhada", "its encoding was guessed"),
}
