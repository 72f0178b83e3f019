"""Answers that people approved, and the questions that nothing answered."""

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from admin_api.staff import approving, reading
from admin_api.staff.approving import Wished
from admin_api.staff.arguments import Misused
from admin_api.staff.asking import Action, Answer, Ask, Command, Param, Place
from admin_api.staff.buttons import Choice
from admin_api.staff.folding import folded
from admin_api.staff.here import Here, here_of
from admin_api.staff.paging import Leaf, rows_of
from channels.telegram_staff.rich import Rich, bold, code, italic, lines, quote
from core import audit
from core.errors import Conflict, NotFound
from core.models.answers import ApprovedAnswer, KnowledgeGap
from core.models.people import Role
from core.texts import Text
from knowledge import approved, gaps
from knowledge.stores import answers
from knowledge.stores import gaps as gap_store

APPROVE: Final = "knowledge_approve"
ANSWERS: Final = "knowledge_answers"
WITHDRAW: Final = "knowledge_withdraw"
GAPS: Final = "gaps"
DISMISS: Final = "gap_dismiss"
_MARK: Final = 6  # letters of a gap's id, which tell it from the others
_PARTS: Final = re.compile(r"\s*(?:=>|->|→|\|)\s*|\n+")
_GAP: Final = re.compile(r"#([0-9a-f]{6})\b")


async def _approve(ask: Ask) -> Answer:
    """For a question, or for a gap by its mark."""
    gap = await _gap_of(ask)
    question = gap.question if gap else gaps.masked(str(ask.arguments.get("question", "")))
    if not question:
        raise Misused(Text("Diga a pergunta e a resposta.", "Say the question and the answer."))
    about = ask.place.about
    wished = Wished(
        action=APPROVE,
        question=question,
        answer=str(ask.arguments["answer"]),
        origin="staff group",
        asked=Text("Aprovar esta resposta?", "Approve this answer?"),
        reword=_REWORD,
        contact=about.contact if about else None,
    )
    agreed = await approving.agree(ask, wished)
    if isinstance(agreed, Answer):
        return agreed
    detail = {"days": ask.arguments["days"]}
    audit.record(ask.session, ask.asker.actor, "knowledge.approved", subject=agreed.made.id, detail=detail)
    told = Text("✅ Resposta aprovada", "✅ Answer approved")
    return Answer(text=await approving.in_words(ask, told, agreed), replaces=True)


async def _gap_of(ask: Ask) -> KnowledgeGap | None:
    mark = str(ask.arguments.get("gap", ""))
    if not mark:
        return None
    found = [row for row in await gap_store.every(ask.session) if _mark(row) == mark]
    if len(found) != 1:
        raise NotFound(f"Não há lacuna #{mark} aberta: veja /lacunas.", f"There is no open gap #{mark}: see /gaps.")
    return found[0]


async def _answers(ask: Ask) -> Answer:
    leaf = Leaf.of_all(ask, await answers.every(ask.session))
    head = bold(ask.say(Text("Respostas aprovadas", "Approved answers")))
    if not leaf.items:
        nothing = Text("Nenhuma. Ex.: /base aprovar Abre domingo? => Não.", "None. E.g. /base approve Open? => No.")
        return Answer(text=lines(head, ask.say(nothing)), replaces=True)
    here = await here_of(ask)
    shown = [
        f"{number}. {row.question} → {row.answer} ({row.hits}×{_until(row, ask, here)})"
        for number, row in enumerate(leaf.items, leaf.first)
    ]
    gone = [
        Choice(text=f"🗑 {number}", action=WITHDRAW, arguments={"answer": str(row.id)})
        for number, row in enumerate(leaf.items, leaf.first)
    ]
    may = ask.asker.may(Role.ADMIN)
    return Answer(
        text=lines(head, *shown), choices=[*(rows_of(gone) if may else ()), leaf.turns(ANSWERS)], replaces=True
    )


def _until(row: ApprovedAnswer, ask: Ask, here: Here) -> str:
    return f", {ask.say(Text('até', 'until'))} {here.moment(row.valid_until)}" if row.valid_until else ""


async def _preview_withdraw(ask: Ask) -> Answer:
    row = await answers.one(ask.session, UUID(str(ask.arguments["answer"])))
    head = bold(
        ask.say(Text("Retirar esta resposta? Ninguém mais a ouve.", "Withdraw this answer? Nobody hears it more."))
    )
    return Answer(text=lines(head, f"❓ {row.question}", quote(row.answer)))


async def _withdraw(ask: Ask) -> Answer:
    answer = UUID(str(ask.arguments["answer"]))
    if (await answers.one(ask.session, answer)).withdrawn_at is not None:
        raise Conflict("Esta resposta já foi retirada.", "This answer was withdrawn already.")
    await approved.withdraw(ask.session, answer)
    audit.record(ask.session, ask.asker.actor, "knowledge.withdrawn", subject=answer)
    told = ask.say(Text("Resposta retirada.", "Answer withdrawn."))
    return Answer(text=Rich(f"🗑 {told}"), toast=told)


async def _gaps(ask: Ask) -> Answer:
    leaf = Leaf.of_all(ask, await gap_store.every(ask.session))
    head = bold(ask.say(Text("O que perguntaram e nada respondeu", "What was asked and nothing answered")))
    if not leaf.items:
        return Answer(text=lines(head, ask.say(Text("Nenhuma lacuna. 🎉", "No gap. 🎉"))), replaces=True)
    shown = [code(f"#{_mark(row)}") + f" {row.question} ({row.asked}×)" for row in leaf.items]
    how = ask.say(
        Text("Para responder: /base aprovar #código => resposta", "To answer one: /base approve #code => the answer")
    )
    gone = [Choice(text=f"✕ {_mark(row)}", action=DISMISS, arguments={"gap": str(row.id)}) for row in leaf.items]
    may = ask.asker.may(Role.AGENT)
    choices = [*(rows_of(gone) if may else ()), leaf.turns(GAPS)]
    told = italic(f"\n{how}") if ask.asker.may(Role.ADMIN) else None
    return Answer(text=lines(head, *shown, told), choices=choices, replaces=True)


async def _dismiss(ask: Ask) -> Answer:
    gap = UUID(str(ask.arguments["gap"]))
    await gaps.close(ask.session, gap)
    audit.record(ask.session, ask.asker.actor, "knowledge.gap_dismissed", subject=gap)
    told = ask.say(Text("Lacuna tirada da lista.", "Gap taken off the list."))
    return Answer(text=Rich(f"✕ {told}"), toast=told, replaces=True)


def _mark(row: KnowledgeGap) -> str:
    """Of the part of its id that is random."""
    return row.id.hex[-_MARK:]


def read_approve(words: str, place: Place) -> Mapping[str, Any]:
    """`pergunta => resposta`; in reply to a message that message is the answer."""
    parts = [part.strip() for part in _PARTS.split(words, maxsplit=1)]
    asked = parts[0]
    answer = parts[1] if len(parts) > 1 else place.replied_text.strip()
    if gap := _GAP.fullmatch(folded(asked)):
        return {"gap": gap[1], "answer": answer}
    return {"question": asked, "answer": answer}


_REWORD: Final = Text(
    "Outras palavras? /base aprovar pergunta => resposta", "Other words? /knowledge approve question => answer"
)
ACTIONS: Final = (
    Action(
        name=APPROVE,
        about=Text("Guarda a resposta certa de uma pergunta.", "Keeps the right answer to a question."),
        role=Role.ADMIN,
        run=_approve,
        params=(
            Param(name="question", about=Text("A pergunta", "The question"), is_required=False),
            Param(name="answer", about=Text("A resposta", "The answer")),
            Param(name="gap", about=Text("Código da lacuna", "Code of the gap"), is_required=False),
            *approving.PARAMS,
        ),
        is_spoken=False,
    ),
    Action(
        name=ANSWERS,
        about=Text("As respostas aprovadas, e quantas vezes foram ditas.", "Approved answers, and how often told."),
        role=Role.VIEWER,
        run=_answers,
    ),
    Action(
        name=WITHDRAW,
        about=Text("Retira uma resposta aprovada.", "Withdraws an approved answer."),
        role=Role.ADMIN,
        run=_withdraw,
        preview=_preview_withdraw,
        params=(Param(name="answer", about=Text("A resposta", "The answer")),),
        is_spoken=False,
    ),
    Action(
        name=GAPS,
        about=Text("O que perguntaram e nada respondeu.", "What was asked and nothing answered."),
        role=Role.VIEWER,
        run=_gaps,
    ),
    Action(
        name=DISMISS,
        about=Text("Tira uma lacuna da lista.", "Takes a gap off the list."),
        role=Role.AGENT,
        run=_dismiss,
        params=(Param(name="gap", about=Text("A lacuna", "The gap")),),
        is_spoken=False,
    ),
)
COMMANDS: Final = (
    Command(
        name="lacunas",
        action=GAPS,
        about=Text("O que perguntaram e nada respondeu", "What was asked and nothing answered"),
        usage=Text("/lacunas", "/gaps"),
        read=reading.nothing,
        aliases=("gaps",),
    ),
)
