"""Waiting for what is still to come: whoever looks and finds nothing is woken when there may be something."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


class Bell:
    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def ring(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()

    async def until(self, look: Callable[[], Found], *, seconds: float) -> Found:
        """What there is as soon as there is something, or the nothing that was found when the time is over."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not (found := look()) and (left := end - loop.time()) > 0:
            waiting = loop.create_future()
            self._waiting.append(waiting)
            try:
                await asyncio.wait([waiting], timeout=left)
            finally:
                self._waiting = [each for each in self._waiting if each is not waiting]
        return found
