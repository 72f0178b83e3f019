"""What many callers ask for at once is done for all of them in one go."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from core.errors import Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")

_IDLE_SECONDS: Final = 15.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Of one group, and of all that may wait."""

    items: int
    weight: int
    waiting: int


@dataclass(frozen=True, slots=True)
class _Asked(Generic[Item, Result]):
    item: Item
    weight: int
    answer: "asyncio.Future[Result]"


class Grouping(Generic[Item, Result]):
    """One group at a time: whoever comes meanwhile is in the next, which begins when this one has ended."""

    def __init__(self, handle: Callable[[list[Item]], Awaitable[Sequence[Result]]], limits: Limits) -> None:
        self._handle = handle
        self._limits = limits
        self._asked: deque[_Asked[Item, Result]] = deque()
        self._weight = 0
        self._wake = asyncio.Event()
        self._is_closed = False

    async def ask(self, item: Item, *, weight: int = 1) -> Result:
        """A result for each item, in the order of the items; a crowd is refused before it fills the memory."""
        if self._is_closed or (self._asked and self._weight + weight > self._limits.waiting):
            raise _crowded()
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        asked = _Asked(item, weight, answer)
        self._asked.append(asked)
        self._weight += weight
        self._wake.set()
        return await asked.answer

    async def run(self, beat: Callable[[], None]) -> None:
        """Until cancelled. The beat tells that the groups move on, or that nobody asks."""
        try:
            while True:
                beat()
                if self._asked:
                    await self._answer(self._take())
                else:
                    self._wake.clear()
                    await set_within(self._wake, _IDLE_SECONDS)
        finally:
            self._is_closed = True
            _refuse(list(self._asked))

    def _take(self) -> list[_Asked[Item, Result]]:
        group: list[_Asked[Item, Result]] = []
        room = self._limits.weight
        while self._asked and len(group) < self._limits.items and (not group or self._asked[0].weight <= room):
            asked = self._asked.popleft()
            self._weight -= asked.weight
            room -= asked.weight
            group.append(asked)
        return group

    async def _answer(self, group: list[_Asked[Item, Result]]) -> None:
        try:
            results = await self._handle([asked.item for asked in group])
            for asked, result in zip(group, results, strict=True):
                if not asked.answer.done():  # else whoever asked has gone
                    asked.answer.set_result(result)
        finally:
            _refuse(group)


def _refuse(group: Sequence[_Asked[Item, Result]]) -> None:
    """Whoever was not answered learns at once that nothing is promised."""
    for asked in group:
        if not asked.answer.done():
            asked.answer.set_exception(_crowded())


async def set_within(event: asyncio.Event, seconds: float) -> None:
    """Wait for it, but not longer."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def _crowded() -> Unavailable:
    return Unavailable(
        "Há pedidos demais esperando, ou este processo está parando: tente de novo em instantes.",
        "Too many requests wait, or this process is stopping: try again in a moment.",
    )
