"""The real api process on a real port, against clients that misbehave: it refuses them, and goes on serving."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

import pytest

from admin_api.edges import MOST_BYTES
from core.servers.process import free_port
from tests.fixtures.api import Wire, environment_of
from tests.fixtures.processes import Process, running
from tests.fixtures.servers import Servers

HEALTH: Final = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
LAST: Final = b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
HEAD: Final = b"POST /health HTTP/1.1\r\nHost: a\r\n"

HOSTILE: Final = {
    "a header of 1 MiB": b"GET /health HTTP/1.1\r\nHost: a\r\nX-Big: " + b"a" * (1 << 20) + b"\r\n\r\n",
    "100,000 headers": b"GET /health HTTP/1.1\r\nHost: a\r\n" + b"a: b\r\n" * 100_000 + b"\r\n",
    "a target of 1 MiB": b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a length that is no number": HEAD + b"Content-Length: abc\r\n\r\n",
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\n",
    "a length of 5,000 digits": HEAD + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n",
    "two lengths that differ": HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a superscript length": HEAD + b"Content-Length: \xb2\r\n\r\n",
    "a bad chunk size": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "an endless chunk size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 100_000,
    "an unknown transfer encoding": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "folded headers": LAST.replace(b"Connection", b" folded\r\nConnection"),
    "a nul in a header": b"GET /health HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
    "bare newlines and garbage": b"\n\n\x00\xff\xfe garbage\n\n",
    "a tls handshake": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "http/2 with prior knowledge": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a connect": b"CONNECT evil:443 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "an absolute target": b"GET http://evil/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "garbage after a good request": HEALTH + b"\x00\x01 garbage\r\n\r\n",
    "a thousand pipelined requests and garbage": HEALTH * 1_000 + b"garbage\r\n\r\n",
    "a web socket nobody offers": b"GET /nothing HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
}
# After these the server waits for more, and hangs up after some seconds.
WAITED_FOR: Final = {
    "an endless chunk size": HOSTILE["an endless chunk size"],
    "an unknown transfer encoding": HOSTILE["an unknown transfer encoding"],
    "nothing more": HEALTH,
}


@pytest.fixture(scope="module")
async def api(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Process, Wire]]:
    port = free_port()
    home = tmp_path_factory.mktemp("home")
    async with servers.clone() as urls:
        environment = environment_of(servers, urls, home)
        async with running("admin_api.serving", "--port", str(port), environment=environment) as process:
            await process.until("process.ready")
            yield process, Wire(port)


@dataclass(frozen=True, slots=True)
class Answer:
    said: bytes
    seconds: float


@pytest.fixture(scope="module", autouse=True)
async def waited_for(api: tuple[Process, Wire]) -> AsyncIterator[dict[str, "asyncio.Task[Answer]"]]:
    """They wait side by side, while other tests go on."""

    async def ask(said: bytes) -> Answer:
        started = time.monotonic()
        answer = await api[1].exchange(said, seconds=9)
        return Answer(answer, time.monotonic() - started)

    tasks = {name: asyncio.create_task(ask(said)) for name, said in WAITED_FOR.items()}
    yield tasks
    await asyncio.wait(tasks.values())


@pytest.fixture
def wire(api: tuple[Process, Wire]) -> Wire:
    return api[1]


def statuses(answer: bytes) -> set[int]:
    return {int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)}


class TestServing:
    async def test_it_is_alive_and_ready(self, wire: Wire) -> None:
        for path in (b"/health", b"/ready", b"/metrics", b"/api/v1/openapi.json"):
            answer = await wire.exchange(LAST.replace(b"/health", path))
            assert statuses(answer) == {200}

    async def test_it_tells_neither_its_server_nor_its_version(self, wire: Wire) -> None:
        for request in (LAST, LAST.replace(b"/health", b"/nothing"), b"garbage\r\n\r\n"):
            answer = (await wire.exchange(request)).lower()
            assert b"\r\nserver:" not in answer
            assert b"uvicorn" not in answer

    async def test_an_announced_body_beyond_the_cap_is_refused_without_being_sent(self, wire: Wire) -> None:
        answer = await wire.exchange(HEAD + b"Content-Length: %d\r\n\r\n" % (MOST_BYTES + 1))

        assert statuses(answer) == {413}
        assert b"application/problem+json" in answer


class TestHostileBytes:
    @pytest.mark.parametrize("name", HOSTILE)
    async def test_they_are_refused_without_an_error_of_ours_and_it_serves_on(
        self, api: tuple[Process, Wire], waited_for: dict[str, "asyncio.Task[Answer]"], name: str
    ) -> None:
        process, wire = api

        waiting = waited_for.get(name)
        answer = (await waiting).said if waiting else await wire.exchange(HOSTILE[name], seconds=9)

        assert max(statuses(answer), default=0) < 500
        assert statuses(await wire.exchange(LAST)) == {200}
        assert process.child.returncode is None
        assert [line for line in process.lines if "request.broke" in line or "crashed" in line] == []

    @pytest.mark.parametrize("name", ["no host", "two hosts", "a negative length", "two lengths that differ"])
    async def test_what_could_be_read_in_two_ways_is_refused(self, wire: Wire, name: str) -> None:
        assert statuses(await wire.exchange(HOSTILE[name])) == {400}

    @pytest.mark.parametrize("name", ["a header of 1 MiB", "100,000 headers", "a target of 1 MiB"])
    async def test_a_head_without_bounds_is_cut_off(self, wire: Wire, name: str) -> None:
        assert await wire.exchange(HOSTILE[name]) == b""

    async def test_a_large_body_is_no_large_head(self, wire: Wire) -> None:
        body = b"a" * (512 << 10)
        answer = await wire.exchange(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body + LAST)
        assert statuses(answer) == {200, 405}

    async def test_whoever_keeps_a_connection_idle_after_an_answer_is_let_go(
        self, waited_for: dict[str, "asyncio.Task[Answer]"]
    ) -> None:
        answer = await waited_for["nothing more"]

        assert statuses(answer.said) == {200}
        assert answer.seconds < 8

    async def test_two_hundred_idle_clients_do_not_keep_the_next_one_waiting(self, wire: Wire) -> None:
        async with AsyncExitStack() as idle:
            for _ in range(200):
                await idle.enter_async_context(wire.opened(b"GET /hea"))

            assert statuses(await wire.exchange(LAST)) == {200}


class TestStopping:
    async def test_at_sigterm_it_ends_with_0_even_while_a_client_dawdles(
        self, servers: Servers, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        port = free_port()
        home = tmp_path_factory.mktemp("home")
        async with servers.clone() as urls:
            environment = environment_of(servers, urls, home)
            async with running("admin_api.serving", "--port", str(port), environment=environment) as process:
                await process.until("process.ready")
                async with Wire(port).opened(HEAD + b"Content-Length: 10\r\n\r\nhalf"):
                    started = time.monotonic()
                    assert await process.stop() == 0
                    assert time.monotonic() - started < 5
