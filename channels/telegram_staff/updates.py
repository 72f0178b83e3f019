"""What Telegram can tell a bot, as far as it concerns a staff group: one class for each."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from core.models.stream import MessageKind
from core.texts import Language

ANONYMOUS: Final = 1087968824  # GroupAnonymousBot: an administrator who does not say which
WANTED: Final = ("message", "edited_message", "callback_query", "my_chat_member", "message_reaction")


class RoomKind(StrEnum):
    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """A chat, and the topic in it; without a topic it is the group's General."""

    id: int
    kind: RoomKind
    title: str = ""
    is_forum: bool = False
    topic: int | None = None

    @property
    def is_private(self) -> bool:
        return self.kind is RoomKind.PRIVATE


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Whoever it comes from. A name can be changed by anybody: only the number is theirs."""

    id: int
    name: str
    is_bot: bool = False
    is_anonymous: bool = False  # it speaks as the group, or as a channel
    language: str = ""

    @property
    def speaks(self) -> Language:
        """Portuguese, unless their Telegram speaks English."""
        return Language.EN if self.language.startswith("en") else Language.PT


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """Still at Telegram. `unique` is the same for the same file; the id is ours alone, and fetches it."""

    id: str
    unique: str
    kind: MessageKind
    mime: str | None = None
    size: int | None = None
    name: str | None = None
    seconds: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    latitude: float
    longitude: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Replied:
    """What a message answers: its text, and the part of it that was picked out."""

    message_id: int
    sender: int | None
    text: str = ""
    quote: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Typed:
    """A command as it was typed: `/word@addressee rest`."""

    word: str
    rest: str
    addressee: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """`other` names what we cannot carry, such as a poll. Of an album each item comes by itself, with one `album`."""

    room: Room
    sender: Person | None
    message_id: int
    at: datetime
    text: str = ""
    typed: Typed | None = None
    mentions: tuple[str, ...] = ()  # names of users, lower case, without the sign
    file: File | None = None
    spot: Spot | None = None
    reply: Replied | None = None
    album: str | None = None
    other: str | None = None
    is_forwarded: bool = False
    via_bot: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Edited:
    said: Said


@dataclass(frozen=True, kw_only=True, slots=True)
class Pressed:
    """A button. Without a message it is so old that Telegram shows it no more; then there may be no room either."""

    query: str
    sender: Person
    data: str
    room: Room | None = None
    message_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reacted:
    """All the signs that the person has on the message from now on."""

    room: Room
    sender: Person | None
    message_id: int
    signs: tuple[str, ...] = ()


class Standing(StrEnum):
    CREATOR = "creator"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    RESTRICTED = "restricted"
    LEFT = "left"
    KICKED = "kicked"

    @property
    def is_there(self) -> bool:
        return self not in {Standing.LEFT, Standing.KICKED}


@dataclass(frozen=True, kw_only=True, slots=True)
class OurStanding:
    """What the bot is in a chat from now on, and by whom."""

    room: Room
    by: Person
    was: Standing
    now: Standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Migrated:
    """The group is a supergroup now, under another number."""

    room: Room
    to: int


class TopicChange(StrEnum):
    CREATED = "created"
    RENAMED = "renamed"
    CLOSED = "closed"
    REOPENED = "reopened"


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicChanged:
    room: Room
    sender: Person | None
    message_id: int
    change: TopicChange
    name: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Renamed:
    room: Room
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Nothing:
    """Nothing that concerns us; `why` is for the log."""

    why: str


Told = Said | Edited | Pressed | Reacted | OurStanding | Migrated | TopicChanged | Renamed | Nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    id: int
    told: Told
