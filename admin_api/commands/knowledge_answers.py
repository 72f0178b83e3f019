"""`masteria knowledge approve` and `answers`: answers that are told as they stand, before anything is searched."""

import argparse
from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from admin_api.commands.knowledge_desk import Desk
from admin_api.terminal import say, text, write, write_json
from core import audit
from core.audit import OPERATOR
from core.models.answers import ApprovedAnswer
from knowledge import approved
from knowledge.approved import Approved, NewAnswer
from knowledge.stores import answers, bases


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
    if options.json:
        write_json([_about(row) for row in rows])
    elif not rows:
        say("Nenhuma resposta aprovada.", "No approved answer.")
    for row in () if options.json else rows:
        write(f"{row.hits:>4}×  {row.question} → {' '.join(row.answer.split())}  [{row.id}]")
    return 0


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


def day(value: str) -> datetime:
    """Until the end of a day here."""
    try:
        return datetime.strptime(f"{value} 23:59:59", "%Y-%m-%d %H:%M:%S").astimezone()
    except ValueError:
        raise argparse.ArgumentTypeError(text(f"{value}: escreva 2027-12-31", f"{value}: write 2027-12-31")) from None
