"""An update, acted on: who said it and where, whether that counts, and who deals with it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from admin_api.staff.acting import TRIES, Acting
from admin_api.staff.asking import Asker, Attached, Place
from admin_api.staff.binding import START, WORDS, Binding
from admin_api.staff.bot import Bot
from admin_api.staff.files import Files
from admin_api.staff.heard import Crew, Heard, Known, Toast
from admin_api.staff.scene import Scene, scene_of
from admin_api.staff.stores.notes import NewNote, post
from admin_api.staff.strangers import ANONYMOUS, SECOND_HAND, UNHEARD, UNKNOWN, Strangers, tell
from channels.telegram_staff.failures import Failed
from channels.telegram_staff.notes import Say
from channels.telegram_staff.rich import Rich
from channels.telegram_staff.updates import (
    Edited,
    Migrated,
    OurStanding,
    Pressed,
    Reacted,
    Renamed,
    Said,
    Told,
    TopicChanged,
)
from core.errors import Refused
from core.logging import get_logger
from core.models.staff import NoteLane
from core.texts import Text

Act = Callable[[Heard], Awaitable[Toast | None]]

_NOT_DONE: Final = Text(
    "⚠️ Isto não foi feito, por um problema nosso: mande de novo.",
    "⚠️ This was not done, for a fault of ours: send it again.",
)
_OLD_BUTTON: Final = Text("Este botão é antigo demais: peça de novo.", "This button is too old: ask again.")

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Handling:
    bot: Bot
    binding: Binding
    strangers: Strangers
    crew: Crew
    files: Files

    async def act(self, acting: Acting, told: Told) -> None:
        match told:
            case Said():
                await self._said(acting, told)
            case Edited():
                await self._edited(acting, told.said)
            case Pressed():
                await self._pressed(acting, told)
            case Reacted():
                await self._reacted(acting, told)
            case TopicChanged():
                await self._changed(acting, told)
            case _:
                await self._follow(acting, told)

    async def _follow(self, acting: Acting, told: Told) -> None:
        match told:
            case OurStanding():
                await self.binding.stands(acting, told)
            case Migrated():
                await self.binding.moved(acting, told)
            case Renamed():
                await self.binding.renamed(acting, told)
            case _:
                await _nothing(acting, "nothing")

    async def _said(self, acting: Acting, said: Said) -> None:
        if (told_code := self._code_in(said)) is not None:
            return await self.binding.typed(acting, said, told_code)
        scene = await scene_of(self.bot, said.room, said.sender, said.reply)
        if scene.is_outside:
            return await self.binding.outside(acting, said.room)
        if (refused := self._refusal(said, scene)) is not None:
            return await self._refuse(acting, said, scene, refused)
        asker = scene.asker
        if asker is None or (said.typed and not self._is_for_us(said)):
            return await _nothing(acting, "for nobody here")
        place = await self._place(acting, said, scene)
        known = self._known(acting, asker, place, is_addressed=self._is_addressed(said, scene))
        await self._do(acting, known, await self._deed(known, said))
        return None

    async def _deed(self, known: Known, said: Said) -> Act:
        """A model is asked before the transaction begins."""
        service, desk = self.crew.service, self.crew.desk
        if (typed := said.typed) is not None:
            return lambda heard: _quietly(service.command(heard, typed))
        if known.place.about is not None and not known.is_addressed:
            return lambda heard: _quietly(desk.said(heard, said))
        thought = await service.think(known, said)
        return lambda heard: _quietly(service.words(heard, said, thought))

    async def _edited(self, acting: Acting, said: Said) -> None:
        """An edited command is none: what it said before was done, or was not."""
        scene = await scene_of(self.bot, said.room, said.sender, said.reply)
        if scene.asker is None or scene.about is None or said.typed is not None or not _is_own(said):
            return await _nothing(acting, "an edit of no line")
        place = Place(group=scene.group_id, about=scene.about, message_id=said.message_id, replied=scene.replied)
        known = self._known(acting, scene.asker, place)
        await self._do(acting, known, lambda heard: _quietly(self.crew.desk.edited(heard, said)))
        return None

    async def _pressed(self, acting: Acting, pressed: Pressed) -> None:
        if pressed.room is None:
            await _nothing(acting, "an old button")
            return await self._toast(pressed, _OLD_BUTTON.in_(pressed.sender.speaks), is_alert=True)
        scene = await scene_of(self.bot, pressed.room, pressed.sender, None, message_id=pressed.message_id)
        if scene.asker is None or scene.is_outside:
            await _nothing(acting, "a button pressed by a stranger")
            return await self._toast(pressed, UNKNOWN.in_(pressed.sender.speaks), is_alert=True)
        place = Place(group=scene.group_id, about=scene.about, message_id=pressed.message_id or 0)
        known = self._known(acting, scene.asker, place)
        press = self.crew.service.press
        toast = await self._do(acting, known, lambda heard: press(heard, pressed), is_press=True)
        text = toast.text.in_(scene.asker.language) if toast and toast.text else ""
        return await self._toast(pressed, text, is_alert=toast is not None and toast.is_alert)

    async def _reacted(self, acting: Acting, reacted: Reacted) -> None:
        scene = await scene_of(self.bot, reacted.room, reacted.sender, None, message_id=reacted.message_id)
        if scene.asker is None or scene.about is None:
            return await _nothing(acting, "a reaction to no line")
        place = Place(group=scene.group_id, about=scene.about, message_id=reacted.message_id, replied=scene.replied)
        known = self._known(acting, scene.asker, place)
        await self._do(acting, known, lambda heard: _quietly(self.crew.desk.reacted(heard, reacted)))
        return None

    async def _changed(self, acting: Acting, change: TopicChanged) -> None:
        scene = await scene_of(self.bot, change.room, change.sender, None)
        if scene.asker is None or scene.about is None:
            return await _nothing(acting, "a topic of nobody's")
        place = Place(group=scene.group_id, about=scene.about, message_id=change.message_id)
        known = self._known(acting, scene.asker, place)
        await self._do(acting, known, lambda heard: _quietly(self.crew.desk.changed(heard, change)))
        return None

    async def _do(self, acting: Acting, known: Known, act: Act, *, is_press: bool = False) -> Toast | None:
        """What is refused is undone as a whole, and then said."""
        try:
            async with acting.once() as session:
                return None if session is None else await act(Heard(session=session, known=known))
        except Refused as error:
            log.info("staff.refused", company=str(known.company), kind=type(error).__name__)
            refusal = error
        async with acting.once() as session:
            if session is None:
                return None
            return await self.crew.service.refused(Heard(session=session, known=known), refusal, is_press=is_press)

    async def apologise(self, acting: Acting, told: Told) -> None:
        """What could not be done after all tries: whoever waits for it has to know."""
        if isinstance(told, Pressed):
            return await self._toast(told, _NOT_DONE.in_(told.sender.speaks), is_alert=True)
        said = told.said if isinstance(told, Edited) else told
        if not isinstance(said, Said):
            return None
        scene = await scene_of(self.bot, said.room, said.sender, None)
        if scene.asker is None or scene.is_outside:
            return None
        words = Say(text=Rich(_NOT_DONE.in_(scene.asker.language)), reply_to=said.message_id)
        note = NewNote(
            key=f"lost:{acting.key}",
            body=words,
            lane=NoteLane.ANSWER,
            group=scene.group_id,
            topic=None if scene.about is None else scene.about.topic,
            person=scene.asker.person if scene.is_private else None,
        )
        async with self.bot.session() as session:
            await post(session, note)
        return None

    def _refusal(self, said: Said, scene: Scene) -> Text | None:
        """Why it does not count; silence where nobody asked for anything."""
        if said.sender is None or (said.sender.is_bot and not said.sender.is_anonymous):
            return None
        is_meant = said.typed is not None or scene.about is not None
        if said.sender.is_anonymous:
            return ANONYMOUS if is_meant else None
        if scene.asker is None:
            if scene.is_private or said.typed is not None:
                return UNKNOWN
            return UNHEARD if scene.about is not None else None
        return SECOND_HAND if said.typed is not None and not _is_own(said) else None

    async def _refuse(self, acting: Acting, said: Said, scene: Scene, why: Text) -> None:
        log.info("staff.ignored", company=str(self.bot.company), why=why.en[:40])
        async with acting.once() as session:
            if session is None:
                return
            if scene.group is not None:
                topic = None if scene.about is None else scene.about.topic
                await tell(session, scene.group, said, why, topic=topic)
        if scene.is_private and said.sender is not None and await self.strangers.may_try(said.sender.id):
            await self.bot.say(said.room.id, why.in_(said.sender.speaks), reply_to=said.message_id)

    async def _place(self, acting: Acting, said: Said, scene: Scene) -> Place:
        return Place(
            group=scene.group_id,
            about=scene.about,
            message_id=said.message_id,
            replied=scene.replied,
            replied_text=said.reply.quote or said.reply.text if said.reply else "",
            attached=await self._attached(acting, said, scene),
            album=said.album if _is_command(said) or self._is_addressed(said, scene) else None,
        )

    async def _attached(self, acting: Acting, said: Said, scene: Scene) -> Attached | None:
        """Fetched where somebody will want it: not what people send each other in the General."""
        if said.file is None or not (scene.about or said.typed or scene.is_private or self._is_addressed(said, scene)):
            return None
        is_last = acting.claim.tries >= TRIES
        return await self.files.fetch(self.bot.client, said.file, name=str(acting.claim.event), is_last=is_last)

    def _known(self, acting: Acting, asker: Asker, place: Place, *, is_addressed: bool = False) -> Known:
        return Known(
            company=self.bot.company,
            bot=self.bot.connection,
            asker=asker,
            place=place,
            key=acting.key,
            is_addressed=is_addressed,
        )

    def _code_in(self, said: Said) -> str | None:
        if said.typed is None or not _is_own(said) or not self._is_for_us(said):
            return None
        word = said.typed.word.casefold()
        if word in WORDS or (word == START and said.room.is_private and said.typed.rest):
            return said.typed.rest
        return None

    def _is_for_us(self, said: Said) -> bool:
        return said.typed is None or said.typed.addressee in {None, self.bot.me.username.lower()}

    def _is_addressed(self, said: Said, scene: Scene) -> bool:
        """In a topic an answer to one of our messages answers the customer, whose words it shows."""
        answers_us = scene.about is None and said.reply is not None and said.reply.sender == self.bot.me.id
        return said.room.is_private or answers_us or self.bot.me.username.lower() in said.mentions

    async def _toast(self, pressed: Pressed, text: str, *, is_alert: bool) -> None:
        """Also where there is nothing to say: else the button goes on turning."""
        try:
            await self.bot.client.answer(pressed.query, text[:200], is_alert=is_alert)
        except Failed as failed:
            log.info("staff.press_not_answered", connection=str(self.bot.connection), kind=failed.kind)


def _is_command(said: Said) -> bool:
    """Or was meant to be one."""
    return said.text.lstrip().startswith("/")


def _is_own(said: Said) -> bool:
    """Written afresh by whoever sends it."""
    return not (said.is_forwarded or said.via_bot)


async def _quietly(work: Awaitable[None]) -> None:
    await work


async def _nothing(acting: Acting, why: str) -> None:
    async with acting.once():
        log.debug("staff.nothing_to_do", why=why)
