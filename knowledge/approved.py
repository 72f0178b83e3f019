"""Answers that people approved, each for its question, its persona and its time; asked before anything is generated."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from core import clock
from core.db.locks import hold_until_commit
from core.db.sessions import TenantSession
from core.errors import Conflict as Refusal
from core.errors import Malformed
from core.ids import new_id
from core.models.answers import ApprovedAnswer
from knowledge import confidence
from knowledge.alike import SAME, Gist, likeness
from knowledge.contradictions import differing
from knowledge.documents import Piece
from knowledge.search import search
from knowledge.stores import answers, bases, documents
from knowledge.stores.documents import Source
from knowledge.suspicion import addresses_assistants

SHELF: Final = "=answers"  # the base of ours that their questions stand in
_LONGEST: Final = 4_000
_LOOKED_AT: Final = 12  # questions that share words with the one that is asked
_SUSPECTS: Final = 8  # passages that may say something else


@dataclass(frozen=True, kw_only=True, slots=True)
class NewAnswer:
    question: str
    answer: str
    persona: str | None = None  # none: any of the company's
    origin: str | None = None  # where the person gave it
    approved_by: UUID | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """A passage that says something else."""

    passage: UUID
    title: str
    said: str
    same_as: tuple[UUID, ...] = ()  # passages that say the same as this one


@dataclass(frozen=True, kw_only=True, slots=True)
class Approved:
    id: UUID
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """An approved answer that applies."""

    id: UUID
    question: str
    answer: str
    likeness: float  # of the question that was approved and the one that was asked
    valid_until: datetime | None


class AlreadyAnswered(Refusal):
    """The same question has an approved answer: replace that one, or leave it."""

    def __init__(self, matches: Sequence[Match]) -> None:
        super().__init__(
            "Essa pergunta já tem resposta aprovada: substitua a que existe.",
            "That question has an approved answer already: replace that one.",
        )
        self.matches = tuple(matches)


async def approve(
    session: TenantSession, new: NewAnswer, *, named: Sequence[str] = (), replacing: UUID | None = None
) -> Approved:
    """It holds from the commit on. `named` are the bases whose passages are held against it."""
    _refuse_unsound(new)
    await hold_until_commit(session, "approved answers")
    if replacing is not None:
        await answers.one(session, replacing)
    others = [match for match in await _alike(session, new.question, new.persona) if match.id != replacing]
    if others:
        raise AlreadyAnswered(others)
    answer = new_id()
    document = await _shelve(session, answer, new)
    await answers.add(session, _row(new) | {"id": answer, "document_id": document})
    if replacing is not None:
        await withdraw(session, replacing, replaced_by=answer)
    found = await contradicted(session, new, named)
    disputed = [(passage, conflict.said) for conflict in found for passage in (conflict.passage, *conflict.same_as)]
    await answers.dispute(session, answer, disputed)
    return Approved(id=answer, conflicts=found)


async def find(session: TenantSession, question: str, *, persona: str | None = None) -> Match | None:
    """The one that was approved for this question, of this persona before one for all."""
    return next(iter(await _alike(session, question, persona)), None)


async def those(session: TenantSession, ids: Collection[UUID], *, persona: str | None = None) -> dict[UUID, Match]:
    """Of these the ones that this persona may tell."""
    rows = await answers.of_ids(session, ids) if ids else ()
    return {row.id: _match(row, 0.0) for row in rows if row.persona is None or row.persona == persona}


async def count_hit(session: TenantSession, answer: UUID) -> None:
    """Told when it was said, not when it was found."""
    await answers.count_hit(session, answer)


async def withdraw(session: TenantSession, answer: UUID, *, replaced_by: UUID | None = None) -> None:
    document = (await answers.one(session, answer)).document_id
    await answers.withdraw(session, answer, replaced_by=replaced_by)
    if document is not None:
        await documents.remove(session, document)


async def contradicted(session: TenantSession, new: NewAnswer, named: Sequence[str]) -> tuple[Conflict, ...]:
    """Passages that speak of the same and say something else. All there are now are older than the answer."""
    found = await search(session, new.question, named, _SUSPECTS)
    suspects = [(hit, differing(new.answer, hit.text)) for hit in found.hits if hit.score >= confidence.ENOUGH / 2]
    return tuple(
        Conflict(passage=hit.id, title=hit.title, said=said, same_as=hit.same_as)
        for hit, said in suspects
        if said is not None
    )


async def _alike(session: TenantSession, question: str, persona: str | None) -> list[Match]:
    """Those that hold, the likest first."""
    found = await search(session, question, [SHELF], _LOOKED_AT, is_reserved=True)
    rows = await answers.of_passages(session, [one for hit in found.hits for one in (hit.id, *hit.same_as)])
    asked = Gist.of(question)
    likest = [
        (likeness(asked, Gist.of(row.question)), row) for row in rows if row.persona is None or row.persona == persona
    ]
    likest.sort(key=lambda one: (one[1].persona is not None, one[0], one[1].created_at), reverse=True)
    return [_match(row, share) for share, row in likest if share >= SAME]


async def _shelve(session: TenantSession, answer: UUID, new: NewAnswer) -> UUID:
    base = await bases.ensure(session, SHELF, is_reserved=True)
    sha256 = hashlib.sha256(new.question.encode()).hexdigest()
    source = Source(
        key=str(answer),
        title="",
        kind="answer",
        content_sha256=sha256,
        valid_from=new.valid_from,
        valid_until=new.valid_until,
    )
    piece = Piece(text=new.question, title="", position=0, sha256=sha256)
    return (await documents.put(session, base, source, [piece])).document


def _row(new: NewAnswer) -> dict[str, Any]:
    row = asdict(new)
    return row if new.valid_from is not None else {key: row[key] for key in row if key != "valid_from"}


def _match(row: ApprovedAnswer, share: float) -> Match:
    return Match(id=row.id, question=row.question, answer=row.answer, likeness=share, valid_until=row.valid_until)


def _refuse_unsound(new: NewAnswer) -> None:
    for words, pt, en in ((new.question, "A pergunta", "The question"), (new.answer, "A resposta", "The answer")):
        if not words.strip() or len(words) > _LONGEST:
            raise Malformed(f"{pt} tem de 1 a {_LONGEST} caracteres.", f"{en} has 1 to {_LONGEST} characters.")
    if addresses_assistants(new.answer) or addresses_assistants(new.question):
        raise Malformed(
            "Isto dá ordens a um assistente, e não responde a um cliente: escreva de outro jeito.",
            "This gives orders to an assistant, and is no answer to a customer: write it another way.",
        )
    if not Gist.of(new.question).says_something:
        raise Malformed(
            "A pergunta não diz do que fala: escreva-a por inteiro.",
            "The question does not say what it is about: write it out.",
        )
    if new.valid_until is not None and new.valid_until <= (new.valid_from or clock.now()):
        raise Malformed("A validade já terminou.", "The validity has ended already.")
