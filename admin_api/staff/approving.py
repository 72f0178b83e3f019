"""What every customer is told who asks so: looked at first, given a term, and held against what was approved before.

Whoever teaches an answer and whoever approves one come by here: what is said word for word has one set of checks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from admin_api.staff.arguments import Misused
from admin_api.staff.asking import Answer, Ask, Param
from admin_api.staff.buttons import Choice
from admin_api.staff.here import here_of
from channels.telegram_staff.rich import Rich, bold, italic, lines, quote
from core import clock
from core.ids import ContactId, ConversationId
from core.texts import Text
from graphs.personal import said_of
from graphs.stores import personal
from knowledge import approved, gaps
from knowledge.approved import AlreadyAnswered, Approved, NewAnswer
from knowledge.stores import bases
from knowledge.stores import gaps as gap_store

FOR_GOOD: Final = 0
_DAYS: Final = (30, 90, 365, FOR_GOOD)
_REPLACING: Final = "replacing"
PARAMS: Final = (
    Param(name="sure", about=Text("Mesmo assim", "Anyway"), kind=bool, is_required=False, is_typed=False),
    Param(
        name="days",
        about=Text("Por quantos dias", "For how many days"),
        kind=int,
        is_required=False,
        is_typed=False,
    ),
    Param(name=_REPLACING, about=Text("No lugar de qual", "In place of which"), is_required=False, is_typed=False),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wished:
    """`contact`: whose talk it is of, and who is not to be known by it. `pinned`: what its buttons carry besides."""

    action: str
    question: str
    answer: str
    origin: str
    asked: Text
    reword: Text
    pinned: Mapping[str, Any] = field(default_factory=dict)
    contact: ContactId | None = None
    conversation: ConversationId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreed:
    new: NewAnswer
    made: Approved


async def agree(ask: Ask, wished: Wished) -> Answer | Agreed:
    """First whom it tells of, then until when, which is the yes to it; the same question again: which of the two."""
    days = ask.arguments.get("days")
    if ask.arguments.get("sure") is not True and (told := await _personal(ask, wished)):
        return _reword(ask, wished, told)
    if days is None:
        return _until_when(ask, wished)
    if days not in _DAYS:
        raise Misused(Text("Escolha um dos prazos.", "Choose one of the terms."))
    new = NewAnswer(
        question=wished.question,
        answer=wished.answer,
        origin=wished.origin,
        approved_by=ask.asker.user,
        valid_until=clock.now() + timedelta(days=days) if days else None,
    )
    named = [base.name for base in await bases.every(ask.session)]
    replacing = ask.arguments.get(_REPLACING)
    try:
        made = await approved.approve(
            ask.session, new, named=named, replacing=UUID(str(replacing)) if replacing else None
        )
    except AlreadyAnswered as error:
        return _which(ask, wished, error)
    await _close_gaps(ask, new, made)
    return Agreed(new=new, made=made)


async def in_words(ask: Ask, head: Text, agreed: Agreed) -> Rich:
    """With the passages that say something else: search leaves them out from now on."""
    new, until = agreed.new, Text("Vale sempre.", "It holds for good.")
    if new.valid_until is not None:
        at = (await here_of(ask)).moment(new.valid_until)
        until = Text(f"Vale até {at}.", f"It holds until {at}.")
    says = ask.say(Text("diz outra coisa", "says otherwise"))
    disputed = [f"⚠️ “{one.title}” {says}: {one.said}" for one in agreed.made.conflicts]
    return lines(bold(ask.say(head)), f"❓ {new.question}", quote(new.answer), ask.say(until), *disputed)


async def _personal(ask: Ask, wished: Wished) -> Sequence[str]:
    """Whoever asks the same gets the same answer: who one customer is must not be in it."""
    if wished.contact is not None:
        person = await personal.of(ask.session, [wished.contact])
        if found := said_of(person, f"{wished.question} {wished.answer}"):
            return found
    return [gaps.hidden(wished.answer)] if gaps.identifies(wished.answer) else []


def _reword(ask: Ask, wished: Wished, told: Sequence[str]) -> Answer:
    head = bold(ask.say(Text("⚠️ Isto diz algo de uma pessoa", "⚠️ This says something of a person")))
    others = ask.say(Text("Outras pessoas vão ler.", "Others will read it."))
    how = italic(f"{others} {ask.say(wished.reword)}")
    anyway = _choice(ask, wished, Text("Mesmo assim", "Anyway"), {"sure": True})
    shown = lines(head, *(f"• {one}" for one in told), quote(wished.answer), how)
    return Answer(text=shown, choices=[[anyway]], replaces=True)


def _until_when(ask: Ask, wished: Wished) -> Answer:
    how = ask.say(Text("Vale por quanto tempo?", "For how long does it hold?"))
    named = [(days, Text(f"{days} dias", f"{days} days")) for days in _DAYS if days]
    terms = [*named, (FOR_GOOD, Text("Sempre", "For good"))]
    choices = [_choice(ask, wished, name, {"days": days}) for days, name in terms]
    head, reword = bold(ask.say(wished.asked)), italic(ask.say(wished.reword))
    shown = lines(head, f"❓ {wished.question}", quote(wished.answer), "", how, reword)
    return Answer(text=shown, choices=[choices[:2], choices[2:]], replaces=True)


def _which(ask: Ask, wished: Wished, error: AlreadyAnswered) -> Answer:
    """Nothing was written by then."""
    match = error.matches[0]
    head = bold(ask.say(Text("Essa pergunta já tem resposta:", "That question has an answer already:")))
    new = ask.say(Text("A nova seria:", "The new one would be:"))
    replace = _choice(ask, wished, Text("Trocar pela nova", "Take the new one"), {_REPLACING: str(match.id)})
    keep = ask.say(Text("Para deixar a que existe, não faça nada.", "To keep the old one, do nothing."))
    shown = lines(head, f"❓ {match.question}", quote(match.answer), "", new, quote(wished.answer), italic(keep))
    return Answer(text=shown, choices=[[replace]], replaces=True)


def _choice(ask: Ask, wished: Wished, name: Text, more: Mapping[str, Any]) -> Choice:
    """All that was chosen so far, but for what is to be replaced: that is asked afresh."""
    kept = {name: value for name, value in ask.arguments.items() if name != _REPLACING}
    return Choice(
        text=ask.say(name),
        action=wished.action,
        arguments={**kept, **wished.pinned, **more},
        conversation=wished.conversation,
    )


async def _close_gaps(ask: Ask, new: NewAnswer, made: Approved) -> None:
    """Those that asked the same, in the same words."""
    for gap in await gap_store.every(ask.session):
        if gap.question.casefold() == new.question.casefold():
            await gaps.close(ask.session, gap.id, answer=made.id)
