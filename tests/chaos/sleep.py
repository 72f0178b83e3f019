"""F10: processes that sleep for longer than a lease and the silence after it, as a suspended machine does."""

import asyncio
import signal
import time
from collections.abc import Sequence
from typing import Final

import psutil

from tests.chaos.children import Kept

LONGER_THAN_ANY_PATIENCE: Final = 16.0
_LOOKS: Final = 0.05


async def wake_up_late(process: Kept, *, naps: int = 1, seconds: float = 90.0) -> int:
    """Of one that falls asleep by itself: woken so often, each time long after it was given up."""
    end = time.monotonic() + seconds
    for nap in range(naps):
        while not is_asleep(process):
            if time.monotonic() > end:
                return nap
            await asyncio.sleep(_LOOKS)
        await asyncio.sleep(LONGER_THAN_ANY_PATIENCE)
        process.signal(signal.SIGCONT)
        await asyncio.sleep(_LOOKS)
    return naps


async def keep_awake(processes: Sequence[Kept]) -> None:
    """Until cancelled: whoever falls asleep is woken at once."""
    while True:
        for process in processes:
            process.signal(signal.SIGCONT)
        await asyncio.sleep(_LOOKS)


def is_asleep(process: Kept) -> bool:
    try:
        return process.pid is not None and psutil.Process(process.pid).status() == psutil.STATUS_STOPPED
    except psutil.NoSuchProcess:
        return False
