"""What a person answered becomes what the bot answers, until a day, together with a case that holds it to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from admin_api.staff.arguments import Misused
from admin_api.staff.asking import Action, Answer, Ask, Command, Param, Place
from admin_api.staff.buttons import Choice
from admin_api.staff.here import here_of
from admin_api.staff.stores import lessons
from admin_api.staff.stores.lessons import Lesson
from admin_api.staff.teaching import TEACH
from channels.telegram_staff.rich import bold, italic, lines, quote
from core import audit, clock
from core.errors import Malformed
from core.models.people import Role
from core.texts import Text
from core.vault import open_vault
from graphs.personal import said_of
from graphs.stores import cases, personal
from graphs.stores.cases import NewCase
from knowledge import approved, gaps
from knowledge.approved import AlreadyAnswered, Approved, NewAnswer
from knowledge.stores import bases
from knowledge.stores import gaps as gap_store

FOR_GOOD: Final = 0
_DAYS: Final = (30, 90, 365, FOR_GOOD)
_LONGEST_TITLE: Final = 80
_SAID: Final = frozenset({"question", "answer", "days", "sure"})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Taught:
    """`personal`: what it says of who the customer is, who is not to be known to others."""

    lesson: Lesson
    question: str
    answer: str
    personal: Sequence[str]


async def _teach(ask: Ask) -> Answer:
    """First until when, which is the yes to it as well; the same question answered already: which of the two."""
    taught = await _taught(ask)
    days = ask.arguments.get("days")
    if taught.personal and ask.arguments.get("sure") is not True:
        return _personal(ask, taught)
    if days is None:
        return _until_when(ask, taught)
    if days not in _DAYS:
        raise Misused(Text("Escolha um dos prazos.", "Choose one of the terms."))
    until = clock.now() + timedelta(days=days) if days else None
    new = NewAnswer(
        question=taught.question,
        answer=taught.answer,
        origin=f"conversation:{taught.lesson.conversation}",
        approved_by=ask.asker.user,
        valid_until=until,
    )
    replacing = ask.arguments.get("replacing")
    named = [base.name for base in await bases.every(ask.session)]
    try:
        made = await approved.approve(
            ask.session, new, named=named, replacing=UUID(str(replacing)) if replacing else None
        )
    except AlreadyAnswered as error:
        return _which(ask, taught, error)
    await _close_gap(ask, new, made)
    await _freeze(ask, taught, made)
    audit.record(ask.session, ask.asker.actor, "knowledge.taught", subject=made.id, detail={"days": days})
    return await _done(ask, new, made)


async def _taught(ask: Ask) -> _Taught:
    """What identifies the customer is not part of the question that others will ask."""
    lesson = await lessons.of_answer(ask.session, await _message(ask))
    if lesson is None:
        raise Malformed(
            "Só uma resposta em texto de uma pessoa da equipe pode ser ensinada.",
            "Only an answer in words of a person of the team can be taught.",
        )
    question = gaps.masked(str(ask.arguments.get("question", "")) or lesson.question)
    if not question:
        raise Misused(Text("Qual é a pergunta? /ensinar A pergunta", "What is the question? /teach The question"))
    answer = str(ask.arguments.get("answer", "")) or lesson.answer
    person = await personal.of(ask.session, [lesson.contact])
    marked = [] if gaps.masked(answer) == " ".join(answer.split()) else [gaps.masked(answer)]
    return _Taught(
        lesson=lesson, question=question, answer=answer, personal=said_of(person, f"{question} {answer}") or marked
    )


async def _message(ask: Ask) -> UUID:
    """The one that is replied to, or the last that a person of the company wrote in this topic."""
    if (named := ask.arguments.get("message")) is not None:
        return UUID(str(named))
    replied, about = ask.place.replied, ask.place.about
    if replied is not None and replied.said_id is not None:
        return replied.said_id
    found = await lessons.last_answer(ask.session, about.conversation) if about and replied is None else None
    if found is None:
        raise Misused(Text("Responda com isto à resposta da equipe.", "Reply with this to the team's answer."))
    return found


def _personal(ask: Ask, taught: _Taught) -> Answer:
    """Whoever asks the same gets the same answer: who this customer is must not be in it."""
    head = bold(ask.say(Text("⚠️ Isto diz algo desta pessoa", "⚠️ This says something of this person")))
    told = [f"• {one}" for one in taught.personal]
    how = Text(
        "Outras pessoas vão ler. Reescreva: /ensinar pergunta => resposta",
        "Others will read it. Reword: /teach question => answer",
    )
    anyway = _choice(ask, taught, Text("Ensinar mesmo assim", "Teach it anyway"), {"sure": True})
    shown = lines(head, *told, quote(taught.answer), italic(ask.say(how)))
    return Answer(text=shown, choices=[[anyway]], replaces=True)


def _until_when(ask: Ask, taught: _Taught) -> Answer:
    head = bold(ask.say(Text("🎓 Ensinar isto ao bot?", "🎓 Teach the bot this?")))
    how = ask.say(Text("Vale por quanto tempo?", "For how long does it hold?"))
    other = Text("Outra pergunta? Responda à mensagem: /ensinar A pergunta", "Other words? Reply: /teach The question")
    choices = [_choice(ask, taught, name, {"days": days}) for days, name in _terms()]
    shown = lines(head, f"❓ {taught.question}", quote(taught.answer), "", how, italic(ask.say(other)))
    return Answer(text=shown, choices=[choices[:2], choices[2:]], replaces=True)


def _terms() -> list[tuple[int, Text]]:
    named = [(days, Text(f"{days} dias", f"{days} days")) for days in _DAYS if days]
    return [*named, (FOR_GOOD, Text("Sempre", "For good"))]


def _choice(ask: Ask, taught: _Taught, name: Text, more: Mapping[str, Any]) -> Choice:
    kept = {name: value for name, value in ask.arguments.items() if name in _SAID}
    return Choice(
        text=ask.say(name),
        action=TEACH,
        arguments={"message": str(taught.lesson.message), **kept, **more},
        conversation=taught.lesson.conversation,
    )


def _which(ask: Ask, taught: _Taught, error: AlreadyAnswered) -> Answer:
    """Nothing was written by then."""
    match = error.matches[0]
    head = bold(ask.say(Text("Essa pergunta já tem resposta:", "That question has an answer already:")))
    new = ask.say(Text("A nova seria:", "The new one would be:"))
    replace = _choice(ask, taught, Text("Trocar pela nova", "Take the new one"), {"replacing": str(match.id)})
    shown = lines(head, f"❓ {match.question}", quote(match.answer), "", new, quote(taught.answer))
    keep = ask.say(Text("Para deixar a que existe, não faça nada.", "To keep the old one, do nothing."))
    return Answer(text=lines(shown, italic(keep)), choices=[[replace]], replaces=True)


async def _close_gap(ask: Ask, new: NewAnswer, made: Approved) -> None:
    for gap in await gap_store.every(ask.session):
        if gap.question.casefold() == new.question.casefold():
            await gaps.close(ask.session, gap.id, answer=made.id)


async def _freeze(ask: Ask, taught: _Taught, made: Approved) -> None:
    """The same question has to get this answer from now on."""
    lesson = {
        "question": taught.question,
        "answer": taught.answer,
        "approved_answer": str(made.id),
        "seq": taught.lesson.seq,
    }
    title = ask.say(Text("Ensinado: ", "Taught: ")) + taught.question[:_LONGEST_TITLE]
    new = NewCase(conversation=taught.lesson.conversation, title=title, by=ask.asker.user, lesson=lesson)
    await cases.freeze(ask.session, await open_vault(ask.session, ask.floor.ring), new)


async def _done(ask: Ask, new: NewAnswer, made: Approved) -> Answer:
    here = await here_of(ask)
    head = bold(ask.say(Text("🎓 Aprendido", "🎓 Learned")))
    until = Text("Vale sempre.", "It holds for good.")
    if new.valid_until is not None:
        at = here.moment(new.valid_until)
        until = Text(f"Vale até {at}.", f"It holds until {at}.")
    says = ask.say(Text("diz outra coisa", "says otherwise"))
    disputed = [f"⚠️ “{one.title}” {says}: {one.said}" for one in made.conflicts]
    case = ask.say(Text("A conversa ficou guardada como caso de teste.", "The talk was kept as a test case."))
    shown = lines(head, f"❓ {new.question}", quote(new.answer), ask.say(until), italic(case), *disputed)
    return Answer(text=shown, replaces=True, toast=ask.say(Text("Aprendido.", "Learned.")))


def read_teach(words: str, _: Place) -> Mapping[str, Any]:
    """`pergunta => resposta`, or one of the two: without a sign it is the question."""
    question, _sign, answer = words.partition("=>")
    return {name: said.strip() for name, said in (("question", question), ("answer", answer)) if said.strip()}


ACTIONS: Final = (
    Action(
        name=TEACH,
        about=Text("Ensina ao bot a resposta que a equipe deu.", "Teaches the bot the answer that the team gave."),
        role=Role.AGENT,
        run=_teach,
        params=(
            Param(name="question", about=Text("A pergunta, em outras palavras", "The question"), is_required=False),
            Param(name="answer", about=Text("A resposta, em outras palavras", "The answer"), is_required=False),
            Param(name="sure", about=Text("Mesmo assim", "Anyway"), kind=bool, is_required=False),
            Param(name="message", about=Text("A resposta", "The answer"), is_required=False),
            Param(name="days", about=Text("Por quantos dias", "For how many days"), kind=int, is_required=False),
            Param(name="replacing", about=Text("No lugar de qual", "In place of which"), is_required=False),
        ),
        is_spoken=False,
    ),
)
COMMANDS: Final = (
    Command(
        name="ensinar",
        action=TEACH,
        about=Text("Ensinar ao bot a resposta da equipe", "Teach the bot the team's answer"),
        usage=Text(
            "responda a uma resposta: /ensinar [pergunta => resposta]",
            "reply to an answer: /teach [question => answer]",
        ),
        read=read_teach,
        aliases=("teach",),
    ),
)
