"""One bot at work: its loops from when it is claimed until it is let go."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from admin_api.staff.binding import Binding
from admin_api.staff.bot import Bot
from admin_api.staff.files import LARGE_AT_ONCE, Files
from admin_api.staff.handling import Handling
from admin_api.staff.heard import Crew
from admin_api.staff.pacing import Pace, Rates
from admin_api.staff.polling import Poller, say_problem
from admin_api.staff.receiving import Receiver
from admin_api.staff.sending import Sender
from admin_api.staff.setbacks import Setbacks
from admin_api.staff.stores import bots
from admin_api.staff.stores.bots import Lease
from admin_api.staff.strangers import Strangers
from admin_api.staff.telling import Telling
from admin_api.staff.watching import Hook, Watcher
from channels.base import Line
from channels.inbound import BROKEN
from channels.stores.connections import open_lines
from channels.telegram_staff import setup
from channels.telegram_staff.client import Api, Client, open_client
from channels.telegram_staff.failures import Failed, Kind
from channels.telegram_staff.problems import Problem
from channels.telegram_staff.sending import Teller
from core.clock import Deadline
from core.db.away import AWAY
from core.floor import Floor
from core.logging import get_logger
from core.models.people import ConnectionKind, ConnectionState
from core.probe import Pulse
from core.storage import Storage
from core.texts import Language

LEASE: Final = timedelta(seconds=30)
_RENEW_SECONDS: Final = 8.0
_BROKEN_SECONDS: Final = 5.0
_REFUSED_SECONDS: Final = 60.0
_BEGINNING_SECONDS: Final = 30.0
_SOON_SECONDS: Final = 0.3
_MENU_SECONDS: Final = 60.0
_STUCK_SECONDS: Final = 600.0  # a flood wait, or a model that thinks
_SPEAKERS: Final = 2  # a large file must not hold up an alarm
_WEBHOOK: Final = "/webhooks/telegram"

TROUBLE: Final = (*BROKEN, *AWAY, SQLAlchemyError, RedisError)

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Office:
    """What all bots of a process share."""

    floor: Floor
    storage: Storage
    crew: Crew
    pulse: Pulse
    rates: Rates = field(default_factory=Rates)
    large_files: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LARGE_AT_ONCE))


@dataclass(slots=True)
class Waker:
    """Wakes the loops of one bot, by what the database tells."""

    received: asyncio.Event = field(default_factory=asyncio.Event)
    posted: asyncio.Event = field(default_factory=asyncio.Event)
    happened: asyncio.Event = field(default_factory=asyncio.Event)


class Worker:
    """Holds the lease of one bot. It ends when told to, when the lease is lost, or when the connection changed."""

    def __init__(self, office: Office, lease: Lease) -> None:
        self.lease = lease
        self.waker = Waker()
        self.is_called = False  # by Telegram: what comes for it is kept by another process
        self._office = office
        self._end = asyncio.Event()
        self._line: Line | None = None
        self._has_looked = False

    async def run(self) -> None:
        """What goes wrong with one bot is no reason to leave the others: its lease runs out, and it is tried anew."""
        log.info("staff.bot_claimed", connection=str(self.lease.connection))
        try:
            await self._hold()
        except* TROUBLE as errors:
            log.exception("staff.bot_failed", connection=str(self.lease.connection), why=_names(errors))
        else:
            await self._release()
        log.info("staff.bot_let_go", connection=str(self.lease.connection))

    async def _hold(self) -> None:
        async with asyncio.TaskGroup() as group:
            renewing = group.create_task(self._renew())
            working = group.create_task(self._work())
            working.add_done_callback(lambda _: self.stop())
            await self._end.wait()
            await asyncio.wait({working}, timeout=self._office.floor.settings.masteria_drain_seconds)
            working.cancel()
            renewing.cancel()

    def stop(self) -> None:
        """What was begun may finish."""
        self._end.set()
        for event in (self.waker.received, self.waker.posted, self.waker.happened):
            event.set()

    async def look_again(self) -> None:
        """Its connection may have another token now, or none that counts."""
        if not self._has_looked:
            return
        line = await self._open_line()
        if self._line is None or line is None or line.secrets != self._line.secrets:
            self.stop()

    async def _work(self) -> None:
        line = self._line = await self._open_line()
        self._has_looked = True
        if line is None:
            await say_problem(self._office.floor.database, self.lease, Problem.UNREADABLE)
            await self._pause(_REFUSED_SECONDS)
            self.stop()
            return
        settings = self._office.floor.settings
        base = settings.masteria_sandbox_url if line.settings.get("is_sandbox") else settings.telegram_api_base
        async with open_client(line.secrets["token"], Api(base=base or settings.telegram_api_base)) as client:
            bot = await self._introduce(client, is_played=bool(line.settings.get("is_sandbox")))
            if bot is not None:
                hook = self._hook(line)
                self.is_called = hook is not None
                await self._loops(bot, hook)

    async def _introduce(self, client: Client, *, is_played: bool) -> Bot | None:
        """Until Telegram says who we are. None: told to end meanwhile. A sandbox may begin after us."""
        floor, tries = self._office.floor, 0
        patience = Deadline.after(_BEGINNING_SECONDS if is_played else 0.0)
        while not self._end.is_set():
            try:
                me = await setup.look(client)
            except Failed as failed:
                if not patience.passed:
                    await self._pause(_SOON_SECONDS)
                    continue
                tries += 1
                problem = Problem.TOKEN if failed.kind is Kind.TOKEN else Problem.UNREACHABLE
                if problem is Problem.TOKEN or tries > 1:
                    await say_problem(floor.database, self.lease, problem)
                await self._pause(_REFUSED_SECONDS if problem is Problem.TOKEN else _BROKEN_SECONDS)
            else:
                pace = Pace(floor, self.lease.connection, self._office.rates)
                return Bot(floor=floor, lease=self.lease, client=client, me=me, pace=pace)
        return None

    async def _loops(self, bot: Bot, hook: Hook | None) -> None:
        floor, storage, crew = self._office.floor, self._office.storage, self._office.crew
        files = Files(floor=floor, storage=storage, company=bot.company, room=self._office.large_files)
        strangers = Strangers(floor=floor, connection=bot.connection)
        binding = Binding(bot=bot, strangers=strangers)
        watcher = Watcher(bot, binding, hook)
        handling = Handling(bot=bot, binding=binding, strangers=strangers, crew=crew, files=files)
        sender = _sender(bot, files)
        await self._until_well(watcher.begin)
        async with asyncio.TaskGroup() as group:
            cut_off = [group.create_task(self._loop("watch", watcher.once, asyncio.Event()))]
            cut_off.append(group.create_task(self._until_well(lambda: self._offer_menu(bot.client), _MENU_SECONDS)))
            if hook is None:
                poller = Poller(bot, self.waker.received)
                cut_off.append(group.create_task(self._loop("poll", poller.once, asyncio.Event())))
            received = self.waker.received
            receiver = Receiver(bot=bot, handling=handling, begin=partial(self._begin, group), ended=received)
            group.create_task(self._loop("receive", receiver.once, received))
            group.create_task(self._loop("follow", lambda: crew.follower.follow(bot.company), self.waker.happened))
            for number in range(_SPEAKERS):
                group.create_task(self._loop(f"send{number}", sender.once, self.waker.posted))
            await self._end.wait()
            for task in cut_off:  # what Telegram told and nobody kept, it tells again
                task.cancel()

    async def _loop(self, name: str, work: Callable[[], Awaitable[float]], wake: asyncio.Event) -> None:
        beat = self._office.pulse.loop(f"{name}:{self.lease.connection}", limit=_STUCK_SECONDS)
        try:
            while not self._end.is_set():
                beat.beat()
                wake.clear()
                pause = await self._once(name, work)
                await _wait(wake, _BROKEN_SECONDS if pause is None else pause)
        finally:
            self._office.pulse.end(beat)

    def _begin(self, group: asyncio.TaskGroup, name: str, work: Callable[[], Awaitable[None]]) -> None:
        group.create_task(self._apart(name, work))

    async def _apart(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Beside the loops, and watched as they are."""
        beat = self._office.pulse.loop(f"{name}:{self.lease.connection}", limit=_STUCK_SECONDS)
        try:
            await self._once(name, work)
        finally:
            self._office.pulse.end(beat)
            self.waker.happened.set()  # a line that is on its way now tells nobody when it leaves: it is watched

    async def _once(self, name: str, work: Callable[[], Awaitable[float | None]]) -> float | None:
        """The trouble of one company is no reason to leave the others. None: there was some, or nothing to wait for."""
        try:
            return await work()
        except* AWAY as errors:
            log.warning("staff.database_away", loop=name, reason=_names(errors))
        except* TROUBLE as errors:
            log.exception("staff.loop_failed", loop=name, connection=str(self.lease.connection), why=_names(errors))
        return None

    async def _offer_menu(self, client: Client) -> None:
        """It only helps to type: nothing waits for it."""
        await setup.set_menu(client, {language: self._office.crew.service.menu(language) for language in Language})

    async def _until_well(self, work: Callable[[], Awaitable[None]], seconds: float = _BROKEN_SECONDS) -> None:
        while not self._end.is_set():
            try:
                return await work()
            except Failed as failed:
                log.warning("staff.not_begun", connection=str(self.lease.connection), kind=failed.kind)
                await self._pause(failed.seconds or seconds)
            except AWAY as error:
                log.warning("staff.database_away", loop="begin", reason=type(error).__name__)
                await self._pause(seconds)
        return None

    async def _renew(self) -> None:
        """Without the lease nothing may be said any more: somebody else says it."""
        held = Deadline.after(LEASE.total_seconds())
        while not self._end.is_set():
            try:
                async with self._office.floor.database.tenant_session(self.lease.company) as session:
                    is_ours = await bots.renew(session, self.lease, LEASE)
            except AWAY as error:
                log.warning("staff.lease_not_renewed", reason=type(error).__name__)
                is_ours = not held.passed
            else:
                held = Deadline.after(LEASE.total_seconds())
            if not is_ours:
                log.warning("staff.lease_lost", connection=str(self.lease.connection))
                self.stop()
            await self._pause(_RENEW_SECONDS)

    async def _release(self) -> None:
        try:
            async with self._office.floor.database.tenant_session(self.lease.company) as session:
                await bots.release(session, self.lease)
        except AWAY as error:  # then the lease ends by itself
            log.warning("staff.lease_not_released", reason=type(error).__name__)

    async def _open_line(self) -> Line | None:
        """None: it does not open, or nobody may use it."""
        floor, connection = self._office.floor, self.lease.connection
        async with floor.database.tenant_session(self.lease.company) as session:
            opened = (await open_lines(session, floor.ring, [connection])).get(connection)
        if opened is None or opened.kind is not ConnectionKind.TELEGRAM or opened.state is ConnectionState.DISABLED:
            return None
        return opened.line if opened.line.secrets.get("token") else None

    def _hook(self, line: Line) -> Hook | None:
        """Only https can be called, and only from outside."""
        public = self._office.floor.settings.masteria_public_url
        if public is None or not public.startswith("https://") or line.settings.get("is_sandbox"):
            return None
        return Hook(url=f"{public}{_WEBHOOK}/{self.lease.connection}", secret=line.secrets["webhook_secret"])

    async def _pause(self, seconds: float) -> None:
        await _wait(self._end, seconds)


def _sender(bot: Bot, files: Files) -> Sender:
    teller = Teller(bot.client, files.open)
    database = bot.floor.database
    telling = Telling(database=database, company=bot.company, teller=teller, pace=bot.pace, files=files)
    setbacks = Setbacks(lease=bot.lease, pace=bot.pace, teller=teller)
    return Sender(database=database, lease=bot.lease, pace=bot.pace, telling=telling, setbacks=setbacks)


def _names(errors: BaseExceptionGroup[BaseException]) -> str:
    return ", ".join(type(error).__name__ for error in errors.exceptions)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    if seconds <= 0:
        await asyncio.sleep(0)
        return
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
