"""What a person answered becomes what the bot answers, until a day, together with a case that holds it to it."""

from collections.abc import Mapping
from typing import Any, Final

from admin_api.staff import approving
from admin_api.staff.approving import Agreed, Wished
from admin_api.staff.arguments import Misused
from admin_api.staff.asking import Action, Answer, Ask, Command, Param, Place
from admin_api.staff.meant import message_of
from admin_api.staff.stores import lessons
from admin_api.staff.stores.lessons import Lesson
from admin_api.staff.teaching import TEACH
from channels.telegram_staff.rich import italic, lines
from core import audit
from core.errors import Malformed
from core.models.people import Role
from core.texts import Text
from core.vault import open_vault
from graphs.stores import cases
from graphs.stores.cases import NewCase
from knowledge import gaps

_LONGEST_TITLE: Final = 80


async def _teach(ask: Ask) -> Answer:
    lesson = await lessons.of_answer(ask.session, await message_of(ask, lessons.last_answer, _WHICH))
    if lesson is None:
        raise Malformed(
            "Só uma resposta em texto de uma pessoa da equipe pode ser ensinada.",
            "Only an answer in words of a person of the team can be taught.",
        )
    agreed = await approving.agree(ask, _wished(ask, lesson))
    if isinstance(agreed, Answer):
        return agreed
    await _freeze(ask, lesson, agreed)
    detail = {"days": ask.arguments["days"]}
    audit.record(ask.session, ask.asker.actor, "knowledge.taught", subject=agreed.made.id, detail=detail)
    shown = await approving.in_words(ask, Text("🎓 Aprendido", "🎓 Learned"), agreed)
    case = ask.say(Text("A conversa ficou guardada como caso de teste.", "The talk was kept as a test case."))
    return Answer(text=lines(shown, italic(case)), replaces=True, toast=ask.say(Text("Aprendido.", "Learned.")))


def _wished(ask: Ask, lesson: Lesson) -> Wished:
    """What identifies the customer is not part of the question that others will ask."""
    question = gaps.masked(str(ask.arguments.get("question", "")) or lesson.question)
    if not question:
        raise Misused(Text("Qual é a pergunta? /ensinar A pergunta", "What is the question? /teach The question"))
    return Wished(
        action=TEACH,
        question=question,
        answer=str(ask.arguments.get("answer", "")) or lesson.answer,
        origin=f"conversation:{lesson.conversation}",
        asked=Text("🎓 Ensinar isto ao bot?", "🎓 Teach the bot this?"),
        reword=_REWORD,
        pinned={"message": str(lesson.message)},
        contact=lesson.contact,
        conversation=lesson.conversation,
    )


async def _freeze(ask: Ask, lesson: Lesson, agreed: Agreed) -> None:
    """The same question has to get this answer from now on."""
    kept = {
        "question": agreed.new.question,
        "answer": agreed.new.answer,
        "approved_answer": str(agreed.made.id),
        "seq": lesson.seq,
    }
    title = ask.say(Text("Ensinado: ", "Taught: ")) + agreed.new.question[:_LONGEST_TITLE]
    new = NewCase(conversation=lesson.conversation, title=title, by=ask.asker.user, lesson=kept)
    await cases.freeze(ask.session, await open_vault(ask.session, ask.floor.ring), new)


def read_teach(words: str, _: Place) -> Mapping[str, Any]:
    """`pergunta => resposta`, or one of the two: without a sign it is the question."""
    question, _sign, answer = words.partition("=>")
    return {name: said.strip() for name, said in (("question", question), ("answer", answer)) if said.strip()}


_WHICH: Final = Text("Responda com isto à resposta da equipe.", "Reply with this to the team's answer.")
_REWORD: Final = Text(
    "Outras palavras? Responda à mensagem: /ensinar pergunta => resposta",
    "Other words? Reply to the message: /teach question => answer",
)
ACTIONS: Final = (
    Action(
        name=TEACH,
        about=Text("Ensina ao bot a resposta que a equipe deu.", "Teaches the bot the answer that the team gave."),
        role=Role.AGENT,
        run=_teach,
        params=(
            Param(name="question", about=Text("A pergunta, em outras palavras", "The question"), is_required=False),
            Param(name="answer", about=Text("A resposta, em outras palavras", "The answer"), is_required=False),
            Param(name="message", about=Text("A mensagem", "The message"), is_required=False, is_typed=False),
            *approving.PARAMS,
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
