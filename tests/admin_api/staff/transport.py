"""The staff group of a company, played by the sandbox: its bot is at work in this process, over the real wire."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from admin_api.staff.bot import Bot as OurBot
from admin_api.staff.heard import Crew, Heard, Known, Toast
from admin_api.staff.pacing import Pace, Rates
from admin_api.staff.stores import bots, codes, groups, updates
from admin_api.staff.stores.bots import Lease
from admin_api.staff.stores.groups import Seen
from admin_api.staff.stores.notes import NewNote, post
from admin_api.staff.stores.updates import Taken
from admin_api.staff.working import LEASE, Office, Worker
from admin_api.tenants.store import NewCompany, add_member, create_company
from channels.stores.connections import NewConnection, create
from channels.telegram_staff import setup
from channels.telegram_staff.client import Api, open_client
from channels.telegram_staff.notes import Body, Say
from channels.telegram_staff.rich import Rich
from channels.telegram_staff.rights import RIGHTS
from channels.telegram_staff.updates import Pressed, Reacted, Said, TopicChanged, Typed
from core.audit import OPERATOR
from core.db.listen import listen
from core.errors import AppError
from core.floor import Floor
from core.ids import CompanyId, ConnectionId, UserId, new_id
from core.models.people import ConnectionKind, Contact, Role
from core.models.staff import NoteLane, StaffGroup, StaffNote, StaffTopic
from core.models.stream import Conversation
from core.objects import Label, ObjectKey
from core.probe import Pulse
from core.storage import open_storage
from core.texts import Language, Text
from sandbox.telegram.acts import PLAIN
from sandbox.telegram.book import Accepted, Act, Done, Wanted
from sandbox.telegram.bots import Account, Bot
from sandbox.telegram.chats import Chat, Message
from sandbox.telegram.contents import Text as Line
from sandbox.telegram.flood import FloodSettings
from sandbox.telegram.people import User
from sandbox.world import Sandbox

NO_FLOOD: Final = FloodSettings(overall_per_second=None, chat_burst=None, group_per_minute=None)
# What the wire is about is not how long one waits: tests of the pace have their own.
HURRIED: Final = Rates(
    overall=10_000, overall_burst=1_000, chat=10_000, chat_burst=1_000, group=100_000, group_burst=1_000
)
_LOOK_SECONDS: Final = 0.02


def plain(text: str, **more: Any) -> Say:
    """To be said in the group as it is."""
    return Say(text=Rich(text), **more)


def token_of(bot: int) -> str:
    return f"{bot}:{secrets.token_hex(18)}"


@dataclass(slots=True)
class Recorder:
    """The service and the desk of a test: they note what they hear, and do what the test tells."""

    heard: list[tuple[str, Known, Any]] = field(default_factory=list)
    does: Callable[[Heard], Awaitable[None]] | None = None
    thinks: Callable[[Said], Awaitable[None]] | None = None
    toast: Toast = field(default_factory=Toast)
    refusals: list[AppError] = field(default_factory=list)
    followed: set[CompanyId] = field(default_factory=set)
    follows: Exception | None = None

    async def _note(self, name: str, heard: Heard, told: Any) -> None:
        self.heard.append((name, heard.known, told))
        if self.does is not None:
            await self.does(heard)

    async def command(self, heard: Heard, typed: Typed) -> None:
        await self._note("command", heard, typed)

    async def press(self, heard: Heard, pressed: Pressed) -> Toast:
        await self._note("press", heard, pressed)
        return self.toast

    async def think(self, known: Known, said: Said) -> object:
        if self.thinks is not None:
            await self.thinks(said)
        return f"{known.asker.name} thought of {said.text}"

    async def words(self, heard: Heard, said: Said, thought: object) -> None:
        await self._note("words", heard, (said, thought))

    async def refused(self, heard: Heard, error: AppError, *, is_press: bool) -> Toast:
        self.refusals.append(error)
        assert heard.session.is_active
        return Toast(text=Text("recusado", "refused"), is_alert=is_press)

    def menu(self, language: Language) -> list[tuple[str, str]]:
        return [("ajuda", "o que faço")] if language is Language.PT else [("help", "what I do")]

    async def said(self, heard: Heard, said: Said) -> None:
        await self._note("said", heard, said)

    async def edited(self, heard: Heard, said: Said) -> None:
        await self._note("edited", heard, said)

    async def reacted(self, heard: Heard, reacted: Reacted) -> None:
        await self._note("reacted", heard, reacted)

    async def changed(self, heard: Heard, change: TopicChanged) -> None:
        await self._note("changed", heard, change)

    async def follow(self, company: CompanyId) -> float:
        self.followed.add(company)
        if self.follows is not None:
            raise self.follows
        return 5.0


@dataclass(kw_only=True)
class Desk:
    """A company with a bot, and the chats in which people meet it."""

    floor: Floor
    sandbox: Sandbox
    company: CompanyId
    connection: ConnectionId
    bot: Bot
    owner: User
    bia: User
    recorder: Recorder = field(default_factory=Recorder)
    chat: Chat | None = None
    group: StaffGroup | None = None
    worker: Worker | None = None

    # --- people ------------------------------------------------------------------------------------------------------

    def user(self, name: str, **more: Any) -> User:
        return self.sandbox.telegram.people.add(
            User(id=7_000_000_000 + secrets.randbelow(10**9), first_name=name, **more)
        )

    def says(self, text: str, *, by: User | None = None, chat: Chat | None = None, **manner: Any) -> Message:
        where = chat or self.forum
        return self.sandbox.telegram.acts.write(where, by or self.bia, Line(text=text), replace(PLAIN, **manner))

    def writes(self, text: str, by: User) -> Message:
        """In private."""
        chat = self.sandbox.telegram.office.chats.private(self.bot.id, by)
        if not chat.is_started:
            self.sandbox.telegram.acts.start(self.bot, by)
        return self.sandbox.telegram.acts.write(chat, by, Line(text=text))

    @property
    def forum(self) -> Chat:
        assert self.chat is not None
        return self.chat

    @property
    def bound(self) -> StaffGroup:
        assert self.group is not None
        return self.group

    # --- the ledger --------------------------------------------------------------------------------------------------

    def accepted(self, act: Act = Act.MESSAGE, **wanted: Any) -> list[Accepted]:
        return list(self.sandbox.telegram.book.find(Wanted(act=act.value, bot_id=self.bot.id, **wanted)))

    def texts(self, *, chat: int | None = None, thread: int | None = None) -> list[str]:
        return [
            one.done.text
            for one in self.accepted()
            if chat in {None, one.done.chat_id} and thread in {None, one.done.thread_id}
        ]

    async def until(self, check: Callable[[], Any], seconds: float = 5.0) -> Any:
        """What it gives as soon as that is something."""
        async with asyncio.timeout(seconds):
            while not (found := check()):  # noqa: ASYNC110 - it is the sandbox's ledger that is waited for
                await asyncio.sleep(_LOOK_SECONDS)
        return found

    async def until_said(self, part: str, seconds: float = 5.0) -> str:
        found: str = await self.until(lambda: next((text for text in self.texts() if part in text), None), seconds)
        return found

    # --- the database ------------------------------------------------------------------------------------------------

    async def code(self, email: str | None = None, role: Role = Role.AGENT) -> str:
        async with self.floor.database.tenant_session(self.company) as session:
            user: UserId | None = None
            if email is not None:
                user = (await add_member(session, email=email, name="", role=role, by=OPERATOR)).user
            return await codes.make(session, user)

    async def link(self, person: User, role: Role = Role.AGENT) -> None:
        self.writes(f"/vincular {await self.code(f'{person.id}@x.com', role)}", person)
        await self.until(lambda: [text for text in self.texts(chat=person.id) if "vinculada" in text])

    async def be_bound(self) -> None:
        """As if somebody had typed the code."""
        seen = Seen(
            chat=self.forum.id, title=self.forum.title, is_forum=True, rights=dict.fromkeys(RIGHTS, True), problem=None
        )
        async with self.floor.database.tenant_session(self.company) as session:
            self.group = await groups.bind(session, self.connection, seen, self.owner.id)

    async def bind(self) -> None:
        self.says(f"/vincular {await self.code()}", by=self.owner)
        await self.until_said("Grupo vinculado")
        async with self.floor.database.tenant_session(self.company) as session:
            self.group = await groups.bound(session)

    async def post(self, body: Body, place: dict[str, UUID] | None = None, *, lane: NoteLane = NoteLane.NEWS) -> str:
        """In the General, unless it is told another place. Gives its key."""
        key = str(new_id())
        where: dict[str, Any] = dict(place or {"group": self.bound.id})
        async with self.floor.database.tenant_session(self.company) as session:
            await post(session, NewNote(key=key, body=body, lane=lane, **where))
        return key

    async def say(self, body: Body, place: dict[str, UUID] | None = None) -> Done:
        """What came of it."""
        before = len(self.accepted())
        key = await self.post(body, place)
        await self.until_done(key)
        assert (await self.states())[key] == "sent"
        return self.accepted()[before:][-1].done

    async def topic(self, name: str = "Ana · 8765") -> dict[str, UUID]:
        """Where to post to, for a customer: wanted, and not yet opened."""
        async with self.floor.database.tenant_session(self.company) as session:
            contact = Contact(tenant_id=self.company, id=new_id(), name=name)
            session.add(contact)
            await session.flush()
            conversation = Conversation(
                tenant_id=self.company, id=new_id(), contact_id=contact.id, connection_id=self.connection
            )
            session.add(conversation)
            await session.flush()
            row = StaffTopic(
                tenant_id=self.company,
                id=new_id(),
                group_id=self.bound.id,
                contact_id=contact.id,
                connection_id=self.connection,
                conversation_id=conversation.id,
                name=name,
            )
            session.add(row)
        return {"group": self.bound.id, "topic": row.id}

    async def thread_of(self, place: dict[str, UUID]) -> int | None:
        [row] = await self.rows(select(StaffTopic.thread_id).where(StaffTopic.id == place["topic"]))
        thread: int | None = row.thread_id
        return thread

    async def states(self) -> dict[str, str]:
        """Of all notes, by their keys."""
        return {row.key: row.state.value for row in await self.rows(select(StaffNote.key, StaffNote.state))}

    async def keep(self, data: bytes) -> str:
        """A file in our storage, by its key."""
        key = ObjectKey(company=self.company, kind="media", name=f"f{hashlib.sha256(data).hexdigest()[:16]}")
        await open_storage(self.floor.settings.storage_url).put(key, data, label=Label(content_type="x/y"))
        return key.path

    async def until_done(self, *keys: str, seconds: float = 5.0) -> None:
        """Said, merged or given up."""
        ended = {"sent", "merged", "failed"}

        async def are_done() -> bool:
            states = await self.states()
            return all(states.get(key) in ended for key in keys)

        await self.until_so(are_done, seconds)

    async def until_so(self, check: Callable[[], Awaitable[bool]], seconds: float = 5.0) -> None:
        async with asyncio.timeout(seconds):
            while not await check():  # noqa: ASYNC110 - another connection changes it
                await asyncio.sleep(_LOOK_SECONDS)

    async def until_problem(self, problem: str | None, seconds: float = 5.0) -> None:
        """Of the group."""

        async def is_so() -> bool:
            return [row.problem for row in await self.rows(select(StaffGroup.problem))] == [problem]

        await self.until_so(is_so, seconds)

    async def rows(self, query: Any) -> list[Any]:
        async with self.floor.database.tenant_session(self.company) as session:
            return list((await session.execute(query)).all())

    # --- the process -------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def by_hand(self) -> AsyncIterator[OurBot]:
        """Claimed and introduced, and with no loop of its own."""
        async with open_client(self.bot.account.token, Api(base=self.sandbox.url)) as client:
            pace = Pace(self.floor, self.connection)
            me, lease = await setup.look(client), await self.claim()
            yield OurBot(floor=self.floor, lease=lease, client=client, me=me, pace=pace)

    async def take(self) -> Taken:
        """An update that nobody else acts on; what it says is the test's to tell."""
        async with self.floor.database.tenant_session(self.company) as session:
            await updates.keep(session, self.connection, [{"update_id": secrets.randbelow(10**9)}])
            found = await updates.waiting(session, self.connection, known=(), most=1)
            [taken] = await updates.take(session, found, LEASE)
        return taken

    @asynccontextmanager
    async def at_work(self, rates: Rates = HURRIED) -> AsyncIterator[Worker]:
        lease = await self.claim()
        crew = Crew(service=self.recorder, desk=self.recorder, follower=self.recorder)
        storage = open_storage(self.floor.settings.storage_url)
        office = Office(floor=self.floor, storage=storage, crew=crew, pulse=Pulse(), rates=rates)
        self.worker = Worker(office, lease)
        async with asyncio.TaskGroup() as group:
            working = group.create_task(self.worker.run())
            url = self.floor.settings.require("DATABASE_URL")
            hints = {"staff": lambda _: self._wake("posted"), "incoming": lambda _: self._wake("received")}
            listening = group.create_task(listen(url, hints))
            try:
                yield self.worker
            finally:
                self.worker.stop()
                await working
                listening.cancel()
                self.worker = None

    def _wake(self, what: str) -> None:
        if self.worker is not None:
            getattr(self.worker.waker, what).set()

    async def claim(self) -> Lease:
        found: list[Lease] = []
        for lease in await bots.claim(self.floor.database, most=1000, lease=LEASE):
            async with self.floor.database.tenant_session(lease.company) as session:
                if lease.connection == self.connection:
                    found.append(lease)
                else:
                    await bots.release(session, lease)
        return found[0]


@asynccontextmanager
async def open_desk(floor: Floor, *, is_forum: bool = True) -> AsyncIterator[Desk]:
    """A company with a bot that nobody has bound yet, in a group where it may manage topics."""
    async with Sandbox.open() as sandbox:
        settings = floor.settings.model_copy(update={"masteria_sandbox_url": sandbox.url})
        floor = replace(floor, settings=settings)
        number = 7_100_000_000 + secrets.randbelow(10**9)
        account = Account(token=token_of(number), username=f"Equipe{number}Bot", first_name="Equipe")
        bot = sandbox.telegram.connect(account)
        sandbox.telegram.office.flood.settings = NO_FLOOD
        slug = f"c{new_id().hex[-12:]}"
        company = await create_company(floor.database, floor.ring, NewCompany(slug=slug, name="Padaria"), OPERATOR)
        new = NewConnection(
            kind=ConnectionKind.TELEGRAM,
            name="Equipe",
            settings={"is_sandbox": True},
            secrets={"token": account.token},
        )
        async with floor.database.tenant_session(company) as session:
            row = await create(session, floor.ring, new, OPERATOR)
        people = sandbox.telegram.people
        owner = people.add(User(id=number + 1, first_name="Olga"))
        bia = people.add(User(id=number + 2, first_name="Bia"))
        desk = Desk(
            floor=floor,
            sandbox=sandbox,
            company=company,
            connection=ConnectionId(row.id),
            bot=bot,
            owner=owner,
            bia=bia,
        )
        if is_forum:
            desk.chat = sandbox.telegram.forum("Equipe", creator=owner, bot=bot)
            sandbox.telegram.join(desk.chat, bia, by=owner)
        yield desk


@asynccontextmanager
async def open_bound_desk(floor: Floor) -> AsyncIterator[Desk]:
    """In a group that is bound, with its bot at work."""
    async with open_desk(floor) as desk:
        await desk.be_bound()
        async with desk.at_work():
            yield desk
