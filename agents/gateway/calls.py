"""One call of one model: within its time, counted, and told to its breaker."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Final, Protocol, TypeVar

from agents.gateway import accounting
from agents.gateway.adapter import MOST_CHARACTERS, Adapter, Embedded, Failed, Failure, Finish, Piece, Told
from agents.gateway.breaker import Breaker
from agents.gateway.port import NOTHING_USED, EmbeddingRequest, MediaRequest, ModelRequest, Purpose, Usage
from agents.gateway.purse import Tab
from core.clock import Deadline
from core.errors import Misconfigured
from core.logging import get_logger

_log = get_logger("agents.gateway")
_COST_NOTHING: Final = Usage(cost_micros=0)
_UNTOLD_WAIT: Final = 1.0  # of a provider that asks to slow down and does not say for how long
_DENIED_REST: Final = 60.0  # a key does not become right within a conversation
_ITS_FAULT: Final = frozenset({Failure.SLOW, Failure.AWAY, Failure.BROKEN})
Answer = TypeVar("Answer", Told, Embedded)


class Adapters(Protocol):
    """By the name of a model; `agents.gateway.registry.Registry`, or what a test plays."""

    async def adapter(self, model: str) -> Adapter: ...

    async def close(self) -> None: ...


class Calls:
    """Of a process: it keeps a breaker for each model."""

    def __init__(self, adapters: Adapters) -> None:
        self._adapters = adapters
        self._breakers: defaultdict[str, Breaker] = defaultdict(Breaker)

    async def adapter(self, model: str) -> Adapter:
        return await self._adapters.adapter(model)

    async def close(self) -> None:
        await self._adapters.close()

    def wait(self, model: str) -> float:
        """Seconds until the model may be asked again."""
        return self._breakers[model].wait

    async def ask(self, model: str, request: ModelRequest, *, by: Deadline, tab: Tab) -> Told:
        return await self._ask(model, request.purpose, lambda of: of.complete(model, request), by=by, tab=tab)

    async def transcribe(self, model: str, request: MediaRequest, *, by: Deadline, tab: Tab) -> Told:
        return await self._ask(model, Purpose.TRANSCRIBE, lambda of: of.transcribe(model, request), by=by, tab=tab)

    async def describe(self, model: str, request: MediaRequest, *, by: Deadline, tab: Tab) -> Told:
        return await self._ask(model, Purpose.DESCRIBE, lambda of: of.describe(model, request), by=by, tab=tab)

    async def embed(self, model: str, request: EmbeddingRequest, *, by: Deadline, tab: Tab) -> Embedded:
        return await self._ask(model, Purpose.EMBED, lambda of: of.embed(model, request), by=by, tab=tab)

    async def _ask(
        self, model: str, purpose: Purpose, call: Callable[[Adapter], Awaitable[Answer]], *, by: Deadline, tab: Tab
    ) -> Answer:
        tab.take()
        with self._counted(model, purpose, tab) as took:
            adapter = await self._loaded(model, by)
            try:
                async with asyncio.timeout(by.remaining):
                    told = await call(adapter)
            except TimeoutError:
                raise Failed(Failure.SLOW) from None
            took.usage = told.usage
            return told

    async def pieces(self, model: str, request: ModelRequest, *, first_by: Deadline, tab: Tab) -> AsyncGenerator[str]:
        """The words as they come. It ends well only where the model said that it ended."""
        tab.take()
        with self._counted(model, request.purpose, tab) as took:
            adapter = await self._loaded(model, first_by)
            by, finish, size = first_by, None, 0
            async with aclosing(adapter.stream(model, request)) as stream:
                while (piece := await _next(stream, by, has_begun=size > 0)) is not None:
                    took.usage = piece.usage or took.usage
                    finish = piece.finish or finish
                    size += len(piece.text)
                    by = request.deadline if size else by
                    if size > MOST_CHARACTERS:
                        raise Failed(Failure.BROKEN)
                    if piece.text:
                        yield piece.text
            if finish is not Finish.STOP or not size:
                failure = Failure.CUT if finish is Finish.LENGTH else Failure.BROKEN
                raise Failed(failure, usage=took.usage)

    async def _loaded(self, model: str, by: Deadline) -> Adapter:
        try:
            async with asyncio.timeout(by.remaining):
                return await self._adapters.adapter(model)
        except TimeoutError:
            raise Failed(Failure.SLOW, usage=NOTHING_USED) from None
        except Misconfigured as error:
            _log.error("model.misconfigured", model=model, detail=str(error))
            raise Failed(Failure.DENIED, usage=NOTHING_USED) from None

    @contextmanager
    def _counted(self, model: str, purpose: Purpose, tab: Tab) -> Iterator["_Took"]:
        """One who goes away in the middle leaves the breaker as it was, and a cost that nobody knows."""
        breaker, took, start = self._breakers[model], _Took(), time.monotonic()
        breaker.begin()
        try:
            yield took
        except Failed as failed:
            took.usage = failed.usage
            self._blame(breaker, failed)
            self._tell(model, purpose, failed.failure.value, start)
            raise
        else:
            breaker.succeeded()
            self._tell(model, purpose, "answered", start)
        finally:
            tab.add(took.usage)
            accounting.count(model, took.usage)

    def _blame(self, breaker: Breaker, failed: Failed) -> None:
        if failed.failure in _ITS_FAULT:
            breaker.failed()
        elif failed.failure is Failure.BUSY:
            breaker.hold(_UNTOLD_WAIT if failed.retry_after is None else failed.retry_after)
        elif failed.failure is Failure.DENIED:
            breaker.hold(_DENIED_REST)
        else:
            breaker.succeeded()  # it is there, and answers

    def _tell(self, model: str, purpose: Purpose, outcome: str, start: float) -> None:
        tell = _log.debug if outcome == "answered" else _log.warning
        tell(
            "model.called",
            model=model,
            purpose=purpose.value,
            outcome=outcome,
            seconds=round(time.monotonic() - start, 3),
        )


class _Took:
    def __init__(self) -> None:
        self.usage = Usage(cost_micros=None)


async def _next(stream: AsyncGenerator[Piece], by: Deadline, *, has_begun: bool) -> Piece | None:
    try:
        async with asyncio.timeout(by.remaining):
            return await anext(stream, None)
    except TimeoutError:
        raise Failed(Failure.SLOW) from None
    except Failed as failed:
        if has_begun and failed.usage == _COST_NOTHING:
            raise Failed(failed.failure, usage=Usage(cost_micros=None)) from None  # it was at work, and has cost
        raise
