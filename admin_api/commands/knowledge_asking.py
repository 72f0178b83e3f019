"""`masteria knowledge ask` and `gaps`: what search finds for a question, and what it never found."""

import argparse
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from admin_api.commands.knowledge_desk import AddParser, Desk, action, an_id, explain, tell_each
from admin_api.terminal import Parser, say_wrong, text, write, write_json
from core import audit
from core.audit import OPERATOR
from core.clock import Deadline
from core.errors import Malformed
from core.models.answers import KnowledgeGap
from core.texts import Text
from graphs.excerpts import excerpt
from graphs.retrieving import named
from knowledge import approved, gaps
from knowledge.approved import Match
from knowledge.embeddings import EmbeddingFailed, TextKind
from knowledge.search import MOST as _MOST
from knowledge.search import Found, Hit, search
from knowledge.stores import bases
from knowledge.stores import gaps as open_gaps

_EMBEDDING_SECONDS: Final = 10.0
_MOST_GAPS: Final = 500
_SHOWN: Final = 300  # characters of a passage


def parsers(add_parser: AddParser) -> list[Parser]:
    return [_asking(add_parser), _listing_gaps(add_parser)]


def _asking(add_parser: AddParser) -> Parser:
    about = Text(
        "Mostra o que a busca acha: cada trecho com sua nota e de onde veio, e a resposta aprovada, se houver.",
        "Show what search finds: passages, their scores and where they are from, and the approved answer, if any.",
    )
    parser = action(add_parser, "ask", ask, about)
    explain(parser, "question", metavar="QUESTION", about=Text("a pergunta", "the question"))
    bases = Text("só esta base; pode repetir", "this base only; may be repeated")
    explain(parser, "--base", action="append", metavar="NAME", dest="bases", about=bases)
    persona = Text("também as respostas aprovadas só para esta", "also the answers approved for this one only")
    explain(parser, "--persona", metavar="NAME", about=persona)
    most = Text(f"quantos trechos, até {_MOST}; o padrão é 5", f"how many passages, up to {_MOST}; 5 by default")
    explain(parser, "--most", type=_count, default=5, metavar="N", about=most)
    return parser


def _listing_gaps(add_parser: AddParser) -> Parser:
    about = Text(
        "Mostra o que se perguntou e nada respondeu, e quantas vezes.",
        "Show what was asked and nothing answered, and how often.",
    )
    parser = action(add_parser, "gaps", show_gaps, about)
    explain(parser, "--dismiss", type=an_id, metavar="ID", about=Text("tira uma da lista", "take one off the list"))
    return parser


def _count(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= _MOST:
        raise argparse.ArgumentTypeError(text(f"{value}: diga de 1 a {_MOST}", f"{value}: say from 1 to {_MOST}"))
    return int(value)


async def ask(desk: Desk, options: Namespace) -> int:
    """As a turn would: the approved answer first, then passages. That there is none is an answer."""
    if not options.question.strip():
        raise Malformed("Escreva a pergunta.", "Write the question.")
    vectors = await _vectors(desk, options.question)
    async with desk.session() as session:
        if options.bases is None:
            where = [base.name for base in await bases.every(session)]
        else:
            where = [(await bases.one(session, name)).name for name in options.bases]
        match = await approved.find(session, options.question, persona=options.persona)
        found = await search(session, options.question, where, options.most, vectors=vectors)
    if options.json:
        write_json(_about(options.question, match, found))
    else:
        write("\n".join((*_answer_lines(match), *_lines(options.question, found))))
    return 0


async def _vectors(desk: Desk, question: str) -> Mapping[str, Sequence[float]]:
    port = desk.embeddings
    if port is None:
        return {}
    try:
        [vector] = await port.embed([question], kind=TextKind.QUERY, deadline=Deadline.after(_EMBEDDING_SECONDS))
    except EmbeddingFailed as error:
        say_wrong(f"{error.detail.pt} Busquei só por palavras.", f"{error.detail.en} Searched by words alone.")
        return {}
    return {port.name: vector}


def _answer_lines(match: Match | None) -> Iterator[str]:
    if match is not None:
        until = match.valid_until
        held = text(f", até {until:%d/%m/%Y}", f", until {until:%d/%m/%Y}") if until is not None else ""
        yield text(
            f"Resposta aprovada ({match.likeness:.2f}{held}): {match.question}",
            f"Approved answer ({match.likeness:.2f}{held}): {match.question}",
        )
        yield f"   {' '.join(match.answer.split())}"


def _lines(question: str, found: Found) -> Iterator[str]:
    for word, reading in found.read_as:
        yield text(f"(li `{word}` como `{reading}`)", f"(read `{word}` as `{reading}`)")
    if not found.hits:
        yield text("Não encontrei nada.", "Found nothing.")
    elif not found.is_answer:
        yield text(
            "Nada responde com segurança; o mais próximo é isto:", "Nothing surely answers; the nearest is this:"
        )
    for number, hit in enumerate(found.hits, start=1):
        yield f"{number}. {hit.score:.2f}  {hit.base} · {named(hit)}  ({hit.source})"
        yield f"   {' '.join(excerpt(hit.text, question, most=_SHOWN).split())}"
        yield from _remarks(hit)


def _remarks(hit: Hit) -> Iterator[str]:
    if hit.same_as:
        many = len(hit.same_as)
        yield text(f"   = mais {many} trecho(s) dizem o mesmo", f"   = {many} more passage(s) say the same")
    if hit.disputed_by is not None:
        yield text("   ! uma resposta aprovada diz outra coisa", "   ! an approved answer says something else")


def _about(question: str, match: Match | None, found: Found) -> dict[str, Any]:
    approved_ = None if match is None else {**asdict(match), "likeness": round(match.likeness, 4)}
    return {
        "question": question,
        "is_answer": found.is_answer or match is not None,
        "approved": approved_,
        "read_as": dict(found.read_as),
        "passages": [_passage(hit) for hit in found.hits],
    }


def _passage(hit: Hit) -> dict[str, Any]:
    return {
        "id": hit.id,
        "score": round(hit.score, 4),
        "base": hit.base,
        "source": hit.source,
        "title": hit.title,
        "headings": list(hit.headings),
        "page": hit.page,
        "text": hit.text,
        "flags": list(hit.flags),
        "same_as": list(hit.same_as),
        "disputed_by": hit.disputed_by,
    }


async def show_gaps(desk: Desk, options: Namespace) -> int:
    async with desk.session() as session:
        if options.dismiss is not None:
            await gaps.close(session, options.dismiss)
            audit.record(session, OPERATOR, "knowledge.gap_dismissed", subject=options.dismiss)
        rows = await open_gaps.every(session, most=_MOST_GAPS)
    return tell_each(
        options,
        rows,
        about=_gap,
        line=lambda row: f"{row.asked:>4}×  {row.last_at.astimezone():%d/%m/%Y}  {row.question}  [{row.id}]",
        nothing=Text("Nenhuma pergunta ficou sem resposta.", "No question was left without an answer."),
    )


def _gap(row: KnowledgeGap) -> dict[str, Any]:
    return {
        "id": row.id,
        "question": row.question,
        "asked": row.asked,
        "persona": row.persona,
        "first_at": row.first_at,
        "last_at": row.last_at,
    }
