"""The engine process: loops that claim work from tables, woken by hints and by a sweep."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core import events
from core.db.listen import listen
from core.floor import Floor
from core.logging import get_logger
from core.probe import Pulse
from graphs import store

SWEEP_SECONDS: Final = 5.0

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Loop:
    """One kind of work. `work` does what is due and returns; the wake-up says that more may be."""

    name: str
    work: Callable[[Floor], Awaitable[None]]
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class Engine:
    def __init__(self, floor: Floor, pulse: Pulse) -> None:
        self._floor = floor
        self._pulse = pulse
        self._loops = (Loop("depths", store.publish_depths),)

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop; then no new work is claimed, and what was begun may finish."""
        async with asyncio.TaskGroup() as group:
            loops = [group.create_task(self._run(loop, stop)) for loop in self._loops]
            listening = group.create_task(listen(self._listen_url, {events.CHANNEL: self._wake_all}))
            await stop.wait()
            self._wake_all("")
            await asyncio.wait(loops, timeout=self._floor.settings.masteria_drain_seconds)
            listening.cancel()
            for loop in loops:
                loop.cancel()

    async def _run(self, loop: Loop, stop: asyncio.Event) -> None:
        beat = self._pulse.loop(loop.name)
        while not stop.is_set():
            beat.beat()
            loop.wake.clear()
            try:
                await loop.work(self._floor)
            except (OSError, DBAPIError, PoolTimeout) as error:
                log.warning("engine.database_away", loop=loop.name, reason=type(error).__name__)
            await _wait(loop.wake, SWEEP_SECONDS)

    def _wake_all(self, _: str) -> None:
        for loop in self._loops:
            loop.wake.set()

    @property
    def _listen_url(self) -> str:
        settings = self._floor.settings
        return settings.require("DATABASE_LISTEN_URL" if settings.database_listen_url else "DATABASE_URL")


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
