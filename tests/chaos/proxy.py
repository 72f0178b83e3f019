"""A line that misbehaves: a TCP proxy between a process of ours and whatever it talks to."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

LOOPBACK: Final = "127.0.0.1"
_PIECE: Final = 65_536
_AT_ONCE: Final = struct.pack("ii", 1, 0)  # linger for no time: the kernel sends RST


@dataclass(kw_only=True, slots=True)
class Toxics:
    """Of one direction; read anew for every piece, so that a line that is open falls ill too."""

    latency: float = 0.0
    bandwidth: float = float("inf")  # bytes per second
    slice: int = _PIECE  # bytes of a piece, each of which leaves by itself
    pause: float = 0.0  # between pieces
    limit: float = float("inf")  # bytes of a line, behind which it ends
    is_silent: bool = False  # nothing passes, and nobody is told


@dataclass(slots=True)
class Proxy:
    """`up` is from the client to the server. Not alive, it resets whoever comes."""

    target: int
    port: int = 0
    up: Toxics = field(default_factory=Toxics)
    down: Toxics = field(default_factory=Toxics)
    is_alive: bool = True
    lines: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _busy: set[asyncio.Task[None]] = field(default_factory=set)

    @classmethod
    @asynccontextmanager
    async def to(cls, target: int) -> AsyncIterator["Proxy"]:
        proxy = cls(target)
        server = await asyncio.start_server(proxy._serve, LOOPBACK, 0)
        proxy.port = server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            server.close()
            proxy.reset()
            for task in proxy._busy:
                task.cancel()
            await asyncio.gather(*proxy._busy, return_exceptions=True)

    def reset(self) -> None:
        """Break every line that is open, with a RST."""
        for writer in list(self._open):
            _break(writer)

    def heal(self) -> None:
        self.up, self.down, self.is_alive = Toxics(), Toxics(), True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._busy.add(task)
        try:
            with suppress(OSError, asyncio.CancelledError):
                await self._join(reader, writer)
        finally:
            writer.close()
            self._busy.discard(task)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_alive:
            _break(writer)
            return
        self.lines += 1
        far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self.target)
        ends = {writer, far_writer}
        self._open |= ends
        ways = [
            asyncio.ensure_future(self._pass(reader, far_writer, way="up")),
            asyncio.ensure_future(self._pass(far_reader, writer, way="down")),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._open -= ends
            far_writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, way: str) -> None:
        passed = 0
        with suppress(OSError):
            while data := await reader.read(_PIECE):
                for piece in _pieces(data, self._toxics(way).slice):
                    toxics = self._toxics(way)
                    await asyncio.sleep(toxics.latency + toxics.pause + len(piece) / toxics.bandwidth)
                    while self._toxics(way).is_silent:  # noqa: ASYNC110 - a test changes it from outside
                        await asyncio.sleep(0.02)
                    allowed = piece[: int(min(len(piece), toxics.limit - passed))]
                    writer.write(allowed)
                    await writer.drain()
                    passed += len(allowed)
                    if passed >= toxics.limit:
                        return

    def _toxics(self, way: str) -> Toxics:
        return self.up if way == "up" else self.down


def _pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def _break(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    with suppress(OSError):
        if sock is not None and not writer.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()
