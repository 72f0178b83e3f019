"""What a person asks for in the staff group, where they ask it, and what they are told."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from admin_api.staff.buttons import Buttons, Choice
from channels.telegram_staff.rich import Rich
from core.audit import Actor
from core.db.sessions import TenantSession
from core.floor import Floor
from core.ids import ConnectionId, ContactId, ConversationId, UserId
from core.models.people import Role
from core.models.record import ActorKind
from core.models.staff import StaffLine
from core.models.stream import MessageKind
from core.storage import Storage
from core.texts import Language, Text

# The strongest first: who is stronger may do what the weaker may.
_STRENGTH: Final = tuple(Role)
_EXAMPLES: Final = re.compile(r"[:;,(]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """A linked member, with the role that they have now."""

    person: UUID
    user: UserId
    name: str
    role: Role
    language: Language = Language.PT

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.USER, self.user)

    def may(self, role: Role) -> bool:
        return _STRENGTH.index(self.role) <= _STRENGTH.index(role)


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """The customer whose topic it is."""

    topic: UUID
    conversation: ConversationId
    contact: ContactId
    connection: ConnectionId


@dataclass(frozen=True, kw_only=True, slots=True)
class Attached:
    """A file that came with the words. `storage_key`: where it lies once it was fetched; `problem`: why it was not."""

    file_id: str
    name: str
    mime: str | None
    size: int | None
    kind: MessageKind = MessageKind.DOCUMENT
    seconds: int | None = None
    storage_key: str | None = None
    sha256: str | None = None
    problem: Text | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Without a group it is the asker's private chat; `replied` is what their message answers."""

    group: UUID | None
    about: About | None = None
    message_id: int = 0
    replied: StaffLine | None = None
    replied_text: str = ""
    attached: Attached | None = None
    album: str | None = None  # whose other items are said to nobody else either


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One action by one person, in the transaction that does it. `key` is of what they typed or pressed: once."""

    session: TenantSession
    floor: Floor
    storage: Storage
    buttons: Buttons
    asker: Asker
    place: Place
    key: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def say(self, text: Text) -> str:
        return text.in_(self.asker.language)


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """Drawn for this answer, and kept no longer than it takes to show it."""

    png: bytes
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """`choices` are the rows of buttons below it; of one card all exclude each other."""

    text: Rich
    choices: Sequence[Sequence[Choice]] = ()
    picture: Picture | None = None
    toast: str = ""  # for whoever pressed a button; nothing is said in the group then, unless there is text too
    is_private: bool = False  # for the asker alone, in their private chat where they have one
    is_general: bool = False  # in the group's General, for the topic will be gone
    replaces: bool = False  # in the place of the message whose button was pressed
    pinned: Mapping[str, Any] | None = None  # of a preview: with these, and no others, it is done when confirmed


Run = Callable[[Ask], Awaitable[Answer]]


class Where(StrEnum):
    """Where an action makes sense."""

    ANYWHERE = "anywhere"
    TOPIC = "topic"  # it is about the customer of the topic
    GROUP = "group"


@dataclass(frozen=True, kw_only=True, slots=True)
class Param:
    """An argument: for help, for checks, and for a model that turns plain words into this action."""

    name: str
    about: Text
    kind: type[str] | type[int] | type[bool] = str
    is_required: bool = True
    choices: tuple[str, ...] = ()
    is_typed: bool = True  # else its buttons alone carry it, and help does not tell of it

    @property
    def label(self) -> Text:
        """What it is called: `about` up to its examples and limits."""
        return Text(*(_EXAMPLES.split(words)[0].strip() for words in self.about))


Read = Callable[[str, Place], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """Something that can be done from the group: by a command, by a button, or by plain words that were confirmed.

    A risky one is shown by `preview` first, with a button that does it; others are done at once, but when a model read
    them out of somebody's words they are always confirmed.
    """

    name: str
    about: Text
    role: Role
    run: Run
    params: tuple[Param, ...] = ()
    where: Where = Where.ANYWHERE
    preview: Run | None = None  # it is risky: shown first, done when confirmed
    is_spoken: bool = True  # plain words may ask for it


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """By which an action is called. `read` makes its arguments of what follows it."""

    name: str  # in Portuguese, as it is shown; a-z, 0-9 and _
    action: str
    usage: Text
    read: Read
    aliases: tuple[str, ...] = ()  # the first is the English name


@dataclass(frozen=True, kw_only=True, slots=True)
class Command(Word):
    """A word that stands behind a slash. `subs`, coming next, call other actions: `/bot desligar`."""

    about: Text
    subs: tuple[Word, ...] = ()
