"""Tests of how the api listens."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from admin_api import serving
from admin_api.listening import listen_on
from core.errors import Misconfigured

SOON = 0.3


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """An answering server that gives a request's head only a moment."""
    monkeypatch.setattr(serving, "_HEAD_SECONDS", SOON)
    config = uvicorn.Config(PlainTextResponse("ok"), http=serving._Protocol, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    server.config.load()
    listening = listen_on("127.0.0.1", 0)
    running = asyncio.create_task(server._serve([listening]))
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by a flag alone
        await asyncio.sleep(0.01)
    yield listening.getsockname()[1]
    server.should_exit = True
    await running


async def _read_all(port: int, *pieces: bytes, pause: float) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(pause)
        async with asyncio.timeout(5):
            return await reader.read()
    finally:
        writer.close()


class TestProtocol:
    @pytest.mark.parametrize("begun", [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
    async def test_a_head_that_is_never_finished_ends_the_connection(self, port: int, begun: bytes) -> None:
        assert await _read_all(port, begun, pause=0) == b""

    async def test_a_head_that_arrives_in_pieces_in_time_is_answered(self, port: int) -> None:
        pieces = (b"GET / HTTP/1.1\r\n", b"Host: x\r\n", b"Connection: close\r\n\r\n")
        assert b"200 OK" in await _read_all(port, *pieces, pause=SOON / 10)

    async def test_an_answer_that_was_given_does_not_stretch_the_next_head(self, port: int) -> None:
        whole = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        answer = await _read_all(port, whole, b"GET / HTT", pause=SOON / 3)
        assert answer.count(b"200 OK") == 1


class TestListenOn:
    def test_a_taken_port_is_named_with_what_to_do(self) -> None:
        with listen_on("127.0.0.1", 0) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(Misconfigured, match=f"127.0.0.1:{port}.*--port"):
                listen_on("127.0.0.1", port)
