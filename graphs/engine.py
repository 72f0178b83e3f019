"""The engine process: loops that claim work from tables, woken by hints and by a sweep."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from core.db.away import AWAY
from core.db.listen import listen
from core.errors import AppError
from core.floor import Floor
from core.logging import get_logger
from core.probe import Beat, Pulse

SWEEP_SECONDS: Final = 5.0

log = get_logger(__name__)

Hint = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Loop:
    """One kind of work. `work` does what is due, and says after how many seconds to look again at the latest."""

    name: str
    work: Callable[[], Awaitable[float]]
    channels: tuple[str, ...] = ()  # of the database, whose hints wake it
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        while not stop.is_set():
            beat.beat()
            self.wake.clear()
            await _wait(self.wake, await self._try())

    async def _try(self) -> float:
        try:
            return min(await self.work(), SWEEP_SECONDS)
        except AWAY as error:
            log.warning("engine.database_away", loop=self.name, reason=type(error).__name__)
            return SWEEP_SECONDS
        except AppError as error:  # one company's trouble, say with its keys, is no reason to leave the others
            log.exception("engine.work_refused", loop=self.name, reason=type(error).__name__, detail=error.detail.en)
            return SWEEP_SECONDS


class Runner(Protocol):
    """What has a rhythm of its own, and is woken and stopped as a loop is."""

    name: str
    channels: tuple[str, ...]
    wake: asyncio.Event

    async def run(self, stop: asyncio.Event, beat: Beat) -> None: ...


class Engine:
    def __init__(
        self, floor: Floor, pulse: Pulse, runners: Sequence[Loop | Runner], hints: Mapping[str, Hint] | None = None
    ) -> None:
        self._floor = floor
        self._pulse = pulse
        self._runners = tuple(runners)
        self._hints = dict(hints or {})

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop; then no new work is claimed, and what was begun may finish."""
        async with asyncio.TaskGroup() as group:
            working = [group.create_task(one.run(stop, self._pulse.loop(one.name))) for one in self._runners]
            listening = group.create_task(listen(self._listen_url, self._wakers() | self._hints))
            await stop.wait()
            self.wake_all()
            await asyncio.wait(working, timeout=self._floor.settings.masteria_drain_seconds)
            listening.cancel()
            for task in working:
                task.cancel()

    def wake_all(self) -> None:
        for one in self._runners:
            one.wake.set()

    def _wakers(self) -> dict[str, Hint]:
        channels = {channel for one in self._runners for channel in one.channels}
        return {channel: self._waker(channel) for channel in channels}

    def _waker(self, channel: str) -> Hint:
        woken = [one.wake for one in self._runners if channel in one.channels]

        def wake(_: str) -> None:
            for event in woken:
                event.set()

        return wake

    @property
    def _listen_url(self) -> str:
        settings = self._floor.settings
        return settings.require("DATABASE_LISTEN_URL" if settings.database_listen_url else "DATABASE_URL")


async def _wait(event: asyncio.Event, seconds: float) -> None:
    if seconds <= 0:
        return
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
