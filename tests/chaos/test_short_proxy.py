"""The line that misbehaves does so as told, and only then."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.chaos.proxy import Proxy, Toxics
from tests.fixtures.raw_servers import unused_port

BODY = b"x" * 4_000


@asynccontextmanager
async def shouting() -> AsyncIterator[int]:
    """A server that answers each line with a body."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            writer.write(BODY)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    async with shouting() as port, Proxy.to(port) as proxy:
        yield proxy


async def ask(proxy: Proxy, *, most: int = len(BODY)) -> bytes:
    """What comes back of one question until it is whole or the line ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        writer.write(b"\n")
        found = b""
        while len(found) < most and (piece := await reader.read(65_536)):
            found += piece
        return found
    finally:
        writer.close()


async def seconds_of(proxy: Proxy) -> float:
    began = time.monotonic()
    assert await ask(proxy) == BODY
    return time.monotonic() - began


class TestHealthy:
    async def test_everything_passes(self, proxy: Proxy) -> None:
        assert await ask(proxy) == BODY
        assert proxy.lines == 1

    async def test_it_falls_ill_and_recovers_while_it_is_open(self, proxy: Proxy) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        proxy.down = Toxics(is_silent=True)
        writer.write(b"\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await reader.read(1)
        proxy.heal()
        assert await reader.readexactly(len(BODY)) == BODY
        writer.close()


class TestToxics:
    async def test_latency_is_waited_for(self, proxy: Proxy) -> None:
        proxy.up = Toxics(latency=0.2)
        assert await seconds_of(proxy) >= 0.2

    async def test_a_narrow_line_takes_its_time(self, proxy: Proxy) -> None:
        proxy.down = Toxics(bandwidth=20_000)
        assert await seconds_of(proxy) >= 0.2

    async def test_sliced_it_arrives_whole(self, proxy: Proxy) -> None:
        proxy.down = Toxics(slice=100, pause=0.001)
        assert await seconds_of(proxy) >= 0.04

    async def test_behind_the_limit_the_line_ends(self, proxy: Proxy) -> None:
        proxy.down = Toxics(limit=1_500)
        assert await ask(proxy) == BODY[:1_500]

    async def test_a_silent_line_says_nothing(self, proxy: Proxy) -> None:
        proxy.down = Toxics(is_silent=True)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await ask(proxy)


class TestBreaking:
    async def test_a_reset_breaks_what_is_open(self, proxy: Proxy) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"\n")
        await reader.readexactly(len(BODY))
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        writer.close()

    async def test_not_alive_it_resets_whoever_comes(self, proxy: Proxy) -> None:
        proxy.is_alive = False
        with pytest.raises(ConnectionResetError):
            await ask(proxy)
        proxy.heal()
        assert await ask(proxy) == BODY

    async def test_without_a_server_behind_it_the_line_ends(self) -> None:
        async with Proxy.to(unused_port()) as proxy:
            assert await ask(proxy) == b""
