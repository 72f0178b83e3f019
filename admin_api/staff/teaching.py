"""The button under what a person answered, by which the bot learns it."""

from typing import Final

from admin_api.staff.asking import Ask
from admin_api.staff.buttons import Choice
from admin_api.staff.stores import lessons, notes
from admin_api.staff.stores.notes import NewNote
from channels.telegram_staff.notes import Say
from channels.telegram_staff.rich import Rich
from core.ids import MessageId, new_id
from core.models.staff import NoteLane
from core.texts import Text
from knowledge.alike import Gist

TEACH: Final = "teach"
_WORTH: Final = 3  # words of an answer; with fewer it says nothing to anybody else
_OFFER: Final = Text("🎓 O bot pode aprender esta resposta.", "🎓 The bot can learn this answer.")
_TEACH: Final = Text("Ensinar", "Teach")


async def offer(ask: Ask, message: MessageId) -> None:
    """Where a question was answered in words, quietly, and only for the newest answer while the group is behind."""
    about = ask.place.about
    lesson = await lessons.of_answer(ask.session, message)
    if about is None or ask.place.group is None or lesson is None or not lesson.is_asked:
        return
    if len(lesson.answer.split()) < _WORTH or not Gist.of(lesson.question).says_something:
        return
    choice = Choice(
        text=ask.say(_TEACH),
        action=TEACH,
        arguments={"message": str(message)},
        conversation=lesson.conversation,
    )
    button = await ask.buttons.make(ask.session, new_id(), choice)
    said = Say(text=Rich(ask.say(_OFFER)), buttons=((button,),), reply_to=ask.place.message_id or None, is_silent=True)
    new = NewNote(
        key=f"{TEACH}:{message}",
        body=said,
        lane=NoteLane.NEWS,
        group=ask.place.group,
        topic=about.topic,
        slot=f"{TEACH}:{about.topic}",
    )
    await notes.post(ask.session, new)
