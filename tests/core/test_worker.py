"""The real worker process: it does its tasks, refuses what is not JSON, and ends with all its children."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import pytest
import redis.asyncio as redis
from celery import Celery
from kombu import pools

from core.clock import Deadline
from core.embedded import Urls
from core.queue import TaskName, make_app
from tests.fixtures.api import NOBODY, environment_of, settings_of
from tests.fixtures.processes import Process, running
from tests.fixtures.servers import Servers

WORKER: Final = ("admin_api.processes", "worker")


@dataclass(frozen=True, kw_only=True)
class Site:
    process: Process
    sender: "Celery[Any]"
    servers: Servers
    urls: Urls

    async def tick(self) -> None:
        """As beat does it, for a firing that is not in the ledger yet; until the work is done."""
        async with self.servers.superuser(self.urls) as superuser:
            await superuser.execute("TRUNCATE schedule_ledger")
            self.sender.send_task(TaskName.TICK.value, args=("forget_old",))
            deadline = Deadline.after(10)
            while not await superuser.fetchval("SELECT count(done_at) FROM schedule_ledger"):
                assert not deadline.passed, "\n".join(self.process.lines)
                await asyncio.sleep(0.02)

    async def backends(self) -> set[int]:
        """The database's side of the worker's connections."""
        async with self.servers.superuser(self.urls) as superuser:
            rows = await superuser.fetch(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = 'app'"
            )
        return {row["pid"] for row in rows}


@pytest.fixture(scope="module")
async def site(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    home = tmp_path_factory.mktemp("home")
    await _forget_other_tests(servers)
    async with servers.clone() as urls:
        sender = make_app(settings_of(servers, urls, home))
        async with running(*WORKER, environment=environment_of(servers, urls, home)) as process:
            await process.until("process.ready")
            yield Site(process=process, sender=sender, servers=servers, urls=urls)
            assert await _ended_with_children(process) == 0
    pools.reset()


async def _forget_other_tests(servers: Servers) -> None:
    """Tasks that another module left in the broker would be done here, by this worker."""
    async with redis.Redis.from_url(servers.redis_url) as valkey:
        await valkey.flushall()


async def _ended_with_children(process: Process) -> int:
    """Its exit code; asked as a supervisor asks, of the main process alone."""
    children, started = process.children, time.monotonic()
    assert len(children) >= 2
    code = await process.stop()
    assert time.monotonic() - started < 10
    await asyncio.to_thread(psutil.wait_procs, children, 2)
    assert [child for child in children if child.is_running()] == []
    await process.until("process.stopped", 1)
    return code


@dataclass
class Evil:
    """Unpickled, it writes a file."""

    path: str

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.write_text, (Path(self.path), "gotcha"))


class TestWorking:
    async def test_a_tick_goes_through_to_the_ledger(self, site: Site) -> None:
        await site.tick()

    async def test_what_a_tick_starts_is_done_too(self, site: Site) -> None:
        async with site.servers.superuser(site.urls) as superuser:
            await superuser.execute(
                "INSERT INTO companies (id, slug, name) VALUES (gen_random_uuid(), 'ana', 'Ana') ON CONFLICT DO NOTHING"
            )

        await site.tick()

        assert '"companies": 1' in await site.process.until("upkeep.forgotten")

    async def test_each_child_keeps_one_floor_however_many_tasks_it_does(self, site: Site) -> None:
        for _ in range(6):
            await site.tick()
        first = await site.backends()
        for _ in range(10):
            await site.tick()

        assert 1 <= len(first) <= 2 * 2
        assert len(await site.backends()) <= 2 * 2
        assert first & await site.backends()

    async def test_nothing_stays_in_valkey_but_the_brokers_own_keys(self, site: Site, servers: Servers) -> None:
        await site.tick()

        async with redis.Redis.from_url(servers.redis_url, decode_responses=True) as valkey:
            keys = {str(key) for key in await valkey.keys()} - {"masteria:check"}
        assert {key for key in keys if not key.startswith("celery:")} == set()
        assert [key for key in keys if "task-meta" in key] == []

    async def test_its_log_tells_no_argument_and_no_password(self, site: Site) -> None:
        await site.tick()

        said = "\n".join(site.process.lines)
        assert "forget_old'" not in said
        assert site.servers.embedded.valkey.password not in said


class TestRefusing:
    async def test_a_pickle_is_not_opened_and_the_worker_goes_on(self, site: Site, tmp_path: Path) -> None:
        written = tmp_path / "written"
        options = dict(site.sender.conf.broker_transport_options)
        pickling = Celery("pickling", broker=site.sender.conf.broker_url, set_as_current=False)
        pickling.conf.update(task_serializer="pickle", broker_transport_options=options)

        pickling.send_task(TaskName.TICK.value, args=(Evil(str(written)),), ignore_result=True)

        await site.process.until("ContentDisallowed")
        await site.tick()
        assert not written.exists()

    async def test_a_task_that_nobody_knows_is_dropped_and_the_worker_goes_on(self, site: Site) -> None:
        site.sender.send_task("os.system", args=("true",), ignore_result=True)

        await site.process.until("unregistered task")
        await site.tick()


class TestStarting:
    @pytest.mark.parametrize("variable", ["DATABASE_URL", "REDIS_URL"])
    async def test_without_one_of_its_servers_it_ends_with_one_line_that_names_it(
        self, servers: Servers, tmp_path: Path, variable: str
    ) -> None:
        urls = Urls(app=servers.urls("masteria_template").app, migrator="")
        away = {"DATABASE_URL": f"postgresql://app:x@{NOBODY}/none", "REDIS_URL": f"redis://{NOBODY}/0"}
        environment = environment_of(servers, urls, tmp_path) | {variable: away[variable]}

        async with running(*WORKER, environment=environment) as process:
            assert await asyncio.wait_for(process.child.wait(), 15) == 1
            assert variable in await process.until("✗", 1)
            assert "Traceback" not in "\n".join(process.lines)
