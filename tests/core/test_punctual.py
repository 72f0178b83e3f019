"""The first byte of a call leaves in time or never, however long a connection took and wherever the process froze."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import aiohttp
import httpx
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.http_writer import StreamWriter

from core.clock import Deadline
from core.http import Answer, Limits, TimedOut, TooLate, Unreachable, open_client, perform, receive
from tests.fixtures.raw_servers import CAP, always, serving, whole, without_end

SOON = 0.15
PATIENT = 5.0


async def call(
    client: httpx.AsyncClient, url: str, *, by: float | None = SOON, body: bytes = b"{}", seconds: float = PATIENT
) -> Answer:
    request = client.build_request("POST", url, content=body)
    starts_by = None if by is None else Deadline.after(by)
    return await perform(client, request, deadline=Deadline.after(seconds), max_bytes=CAP, starts_by=starts_by)


def freezing(what: Callable[..., object], *, seconds: float) -> Callable[..., object]:
    """The same, after which the whole process stands still, as it does under SIGSTOP."""

    async def frozen(*args: object, **kwargs: object) -> object:
        result = await what(*args, **kwargs)  # type: ignore[misc] # whatever coroutine function it is
        time.sleep(seconds)  # noqa: ASYNC251 - a frozen process runs no other task either
        return result

    return frozen


class Slow(AbstractResolver):
    """A name server that takes its time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        await asyncio.sleep(self.seconds)
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        pass


class TestWaitingForAConnection:
    async def test_a_connection_that_takes_too_long_is_not_written_to(self) -> None:
        async with serving(always(whole(b"hi"))) as site, open_client(resolver=Slow(0.4)) as client:
            url = site.url.replace("127.0.0.1", "slow.example")
            with pytest.raises(TooLate) as caught:
                await call(client, url)
            await asyncio.sleep(0.4)

            assert site.requests == []
            assert not caught.value.may_have_arrived

    async def test_a_connection_made_in_time_carries_the_call(self) -> None:
        async with serving(always(whole(b"hi"))) as site, open_client(resolver=Slow(0.05)) as client:
            answer = await call(client, site.url.replace("127.0.0.1", "slow.example"), by=PATIENT)

        assert answer.body == b"hi"

    async def test_a_call_that_waits_for_a_place_in_the_pool_gives_up_in_time(self) -> None:
        taken = asyncio.Event()

        async def say_nothing(_: asyncio.StreamWriter) -> None:
            taken.set()

        async with serving(say_nothing) as site, open_client(limits=Limits(connections=1)) as client:
            first = asyncio.create_task(call(client, site.url, by=PATIENT))
            await taken.wait()
            started = time.monotonic()
            with pytest.raises(TooLate) as caught:
                await call(client, site.url)

            assert time.monotonic() - started < 1
            assert len(site.requests) == 1
            assert not caught.value.may_have_arrived
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)

    async def test_a_place_in_the_pool_that_comes_too_late_is_not_used(self) -> None:
        async def answer_late(writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.3)
            writer.write(whole(b"hi"))

        async with serving(answer_late) as site, open_client(limits=Limits(connections=1)) as client:
            first = asyncio.create_task(call(client, site.url, by=PATIENT))
            await asyncio.sleep(0)
            with pytest.raises(TooLate):
                await call(client, site.url)

            assert (await first).body == b"hi"
            assert len(site.requests) == 1

    async def test_a_refused_connection_is_unreachable_and_not_late(self) -> None:
        async with open_client() as client:
            with pytest.raises(Unreachable):
                await call(client, "http://127.0.0.1:1", by=PATIENT)

    async def test_a_handshake_that_hangs_is_left_at_the_deadline_with_nothing_sent(self) -> None:
        async with serving(always(b"")) as site, open_client() as client:
            with pytest.raises(TooLate) as caught:
                await call(client, site.url.replace("http:", "https:"), by=None, seconds=0.3)

            assert not caught.value.may_have_arrived


class TestFrozen:
    @pytest.mark.parametrize("body", [b"{}", b"", bytes(500_000)], ids=["small", "none", "large"])
    async def test_a_process_frozen_after_it_got_its_connection_writes_nothing(
        self, body: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connect = freezing(aiohttp.TCPConnector.connect, seconds=0.3)
        monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect)
        async with serving(always(whole(b"hi"))) as site, open_client() as client:
            with pytest.raises(TooLate) as caught:
                await call(client, site.url, body=body)
            await asyncio.sleep(0.1)

            assert site.connections == 1
            assert site.requests == []
            assert not caught.value.may_have_arrived

    async def test_a_process_frozen_with_a_connection_it_had_before_writes_nothing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with serving(always(whole(b"hi"))) as site, open_client() as client:
            await call(client, site.url, by=PATIENT, body=b"")
            connect = freezing(aiohttp.TCPConnector.connect, seconds=0.3)
            monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect)
            with pytest.raises(TooLate):
                await call(client, site.url)

            assert (site.connections, len(site.requests)) == (1, 1)

    @pytest.mark.parametrize("body", [b"{}", bytes(500_000)], ids=["small", "large"])
    async def test_a_process_frozen_with_the_head_already_composed_writes_nothing(
        self, body: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # After the first look at the clock and before the second: the body is written by a task of its own.
        monkeypatch.setattr(StreamWriter, "write_headers", freezing(StreamWriter.write_headers, seconds=0.3))
        async with serving(always(whole(b"hi"))) as site, open_client() as client:
            started = time.monotonic()
            with pytest.raises(TooLate) as caught:
                await call(client, site.url, body=body)

            assert time.monotonic() - started < 2
            await asyncio.sleep(0.1)
            assert site.requests == []
            assert not caught.value.may_have_arrived

    async def test_a_process_frozen_for_less_writes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        connect = freezing(aiohttp.TCPConnector.connect, seconds=0.05)
        monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect)
        async with serving(always(whole(b"hi"))) as site, open_client() as client:
            assert (await call(client, site.url, by=PATIENT)).body == b"hi"


class TestBegun:
    async def test_an_answer_may_come_after_the_time_to_begin(self) -> None:
        async def answer_late(writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(2 * SOON)
            writer.write(whole(b"hi"))

        async with serving(answer_late) as site, open_client() as client:
            assert (await call(client, site.url)).body == b"hi"

    async def test_a_call_that_began_and_is_not_answered_may_have_arrived(self) -> None:
        async with serving(always(b"")) as site, open_client() as client:
            with pytest.raises(TimedOut) as caught:
                await call(client, site.url, seconds=2 * SOON)

            assert caught.value.may_have_arrived

    async def test_without_a_time_to_begin_it_is_the_deadline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        connect = freezing(aiohttp.TCPConnector.connect, seconds=0.3)
        monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect)
        async with serving(always(whole(b"hi"))) as site, open_client() as client:
            with pytest.raises(TooLate):
                await call(client, site.url, by=None, seconds=SOON)

            assert site.requests == []

    async def test_a_time_to_begin_that_is_past_opens_no_connection(self) -> None:
        async with serving(always(whole(b"hi"))) as site, open_client() as client:
            with pytest.raises(TooLate):
                await call(client, site.url, by=0)

            assert site.connections == 0

    async def test_the_next_call_on_the_client_is_not_late_because_this_one_was(self) -> None:
        async with serving(always(whole(b"hi"))) as site, open_client() as client:
            with pytest.raises(TooLate):
                await call(client, site.url, by=0)

            assert (await call(client, site.url, by=PATIENT)).body == b"hi"
            assert (await client.get(site.url)).text == "hi"


class TestStream:
    async def test_a_body_whose_first_piece_comes_too_late_leaves_not_even_a_head(self) -> None:
        async def slow_body() -> AsyncIterator[bytes]:
            time.sleep(2 * SOON)  # noqa: ASYNC251 - not cancelled in between: the piece is there, and too late
            yield b"late"

        async with serving(always(whole(b"hi"))) as site, open_client() as client:
            request = client.build_request("POST", site.url, content=slow_body())
            with pytest.raises(TooLate):
                await perform(
                    client, request, deadline=Deadline.after(5), max_bytes=CAP, starts_by=Deadline.after(SOON)
                )

            assert site.requests == []

    @pytest.mark.parametrize(("pause", "leaves"), [(2 * SOON, False), (0.0, True)], ids=["late", "in time"])
    async def test_a_body_without_any_piece_leaves_in_time_or_never(self, pause: float, *, leaves: bool) -> None:
        async def no_body() -> AsyncIterator[bytes]:
            time.sleep(pause)  # noqa: ASYNC251 - as above
            pieces: list[bytes] = []
            for piece in pieces:
                yield piece

        async with serving(always(whole(b"hi"))) as site, open_client() as client:
            request = client.build_request("POST", site.url, content=no_body())
            by = Deadline.after(SOON)
            with suppress(TooLate):
                await perform(client, request, deadline=Deadline.after(5), max_bytes=CAP, starts_by=by)

            assert bool(site.requests) is leaves

    async def test_a_body_that_is_slow_after_its_first_piece_goes_on(self) -> None:
        async def slow_body() -> AsyncIterator[bytes]:
            yield b"first"
            await asyncio.sleep(2 * SOON)
            yield b"second"

        async with serving(always(whole(b"hi"))) as site, open_client() as client:
            request = client.build_request("POST", site.url, content=slow_body())
            starts_by = Deadline.after(SOON)
            answer = await perform(client, request, deadline=Deadline.after(5), max_bytes=CAP, starts_by=starts_by)

        assert answer.body == b"hi"


class TestReceive:
    async def test_a_body_comes_in_pieces_within_the_cap(self) -> None:
        async with serving(always(whole(bytes(CAP)))) as site, open_client() as client:
            request = client.build_request("GET", site.url)
            async with receive(client, request, deadline=Deadline.after(5), max_bytes=CAP) as incoming:
                size = sum([len(piece) async for piece in incoming.pieces])

        assert (incoming.status, size) == (200, CAP)

    async def test_a_body_that_is_not_read_to_its_end_holds_nothing_up(self) -> None:
        endless = without_end(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", every=0.01)
        async with serving(endless) as site, open_client() as client:
            request = client.build_request("GET", site.url)
            async with receive(client, request, deadline=Deadline.after(5), max_bytes=CAP) as incoming:
                first = await anext(incoming.pieces)

        assert first == b"x"

    async def test_the_deadline_ends_the_block_too(self) -> None:
        async with serving(always(whole(b"hi"))) as site, open_client() as client:
            request = client.build_request("GET", site.url)
            with pytest.raises(TimedOut):
                async with receive(client, request, deadline=Deadline.after(0.2), max_bytes=CAP):
                    await asyncio.sleep(5)

    async def test_an_error_of_the_block_is_not_called_one_of_the_call(self) -> None:
        async with serving(always(whole(b"hi"))) as site, open_client() as client:
            request = client.build_request("GET", site.url)
            with pytest.raises(TimeoutError, match="of the block"):
                async with receive(client, request, deadline=Deadline.after(5), max_bytes=CAP):
                    raise TimeoutError("of the block")
