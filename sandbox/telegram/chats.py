"""Groups, forums and private chats: who is in them, their topics, and the messages as people see them now."""

import itertools
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from sandbox.bell import Bell
from sandbox.telegram.members import ORDINARY, Member, Permission, Status, permissions_wire
from sandbox.telegram.numbers import first_number
from sandbox.telegram.people import ANONYMOUS, User
from sandbox.telegram.wire import Json

GENERAL: Final = 1
_SUPERGROUPS: Final = -1_000_000_000_000  # their ids are smaller
_LARGEST_GROUP: Final = 10**10
_MOST_MESSAGES: Final = 20_000


class Kind(StrEnum):
    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"


@dataclass(kw_only=True, slots=True, eq=False)
class Topic:
    id: int
    name: str
    icon_color: int
    creator_id: int
    icon_custom_emoji_id: str = ""
    is_closed: bool = False
    is_hidden: bool = False
    is_deleted: bool = False

    def wire(self) -> Json:
        emoji = {"icon_custom_emoji_id": self.icon_custom_emoji_id} if self.icon_custom_emoji_id else {}
        return {"message_thread_id": self.id, "name": self.name, "icon_color": self.icon_color, **emoji}


@dataclass(kw_only=True, slots=True, eq=False)
class Message:
    """`content` holds the keys that are particular to its kind; `version` rises whenever anything about it changes."""

    id: int
    sender: User
    date: int
    kind: str
    content: Json
    is_anonymous: bool = False
    is_service: bool = False
    thread_id: int | None = None
    is_topic: bool = False
    reply_to: "Message | None" = None
    quote: Json | None = None
    origin: Json | None = None
    via: User | None = None
    album_id: str | None = None
    markup: Json | None = None
    edit_date: int | None = None
    is_deleted: bool = False
    reactions: dict[int, list[Json]] = field(default_factory=dict)
    version: int = 0

    @property
    def text(self) -> str:
        return str(self.content.get("text") or self.content.get("caption") or "")

    @property
    def entities(self) -> list[Json]:
        return list(self.content.get("entities") or self.content.get("caption_entities") or ())


@dataclass(kw_only=True, slots=True, eq=False)
class Chat:
    """Of a private chat `title` is empty, `partner` the person and `owner_id` the bot."""

    id: int
    kind: Kind
    title: str = ""
    partner: User | None = None
    owner_id: int = 0
    is_forum: bool = False
    is_deleted: bool = False
    is_started: bool = False
    is_blocked: bool = False
    migrated_to: int | None = None
    permissions: frozenset[Permission] = ORDINARY
    members: dict[int, Member] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    messages: OrderedDict[int, Message] = field(default_factory=OrderedDict)
    pinned: list[int] = field(default_factory=list)
    last_id: int = 0

    @property
    def is_supergroup(self) -> bool:
        return self.kind is Kind.SUPERGROUP

    def member(self, user: User) -> Member:
        return self.members.get(user.id) or Member(user=user, status=Status.LEFT)

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def find(self, message_id: int) -> Message | None:
        """As long as nobody deleted it."""
        message = self.messages.get(message_id)
        return None if message is None or message.is_deleted else message

    def topic(self, thread_id: int | None) -> Topic | None:
        topic = self.topics.get(GENERAL if thread_id is None else thread_id)
        return None if topic is None or topic.is_deleted else topic

    def wire(self) -> Json:
        """As it stands in every message."""
        match self.kind:
            case Kind.PRIVATE:
                person: Json = {} if self.partner is None else self.partner.wire()
                names: Json = {each: person[each] for each in ("first_name", "last_name", "username") if each in person}
                return {"id": self.id, **names, "type": "private"}
            case Kind.GROUP:
                every = {"all_members_are_administrators": False, "accepted_gift_types": _gifts()}
                return {"id": self.id, "title": self.title, "type": "group", **every}
            case Kind.SUPERGROUP:
                forum = {"is_forum": True} if self.is_forum else {}
                return {"id": self.id, "title": self.title, **forum, "type": "supergroup"}

    def full_wire(self) -> Json:
        """As `getChat` tells it."""
        told = self.wire()
        if self.kind is not Kind.PRIVATE:
            told["permissions"] = permissions_wire(self.permissions)
        if self.is_supergroup:
            told["has_visible_history"] = True
        told["accepted_gift_types"] = _gifts()
        if self.pinned and (message := self.find(self.pinned[-1])) is not None:
            told["pinned_message"] = self.told(message, with_reply=False)
        return told | {"max_reaction_count": 11, "accent_color_id": abs(self.id) % 7}

    def told(self, message: Message, *, with_reply: bool = True) -> Json:
        """The message as the Bot API writes it."""
        told: Json = {"message_id": message.id, "from": (ANONYMOUS if message.is_anonymous else message.sender).wire()}
        if message.is_anonymous:
            told["sender_chat"] = self.wire()
        told |= {"chat": self.wire(), "date": message.date}
        if message.edit_date is not None:
            told["edit_date"] = message.edit_date
        if message.thread_id is not None:
            told["message_thread_id"] = message.thread_id
        if message.origin is not None:
            told |= {"forward_origin": message.origin, **_old_origin(message.origin)}
        if with_reply and (answered := self._answered(message)) is not None:
            told["reply_to_message"] = self.told(answered, with_reply=False)
        optional = {"quote": message.quote, "media_group_id": message.album_id}
        told |= {name: value for name, value in optional.items() if value is not None} | message.content
        if message.markup is not None:
            told["reply_markup"] = message.markup
        if message.via is not None:
            told["via_bot"] = message.via.wire()
        return told | ({"is_topic_message": True} if message.is_topic else {})

    def _answered(self, message: Message) -> Message | None:
        """In a topic every message answers the one that opened it, unless it answers another."""
        if message.reply_to is not None:
            return None if message.reply_to.is_deleted else message.reply_to
        if message.is_topic and message.thread_id is not None and message.thread_id < message.id:
            return self.find(message.thread_id)
        return None


class Chats:
    def __init__(self) -> None:
        self._versions = itertools.count(1)
        self._groups: dict[int, Chat] = {}
        self._private: dict[tuple[int, int], Chat] = {}
        self._bell = Bell()
        self._made = itertools.count(first_number())

    def __iter__(self) -> Iterator[Chat]:
        return iter([*self._groups.values(), *self._private.values()])

    def clear(self) -> None:
        self._groups.clear()
        self._private.clear()

    def group(self, chat_id: int) -> Chat | None:
        return self._groups.get(chat_id)

    def private(self, bot_id: int, person: User) -> Chat:
        key = (bot_id, person.id)
        if key not in self._private:
            self._private[key] = Chat(
                id=person.id, kind=Kind.PRIVATE, partner=person, owner_id=bot_id, last_id=first_number()
            )
        return self._private[key]

    def find_private(self, bot_id: int, user_id: int) -> Chat | None:
        return self._private.get((bot_id, user_id))

    def open(self, kind: Kind, title: str, *, chat_id: int | None = None) -> Chat:
        """With an id of old it is that group again, whose numbers go on far beyond those that it had."""
        if chat_id is None:
            number = next(self._made)
            chat_id = (_SUPERGROUPS if kind is Kind.SUPERGROUP else -_LARGEST_GROUP // 2) - number
            chat = Chat(id=chat_id, kind=kind, title=title)
        else:
            self._check_id(kind, chat_id)
            chat = Chat(id=chat_id, kind=kind, title=title, last_id=first_number())
        self._groups[chat.id] = chat
        return chat

    def _check_id(self, kind: Kind, chat_id: int) -> None:
        if chat_id in self._groups:
            raise ValueError("there is a group with this id")
        if kind is not (Kind.SUPERGROUP if chat_id < _SUPERGROUPS else Kind.GROUP) or chat_id >= 0:
            raise ValueError("a supergroup's id begins with -100, a basic group's is negative and shorter")

    def keep(self, chat: Chat, message: Message) -> Message:
        chat.messages[message.id] = message
        if len(chat.messages) > _MOST_MESSAGES:
            chat.messages.popitem(last=False)
        return self.touch(message)

    def touch(self, message: Message) -> Message:
        """Whoever watches the chat sees it again."""
        message.version = next(self._versions)
        self._bell.ring()
        return message

    async def seen(self, chat: Chat, *, after: int, seconds: float, limit: int) -> list[Message]:
        """What changed since then, oldest first; as soon as there is something, or nothing when the time is over."""
        changed = await self._bell.until(lambda: _changed(chat, after), seconds=seconds)
        return changed[:limit]


def _changed(chat: Chat, after: int) -> list[Message]:
    return sorted((each for each in chat.messages.values() if each.version > after), key=lambda each: each.version)


def _gifts() -> dict[str, bool]:
    kinds = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    return dict.fromkeys(kinds, False)


def _old_origin(origin: Json) -> dict[str, Any]:
    """The fields of before `forward_origin`, which still come along."""
    match origin["type"]:
        case "user":
            told = {"forward_from": origin["sender_user"]}
        case "hidden_user":
            told = {"forward_sender_name": origin["sender_user_name"]}
        case _:
            told = {"forward_from_chat": origin["sender_chat"]}
    return told | {"forward_date": origin["date"]}
