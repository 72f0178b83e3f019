"""What happens later, in order of its time; one heap, so that a reset forgets all of it at once."""

import asyncio
import heapq
import itertools
from collections.abc import Callable

Act = Callable[[], None]


class Agenda:
    def __init__(self) -> None:
        self._entries: list[tuple[float, int, Act]] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def pending(self) -> int:
        return len(self._entries)

    def later(self, seconds: float, act: Act) -> None:
        at = asyncio.get_running_loop().time() + seconds
        heapq.heappush(self._entries, (at, next(self._numbers), act))
        if self._entries[0][2] is act:
            self._wind()

    def hurry(self) -> None:
        """Do all of it now, in order; what that puts on the agenda keeps its time."""
        entries, self._entries = sorted(self._entries), []
        self._wind()
        for _, _, act in entries:
            act()

    def clear(self) -> None:
        self._entries.clear()
        self._wind()

    def _wind(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(self._entries[0][0], self._ring) if self._entries else None

    def _ring(self) -> None:
        now = asyncio.get_running_loop().time()
        try:
            while self._entries and self._entries[0][0] <= now:
                heapq.heappop(self._entries)[2]()
        finally:
            self._wind()
