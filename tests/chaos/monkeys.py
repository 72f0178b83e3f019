"""Those who kill, freeze and cut off, at moments that the dice choose."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from tests.chaos.children import Kept
from tests.chaos.estate import Estate

_LOOKS: Final = 0.01


@dataclass(slots=True)
class Toll:
    """What was done so far."""

    kills: int = 0
    freezes: int = 0
    restarts: int = 0
    flushes: int = 0
    _busy: "list[asyncio.Task[None]]" = field(default_factory=list)

    async def kill(self, victims: Sequence[Kept], dice: random.Random, *, times: int, seconds: float) -> None:
        """Spread over so many seconds; whoever is chosen is alive."""
        for _ in range(times):
            await asyncio.sleep(dice.uniform(0.2, 1.8) * seconds / times)
            victim = dice.choice(victims)
            while not victim.signal(signal.SIGKILL):  # noqa: ASYNC110 - it is being started again
                await asyncio.sleep(_LOOKS)
            self.kills += 1

    async def freeze(self, victims: Sequence[Kept], dice: random.Random, *, times: int, seconds: float) -> None:
        """One after the other, each for so long, as if its machine had slept."""
        for _ in range(times):
            await asyncio.sleep(dice.uniform(0.1, 1.0))
            victim = dice.choice(victims)
            if victim.signal(signal.SIGSTOP):
                self.freezes += 1
                try:
                    await asyncio.sleep(seconds)
                finally:
                    victim.signal(signal.SIGCONT)

    async def restart_postgres(self, estate: Estate, dice: random.Random, *, times: int, seconds: float) -> None:
        for _ in range(times):
            await asyncio.sleep(dice.uniform(0.5, 1.5) * seconds / times)
            await estate.restart_postgres()
            self.restarts += 1

    async def flush(self, estate: Estate, *, every: float) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(every)
            await estate.flush_valkey()
            self.flushes += 1

    @asynccontextmanager
    async def meanwhile(self, *works: Awaitable[None]) -> AsyncIterator[None]:
        """They go on during the block; what still goes on at its end is ended."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_run(work)) for work in works]
            yield
            for task in tasks:
                task.cancel()


async def _run(work: Awaitable[None]) -> None:
    await work
