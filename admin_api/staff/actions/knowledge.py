"""What the company knows, looked after from the group: added to, listed, answered for good, and its gaps."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from admin_api.staff import reading
from admin_api.staff.actions import answers
from admin_api.staff.arguments import Misused
from admin_api.staff.asking import Action, Answer, Ask, Attached, Command, Param, Place, Word
from admin_api.staff.buttons import Choice
from admin_api.staff.here import here_of
from admin_api.staff.paging import Leaf
from channels.telegram_staff.rich import bold, lines
from core import audit
from core.errors import Malformed
from core.ids import new_id
from core.models.ingestion import JobKind
from core.models.knowledge import DocumentState, KnowledgeDocument
from core.models.people import Role
from core.objects import ObjectKey
from core.texts import Text
from core.vault import open_vault
from knowledge import quarantine
from knowledge.documents import RefusalReason, Unreadable
from knowledge.parsing import MOST_BYTES
from knowledge.sniffing import shape_of
from knowledge.stores import bases, documents, jobs
from knowledge.stores.jobs import NewItem, NewJob

ADD: Final = "knowledge_add"
LIST: Final = "knowledge_list"
_USUAL: Final = "geral"
_LONGEST_NAME: Final = 60
_MARK: Final = 6  # letters of a gap's id, which tell it from the others
_MOST: Final = 10_000
_BASE: Final = re.compile(r"(?P<base>[\w .-]{1,80}):\s*(?P<text>.*)", re.DOTALL)
_UNFETCHED: Final = Text(
    "Não consegui baixar este arquivo do Telegram: ele tem mais de 20 MB ou não está mais lá.",
    "This file could not be fetched from Telegram: it has more than 20 MB, or is gone.",
)
_COUNTS: Final = Text("{} documento(s), {} trecho(s)", "{} document(s), {} passage(s)")
_STATES: Final = {
    DocumentState.ACTIVE: Text("", ""),
    DocumentState.HELD: Text(" (retido: alguém precisa olhar)", " (held: somebody has to look)"),
    DocumentState.RETIRED: Text(" (aposentado)", " (retired)"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Source:
    kind: JobKind
    name: str
    data: bytes


async def _add(ask: Ask) -> Answer:
    """Handed over in this transaction; a worker reads it soon."""
    if (unknown := await _unknown_base(ask)) is not None:
        return _which_base(ask, unknown)
    source = await _source(ask)
    base_name = await _base(ask)
    base = await bases.ensure(ask.session, base_name)
    vault, item = await open_vault(ask.session, ask.floor.ring), new_id()
    upload = await quarantine.keep(ask.storage, vault, item, source.data)
    job = NewJob(base=base, kind=source.kind, name=source.name)
    await jobs.open_job(ask.session, job, NewItem(id=item, position=0, name=source.name, upload=upload))
    detail = {"source": source.name, "kind": source.kind.value}
    audit.record(ask.session, ask.asker.actor, "knowledge.handed_over", subject=job.id, detail=detail)
    told = ask.say(Text("Recebi e vou ler já", "Taken in, and about to be read"))
    where = ask.say(Text("base", "base"))
    return Answer(text=f"📚 {told}: " + bold(source.name) + f" · {where} {base_name}")


async def _source(ask: Ask) -> _Source:
    """The file that came along; else the words, or the message that was replied to."""
    if ask.place.attached is not None:
        data = await _fetched(ask, ask.place.attached)
        shape_of(data)
        return _Source(kind=JobKind.FILE, name=_tidy(ask.place.attached.name) or "arquivo", data=data)
    words = str(ask.arguments.get("text", "")) or ask.place.replied_text.strip()
    if not words:
        raise Misused(
            Text(
                "Escreva o texto, responda a uma mensagem, ou mande um arquivo com este comando na legenda.",
                "Write the text, reply to a message, or send a file with this command as its caption.",
            )
        )
    first = _tidy(words.splitlines()[0])[:_LONGEST_NAME].strip()
    mark = hashlib.sha256(words.encode()).hexdigest()[:_MARK]
    return _Source(kind=JobKind.PASTED, name=f"{first} {mark}".strip(), data=words.encode(errors="replace"))


async def _fetched(ask: Ask, file: Attached) -> bytes:
    if file.storage_key is None:
        raise Malformed(*(file.problem or _UNFETCHED))
    if (file.size or 0) > MOST_BYTES:
        raise Unreadable(RefusalReason.TOO_LARGE)
    return await ask.storage.get(ObjectKey.parse(file.storage_key), max_bytes=MOST_BYTES)


async def _base(ask: Ask) -> str:
    """The one that is named, or the only one there is."""
    if named := str(ask.arguments.get("base", "")):
        return named
    every = await bases.every(ask.session)
    return every[0].name if len(every) == 1 else _USUAL


async def _unknown_base(ask: Ask) -> str | None:
    """A text may itself begin with a word and a colon: a base that does not exist yet is not made of it unasked."""
    named = str(ask.arguments.get("base", ""))
    if not named or not ask.arguments.get("text") or ask.arguments.get("is_new"):
        return None
    return None if await bases.named(ask.session, [named]) else named


def _which_base(ask: Ask, named: str) -> Answer:
    words = str(ask.arguments["text"])
    asked = ask.say(Text("Não há base com este nome:", "There is no base of this name:"))
    new = {"base": named, "text": words, "is_new": True}
    whole = {"text": f"{named}: {words}"}
    return Answer(
        text=f"📚 {asked} " + bold(named),
        choices=[
            [Choice(text=ask.say(Text("Criar a base", "Make the base")), action=ADD, arguments=new)],
            [Choice(text=ask.say(Text("É parte do texto", "It is part of the text")), action=ADD, arguments=whole)],
        ],
    )


async def _list(ask: Ask) -> Answer:
    if named := str(ask.arguments.get("base", "")):
        return await _documents(ask, named)
    found = await bases.every(ask.session)
    counts = Counter(row.base_id for row in await documents.every(ask.session, most=_MOST))
    head = bold(ask.say(Text("Bases de conhecimento", "Knowledge bases")))
    if not found:
        nothing = Text(
            "Nenhuma. Ex.: /base adicionar geral: Abrimos às 9h.", "None. E.g. /base add general: We open at 9."
        )
        return Answer(text=lines(head, ask.say(nothing)), replaces=True)
    leaf = Leaf.of_all(ask, found)
    shown = [f"• {base.name}: " + ask.say(_COUNTS).format(counts[base.id], base.passages) for base in leaf.items]
    choices = [[Choice(text=base.name[:40], action=LIST, arguments={"base": base.name})] for base in leaf.items]
    return Answer(text=lines(head, *shown), choices=[*choices, leaf.turns(LIST)], replaces=True)


async def _documents(ask: Ask, named: str) -> Answer:
    base = await bases.one(ask.session, named)
    leaf = Leaf.of_all(ask, await documents.every(ask.session, base.id, most=_MOST))
    here = await here_of(ask)
    head = bold(f"📚 {base.name}")
    if not leaf.items:
        return Answer(text=lines(head, ask.say(Text("A base está vazia.", "The base is empty."))), replaces=True)

    def line(row: KnowledgeDocument) -> str:
        return f"• {row.title or row.source} · {here.moment(row.updated_at)}{ask.say(_STATES[row.state])}"

    turns = leaf.turns(LIST, arguments={"base": base.name})
    return Answer(text=lines(head, *map(line, leaf.items)), choices=[turns], replaces=True)


def _tidy(name: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())


def _read_add(words: str, place: Place) -> Mapping[str, Any]:
    """`geral: o texto`; with a file or a reply the words name the base alone."""
    if found := _BASE.fullmatch(words):
        return {"base": found["base"].strip(), "text": found["text"].strip()}
    has_source = place.attached is not None or bool(place.replied_text)
    return {"base": words} if has_source else {"text": words}


_BASE_PARAM: Final = Param(name="base", about=Text("A base", "The base"), is_required=False)
ACTIONS: Final = (
    Action(
        name=ADD,
        about=Text("Acrescenta ao que a empresa sabe.", "Adds to what the company knows."),
        role=Role.ADMIN,
        run=_add,
        params=(_BASE_PARAM, Param(name="text", about=Text("O texto", "The text"), is_required=False)),
        is_spoken=False,
    ),
    Action(
        name=LIST,
        about=Text("As bases, e os documentos de uma.", "The bases, and the documents of one."),
        role=Role.VIEWER,
        run=_list,
        params=(_BASE_PARAM,),
    ),
)
COMMANDS: Final = (
    Command(
        name="base",
        action=LIST,
        about=Text("O que a empresa sabe: ver, acrescentar, aprovar", "What the company knows: see, add, approve"),
        usage=Text("/base  ·  /base NOME", "/knowledge  ·  /knowledge NAME"),
        read=reading.all_as("base"),
        aliases=("knowledge",),
        subs=(
            Word(
                name="adicionar",
                action=ADD,
                usage=Text(
                    "/base adicionar geral: o texto  (ou em resposta, ou com um arquivo)",
                    "/knowledge add general: text",
                ),
                read=_read_add,
                aliases=("add",),
            ),
            Word(
                name="listar",
                action=LIST,
                usage=Text("/base listar [base]", "/knowledge list [base]"),
                read=reading.all_as("base"),
                aliases=("list",),
            ),
            Word(
                name="aprovar",
                action=answers.APPROVE,
                usage=Text("/base aprovar pergunta => resposta", "/knowledge approve question => answer"),
                read=answers.read_approve,
                aliases=("approve",),
            ),
            Word(
                name="respostas",
                action=answers.ANSWERS,
                usage=Text("/base respostas", "/knowledge answers"),
                read=reading.nothing,
                aliases=("answers",),
            ),
            Word(
                name="lacunas",
                action=answers.GAPS,
                usage=Text("/base lacunas", "/knowledge gaps"),
                read=reading.nothing,
                aliases=("gaps",),
            ),
        ),
    ),
)
