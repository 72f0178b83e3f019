"""A note as calls to Telegram: planned first, so that what is half said is gone on with, and done one by one."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from telegram import (
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    MessageEntity,
    ReplyParameters,
)

from channels.telegram_staff.client import Client
from channels.telegram_staff.failures import Failed, Kind, told_apart
from channels.telegram_staff.notes import (
    NOTHING,
    Body,
    Button,
    Card,
    Change,
    CloseTopic,
    DeleteTopic,
    Locate,
    OpenTopic,
    React,
    Rows,
    Say,
    Show,
    Unsay,
)
from channels.telegram_staff.rich import LONGEST, LONGEST_CAPTION, MOST_MARKS, Rich, pieces, shortened, units
from core.models.stream import MessageKind

LARGEST_FILE: Final = 50 * 1024 * 1024
_LARGEST_PHOTO: Final = 10 * 1024 * 1024
_LONGEST_TOPIC: Final = 128
_MOST_UNSAID: Final = 100
_ERASED: Final = "Apagado"
_LONGEST_BUTTON: Final = 256  # that Telegram shows of its text is less
_NO_PREVIEW: Final = LinkPreviewOptions(is_disabled=True)
_PHOTOS: Final = frozenset({"image/jpeg", "image/png", "image/webp"})
_VOICES: Final = frozenset({"audio/ogg", "audio/opus"})
_SONGS: Final = frozenset({"audio/mpeg", "audio/mp4", "audio/aac", "audio/x-m4a"})
_WITHOUT_CAPTION: Final = frozenset({MessageKind.STICKER})


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """General, and a private chat, have no thread: the first would be refused under its number."""

    chat: int
    thread: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    text: Rich
    buttons: Rows = ()
    reply_to: int | None = None
    is_silent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Bytes:
    """A file, to be opened when its turn comes."""

    show: Show
    caption: Rich = NOTHING
    buttons: Rows = ()


Step = Words | Bytes | Locate | Change | React | Unsay
OpenFile = Callable[[Show], Awaitable[bytes]]


def plan(body: Body) -> list[Step]:
    """The calls of a note that says or changes something; a topic and a card need to be known, so they are not here."""
    match body:
        case Say():
            return _spoken(body.text, buttons=body.buttons, reply_to=body.reply_to, is_silent=body.is_silent)
        case Show():
            return _shown(body)
        case Card():
            return [Words(text=shown, buttons=body.buttons) for shown in list(pieces(body.text))[:1]]
        case Locate() | Change() | React():
            return [body]
        case Unsay():
            return [replace(body, message_ids=part) for part in _batched(body.message_ids, _MOST_UNSAID)]
        case OpenTopic() | CloseTopic() | DeleteTopic():
            return []


def _spoken(text: Rich, *, buttons: Rows, reply_to: int | None = None, is_silent: bool = False) -> list[Step]:
    """The first one answers, the last one has the buttons."""
    said = list(pieces(text))
    return [
        Words(
            text=piece,
            buttons=buttons if number == len(said) else (),
            reply_to=reply_to if number == 1 else None,
            is_silent=is_silent,
        )
        for number, piece in enumerate(said, 1)
    ]


def _shown(show: Show) -> list[Step]:
    caption = show.caption.cut(0, len(show.caption.text))
    fits = units(caption.text) <= LONGEST_CAPTION and len(caption.marks) <= MOST_MARKS
    if not caption or (fits and show.kind not in _WITHOUT_CAPTION):
        return [Bytes(show=show, caption=caption, buttons=show.buttons)]
    return [Bytes(show=show), *_spoken(caption, buttons=show.buttons)]


class Teller:
    """Says one thing at a time, and gives the number of the message that came of it."""

    def __init__(self, client: Client, open_file: OpenFile) -> None:
        self._bot = client.bot
        self._open_file = open_file

    async def do(self, step: Step, target: Target) -> int | None:
        with told_apart():
            match step:
                case Words():
                    return await self._say(step, target)
                case Bytes():
                    return await self._show(step, target)
                case Locate():
                    place = _to(target) | {"latitude": step.latitude, "longitude": step.longitude}
                    return (await self._bot.send_location(**place)).message_id
                case Change():
                    return await self.change(step, target)
                case React():
                    await self._bot.set_message_reaction(target.chat, step.message_id, step.sign or None)
                    return None
                case Unsay():
                    await self._unsay(step, target)
                    return None

    async def change(self, change: Change, target: Target) -> int:
        text = shortened(change.text, LONGEST)
        about = {"chat_id": target.chat, "message_id": change.message_id, "reply_markup": keyboard(change.buttons)}
        try:
            await self._change_text(text, about)
        except Failed as failed:
            if failed.kind is not Kind.NOTHING_NEW:
                raise
        return change.message_id

    async def pin(self, message_id: int, target: Target) -> None:
        with told_apart():
            await self._bot.pin_chat_message(target.chat, message_id, disable_notification=True)

    async def open_topic(self, name: str, chat: int) -> int:
        with told_apart():
            return (await self._bot.create_forum_topic(chat, topic_name(name))).message_thread_id

    async def reopen_topic(self, name: str, target: Target) -> None:
        """And under this name; that it is open and called so already is fine."""
        thread = target.thread or 0
        for call in (
            self._bot.reopen_forum_topic(target.chat, thread),
            self._bot.edit_forum_topic(target.chat, thread, name=topic_name(name)),
        ):
            await _unless_so_already(call)

    async def close_topic(self, target: Target) -> None:
        await _unless_so_already(self._bot.close_forum_topic(target.chat, target.thread or 0))

    async def delete_topic(self, target: Target) -> None:
        """Where the right to it is missing it is at least closed, under a name that says nothing."""
        thread = target.thread or 0
        try:
            with told_apart():
                await self._bot.delete_forum_topic(target.chat, thread)
        except Failed as failed:
            if failed.kind is not Kind.NO_RIGHTS:
                raise
            await _unless_so_already(self._bot.edit_forum_topic(target.chat, thread, name=_ERASED))
            await self.close_topic(target)

    async def _unsay(self, unsaid: Unsay, target: Target) -> None:
        try:
            with told_apart():
                await self._bot.delete_messages(target.chat, unsaid.message_ids)
        except Failed as failed:
            if failed.kind not in {Kind.GONE_MESSAGE, Kind.REFUSED}:
                raise

    async def _say(self, words: Words, target: Target) -> int:
        sent = await self._bot.send_message(
            **_to(target),
            text=words.text.text,
            entities=entities(words.text),
            reply_markup=keyboard(words.buttons),
            reply_parameters=_reply(words.reply_to),
            disable_notification=words.is_silent,
            link_preview_options=_NO_PREVIEW,
        )
        return sent.message_id

    async def _show(self, step: Bytes, target: Target) -> int:
        data = await self._open_file(step.show)
        if len(data) > LARGEST_FILE:
            raise Failed(Kind.TOO_LARGE)
        common = _to(target) | {
            "caption": step.caption.text or None,
            "caption_entities": entities(step.caption),
            "reply_markup": keyboard(step.buttons),
            "reply_parameters": _reply(step.show.reply_to),
        }
        try:
            with told_apart():
                return (await self._as_its_kind(step.show, data, common)).message_id
        except Failed as failed:
            if failed.kind is not Kind.REFUSED:
                raise
        return (await self._bot.send_document(document=data, filename=step.show.filename, **common)).message_id

    async def _as_its_kind(self, show: Show, data: bytes, common: Mapping[str, Any]) -> Message:
        """As people would send it; what Telegram does not take so, it takes as a document."""
        mime = show.mime.partition(";")[0].strip()
        if show.kind is MessageKind.IMAGE and mime in _PHOTOS and len(data) <= _LARGEST_PHOTO:
            return await self._bot.send_photo(photo=data, filename=show.filename, **common)
        if show.kind in {MessageKind.VOICE, MessageKind.AUDIO} and mime in _VOICES:
            return await self._bot.send_voice(voice=data, filename=show.filename, **common)
        if show.kind in {MessageKind.VOICE, MessageKind.AUDIO} and mime in _SONGS:
            return await self._bot.send_audio(audio=data, filename=show.filename, **common)
        if show.kind is MessageKind.VIDEO and mime == "video/mp4":
            return await self._bot.send_video(video=data, filename=show.filename, **common)
        if show.kind is MessageKind.STICKER and mime == "image/webp":
            bare = {name: value for name, value in common.items() if not name.startswith("caption")}
            return await self._bot.send_sticker(sticker=data, **bare)
        return await self._bot.send_document(document=data, filename=show.filename, **common)

    async def _change_text(self, text: Rich, about: Mapping[str, Any]) -> None:
        """What was said with a file has a caption in the place of a text."""
        try:
            with told_apart():
                await self._bot.edit_message_text(
                    text.text, entities=entities(text), link_preview_options=_NO_PREVIEW, **about
                )
        except Failed as failed:
            if failed.kind is not Kind.REFUSED or "no text in the message" not in failed.said.casefold():
                raise
            caption = shortened(text, LONGEST_CAPTION)
            with told_apart():
                await self._bot.edit_message_caption(caption=caption.text, caption_entities=entities(caption), **about)


def entities(rich: Rich) -> list[MessageEntity]:
    """In Telegram's units, which count a character beyond the first plane as two."""
    return [
        MessageEntity(
            type=mark.kind.value,
            offset=units(rich.text[: mark.start]),
            length=units(rich.text[mark.start : mark.end]),
            url=mark.url,
        )
        for mark in rich.marks
    ]


def keyboard(rows: Rows) -> InlineKeyboardMarkup | None:
    return InlineKeyboardMarkup([[_button(button) for button in row] for row in rows]) if rows else None


def _button(button: Button) -> InlineKeyboardButton:
    text = button.text[:_LONGEST_BUTTON]
    if button.copied is not None:
        return InlineKeyboardButton(text, copy_text=CopyTextButton(button.copied[:_LONGEST_BUTTON]))
    return InlineKeyboardButton(text, callback_data=button.data, url=button.url)


def topic_name(name: str) -> str:
    return shortened(Rich(" ".join(name.split()) or "?"), _LONGEST_TOPIC).text


def _to(target: Target) -> dict[str, Any]:
    return {"chat_id": target.chat, "message_thread_id": target.thread}


def _reply(message_id: int | None) -> ReplyParameters | None:
    return None if message_id is None else ReplyParameters(message_id, allow_sending_without_reply=True)


async def _unless_so_already(call: Awaitable[bool]) -> None:
    try:
        with told_apart():
            await call
    except Failed as failed:
        if failed.kind is not Kind.NOTHING_NEW:
            raise


def _batched(numbers: Sequence[int], most: int) -> Iterator[tuple[int, ...]]:
    rest = iter(numbers)
    while part := tuple(islice(rest, most)):
        yield part


def merged(notes: Sequence[Say]) -> Say:
    """Said in one message, with an empty line between: what each is about is noted down for all of them."""
    first, *others = notes
    text = first.text
    for other in others:
        text = text + "\n\n" + other.text
    return replace(first, text=text)
