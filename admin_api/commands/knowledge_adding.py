"""`masteria knowledge add`: what was named is handed over, and read here by the reader that the worker has."""

import asyncio
from argparse import Namespace
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from admin_api.commands import knowledge_sources, knowledge_vectors
from admin_api.commands.knowledge_desk import AddParser, Desk, action, explain, explain_base
from admin_api.commands.knowledge_sources import Thing
from admin_api.commands.places import settings_here
from admin_api.terminal import Parser, draw, progress, text, write, write_json
from core.audit import OPERATOR
from core.clock import Deadline
from core.crypto import KeyRing
from core.home import Home
from core.models.ingestion import IngestionItem, ItemState
from core.storage import open_storage
from core.texts import Text
from knowledge import handing_over
from knowledge.documents import Flag, Note
from knowledge.reading import Reader, open_reader, words_of
from knowledge.stores import bases, jobs
from knowledge.stores.documents import Put

_STRETCH_SECONDS: Final = 1.0  # between two looks at how far it has come
_SECONDS: Final = 6 * 3600.0  # what is left then is the worker's
_AT_ONCE: Final = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of a source."""

    name: str
    state: ItemState
    document: UUID | None = None
    pieces: int = 0
    put: Put | None = None  # not known of what another process has read
    reason: Text | None = None
    notes: tuple[Note, ...] = field(default=())

    @property
    def is_in(self) -> bool:
        return self.state in {ItemState.DONE, ItemState.UNCHANGED}

    @property
    def took_a_place(self) -> bool:
        """Of content of which nothing stayed: another document of the same name, perhaps."""
        return self.put is not None and self.put.removed > 0 and self.put.kept == 0


def parsers(add_parser: AddParser) -> list[Parser]:
    about = Text(
        "Lê documentos e guarda o que dizem: arquivos, pastas, ZIP, páginas e sitemaps. Rodar de novo só troca o "
        "que mudou.",
        "Read documents and keep what they say: files, folders, ZIP, pages and sitemaps. Run again, it replaces "
        "only what changed.",
    )
    parser = action(add_parser, "add", add, about)
    paths = Text(
        "arquivo, pasta, https://página, https://…/sitemap.xml, ou - para a entrada padrão (com --name)",
        "a file, a folder, https://page, https://…/sitemap.xml, or - for standard input (with --name)",
    )
    explain(parser, "paths", nargs="+", metavar="PATH", about=paths)
    explain_base(parser)
    named = Text("o nome do que vem da entrada padrão", "the name of what comes from standard input")
    explain(parser, "--name", metavar="NAME", about=named)
    return [parser]


async def add(desk: Desk, options: Namespace) -> int:
    """Whatever is cut off, the worker takes up."""
    things = knowledge_sources.things(options.paths, options.name)
    settings = settings_here(options)
    sources = handing_over.Desk(
        database=desk.database,
        ring=KeyRing.load(settings, Home(settings.masteria_home).keys_file),
        storage=open_storage(settings.storage_url),
        actor=OPERATOR,
    )
    outcomes = await added(desk, sources, options.base, things)
    if any(one.state is ItemState.DONE for one in outcomes):
        await knowledge_vectors.keep_up(desk)
    if options.json:
        write_json([_about(one) for one in outcomes])
    else:
        write("\n".join(line for one in outcomes for line in _lines(one)))
    return int(not all(one.is_in for one in outcomes))


async def added(desk: Desk, sources: handing_over.Desk, base_name: str, things: Sequence[Thing]) -> list[Outcome]:
    """All is handed over before any of it is read: from then on nothing of it is lost."""
    async with desk.session() as session:
        base = await bases.ensure(session, base_name)
    handed = [
        (thing, await knowledge_sources.hand_over(sources, desk.company, base, thing))
        for thing in progress(things, text("fontes recebidas", "sources taken in"))
    ]
    read = await _read_every(desk, sources, [job for _, job in handed if isinstance(job, UUID)])
    return [
        outcome for thing, job in handed for outcome in (read[job] if isinstance(job, UUID) else [_refused(thing, job)])
    ]


async def _read_every(desk: Desk, sources: handing_over.Desk, every: Sequence[UUID]) -> dict[UUID, list[Outcome]]:
    read: dict[UUID, list[Outcome]] = {}
    if not every:
        return read
    until = Deadline.after(_SECONDS)
    async with open_reader(sources, desk.company, every[0]) as reader:
        for job in every:
            reader.turn_to(job)
            await _read(desk, reader, every, until=until)
            read[job] = [_outcome(item, reader.puts.get(item.id)) async for item in _items(desk, job) if _is_told(item)]
    draw(len(every), len(every), text("fontes", "sources"))
    return read


async def _read(desk: Desk, reader: Reader, every: Sequence[UUID], *, until: Deadline) -> None:
    """To its end, whoever reads it; what has to wait for a site is left to the worker."""
    while not until.passed:
        stretch = Deadline.after(_STRETCH_SECONDS)
        come = await reader.read(stretch)
        await _draw(desk, every)
        if come.finished_at is not None:
            return
        if stretch.passed:
            continue
        if not [item async for item in _items(desk, reader.job) if _is_read_elsewhere(item)]:
            return
        await asyncio.sleep(stretch.remaining)


async def _draw(desk: Desk, every: Sequence[UUID]) -> None:
    async with desk.session() as session:
        ended, items = await jobs.settled_of(session, every)
    if ended < items:  # the last look at it is not this one's
        draw(ended, items, text("fontes", "sources"))


async def _items(desk: Desk, job: UUID) -> AsyncIterator[IngestionItem]:
    after = -1
    while True:
        async with desk.session() as session:
            found = await jobs.items(session, job, after=after, most=_AT_ONCE)
        for item in found:
            yield item
        if len(found) < _AT_ONCE:
            return
        after = found[-1].position


def _is_read_elsewhere(item: IngestionItem) -> bool:
    """What waits for a reason is read by nobody now."""
    return item.state is ItemState.WAITING and item.reason is None


def _is_told(item: IngestionItem) -> bool:
    """Not the folder or the map itself: what lay in it is."""
    return item.state is not ItemState.DONE or item.document_id is not None


def _refused(thing: Thing, reason: Text) -> Outcome:
    """Its name may be one that no terminal can show."""
    name = thing.name.encode(errors="replace").decode()
    return Outcome(name=name, state=ItemState.REFUSED, reason=reason)


def _outcome(item: IngestionItem, put: Put | None) -> Outcome:
    reason = words_of(item.reason) if item.reason is not None else None
    if item.state is ItemState.WAITING:
        reason = Text(*(f"{said} {more}".strip() for said, more in zip(reason or ("", ""), _LATER, strict=True)))
    notes = tuple(Note(flag=Flag(one["flag"]), times=one["times"], page=one["page"]) for one in item.notes)
    return Outcome(
        name=item.address or item.name,
        state=item.state,
        document=item.document_id,
        pieces=item.pieces,
        put=put,
        reason=reason,
        notes=notes,
    )


def _lines(one: Outcome) -> Iterator[str]:
    if one.reason is not None:
        yield f"✗ {one.name}: {text(*one.reason)}"
    elif one.state is ItemState.UNCHANGED:
        yield text(f"= {one.name}: sem mudança", f"= {one.name}: unchanged")
    else:
        yield f"✓ {one.name}: {_counts(one)}"
    if one.took_a_place:
        yield f"  ! {text(*_TOOK_A_PLACE)}"
    for note in one.notes:
        page = text(f", página {note.page}", f", page {note.page}") if note.page is not None else ""
        times = f" ({note.times}×)" if note.times > 1 else ""
        yield f"  ! {text(*_WARNINGS[note.flag])}{times}{page}"


def _counts(one: Outcome) -> str:
    put = one.put
    if put is None:
        return text(f"{one.pieces} trecho(s)", f"{one.pieces} passage(s)")
    many = put.added + put.kept
    return text(
        f"{many} trecho(s): {put.added} novo(s), {put.kept} igual(is), {put.removed} a menos",
        f"{many} passage(s): {put.added} new, {put.kept} as before, {put.removed} less",
    )


def _about(one: Outcome) -> dict[str, Any]:
    put = one.put
    return {
        "name": one.name,
        "state": _STATES[one.state],
        "document": one.document,
        "passages": {"added": put.added, "kept": put.kept, "removed": put.removed} if put else None,
        "took_a_place": one.took_a_place,
        "reason": text(*one.reason) if one.reason is not None else None,
        "notes": [{"flag": note.flag.value, "times": note.times, "page": note.page} for note in one.notes],
    }


_STATES: Final = {
    ItemState.DONE: "added",
    ItemState.UNCHANGED: "unchanged",
    ItemState.REFUSED: "refused",
    ItemState.FAILED: "refused",
    ItemState.WAITING: "waiting",
}
_LATER: Final = Text("O worker tenta de novo em instantes.", "The worker tries again in a while.")
_TOOK_A_PLACE: Final = Text(
    "nada ficou do que havia com este nome: se era outro documento, ele saiu",
    "nothing stayed of what had this name: if it was another document, it is gone",
)
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
