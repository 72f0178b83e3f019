"""Who acts on what was heard in the staff group: one port for what is asked for, one for what is about a customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from admin_api.staff.asking import Ask, Asker, Place
from admin_api.staff.buttons import Buttons
from channels.telegram_staff.updates import Pressed, Reacted, Said, TopicChanged, Typed
from core.db.sessions import TenantSession
from core.errors import AppError
from core.floor import Floor
from core.ids import CompanyId, ConnectionId
from core.storage import Storage
from core.texts import Language, Text


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A linked member of the company said it, here and now. `key` is the update's: the same when it comes again."""

    company: CompanyId
    bot: ConnectionId
    asker: Asker
    place: Place
    key: str
    is_addressed: bool = False  # in a private chat, or by the bot's name


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """In the transaction that acts on it and marks it as done.

    A refusal (`AppError`) undoes it and is said; any other error undoes it and is tried again, three times.
    """

    session: TenantSession
    known: Known

    @property
    def asker(self) -> Asker:
        return self.known.asker

    @property
    def place(self) -> Place:
        return self.known.place

    @property
    def key(self) -> str:
        return self.known.key

    def ask(self, floor: Floor, storage: Storage) -> Ask:
        """What comes of it, as an action takes it."""
        return Ask(
            session=self.session,
            floor=floor,
            storage=storage,
            buttons=Buttons(floor.ring),
            asker=self.asker,
            place=self.place,
            key=self.key,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Toast:
    """For whoever pressed a button: over the chat, or as a window where they must not miss it."""

    text: Text | None = None
    is_alert: bool = False


class Service(Protocol):
    """What is asked for: by a command, a button, or plain words."""

    async def command(self, heard: Heard, typed: Typed) -> None: ...

    async def press(self, heard: Heard, pressed: Pressed) -> Toast: ...

    async def think(self, known: Known, said: Said) -> object:
        """Before the transaction, so that a model may be asked; what it gives is handed to `words`."""
        ...

    async def words(self, heard: Heard, said: Said, thought: object) -> None:
        """Addressed to the bot, or said in the General, where people also talk among themselves."""
        ...

    async def refused(self, heard: Heard, error: AppError, *, is_press: bool) -> Toast:
        """In a new transaction, after that of the act was undone: says why, in one line."""
        ...

    def menu(self, language: Language) -> Sequence[tuple[str, str]]:
        """What Telegram offers to complete: names and what they do."""
        ...


class Desk(Protocol):
    """What is said and done in a customer's topic; the place is about them."""

    async def said(self, heard: Heard, said: Said) -> None: ...

    async def edited(self, heard: Heard, said: Said) -> None: ...

    async def reacted(self, heard: Heard, reacted: Reacted) -> None: ...

    async def changed(self, heard: Heard, change: TopicChanged) -> None: ...


class Follower(Protocol):
    """What happened in the company since it looked last, as notes."""

    async def follow(self, company: CompanyId) -> float:
        """Does what is due, in transactions of its own; the seconds after which to look again without being told."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Crew:
    """Of a process, made once; the same for all companies."""

    service: Service
    desk: Desk
    follower: Follower
