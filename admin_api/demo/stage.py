"""Where the demonstration plays: its customers, one of the staff, and everything that both sides get to see."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import httpx

from admin_api.chatting import queries, telegram
from admin_api.chatting.customer import Customer, Phones
from admin_api.chatting.group_board import Board, Button
from admin_api.chatting.telegram import Room
from admin_api.demo.queries import Standing, standing
from admin_api.demo.screen import Screen
from admin_api.staff.stores.people import Linked
from admin_api.terminal import text
from core.clock import Deadline
from core.db.sessions import Database, TenantSession
from core.errors import AppError
from core.ids import CompanyId, ConnectionId
from core.texts import Text

Found = TypeVar("Found")

_LOOK_SECONDS: Final = 0.2
_PATIENCE: Final = 45.0
_DIGITS: Final = 4  # of a number, by which a topic can be told from that of another of the same name


class NotHappened(AppError):
    """A step did not come to what it was to come to."""

    def __init__(self, what: Text) -> None:
        super().__init__(f"Não aconteceu: {what.pt}.", f"It did not happen: {what.en}.")


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    database: Database
    company: CompanyId
    line: ConnectionId
    phone_id: str
    provider: httpx.AsyncClient


@dataclass(slots=True)
class Stage:
    world: World
    room: Room
    person: Linked
    screen: Screen
    phones: Phones
    board: Board = field(default_factory=Board)
    arrived: dict[str, list[str]] = field(default_factory=dict)  # words on each customer's phone
    threads: set[int] = field(default_factory=set)
    _customers: dict[str, Customer] = field(default_factory=dict)
    _version: int = 0

    async def open(self) -> None:
        """What was before is not shown."""
        await self.phones.news()
        while items := await self.room.changed(self._version, seconds=0):
            for item in items:
                self.board.lines(item)
            self._version = items[-1]["version"]

    def customer(self, name: str) -> Customer:
        phone = f"+55119{secrets.randbelow(10**8):08d}"
        made = Customer(provider=self.world.provider, phone_id=self.world.phone_id, phone=phone, name=name)
        self._customers[phone.removeprefix("+")] = made
        self.arrived[phone] = []
        return made

    async def say(self, customer: Customer, words: str) -> None:
        """Until it was answered, and nobody owes them anything."""
        before = len(self.arrived[customer.phone])
        said = await self.tell(customer, words)
        await self.until(
            Text(f"a resposta a {customer.name}", f"the answer to {customer.name}"),
            lambda: self._is_answered(customer, said, before),
        )

    async def tell(self, customer: Customer, words: str) -> str:
        self.screen.customer(customer.name, words)
        return await customer.say(words)

    async def write(self, thread: int, words: str) -> int:
        return await self.room.write(self.person.telegram_id, telegram.text(words), thread=thread)

    async def press(self, button: Button) -> None:
        self.screen.group([f"{self.person.name} ▸ {button.label}"])
        press = await self.room.press(self.person.telegram_id, button.on.message, button.label)
        shown = await self.until(
            Text(f"a resposta ao botão {button.label}", f"the answer to the button {button.label}"),
            lambda: self._answer_to(press),
        )
        if shown[0]:
            self.screen.group([f"💬 {shown[0]}"])

    def button(self, thread: int, label: str) -> Button | None:
        """The newest that is there to be pressed."""
        fitting = (one for one in reversed(self.board.buttons) if one.on.place == thread and label in one.label)
        return next((one for one in fitting if self.board.is_on(one)), None)

    async def standing(self, customer: Customer) -> Standing | None:
        async with self.session() as session:
            return await standing(session, self.world.line, customer.phone)

    async def until(self, what: Text, look: Callable[[], Awaitable[Found | None]]) -> Found:
        """Everything that comes meanwhile is shown as it comes."""
        deadline = Deadline.after(_PATIENCE)
        while True:
            found = await look()
            await self._catch_up()
            if found is not None:
                return found
            if deadline.passed:
                raise NotHappened(what)
            await asyncio.sleep(_LOOK_SECONDS)

    def session(self) -> AbstractAsyncContextManager[TenantSession]:
        return self.world.database.tenant_session(self.world.company)

    async def _is_answered(self, customer: Customer, said: str, before: int) -> bool | None:
        async with self.session() as session:
            conversation = await queries.conversation(session, self.world.line, customer.phone)
            if conversation is None or not await queries.is_quiet(session, conversation, said):
                return None
        await self._catch_up()
        return True if len(self.arrived[customer.phone]) > before else None

    async def _answer_to(self, press: str) -> tuple[str] | None:
        shown = await self.room.answered(press, seconds=0)
        return None if shown is None else (shown,)

    async def _catch_up(self) -> None:
        for one in await self.phones.news():
            if (customer := self._customers.get(str(one["recipient"]))) is not None:
                words = one["text"] or f"[{text('áudio', 'voice note') if one['kind'] == 'audio' else one['kind']}]"
                self.arrived[customer.phone].append(words)
                self.screen.customer(f"→ {customer.name}", words)
        items = await self.room.changed(self._version, seconds=0)
        for item in items:
            self._version = item["version"]
            self._note_topic(item["message"])
            lines = self.board.lines(item)
            if item["message"].get("message_thread_id") in self.threads:
                self.screen.group(lines)

    def _note_topic(self, told: Mapping[str, Any]) -> None:
        """Those of our customers: others may need somebody at the same time."""
        name = str(told.get("forum_topic_created", {}).get("name", ""))
        if any(name.endswith(phone[-_DIGITS:]) for phone in self._customers):
            self.threads.add(int(told["message_thread_id"]))
