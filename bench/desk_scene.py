"""A company whose customers all wait for a person, each in a topic of the sandbox's Telegram, and its processes."""

import asyncio
import secrets
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from uuid import UUID

from pydantic import SecretStr

from admin_api.prepare import upgrade_database
from admin_api.tenants.store import NewCompany, add_member, create_company
from bench.stack import plain_environment
from channels.contents import Text
from channels.stores.connections import NewConnection, create
from channels.stores.thread import Entry, append
from core import clock
from core.audit import OPERATOR
from core.crypto import InstallationKey
from core.db.sessions import Pool, TenantSession
from core.embedded import DATABASE, Embedded
from core.floor import Floor, open_floor
from core.home import Home
from core.ids import CompanyId, ConnectionId, ContactId, ConversationId, new_id
from core.models.people import ConnectionKind, Contact, ContactIdentity, IdentityKind, Role
from core.models.staff import StaffGroup, StaffPerson, StaffTopic, TopicState
from core.models.stream import Author, Conversation, Direction
from core.servers.process import free_port
from core.settings import Settings
from graphs import handoff
from sandbox.ledger import Accepted
from sandbox.telegram import topics
from sandbox.telegram.acts import PLAIN
from sandbox.telegram.bots import Account as BotAccount
from sandbox.telegram.bots import Bot
from sandbox.telegram.chats import Chat
from sandbox.telegram.contents import Text as Line
from sandbox.telegram.people import User
from sandbox.telegram.topics import Hands
from sandbox.whatsapp.accounts import Account, Pace
from sandbox.whatsapp.status_plan import OFF
from sandbox.world import Sandbox

_FIRST_NUMBER: Final = 5511910000000
_LOOK_SECONDS: Final = 0.002
_READY_SECONDS: Final = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    number: int
    conversation: ConversationId
    epoch: int
    thread: int


@dataclass(kw_only=True)
class Scene:
    floor: Floor
    sandbox: Sandbox
    company: CompanyId
    chat: Chat
    bia: User
    idle_bot: Bot
    phone_id: str
    token: str
    customers: list[Customer] = field(default_factory=list)
    seen: int = 0

    def line(self, words: str) -> Line:
        return Line(text=words)

    def type(self, thread: int, words: str) -> None:
        self.sandbox.telegram.acts.write(self.chat, self.bia, self.line(words), replace(PLAIN, thread_id=thread))

    async def until_heard(self, customer: Customer, words: str, *, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while not any(words in one.text for one in self._accepted(customer)):  # noqa: ASYNC110 - a ledger
                await asyncio.sleep(_LOOK_SECONDS)

    def _accepted(self, customer: Customer) -> Sequence[Accepted]:
        return self.sandbox.whatsapp.accepted_to(f"+{customer.number}")


@asynccontextmanager
async def open_scene(count: int) -> AsyncIterator[Scene]:
    """Everything runs until the block ends."""
    with tempfile.TemporaryDirectory(prefix="masteria-bench-", ignore_cleanup_errors=True) as folder:
        await asyncio.to_thread(Path(folder).chmod, 0o711)
        embedded = Embedded.of(Home.open(Path(folder) / "home"))
        await embedded.start(log=subprocess.DEVNULL)
        try:
            async with Sandbox.open() as sandbox, _furnished(embedded, Path(folder), sandbox, count) as scene:
                yield scene
        finally:
            embedded.stop()


@asynccontextmanager
async def _furnished(embedded: Embedded, folder: Path, sandbox: Sandbox, count: int) -> AsyncIterator[Scene]:
    urls = embedded.urls(DATABASE)
    await upgrade_database(urls.migrator.replace("postgresql://", "postgresql+asyncpg://"))
    key = InstallationKey.new().line
    settings = Settings(
        masteria_home=folder / "home",
        database_url=SecretStr(urls.app),
        redis_url=SecretStr(embedded.valkey.url),
        masteria_secret_keys=SecretStr(key),
        masteria_embedded=True,
        masteria_sandbox_url=sandbox.url,
    )
    environment = {
        "MASTERIA_HOME": str(folder / "home"),
        "DATABASE_URL": urls.app,
        "REDIS_URL": embedded.valkey.url,
        "MASTERIA_SECRET_KEYS": key,
        "MASTERIA_EMBEDDED": "1",
        "MASTERIA_SANDBOX_URL": sandbox.url,
    }
    async with open_floor(settings, Pool(size=8, overflow=8)) as floor:
        scene = await _furnish(floor, sandbox, count)
        async with _process("admin_api.engine", environment), _process("admin_api.staff.process", environment):
            await _until_served(scene)
            yield scene


async def _furnish(floor: Floor, sandbox: Sandbox, count: int) -> Scene:
    company = await create_company(floor.database, floor.ring, NewCompany(slug="bench", name="Bench"), OPERATOR)
    phone_id, token = str(10**14 + secrets.randbelow(10**14)), secrets.token_hex(16)
    sandbox.whatsapp.statuses.settings = OFF
    account = Account(
        phone_id=phone_id,
        waba_id=phone_id,
        display_phone_number="+551133334444",
        access_token=token,
        app_secret=token,
        pace=Pace(per_second=None, pair_seconds=None),
    )
    await sandbox.whatsapp.connect(account)
    bot, idle = (_bot(sandbox, name) for name in ("BenchBot", "OutroBot"))
    bia = sandbox.telegram.people.add(User(id=7_000_000_001, first_name="Bia"))
    chat = sandbox.telegram.forum("Equipe", creator=bia, bot=bot)
    sandbox.telegram.acts.start(idle, bia)
    scene = Scene(
        floor=floor,
        sandbox=sandbox,
        company=company,
        chat=chat,
        bia=bia,
        idle_bot=idle,
        phone_id=phone_id,
        token=token,
    )
    async with floor.database.tenant_session(company) as session:
        line = await create(session, floor.ring, _line(phone_id, token), OPERATOR)
        staff = await create(session, floor.ring, _staff(bot), OPERATOR)
        group = await _group(session, scene, ConnectionId(staff.id))
    for number in range(count):
        scene.customers.append(
            await _customer(scene, bot, _FIRST_NUMBER + number, line=ConnectionId(line.id), group=group)
        )
    return scene


def _bot(sandbox: Sandbox, name: str) -> Bot:
    number = 7_100_000_000 + secrets.randbelow(10**9)
    account = BotAccount(token=f"{number}:{secrets.token_hex(18)}", username=name, first_name=name)
    return sandbox.telegram.connect(account)


def _line(phone_id: str, token: str) -> NewConnection:
    return NewConnection(
        kind=ConnectionKind.WHATSAPP,
        name="Loja",
        settings={"phone_number_id": phone_id, "is_sandbox": True, "per_second": 1000},
        secrets={"access_token": token, "app_secret": token, "verify_token": token},
    )


def _staff(bot: Bot) -> NewConnection:
    return NewConnection(
        kind=ConnectionKind.TELEGRAM,
        name="Equipe",
        settings={"is_sandbox": True},
        secrets={"token": bot.account.token},
    )


async def _group(session: TenantSession, scene: Scene, connection: ConnectionId) -> UUID:
    joined = await add_member(session, email="bia@exemplo.com", name="Bia", role=Role.AGENT, by=OPERATOR)
    group = new_id()
    own = {"tenant_id": scene.company}
    session.add(
        StaffGroup(
            **own,
            id=group,
            connection_id=connection,
            chat_id=scene.chat.id,
            title="Equipe",
            is_forum=True,
            bound_by=scene.bia.id,
        )
    )
    session.add(StaffPerson(**own, id=new_id(), user_id=joined.user, telegram_id=scene.bia.id, name="Bia"))
    await session.flush()
    return group


async def _customer(scene: Scene, bot: Bot, number: int, *, line: ConnectionId, group: UUID) -> Customer:
    """She has written, waits for a person, and has her topic."""
    hands = Hands(scene.sandbox.telegram.office, scene.chat, bot.user)
    thread = topics.start(hands, f"Ana · {number % 10_000:04}").id
    provider_id = scene.sandbox.whatsapp.customer(f"+{number}", of=scene.phone_id, name="Ana").says("oi")
    contact, conversation = ContactId(new_id()), ConversationId(new_id())
    own = {"tenant_id": scene.company}
    async with scene.floor.database.tenant_session(scene.company) as session:
        session.add(Contact(**own, id=contact, name="Ana"))
        await session.flush()
        known = {"kind": IdentityKind.WA_ID, "value": str(number)}
        session.add(ContactIdentity(**own, id=new_id(), contact_id=contact, **known))
        session.add(Conversation(**own, id=conversation, contact_id=contact, connection_id=line))
        await session.flush()
        entry = Entry(
            conversation=conversation,
            connection=line,
            direction=Direction.IN,
            author=Author.CUSTOMER,
            content=Text(body="oi"),
            provider_id=provider_id,
            provider_at=clock.now(),
        )
        await append(session, [entry])
        epoch = await handoff.queue_up(session, conversation, reason="customer_asked")
        session.add(
            StaffTopic(
                **own,
                id=new_id(),
                group_id=group,
                contact_id=contact,
                connection_id=line,
                conversation_id=conversation,
                thread_id=thread,
                name="Ana",
                state=TopicState.OPEN,
                shown_seq=1,
            )
        )
    return Customer(number=number, conversation=conversation, epoch=epoch, thread=thread)


@asynccontextmanager
async def _process(module: str, environment: dict[str, str]) -> AsyncIterator[None]:
    """As a user starts it."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        env={**plain_environment(), **environment, "MASTERIA_METRICS_PORT": str(free_port())},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        child.terminate()
        await child.wait()


async def _until_served(scene: Scene) -> None:
    """The bot has said something: it is at work."""
    async with asyncio.timeout(_READY_SECONDS):
        while not any(scene.sandbox.telegram.book.find()):  # noqa: ASYNC110 - a ledger
            await asyncio.sleep(_LOOK_SECONDS)
