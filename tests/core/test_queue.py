"""Celery's settings, what leaves after a commit, and the bridge between its world and ours."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import redis.asyncio as redis
from celery import Celery
from kombu import pools
from kombu.exceptions import EncodeError
from pydantic import SecretStr

from automation.tasks import forget_old_chunk, tick, watch_connections_chunk
from core import queue
from core.clock import Deadline
from core.db.sessions import Database
from core.embedded import Urls
from core.errors import AppError, Conflict, Misconfigured, TooMany, Unavailable
from core.floor import Floor
from core.ids import CompanyId
from core.queue import Bridge, TaskName, bridge_children, enqueue, make_app, send
from core.settings import Settings
from knowledge.tasks import read_sources
from tests.fixtures.api import LOOPBACK, NOBODY, settings_of
from tests.fixtures.servers import Servers

QUEUE: Final = "celery:celery"


@pytest.fixture
def settings(servers: Servers, urls: Urls, tmp_path: Path) -> Settings:
    return settings_of(servers, urls, tmp_path)


@pytest.fixture
def sender(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["Celery[Any]"]:
    monkeypatch.setattr(queue, "_pause", Deadline.after(0))
    yield make_app(Settings(masteria_home=tmp_path, redis_url=SecretStr(servers.redis_url), celery_broker_url=None))
    pools.reset()


@pytest.fixture
async def broker(servers: Servers) -> AsyncIterator[redis.Redis]:
    async with redis.Redis.from_url(servers.redis_url, decode_responses=True) as broker:
        await broker.flushdb()
        yield broker
        await broker.flushdb()


def send_to(url: str, home: Path) -> float:
    """How long it took, of a process that has its imports behind it."""
    app = make_app(Settings(masteria_home=home, redis_url=SecretStr(url), celery_broker_url=None))
    app.finalize()
    app.connection_for_write().transport_cls  # noqa: B018 - asking for it imports it
    started = time.monotonic()
    send(TaskName.TICK, "forget_old")
    return time.monotonic() - started


class TestMakeApp:
    def test_only_json_travels_and_no_result_is_kept(self, sender: "Celery[Any]") -> None:
        conf: Any = sender.conf  # its types know no backend of None

        assert (conf.accept_content, conf.task_serializer) == (["json"], "json")
        assert (conf.result_backend, conf.task_ignore_result) == (None, True)

    def test_a_task_that_kills_its_worker_does_not_come_back_for_ever(self, sender: "Celery[Any]") -> None:
        assert sender.conf.task_acks_late
        assert not sender.conf.task_reject_on_worker_lost
        assert sender.conf.worker_prefetch_multiplier == 1
        longest = queue._TASK_SECONDS + 2**queue._MAX_RETRIES
        assert sender.conf.broker_transport_options["visibility_timeout"] > longest

    def test_nobody_can_give_a_worker_orders_through_the_broker(self, sender: "Celery[Any]") -> None:
        assert not sender.conf.worker_enable_remote_control
        assert not sender.conf.worker_send_task_events

    def test_every_name_has_its_task(self, sender: "Celery[Any]") -> None:
        names: dict[TaskName, object] = {
            TaskName.TICK: tick,
            TaskName.FORGET_OLD: forget_old_chunk,
            TaskName.WATCH_CONNECTIONS: watch_connections_chunk,
            TaskName.READ_SOURCES: read_sources,
        }

        assert set(names) == set(TaskName)
        assert all(sender.tasks[name.value] == task for name, task in names.items())


@pytest.mark.usefixtures("sender")
class TestSend:
    async def test_what_waits_is_json_of_ids_under_our_prefix(self, broker: redis.Redis) -> None:
        send(TaskName.TICK, "forget_old")

        [message] = [json.loads(line) for line in await broker.lrange(QUEUE, 0, -1)]
        assert message["content-type"] == "application/json"
        assert message["headers"]["task"] == "automation.tick"
        assert all(str(key).startswith("celery:") for key in await broker.keys())

    async def test_an_object_that_json_does_not_know_is_a_bug_that_is_heard(self) -> None:
        with pytest.raises(EncodeError):
            send(TaskName.TICK, object())

    def test_a_broker_that_is_away_is_logged_and_holds_nobody_up(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert send_to(f"redis://:secret-word@{NOBODY}/0", tmp_path) < 1

        assert caplog.text.count("queue.unreachable") == 1
        assert "secret-word" not in caplog.text

    async def test_a_broker_that_hangs_holds_up_one_sender_for_a_moment_and_the_next_not_at_all(
        self, tmp_path: Path
    ) -> None:
        hanging = await asyncio.start_server(lambda _, writer: connections.append(writer), LOOPBACK, 0)
        connections = list[asyncio.StreamWriter]()
        url = f"redis://{LOOPBACK}:{hanging.sockets[0].getsockname()[1]}/0"

        assert await asyncio.to_thread(send_to, url, tmp_path) < 3
        assert await asyncio.to_thread(send_to, url, tmp_path) < 0.1

        hanging.close()
        for connection in connections:
            connection.close()

    async def test_after_the_pause_it_is_tried_again(
        self, broker: redis.Redis, sender: "Celery[Any]", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        send_to(f"redis://{NOBODY}/0", tmp_path)
        sender.set_current()
        send(TaskName.TICK, "forget_old")
        assert await broker.llen(QUEUE) == 0

        monkeypatch.setattr(queue, "_pause", Deadline.after(0))
        send(TaskName.TICK, "forget_old")
        assert await broker.llen(QUEUE) == 1


@pytest.mark.usefixtures("sender")
class TestEnqueue:
    async def test_it_leaves_after_the_commit_and_not_before(
        self, database: Database, ana: CompanyId, broker: redis.Redis
    ) -> None:
        async with database.tenant_session(ana) as session:
            enqueue(session, TaskName.TICK, "forget_old")
            await session.flush()
            assert await broker.llen(QUEUE) == 0

        assert await broker.llen(QUEUE) == 1

    async def test_after_a_rollback_it_never_leaves(
        self, database: Database, ana: CompanyId, broker: redis.Redis
    ) -> None:
        async def change_its_mind() -> None:
            async with database.tenant_session(ana) as session:
                enqueue(session, TaskName.TICK, "forget_old")
                raise Conflict("Não.", "No.")

        with pytest.raises(Conflict):
            await change_its_mind()
        assert await broker.llen(QUEUE) == 0

    async def test_a_broker_that_is_away_does_not_undo_the_commit(
        self, database: Database, ana: CompanyId, tmp_path: Path
    ) -> None:
        send_to(f"redis://{NOBODY}/0", tmp_path)

        async with database.tenant_session(ana) as session:
            enqueue(session, TaskName.TICK, "forget_old")


@dataclass
class FailingBridge:
    error: Exception
    runs: int = 0

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        work.close()
        self.runs += 1
        raise self.error


class TestShell:
    def _apply(self, sender: "Celery[Any]", error: Exception, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
        bridge = FailingBridge(error)
        monkeypatch.setattr(queue, "_bridge", bridge)
        ended = sender.tasks[TaskName.TICK.value].apply(args=("forget_old",))
        return bridge.runs, ended.state

    @pytest.mark.parametrize("error", [Unavailable("Fora.", "Away."), TooMany("Espere.", "Wait.", retry_after=1)])
    def test_a_retryable_error_is_tried_five_times_more(
        self, sender: "Celery[Any]", error: AppError, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert self._apply(sender, error, monkeypatch) == (6, "FAILURE")

    @pytest.mark.parametrize("error", [Conflict("Não.", "No."), Misconfigured("Não.", "No.")])
    def test_any_other_error_of_ours_is_logged_and_done_with(
        self,
        sender: "Celery[Any]",
        error: AppError,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        assert self._apply(sender, error, monkeypatch) == (1, "SUCCESS")
        assert "task.failed" in caplog.text

    def test_a_bug_fails_aloud_and_is_not_tried_again(
        self, sender: "Celery[Any]", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert self._apply(sender, KeyError("bug"), monkeypatch) == (1, "FAILURE")


class TestBridge:
    def test_every_task_finds_the_same_floor_in_the_same_thread(self, settings: Settings) -> None:
        async def look(bridge: Bridge) -> tuple[Floor, str]:
            return await bridge.floor(), threading.current_thread().name

        bridge = Bridge(settings)
        bridge.start()
        try:
            (first, thread), (second, other) = bridge.run(look(bridge)), bridge.run(look(bridge))
        finally:
            bridge.stop()

        assert first is second
        assert thread == other == "bridge"

    def test_one_that_could_not_open_its_floor_tries_again_with_the_next_task(self, settings: Settings) -> None:
        away = settings.model_copy(update={"database_url": SecretStr(f"postgresql+asyncpg://app:x@{NOBODY}/none")})
        bridge = Bridge(away)
        bridge.start()
        try:
            for _ in range(2):
                with pytest.raises(Unavailable):
                    bridge.run(bridge.floor())
            bridge._settings = settings
            assert bridge.run(bridge.floor()).settings is settings
        finally:
            bridge.stop()

    def test_an_error_of_the_work_comes_out_where_it_was_waited_for(self, settings: Settings) -> None:
        async def fail() -> None:
            raise Conflict("Não.", "No.")

        bridge = Bridge(settings)
        bridge.start()
        with pytest.raises(Conflict):
            bridge.run(fail())
        bridge.stop()

    async def test_a_worker_whose_database_is_away_does_not_start(self, settings: Settings) -> None:
        away = settings.model_copy(update={"database_url": SecretStr(f"postgresql+asyncpg://app:x@{NOBODY}/none")})

        with pytest.raises(Unavailable, match="DATABASE_URL"):
            await asyncio.to_thread(bridge_children, away)
