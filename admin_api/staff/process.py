"""`masteria staff`: the bots of all companies, each in the hands of one process."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Final

from admin_api.frame import Frame, framed
from admin_api.staff.crew import make_crew
from admin_api.staff.stores import bots
from admin_api.staff.working import LEASE, Office, Worker
from admin_api.terminal import launch, text
from agents.gateway.gateway import make_gateway
from channels.adapters import open_registry
from core.db.away import AWAY
from core.db.listen import listen
from core.db.sessions import Pool
from core.floor import open_floor
from core.ids import ConnectionId
from core.logging import get_logger
from core.storage import open_storage

POOL: Final = Pool(size=8, overflow=8, wait=10.0)
MOST_BOTS: Final = 200  # of one process
_AT_A_TIME: Final = 10  # so that several processes share them
_SWEEP_SECONDS: Final = 2.0
_POSTS_SECONDS: Final = 0.1  # customers write all the time, and hardly any post is for a bot

Hint = Callable[[str], None]

log = get_logger(__name__)


def main(arguments: Sequence[str]) -> int:
    about = text(
        "O grupo da equipe no Telegram: os bots de todas as empresas.",
        "The staff group in Telegram: the bots of all companies.",
    )
    with framed("staff", arguments, about) as frame:
        asyncio.run(_run(frame))
    return 0


async def _run(frame: Frame) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        gateway = make_gateway(frame.settings)
        stack.push_async_callback(gateway.close)
        floor = await stack.enter_async_context(open_floor(frame.settings, POOL))
        storage = open_storage(frame.settings.storage_url)
        channels = await stack.enter_async_context(open_registry(frame.settings))
        await gateway.warm()
        crew = make_crew(floor, storage, gateway, channels)
        office = Office(floor=floor, storage=storage, crew=crew, pulse=frame.pulse)
        frame.serve()
        await Shift(office).run(stop)


class Shift:
    """Claims bots that nobody works for, and lets go of them at the end."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._workers: dict[ConnectionId, Worker] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed: set[str] = set()
        self._wake = asyncio.Event()
        self._posts: asyncio.TimerHandle | None = None

    async def run(self, stop: asyncio.Event) -> None:
        beat = self._office.pulse.loop("claim")
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(listen(self._listen_url, self._hints()))
            ending = group.create_task(self._wake_at(stop))
            while not stop.is_set():
                beat.beat()
                self._wake.clear()
                await self._look(group)
                await _within(self._wake, _SWEEP_SECONDS)
            for worker in self._workers.values():
                worker.stop()
            await self._drain()
            listening.cancel()
            ending.cancel()

    async def _look(self, group: asyncio.TaskGroup) -> None:
        try:
            await self._look_again_at_changed()
            room = min(_AT_A_TIME, MOST_BOTS - len(self._workers))
            if room > 0:
                for lease in await bots.claim(self._office.floor.database, most=room, lease=LEASE):
                    self._begin(group, Worker(self._office, lease))
        except AWAY as error:
            log.warning("staff.database_away", loop="claim", reason=type(error).__name__)

    def _begin(self, group: asyncio.TaskGroup, worker: Worker) -> None:
        connection = worker.lease.connection
        self._workers[connection] = worker
        task = group.create_task(worker.run())
        self._tasks.add(task)

        def ended(_: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if self._workers.get(connection) is worker:
                del self._workers[connection]
            self._wake.set()

        task.add_done_callback(ended)

    async def _look_again_at_changed(self) -> None:
        changed = set(self._changed)
        for worker in list(self._workers.values()):
            if changed & {"", str(worker.lease.company)}:
                await worker.look_again()
        self._changed -= changed  # not before: what raises is looked at again

    async def _drain(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    def _hints(self) -> dict[str, Hint]:
        return {
            "connections": self._hear_change,
            "staff": lambda company: self._rouse(company, "posted"),
            "events": lambda company: self._rouse(company, "happened"),
            "incoming": lambda _: self._hear_of_post(),
        }

    def _hear_change(self, company: str) -> None:
        self._changed.add(company)
        self._wake.set()

    def _hear_of_post(self) -> None:
        """Whose it is is not told: those look that Telegram calls, all at once, and not for each."""
        if self._posts is None:
            self._posts = asyncio.get_running_loop().call_later(_POSTS_SECONDS, self._rouse_called)

    def _rouse_called(self) -> None:
        self._posts = None
        for worker in self._workers.values():
            if worker.is_called:
                worker.waker.received.set()

    def _rouse(self, company: str, what: str) -> None:
        for worker in self._workers.values():
            if company in {"", str(worker.lease.company)}:
                getattr(worker.waker, what).set()

    @property
    def _listen_url(self) -> str:
        settings = self._office.floor.settings
        return settings.require("DATABASE_LISTEN_URL" if settings.database_listen_url else "DATABASE_URL")


async def _within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


if __name__ == "__main__":
    launch(main)
