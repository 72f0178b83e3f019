"""The first byte of a call: it leaves in time or never, however long a connection took.

A process that was frozen, or waited for a free connection, may already have been replaced by another one: no database
can stop a write to a socket, only this look at the clock can.
"""

from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

import aiohttp
import httpx
from aiohttp.abc import AbstractStreamWriter
from aiohttp.connector import Connection
from typing_extensions import override

from core.clock import Deadline


class Late(TimeoutError):
    """Not one byte has left. A TimeoutError, for aiohttp hands those on as they are, also out of a body it sends."""


@dataclass(slots=True)
class Start:
    """The moment at which the first byte of a call leaves, or may not leave any more."""

    by: Deadline
    is_watched: bool = False  # whoever writes asks first
    has_begun: bool = False

    @property
    def may_have_begun(self) -> bool:
        return self.has_begun or not self.is_watched

    def demand_time(self) -> None:
        if self.is_watched and self.by.passed:
            raise Late

    def begin(self) -> None:
        self.demand_time()
        self.has_begun = True


# httpx-aiohttp hands on nothing of a caller's to aiohttp's request but what is in the request itself.
START: Final[ContextVar[Start | None]] = ContextVar("start", default=None)


class PunctualRequest(aiohttp.ClientRequest):
    """Looks at the clock once it has its connection, for which it may have waited, and right before it writes."""

    @override
    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        if start := START.get():
            start.demand_time() if self.body else start.begin()
        return await super().send(conn)

    @override
    async def write_bytes(
        self, writer: AbstractStreamWriter, conn: Connection, content_length: int | None = None
    ) -> None:
        # A task of its own on Python 3.11, which begins some time after `send`. A stream asks for itself.
        start = START.get()
        if start and not isinstance(self.body, aiohttp.AsyncIterablePayload):
            try:
                start.begin()
            except Late as late:
                if conn.protocol is not None:  # it is also a queue, and false while that is empty
                    conn.protocol.set_exception(late)
                return
        await super().write_bytes(writer, conn, content_length)


class PunctualStream(httpx.AsyncByteStream):
    """A body that has to be waited for: aiohttp keeps the head back until it has the first piece."""

    def __init__(self, stream: httpx.AsyncByteStream, start: Start) -> None:
        self._stream = stream
        self._start = start

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        has_begun = False
        async for piece in self._stream:
            if not has_begun:
                self._start.begin()
                has_begun = True
            yield piece
        if not has_begun:
            self._start.begin()

    @override
    async def aclose(self) -> None:
        await self._stream.aclose()
