"""The methods that write into a chat: texts, files, albums, copies and forwards."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from sandbox.telegram.access import Place, may_send, message_in, opened, placed
from sandbox.telegram.asking import Ask, Deed, Method, Reach, Table, table
from sandbox.telegram.book import Act, Done
from sandbox.telegram.chats import Kind, Message
from sandbox.telegram.drafts import (
    Draft,
    album_drafts,
    contact_draft,
    copied,
    location_draft,
    media_draft,
    origin_of,
    text_draft,
)
from sandbox.telegram.entities import length
from sandbox.telegram.errors import bad_request
from sandbox.telegram.keyboards import keyboard_of
from sandbox.telegram.office import Office
from sandbox.telegram.wire import Json

_MEDIA: Final = {
    "sendPhoto": "photo",
    "sendDocument": "document",
    "sendVoice": "voice",
    "sendAudio": "audio",
    "sendVideo": "video",
    "sendVideoNote": "video_note",
    "sendAnimation": "animation",
    "sendSticker": "sticker",
}


@dataclass(frozen=True, slots=True)
class _Reply:
    to: Message | None = None
    quote: Json | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Posting:
    """Messages that may leave, all to one place."""

    place: Place
    drafts: Sequence[Draft]
    reply: _Reply = _Reply()
    markup: Json | None = None
    origin: Json | None = None
    album_id: str | None = None


class Sending:
    def __init__(self, office: Office) -> None:
        self._office = office

    def table(self) -> Table:
        media = [
            Method(name, Reach.SEND, partial(self._one, partial(self._media, kind))) for name, kind in _MEDIA.items()
        ]
        return table(
            Method("sendMessage", Reach.SEND, partial(self._one, text_draft)),
            *media,
            Method("sendLocation", Reach.SEND, partial(self._one, location_draft)),
            Method("sendContact", Reach.SEND, partial(self._one, contact_draft)),
            Method("sendMediaGroup", Reach.SEND, self._album),
            Method("copyMessage", Reach.SEND, self._copy),
            Method("forwardMessage", Reach.SEND, self._forward),
        )

    def _media(self, kind: str, ask: Ask) -> Draft:
        return media_draft(kind, ask, self._office.shelf)

    def _one(self, drafted: Callable[[Ask], Draft], ask: Ask) -> Deed:
        posting = self._posting(ask, drafted)
        return lambda: posting.place.chat.told(self._post(ask, posting)[0])

    def _album(self, ask: Ask) -> Deed:
        place = placed(self._office, ask)
        drafts = album_drafts(ask, self._office.shelf)
        posting = self._checked(ask, place, drafts)
        posting = replace(posting, markup=None, album_id=str(secrets.randbits(53)))
        return lambda: [place.chat.told(message) for message in self._post(ask, posting)]

    def _copy(self, ask: Ask) -> Deed:
        source = message_in(opened(self._office, ask, "from_chat_id"), ask, "message to copy")
        place = placed(self._office, ask)
        posting = self._checked(ask, place, [copied(source, ask)])
        return lambda: {"message_id": self._post(ask, posting)[0].id}

    def _forward(self, ask: Ask) -> Deed:
        home = opened(self._office, ask, "from_chat_id")
        source = message_in(home, ask, "message to forward")
        if source.is_service:
            raise bad_request("message can't be forwarded")
        place = placed(self._office, ask)
        posting = replace(
            self._checked(ask, place, [Draft(kind=source.kind, content=dict(source.content))]),
            origin=origin_of(home, source),
        )
        return lambda: place.chat.told(self._post(ask, posting)[0])

    def _posting(self, ask: Ask, drafted: Callable[[Ask], Draft]) -> _Posting:
        place = placed(self._office, ask)
        return self._checked(ask, place, [drafted(ask)])

    def _checked(self, ask: Ask, place: Place, drafts: Sequence[Draft]) -> _Posting:
        for draft in drafts:
            may_send(place, ask, draft.kind)
        markup = keyboard_of(ask.told, is_private=place.chat.kind is Kind.PRIVATE)
        reply = _reply(ask, place)
        if place.thread_id is None and reply.to is not None and reply.to.is_topic:
            place = Place(place.chat, reply.to.thread_id)
        self._office.flood.take(ask.bot.id, place.chat, len(drafts))
        return _Posting(place=place, drafts=drafts, reply=reply, markup=markup)

    def _post(self, ask: Ask, posting: _Posting) -> list[Message]:
        return [self._keep(ask, posting, draft) for draft in posting.drafts]

    def _keep(self, ask: Ask, posting: _Posting, draft: Draft) -> Message:
        chat, reply = posting.place.chat, posting.reply
        thread_id = posting.place.thread_id
        answered = None if thread_id is not None or not chat.is_supergroup or reply.to is None else reply.to
        message = Message(
            id=chat.next_id(),
            sender=ask.bot.user,
            date=self._office.now(),
            kind=draft.kind,
            content=draft.content,
            thread_id=thread_id if answered is None or chat.is_forum else answered.thread_id or answered.id,
            is_topic=thread_id is not None,
            reply_to=reply.to,
            quote=reply.quote,
            origin=posting.origin,
            album_id=posting.album_id,
            markup=posting.markup,
        )
        self._office.chats.keep(chat, message)
        self._record(ask, posting, message, sha256=draft.sha256)
        self._office.tell(chat, message)
        return message

    def _record(self, ask: Ask, posting: _Posting, message: Message, *, sha256: str | None) -> None:
        details = {
            "reply_to": None if message.reply_to is None else message.reply_to.id,
            "media_group_id": message.album_id,
            "is_forwarded": message.origin is not None,
            "is_silent": ask.told.flag("disable_notification"),
        }
        done = Done(
            act=Act.MESSAGE,
            chat_id=posting.place.chat.id,
            thread_id=posting.place.thread_id,
            message_id=message.id,
            kind=message.kind,
            text=message.text,
            entities=tuple(message.entities),
            reply_markup=message.markup,
            sha256=sha256,
            details=details,
        )
        self._office.book.accept(ask.call, done)


def _reply(ask: Ask, place: Place) -> _Reply:
    told = ask.told.json("reply_parameters", "reply parameters")
    if told is None:
        told = {"message_id": ask.told.whole("reply_to_message_id")}
        told["allow_sending_without_reply"] = ask.told.flag("allow_sending_without_reply")
    if not isinstance(told, dict):
        raise bad_request("object expected as reply parameters")
    number = told.get("message_id") or 0
    if not number:
        return _Reply()
    message = place.chat.find(number) if isinstance(number, int) else None
    elsewhere = message is not None and place.thread_id is not None and message.thread_id != place.thread_id
    if message is None or (elsewhere and message.id != place.thread_id):
        if told.get("allow_sending_without_reply"):
            return _Reply()
        raise bad_request("message to be replied not found")
    return _Reply(message, _quote(message, told.get("quote")))


def _quote(message: Message, quote: object) -> Json | None:
    if not isinstance(quote, str) or not quote:
        return None
    if quote not in message.text:
        raise bad_request("QUOTE_TEXT_INVALID")
    return {"text": quote, "position": length(message.text[: message.text.index(quote)]), "is_manual": True}
