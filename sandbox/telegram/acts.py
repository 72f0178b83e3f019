"""What people do with messages: write, edit, forward, press, react, delete."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sandbox.strict import strict
from sandbox.telegram.bots import Bot
from sandbox.telegram.chats import GENERAL, Chat, Kind, Message
from sandbox.telegram.contents import Content, Text
from sandbox.telegram.drafts import origin_of
from sandbox.telegram.entities import length
from sandbox.telegram.keyboards import carries, data_under
from sandbox.telegram.members import Right
from sandbox.telegram.office import Office
from sandbox.telegram.people import User
from sandbox.telegram.presses import Press
from sandbox.telegram.reactions import emoji_reactions
from sandbox.telegram.wire import Json

_START: Final = "/start"


class Impossible(Exception):
    """Telegram's own application would not let somebody do this."""


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """How something is written. `forwarded_from` is a person who hides his account behind a name."""

    thread_id: int | None = None
    reply_to: int | None = None
    quote: str | None = None
    is_anonymous: bool = False
    via_bot_id: int | None = None
    forwarded_from: str | None = None
    age: float = 0.0  # so many seconds ago


PLAIN: Final = Manner()


@dataclass(frozen=True, slots=True)
class _Sent:
    kind: str
    content: Json
    origin: Json | None = None
    album_id: str | None = None


class Acts:
    def __init__(self, office: Office) -> None:
        self._office = office

    def write(self, chat: Chat, by: User, content: Content, manner: Manner = PLAIN) -> Message:
        return self._post(chat, by, _Sent(content.kind, content.wire(self._office.shelf)), manner)

    def send_album(self, chat: Chat, by: User, items: Sequence[Content], manner: Manner = PLAIN) -> list[Message]:
        album_id = str(secrets.randbits(53))
        sent = [_Sent(item.kind, item.wire(self._office.shelf), album_id=album_id) for item in items]
        return [self._post(chat, by, each, manner) for each in sent]

    def edit(self, chat: Chat, by: User, message_id: int, text: str) -> Message:
        """Its text, or the caption of a file."""
        message = self._own(chat, by, message_id)
        new = Text(text=text).wire(self._office.shelf)
        if message.kind != "text":
            names = {"text": "caption", "entities": "caption_entities"}
            kept = {name: value for name, value in message.content.items() if not name.startswith("caption")}
            new = kept | {names[name]: value for name, value in new.items()}
        message.content, message.edit_date = new, self._office.now()
        self._office.chats.touch(message)
        self._office.hearing.edited(chat, message)
        return message

    def forward(self, source: Message, home: Chat, chat: Chat, by: User, manner: Manner = PLAIN) -> Message:
        sent = _Sent(source.kind, dict(source.content), origin=origin_of(home, source))
        return self._post(chat, by, sent, manner)

    def press(
        self, chat: Chat, by: User, message_id: int, *, label: str | None = None, data: str | None = None
    ) -> Press:
        """A button by its label; or any data by anybody, which a client that is not Telegram's may try."""
        message = chat.messages.get(message_id)
        bot = None if message is None else self._office.bots.find(message.sender.id)
        if message is None or bot is None:
            raise Impossible("no message of a bot")
        if label is not None:
            self._check_presence(chat, by)
        sent = data if label is None else data_under(message.markup, label)
        if sent is None:
            raise Impossible("no such button")
        press = self._office.presses.press(bot_id=bot.id, user_id=by.id)
        told = chat.told(message)
        if message.is_deleted:
            told = {"message_id": message.id, "chat": chat.wire(), "date": 0}
        query: Json = {"id": press.id, "from": by.wire(), "message": told}
        query |= {"chat_instance": str(-abs(chat.id * 7919)), "data": sent}
        self._office.hearing.pressed(bot, query, line=chat.id)
        return press

    def is_on(self, chat: Chat, message_id: int, data: str) -> bool:
        """Whether the message carries a button with this data now."""
        message = chat.find(message_id)
        return message is not None and carries(message.markup, data)

    def react(self, chat: Chat, by: User, message_id: int, emojis: tuple[str, ...]) -> Message:
        self._check_presence(chat, by)
        message = self._there(chat, message_id)
        old = message.reactions.pop(by.id, [])
        if emojis:
            message.reactions[by.id] = emoji_reactions(emojis)
        self._office.chats.touch(message)
        is_anonymous = chat.member(by).is_anonymous
        self._office.hearing.reacted(chat, message, by, old=old, is_anonymous=is_anonymous)
        return message

    def delete(self, chat: Chat, message_ids: Sequence[int]) -> None:
        """No bot is told."""
        for message in [self._there(chat, each) for each in message_ids]:
            message.is_deleted = True
            self._office.chats.touch(message)

    def start(self, bot: Bot, by: User, payload: str = "") -> Message:
        """The person opens a chat with the bot, by a link with a payload or without; a block ends with it."""
        chat = self._office.chats.private(bot.id, by)
        self.block(bot, by, is_blocked=False)
        chat.is_started = True
        return self.write(chat, by, Text(text=f"{_START} {payload}".rstrip()))

    def block(self, bot: Bot, by: User, *, is_blocked: bool) -> None:
        chat = self._office.chats.private(bot.id, by)
        if chat.is_blocked is is_blocked:
            return
        chat.is_blocked = is_blocked
        before, after = ("member", "kicked") if is_blocked else ("kicked", "member")
        told: Json = {"chat": chat.wire(), "from": by.wire(), "date": self._office.now()}
        for name, status in (("old_chat_member", before), ("new_chat_member", after)):
            until = {"until_date": 0} if status == "kicked" else {}
            told[name] = {"user": bot.user.wire(), "status": status, **until}
        self._office.hearing.tell(bot, "my_chat_member", told, line=chat.id)

    def _post(self, chat: Chat, by: User, sent: _Sent, manner: Manner) -> Message:
        self._check_presence(chat, by)
        reply = None if manner.reply_to is None else self._there(chat, manner.reply_to)
        thread_id, is_topic = _thread(chat, manner.thread_id, reply)
        _check_open(chat, by, thread_id)
        date = self._office.now() - int(manner.age)
        origin = sent.origin
        if manner.forwarded_from is not None:
            origin = {"type": "hidden_user", "sender_user_name": manner.forwarded_from, "date": date}
        message = Message(
            id=chat.next_id(),
            sender=by,
            date=date,
            kind=sent.kind,
            content=sent.content,
            is_anonymous=manner.is_anonymous or chat.member(by).is_anonymous,
            thread_id=thread_id,
            is_topic=is_topic,
            reply_to=reply,
            quote=_quote(reply, manner.quote),
            origin=origin,
            via=None if manner.via_bot_id is None else self._office.user(manner.via_bot_id),
            album_id=sent.album_id,
        )
        self._office.chats.keep(chat, message)
        return self._office.tell(chat, message)

    def _own(self, chat: Chat, by: User, message_id: int) -> Message:
        message = self._there(chat, message_id)
        if message.sender.id != by.id or message.is_service or message.origin is not None:
            raise Impossible("only one's own messages are edited")
        return message

    def _there(self, chat: Chat, message_id: int) -> Message:
        if (message := chat.find(message_id)) is None:
            raise Impossible("no such message")
        return message

    def _check_presence(self, chat: Chat, by: User) -> None:
        if chat.migrated_to is not None or chat.is_deleted:
            raise Impossible("the group is not there any more")
        if chat.kind is Kind.PRIVATE:
            chat.is_started = True
        elif not chat.member(by).is_here:
            raise Impossible("who is not in a group does nothing in it")


def _thread(chat: Chat, thread_id: int | None, reply: Message | None) -> tuple[int | None, bool]:
    """In a forum the topic; in a plain supergroup the message with which a row of answers began."""
    if chat.is_forum:
        wanted = reply.thread_id if thread_id is None and reply is not None and reply.is_topic else thread_id
        if wanted in {None, GENERAL}:
            return None, False
        topic = chat.topic(wanted)
        if topic is None:
            raise Impossible("no such topic")
        return topic.id, True
    if thread_id is not None:
        raise Impossible("a topic is in a forum")
    if chat.is_supergroup and reply is not None:
        return reply.thread_id or reply.id, False
    return None, False


def _check_open(chat: Chat, by: User, thread_id: int | None) -> None:
    topic = chat.topic(thread_id) if chat.is_forum else None
    if topic is not None and topic.is_closed and not chat.member(by).can(Right.MANAGE_TOPICS):
        raise Impossible("the topic is closed")


def _quote(reply: Message | None, quote: str | None) -> Json | None:
    if quote is None:
        return None
    if reply is None or quote not in reply.text:
        raise Impossible("a quote stands in the message that is answered")
    return {"text": quote, "position": length(reply.text[: reply.text.index(quote)]), "is_manual": True}
