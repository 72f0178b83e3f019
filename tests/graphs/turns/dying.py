"""What happens at the n-th moment at which anything in a process waits: it ends, is cut off, or is overtaken."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from core.db.away import AWAY

Act = Callable[[], Awaitable[Any]]
_LONGEST_ACT: Final = 0.1  # who waits for a lock that is held here gets it later


class End(StrEnum):
    KILLED = "killed"  # nothing of it goes on
    CUT = "cut"  # every line to the database is gone, and it goes on without


@dataclass(slots=True)
class Lines:
    """Those that a pool has opened."""

    opened: list[Any] = field(default_factory=list)

    def cut(self) -> None:
        """As a network does: nobody says goodbye."""
        for line in self.opened:
            line.driver_connection._transport.abort()
        self.opened.clear()


@dataclass(slots=True)
class Steps:
    """`at`: when it ends, or when somebody acts; 0 for never. `taken`: how often it has waited."""

    at: int
    end: End = End.KILLED
    lines: Lines = field(default_factory=Lines)
    act: Act | None = None  # by somebody else, instead of an end
    root: "asyncio.Task[Any] | None" = None
    taken: int = 0
    tasks: "list[asyncio.Task[Any]]" = field(default_factory=list)  # all that run
    _acting: "asyncio.Task[Any] | None" = None

    @property
    def has_ended(self) -> bool:
        return 0 < self.at <= self.taken

    def count(self) -> None:
        self.taken += 1
        if self.taken != self.at or self.act is not None:
            return
        if self.end is End.CUT:
            self.lines.cut()
        else:
            for task in self.tasks:
                task.cancel()

    @property
    def is_time_to_act(self) -> bool:
        return self.act is not None and self._acting is None and self.taken == self.at

    async def let_act(self) -> None:
        """The one that waits here goes on afterwards."""
        assert self.act is not None
        self._acting = asyncio.ensure_future(self.act())
        await asyncio.wait({self._acting}, timeout=_LONGEST_ACT)

    async def acted(self) -> None:
        if self._acting is not None:
            await self._acting


@contextmanager
def watched(engine: AsyncEngine) -> Iterator[Lines]:
    lines = Lines()

    def note(line: Any, *_: Any) -> None:
        if line not in lines.opened:
            lines.opened.append(line)

    event.listen(engine.sync_engine, "checkout", note)
    yield lines
    event.remove(engine.sync_engine, "checkout", note)


async def walk(work: Act, steps: Steps) -> None:
    """Until it is through, or ends as it is told to."""
    loop = asyncio.get_running_loop()

    def make_task(at: asyncio.AbstractEventLoop, coroutine: Any, **about: Any) -> "asyncio.Task[Any]":
        task = asyncio.Task(_Counted(coroutine, steps), loop=at, **about)
        steps.tasks.append(task)
        return task

    loop.set_task_factory(make_task)
    try:
        steps.root = asyncio.ensure_future(_whole(work))
        await asyncio.wait({steps.root})
        await asyncio.wait(steps.tasks)
    finally:
        loop.set_task_factory(None)
    await steps.acted()
    if not steps.root.cancelled() and (error := steps.root.exception()) is not None:
        raise error


async def _whole(work: Act) -> None:
    """A line that is cut under the claim itself is what the loop around it outlives, too."""
    try:
        await work()
    except* AWAY:
        pass


class _Counted(Coroutine[Any, Any, Any]):
    """What a task runs, and each time that it waits. Whoever is to act then does so before it is known to wait."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], steps: Steps) -> None:
        self._coroutine = coroutine
        self._steps = steps
        self._held: Any = None
        self._acting: Generator[Any, Any, Any] | None = None

    @override
    def __await__(self) -> Generator[Any, Any, Any]:
        raise NotImplementedError("it is for tasks alone")

    @override
    def send(self, value: Any) -> Any:
        if self._acting is not None:
            return self._act()
        return self._count(self._coroutine.send(value))

    @override
    def throw(self, error: Any, value: Any = None, traceback: Any = None) -> Any:
        self._acting = None
        return self._count(self._coroutine.throw(error))

    @override
    def close(self) -> None:
        self._coroutine.close()

    def _count(self, waits: Any) -> Any:
        self._steps.count()
        if not self._steps.is_time_to_act:
            return waits
        if waits is not None:
            waits._asyncio_future_blocking = False
        self._held, self._acting = waits, self._steps.let_act().__await__()
        return self._act()

    def _act(self) -> Any:
        assert self._acting is not None
        try:
            return next(self._acting)
        except StopIteration:
            self._acting = None
        if self._held is not None:
            self._held._asyncio_future_blocking = True
        return self._held
