"""Round after round: what is due is claimed and begun, as much as there is room for, until one is told to stop."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Final

from core.db.away import AWAY
from core.logging import get_logger
from core.probe import Beat

LOOK_SECONDS: Final = 1.0
_AWAY_SECONDS: Final = 1.0

Take = Callable[[asyncio.TaskGroup], Awaitable[int]]  # claims and begins: how much
Rest = Callable[[int], Awaitable[None]]  # after a round that took so much

log = get_logger(__name__)


@dataclass(slots=True)
class Rounds:
    """Of one kind of work. `is_cut_off`: what was begun is not waited for at the end, for somebody else can do it."""

    name: str
    slots: int  # at the same time
    wake: asyncio.Event
    is_cut_off: bool = False
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def room(self) -> int:
        return max(0, self.slots - len(self._running))

    def begin(self, group: asyncio.TaskGroup, work: Coroutine[None, None, None]) -> None:
        task = group.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def run(self, take: Take, rest: Rest, *, stop: asyncio.Event, beat: Beat) -> None:
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                beat.beat()
                self.wake.clear()
                await rest(await self._try_to(take, group))
            for task in self._running if self.is_cut_off else ():
                task.cancel()

    async def once(self, take: Take) -> int:
        """One round by itself, up to the end of what it began."""
        async with asyncio.TaskGroup() as group:
            return await take(group)

    async def until_one_ends(self) -> None:
        await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)

    async def until_woken(self, seconds: float = LOOK_SECONDS) -> None:
        """Or for as long as one may go without a look: a hint can be lost."""
        try:
            async with asyncio.timeout(seconds):
                await self.wake.wait()
        except TimeoutError:
            return

    async def _try_to(self, take: Take, group: asyncio.TaskGroup) -> int:
        try:
            return await take(group)
        except AWAY as error:
            log.warning("rounds.database_away", work=self.name, reason=type(error).__name__)
            await asyncio.sleep(_AWAY_SECONDS)
            return 0
