"""The whole service desk over real wires: customers on the sandbox's WhatsApp, staff in the sandbox's Telegram."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from admin_api.staff.crew import make_crew
from admin_api.staff.stores import groups
from admin_api.staff.working import Office, Worker
from agents.gateway.gateway import make_gateway
from channels.contents import Content
from channels.contents import Text as Words
from channels.lines import Lines
from channels.outbound import Sender
from channels.registry import Registry
from channels.stores.connections import NewConnection, create
from channels.stores.thread import Entry, append
from channels.whatsapp_cloud.adapter import WhatsAppCloud
from core import clock
from core.audit import OPERATOR
from core.db.listen import listen
from core.events import Event, EventKind, emit
from core.floor import Floor
from core.http import open_client
from core.ids import ConnectionId, ContactId, ConversationId, new_id
from core.models.people import ConnectionKind, Contact, ContactIdentity, IdentityKind
from core.models.staff import StaffTopic
from core.models.stream import Author, Conversation, Direction
from core.probe import Pulse
from core.storage import open_storage
from graphs import handoff
from sandbox.telegram import topics
from sandbox.telegram.book import Accepted, Act, Wanted
from sandbox.telegram.chats import Message
from sandbox.telegram.people import User
from sandbox.telegram.topics import Hands
from sandbox.whatsapp.accounts import Account, Pace
from sandbox.whatsapp.customers import Customer
from sandbox.whatsapp.status_plan import OFF
from tests.admin_api.staff.transport import HURRIED, Desk, open_desk

_LOOK_SECONDS: Final = 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class Ana:
    """A customer, and the thread in which she is talked with."""

    customer: Customer
    number: str
    conversation: ConversationId


@dataclass(kw_only=True)
class Shop:
    desk: Desk
    line: ConnectionId
    phone_id: str

    async def customer(self, words: str = "Quero falar com alguém", name: str = "Ana") -> Ana:
        number = f"55119{secrets.randbelow(10**8):08d}"
        played = self.desk.sandbox.whatsapp.customer(f"+{number}", of=self.phone_id, name=name)
        contact, conversation = ContactId(new_id()), ConversationId(new_id())
        own = {"tenant_id": self.desk.company}
        async with self.desk.floor.database.tenant_session(self.desk.company) as session:
            session.add(Contact(**own, id=contact, name=name))
            await session.flush()
            known = {"kind": IdentityKind.WA_ID, "value": number}
            session.add(ContactIdentity(**own, id=new_id(), contact_id=contact, **known))
            session.add(Conversation(**own, id=conversation, contact_id=contact, connection_id=self.line))
        ana = Ana(customer=played, number=f"+{number}", conversation=conversation)
        await self.write(ana, words)
        return ana

    async def write(self, ana: Ana, content: str | Content) -> None:
        """As intake keeps it; the provider knows that the window is open."""
        told = Words(body=content) if isinstance(content, str) else content
        provider_id = ana.customer.says(content if isinstance(content, str) else "…")
        async with self.desk.floor.database.tenant_session(self.desk.company) as session:
            entry = Entry(
                conversation=ana.conversation,
                connection=self.line,
                direction=Direction.IN,
                author=Author.CUSTOMER,
                content=told,
                provider_id=provider_id,
                provider_at=clock.now(),
            )
            [row] = await append(session, [entry])
            payload = {"conversation": str(ana.conversation), "kind": entry.kind.value}
            emit(session, Event(kind=EventKind.MESSAGE_RECEIVED, subject_id=row.id, payload=payload))

    async def wait(self, ana: Ana) -> None:
        async with self.desk.floor.database.tenant_session(self.desk.company) as session:
            await handoff.queue_up(session, ana.conversation, reason="customer_asked")

    async def thread(self, ana: Ana) -> int:
        """The topic as Telegram numbers it, once it is open."""

        async def look() -> int | None:
            async with self.desk.floor.database.tenant_session(self.desk.company) as session:
                mine = select(StaffTopic.thread_id).where(StaffTopic.conversation_id == ana.conversation)
                return await session.scalar(mine)

        async with asyncio.timeout(10):
            while (found := await look()) is None:  # noqa: ASYNC110 - it is a row that is waited for
                await asyncio.sleep(_LOOK_SECONDS)
        return found

    def said(self, thread: int, act: Act = Act.MESSAGE) -> Sequence[Accepted]:
        wanted = Wanted(act=act.value, bot_id=self.desk.bot.id, thread_id=thread)
        return list(self.desk.sandbox.telegram.book.find(wanted))

    async def card(self, thread: int) -> Accepted:
        def look() -> Accepted | None:
            return next((one for one in self.said(thread) if one.done.reply_markup), None)

        found: Accepted = await self.desk.until(look, 10)
        return found

    def press(self, who: User, message: int | None, label: str) -> Any:
        assert message is not None
        return self.desk.sandbox.telegram.acts.press(self.desk.forum, who, message, label=label)

    def delete_topic(self, thread: int) -> None:
        """By hand: no bot is told."""
        chat = self.desk.forum
        topic = chat.topic(thread)
        assert topic is not None
        topics.delete(Hands(self.desk.sandbox.telegram.office, chat, self.desk.owner), topic)

    def type(self, who: User, thread: int, words: str, **manner: Any) -> Message:
        return self.desk.says(words, by=who, thread_id=thread, **manner)

    async def until_heard(self, ana: Ana, words: str, seconds: float = 10.0) -> Any:
        """What the customer's phone shows."""

        def look() -> Any:
            took = self.desk.sandbox.whatsapp.accepted_to(ana.number)
            return next((one for one in took if words in one.text), None)

        return await self.desk.until(look, seconds)

    def kinds(self, ana: Ana) -> list[str]:
        return [one.kind for one in self.desk.sandbox.whatsapp.accepted_to(ana.number)]

    def heard(self, ana: Ana) -> list[str]:
        return [one.text for one in self.desk.sandbox.whatsapp.accepted_to(ana.number)]


@asynccontextmanager
async def open_shop(floor: Floor) -> AsyncIterator[Shop]:
    """Everything at work: the bot's process, and the outbox that talks to WhatsApp."""
    async with open_desk(floor) as desk, open_client() as client:
        phone_id = str(10**14 + secrets.randbelow(10**14))
        line = await _connect(desk, phone_id)
        gateway = make_gateway(desk.floor.settings)
        storage = open_storage(desk.floor.settings.storage_url)
        adapter = WhatsAppCloud(client, base=desk.sandbox.url, version="v23.0", sandbox_base=desk.sandbox.url)
        registry, lines = Registry({adapter.kind: adapter}), Lines(desk.floor.database, desk.floor.ring)
        sender = Sender(desk.floor, registry, lines)
        crew = make_crew(desk.floor, storage, gateway, registry)
        office = Office(floor=desk.floor, storage=storage, crew=crew, pulse=Pulse(), rates=HURRIED)
        worker = Worker(office, await desk.claim())
        desk.worker = worker
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            working = group.create_task(worker.run())
            sending = group.create_task(sender.run(stop, Pulse().loop("outbox")))
            listening = group.create_task(_listen(desk, worker, sender))
            try:
                yield Shop(desk=desk, line=line, phone_id=phone_id)
            finally:
                worker.stop()
                stop.set()
                sender.wake.set()
                await asyncio.wait({working, sending})
                listening.cancel()
                await gateway.close()


async def bind(shop: Shop) -> None:
    """The group is the company's, and Bia answers in it."""
    desk = shop.desk
    await desk.bind()
    await desk.link(desk.bia)
    async with desk.floor.database.tenant_session(desk.company) as session:
        desk.group = await groups.bound(session)


async def _connect(desk: Desk, phone_id: str) -> ConnectionId:
    secrets_of = {name: f"{name}-{new_id().hex}" for name in ("access_token", "app_secret", "verify_token")}
    new = NewConnection(
        kind=ConnectionKind.WHATSAPP,
        name="Loja",
        settings={"phone_number_id": phone_id, "is_sandbox": True},
        secrets=secrets_of,
    )
    async with desk.floor.database.tenant_session(desk.company) as session:
        row = await create(session, desk.floor.ring, new, OPERATOR)
    desk.sandbox.whatsapp.statuses.settings = OFF
    await desk.sandbox.whatsapp.connect(
        Account(
            phone_id=phone_id,
            waba_id=phone_id,
            display_phone_number="+551133334444",
            access_token=secrets_of["access_token"],
            app_secret=secrets_of["app_secret"],
            pace=Pace(per_second=None, pair_seconds=None),
        )
    )
    return ConnectionId(row.id)


async def _listen(desk: Desk, worker: Worker, sender: Sender) -> None:
    hints = {
        "staff": lambda _: worker.waker.posted.set(),
        "incoming": lambda _: worker.waker.received.set(),
        "events": lambda _: worker.waker.happened.set(),
        "outbox": lambda _: sender.wake.set(),
    }
    await listen(desk.floor.settings.require("DATABASE_URL"), hints)
