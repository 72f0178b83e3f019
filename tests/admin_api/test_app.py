"""The application on a real floor: alive, ready or not and why, what it counts, what it documents."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from admin_api.app import make_app
from core.db.sessions import Database
from core.embedded import Urls
from core.floor import Floor
from core.valkey import open_valkey
from tests.fixtures.api import LOOPBACK, NOBODY, client_of
from tests.fixtures.servers import Servers

PROMISED: Final = {
    "masteria_inbound",
    "masteria_outbound",
    "masteria_turn_seconds",
    "masteria_turns_due",
    "masteria_outbox_queued",
    "masteria_model_tokens",
    "masteria_model_cost_cents",
    "masteria_webhook_deliveries",
    "masteria_rate_limited",
    "masteria_handoffs_open",
    "masteria_event_lag_seconds",
}

Lame = Callable[[Floor], AbstractAsyncContextManager[Floor]]


@asynccontextmanager
async def without_database(floor: Floor, where: str = NOBODY) -> AsyncIterator[Floor]:
    away = Database(f"postgresql+asyncpg://app:secret-word@{where}/none")
    yield replace(floor, database=away)
    await away.close()


@asynccontextmanager
async def without_valkey(floor: Floor) -> AsyncIterator[Floor]:
    async with open_valkey(f"redis://:secret-word@{NOBODY}/0") as away:
        yield replace(floor, valkey=away)


@dataclass
class Silent:
    """A server that takes connections and never says a word."""

    where: str = ""
    connections: list[asyncio.StreamWriter] = field(default_factory=list)


@asynccontextmanager
async def silent_server() -> AsyncIterator[Silent]:
    silent = Silent()
    server = await asyncio.start_server(lambda _, writer: silent.connections.append(writer), LOOPBACK, 0)
    silent.where = f"{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    yield silent
    server.close()
    for writer in silent.connections:
        writer.close()


@asynccontextmanager
async def revision_set_to(revision: str, floor_urls: Urls) -> AsyncIterator[None]:
    """As the migrator, who owns the table."""
    migrator = create_async_engine(floor_urls.migrator)
    change = text("UPDATE alembic_version SET version_num = :revision")
    async with migrator.begin() as connection:
        before = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        await connection.execute(change, {"revision": revision})
    yield
    async with migrator.begin() as connection:
        await connection.execute(change, {"revision": before})
    await migrator.dispose()


@asynccontextmanager
async def connections_refused(floor_urls: Urls, servers: Servers) -> AsyncIterator[None]:
    """As at a restart: every connection ends, and no new one is let in."""
    name = floor_urls.app.rpartition("/")[2]
    superuser = await servers.embedded.postgres.connect()
    await superuser.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    yield
    await superuser.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    await superuser.close()


async def ask(floor: Floor, path: str) -> httpx.Response:
    async with client_of(make_app(floor)) as client:
        return await client.get(path)


class TestHealth:
    async def test_a_live_api_says_ok(self, floor: Floor) -> None:
        answer = await ask(floor, "/health")

        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})

    async def test_it_touches_nothing_and_so_answers_quickly_with_everything_away(self, floor: Floor) -> None:
        async with (
            silent_server() as silent,
            without_database(floor, silent.where) as lame,
            without_valkey(lame) as away,
            client_of(make_app(away)) as client,
        ):
            started = time.perf_counter()
            for _ in range(50):
                assert (await client.get("/health")).status_code == 200
            assert (time.perf_counter() - started) / 50 < 0.05

        assert silent.connections == []


class TestReady:
    async def test_with_all_there_it_is_ready(self, floor: Floor) -> None:
        answer = await ask(floor, "/ready")

        assert (answer.status_code, answer.json()) == (200, {"status": "ready", "reasons": {}})

    @pytest.mark.parametrize(("lame", "name"), [(without_database, "database"), (without_valkey, "valkey")])
    async def test_whoever_is_away_is_named_without_its_address_or_password(
        self, floor: Floor, lame: Lame, name: str
    ) -> None:
        async with lame(floor) as away:
            answer = await ask(away, "/ready")

        assert answer.status_code == 503
        assert list(answer.json()["reasons"]) == [name]
        assert answer.json()["reasons"][name].startswith("unreachable: ")
        assert "secret-word" not in answer.text
        assert LOOPBACK not in answer.text

    async def test_both_away_are_both_named(self, floor: Floor) -> None:
        async with without_database(floor) as lame, without_valkey(lame) as away:
            answer = await ask(away, "/ready")

        assert set(answer.json()["reasons"]) == {"database", "valkey"}

    async def test_a_database_that_hangs_is_not_waited_for_longer_than_the_check_takes(self, floor: Floor) -> None:
        async with silent_server() as silent, without_database(floor, silent.where) as away:
            started = time.perf_counter()
            answer = await ask(away, "/ready")

        assert time.perf_counter() - started < 4
        assert answer.json()["reasons"] == {"database": "unreachable: TimeoutError"}

    async def test_a_database_behind_this_release_is_told_to_be_upgraded(self, floor: Floor, floor_urls: Urls) -> None:
        async with revision_set_to("0000", floor_urls):
            behind = await ask(floor, "/ready")

        assert behind.status_code == 503
        assert "revision 0000" in behind.json()["reasons"]["database"]
        assert "masteria db upgrade" in behind.json()["reasons"]["database"]
        assert (await ask(floor, "/ready")).status_code == 200

    async def test_a_database_that_comes_back_makes_it_ready_again(
        self, floor: Floor, floor_urls: Urls, servers: Servers
    ) -> None:
        async with connections_refused(floor_urls, servers):
            assert (await ask(floor, "/ready")).status_code == 503

        assert (await ask(floor, "/ready")).status_code == 200


class TestMetrics:
    async def test_they_are_prometheus_text_and_carry_the_promised_names(self, floor: Floor) -> None:
        answer = await ask(floor, "/metrics")

        assert answer.headers["content-type"].startswith("text/plain; version=")
        assert {family.name for family in text_string_to_metric_families(answer.text)} >= PROMISED

    async def test_they_are_shown_with_everything_away(self, floor: Floor) -> None:
        async with without_database(floor) as lame, without_valkey(lame) as away:
            assert (await ask(away, "/metrics")).status_code == 200


class TestOpenApi:
    async def test_the_description_is_openapi_3_1_and_knows_the_routes(self, floor: Floor) -> None:
        answer = await ask(floor, "/api/v1/openapi.json")

        described = answer.json()
        assert described["openapi"].startswith("3.1.")
        assert described["info"]["title"] == "Master IA Oficial"
        assert set(described["paths"]) >= {"/health", "/ready", "/metrics"}
