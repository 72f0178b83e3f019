"""`masteria knowledge approve` and `answers`: answers that are told as they stand, before anything is searched."""

import argparse
from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from admin_api.commands.knowledge_desk import AddParser, Desk, action, an_id, explain, tell_each
from admin_api.terminal import Parser, text, write, write_json
from core import audit
from core.audit import OPERATOR
from core.models.answers import ApprovedAnswer
from core.texts import Text
from knowledge import approved
from knowledge.approved import Approved, NewAnswer
from knowledge.stores import answers, bases


def parsers(add_parser: AddParser) -> list[Parser]:
    return [_approving(add_parser), _listing(add_parser)]


def _approving(add_parser: AddParser) -> Parser:
    about = Text(
        "Guarda a resposta certa de uma pergunta: ela é dita como está, antes de qualquer busca.",
        "Keep the right answer to a question: it is told as it stands, before anything is searched.",
    )
    parser = action(add_parser, "approve", approve, about)
    explain(parser, "question", metavar="QUESTION", about=Text("a pergunta, por inteiro", "the question, in full"))
    explain(parser, "answer", metavar="ANSWER", about=Text("a resposta", "the answer"))
    persona = Text("só para esta persona; sem isto, todas", "for this persona only; else all of them")
    explain(parser, "--persona", metavar="NAME", about=persona)
    until = Text("até o fim deste dia", "until the end of this day")
    explain(parser, "--until", type=day, metavar="YYYY-MM-DD", about=until)
    instead = Text("no lugar desta resposta", "in the place of this answer")
    explain(parser, "--replacing", type=an_id, metavar="ID", about=instead)
    return parser


def _listing(add_parser: AddParser) -> Parser:
    about = Text(
        "Mostra as respostas aprovadas e quantas vezes cada uma foi dita.",
        "Show the approved answers, and how often each was told.",
    )
    parser = action(add_parser, "answers", show_answers, about)
    taken = Text("retira uma: ninguém mais a ouve", "withdraw one: nobody hears it any more")
    explain(parser, "--withdraw", type=an_id, metavar="ID", about=taken)
    return parser


async def approve(desk: Desk, options: Namespace) -> int:
    """Told are the passages that say something else: search leaves them out from now on."""
    new = NewAnswer(
        question=options.question, answer=options.answer, persona=options.persona, valid_until=options.until
    )
    async with desk.session() as session:
        named = [base.name for base in await bases.every(session)]
        made = await approved.approve(session, new, named=named, replacing=options.replacing)
        audit.record(session, OPERATOR, "knowledge.approved", subject=made.id)
    if options.json:
        conflicts = [{"passage": one.passage, "title": one.title, "said": one.said} for one in made.conflicts]
        write_json({"id": made.id, "conflicts": conflicts})
    else:
        write("\n".join(_lines(made)))
    return 0


def _lines(made: Approved) -> Iterator[str]:
    yield text(f"✓ Resposta aprovada: {made.id}", f"✓ Answer approved: {made.id}")
    for one in made.conflicts:
        yield text(f"  ! `{one.title}` diz outra coisa: {one.said}", f"  ! `{one.title}` says otherwise: {one.said}")


async def show_answers(desk: Desk, options: Namespace) -> int:
    async with desk.session() as session:
        if options.withdraw is not None:
            await approved.withdraw(session, options.withdraw)
            audit.record(session, OPERATOR, "knowledge.withdrawn", subject=options.withdraw)
        rows = await answers.every(session)
    return tell_each(
        options,
        rows,
        about=_about,
        line=lambda row: f"{row.hits:>4}×  {row.question} → {' '.join(row.answer.split())}  [{row.id}]",
        nothing=Text("Nenhuma resposta aprovada.", "No approved answer."),
    )


def _about(row: ApprovedAnswer) -> dict[str, Any]:
    return {
        "id": row.id,
        "question": row.question,
        "answer": row.answer,
        "persona": row.persona,
        "hits": row.hits,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
    }


def day(value: str, *, at: str = "23:59:59") -> datetime:
    """Until the end of a day here."""
    try:
        return datetime.strptime(f"{value} {at}", "%Y-%m-%d %H:%M:%S").astimezone()
    except ValueError:
        raise argparse.ArgumentTypeError(text(f"{value}: escreva 2027-12-31", f"{value}: write 2027-12-31")) from None
