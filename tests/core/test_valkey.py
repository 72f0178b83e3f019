"""The client of Valkey against the real one, and against servers that refuse, lie or keep silent."""

import asyncio
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
import redis.asyncio as redis
from redis.exceptions import ResponseError

from core.errors import AppError, Misconfigured, Unavailable
from core.valkey import Script, check, may_evict, opaque, open_valkey
from tests.fixtures.servers import Servers

PASSWORD = "s3cret-word"

Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def valkey(servers: Servers) -> AsyncIterator[redis.Redis]:
    async with open_valkey(servers.redis_url, name="test") as client:
        await client.flushall()
        yield client


@dataclass
class Site:
    """A server on this machine that counts who comes."""

    url: str = ""
    connections: int = 0


@asynccontextmanager
async def serving(answering: Answering) -> AsyncIterator[Site]:
    site, tasks = Site(), list[asyncio.Task[None]]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await answering(reader, writer)
        writer.close()

    def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        site.connections += 1
        tasks.append(asyncio.create_task(answer(reader, writer)))

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    site.url = f"redis://:{PASSWORD}@127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    try:
        yield site
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def always(line: str) -> Answering:
    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            writer.write(f"{line}\r\n".encode())
            await writer.drain()

    return answering


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    while await reader.read(4096):
        pass


async def hanging_up(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    return


async def failure(url: str) -> AppError:
    async with open_valkey(url) as client:
        with pytest.raises(AppError) as caught:
            await check(client)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))
    return caught.value


class TestOpenValkey:
    async def test_a_client_carries_its_name(self, valkey: redis.Redis) -> None:
        assert await valkey.client_getname() == "test"

    async def test_more_callers_than_connections_wait_their_turn(self, valkey: redis.Redis) -> None:
        numbers = await asyncio.gather(*(valkey.incr("turn") for _ in range(300)))

        assert sorted(numbers) == list(range(1, 301))
        assert valkey.connection_pool.max_connections == 32

    async def test_a_connection_that_the_server_closed_is_replaced(self, valkey: redis.Redis) -> None:
        await valkey.quit()

        assert await valkey.ping()

    async def test_a_server_that_hangs_up_is_not_tried_for_ever(self) -> None:
        async with serving(hanging_up) as site:
            error = await failure(site.url)

        assert isinstance(error, Unavailable)
        assert site.connections <= 4

    @pytest.mark.parametrize("password", ["half/other", "half#other", "half?other"])
    def test_a_password_that_breaks_the_address_is_refused_without_quoting_it(self, password: str) -> None:
        with pytest.raises(Misconfigured, match="REDIS_URL") as caught:
            open_valkey(f"redis://:{password}@127.0.0.1:6379/0")

        assert "half" not in "".join(traceback.format_exception(caught.value))


class TestCheck:
    async def test_a_good_server_passes(self, valkey: redis.Redis) -> None:
        await check(valkey)

    async def test_a_server_that_is_away_is_named_with_its_address_and_the_remedy(self) -> None:
        error = await failure(f"redis://:{PASSWORD}@127.0.0.1:1/0")

        assert isinstance(error, Unavailable)
        assert error.detail.pt == (
            "Não consegui usar o Valkey de REDIS_URL (127.0.0.1:1: conexão recusada). "
            "Confira se ele está no ar, ou apague REDIS_URL para usar o embutido."
        )
        assert error.detail.en == (
            "Could not use the Valkey in REDIS_URL (127.0.0.1:1: connection refused). "
            "Check that it is up, or unset REDIS_URL to use the embedded one."
        )

    async def test_a_socket_that_is_not_there_is_named_by_its_path(self) -> None:
        error = await failure("unix:///nowhere/valkey.sock")

        assert isinstance(error, Unavailable)
        assert "/nowhere/valkey.sock" in error.detail.pt

    async def test_a_silent_server_is_given_up_in_bounded_time(self) -> None:
        async with serving(silence) as site:
            started = time.monotonic()
            error = await failure(site.url)

        assert isinstance(error, Unavailable)
        assert "sem resposta a tempo" in error.detail.pt
        assert time.monotonic() - started < 10

    async def test_a_wrong_password_is_misconfigured(self, servers: Servers) -> None:
        error = await failure(f"redis://:{PASSWORD}@127.0.0.1:{urlsplit(servers.redis_url).port}/0")

        assert isinstance(error, Misconfigured)
        assert "usuário ou senha recusados" in error.detail.pt

    async def test_a_database_that_is_not_there_is_misconfigured(self, servers: Servers) -> None:
        assert isinstance(await failure(servers.redis_url.removesuffix("/0") + "/999"), Misconfigured)

    @pytest.mark.parametrize(
        ("answer", "expected", "reason"),
        [
            ("HTTP/1.1 400 Bad Request", Misconfigured, "não é um Valkey"),
            ("-NOPERM User default has no permissions to run the 'set' command", Misconfigured, "permissão"),
            ("-READONLY You can't write against a read only replica.", Unavailable, "réplica"),
            ("-OOM command not allowed when used memory > 'maxmemory'.", Unavailable, "memória esgotada"),
            ("-LOADING Valkey is loading the dataset in memory", Unavailable, "carrega"),
            # What a server from before HELLO says.
            (f"-ERR unknown command `HELLO`, with args beginning with: `AUTH`, `{PASSWORD}`", Misconfigured, "versão"),
        ],
    )
    async def test_each_refusal_has_its_reason(self, answer: str, expected: type[AppError], reason: str) -> None:
        async with serving(always(answer)) as site:
            error = await failure(site.url)

        assert isinstance(error, expected)
        assert reason in error.detail.pt
        assert "REDIS_URL" in error.detail.en
        assert site.url.rsplit("@", 1)[1].removesuffix("/0") in error.detail.en


class TestMayEvict:
    @pytest.mark.parametrize(
        ("memory", "expected"),
        [
            ({"maxmemory": 256, "maxmemory_policy": "noeviction"}, False),
            ({"maxmemory": 0, "maxmemory_policy": "allkeys-lru"}, False),
            ({"maxmemory": 256, "maxmemory_policy": "volatile-lru"}, True),
            ({}, False),
        ],
    )
    def test_only_a_full_server_with_an_eviction_policy_forgets(
        self, memory: dict[str, int | str], *, expected: bool
    ) -> None:
        assert may_evict(memory) is expected


class TestScript:
    script = Script("return {KEYS[1], ARGV[1]}")

    async def test_it_runs_also_after_the_server_forgot_it(self, valkey: redis.Redis) -> None:
        for _ in range(2):
            await valkey.script_flush()
            assert await self.script.run(valkey, ["key"], ["value"]) == ["key", "value"]

    async def test_it_is_sent_whole_only_once(self, valkey: redis.Redis) -> None:
        await self.script.run(valkey, ["key"], ["value"])

        assert await valkey.script_exists(self.script.sha) == [True]

    async def test_a_bug_in_it_is_no_failure_of_the_server(self, valkey: redis.Redis) -> None:
        with pytest.raises(ResponseError, match="nothing_like_this"):
            await Script("return nothing_like_this").run(valkey, [], [])

    async def test_a_server_that_is_away_is_unavailable(self) -> None:
        async with open_valkey("redis://127.0.0.1:1/0") as client:
            with pytest.raises(Unavailable):
                await self.script.run(client, ["key"], ["value"])


class TestOpaque:
    def test_a_phone_number_does_not_show(self) -> None:
        assert "5511" not in opaque("+5511987654321")

    def test_names_do_not_run_into_each_other(self) -> None:
        assert opaque("ab", "c") != opaque("a", "bc")
