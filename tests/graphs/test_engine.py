"""The engine's loops: what they publish, what wakes them, what they survive, and how they end."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

import asyncpg
import pytest
from prometheus_client import Gauge
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core import clock, telemetry
from core.db import listen as listen_module
from core.embedded import Urls
from core.events import CHANNEL, Event, EventKind, emit
from core.floor import Floor
from core.models.outbox import Lane, Outbound
from core.models.service import Handoff, HandoffState
from core.models.stream import IncomingEvent, Turn
from core.probe import Pulse
from graphs import engine as engine_module
from graphs.engine import Engine, Loop
from graphs.store import publish_depths
from tests.fixtures.rows import Filled, make_filled_company
from tests.fixtures.servers import Servers

SOON: Final = 3.0  # well under the five seconds of a sweep


@pytest.fixture(scope="module")
async def company(floor: Floor) -> Filled:
    return await make_filled_company(floor.database, "ana")


@dataclass
class Counted:
    """Takes the place of the work, and lets the test wait for the next time it is done."""

    does: Callable[[], Awaitable[None]]
    runs: int = 0
    failures: int = 0
    _ran: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> float:
        self.runs += 1
        try:
            await self.does()
        except Exception:
            self.failures += 1
            raise
        finally:
            self._ran.set()
        return 60.0

    async def next(self, seconds: float = SOON) -> float:
        """How long it took until the work was done once more."""
        started = time.monotonic()
        self._ran.clear()
        async with asyncio.timeout(seconds):
            await self._ran.wait()
        return time.monotonic() - started


@dataclass(frozen=True, kw_only=True)
class Running:
    pulse: Pulse
    work: Counted
    stop: asyncio.Event
    task: asyncio.Task[None]

    async def ended(self, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            await self.task


@asynccontextmanager
async def engine_at_work(floor: Floor, work: Counted | None = None) -> AsyncIterator[Running]:
    work = work or Counted(partial(publish_depths, floor))
    pulse, stop = Pulse(), asyncio.Event()
    engine = Engine(floor, pulse, (Loop("depths", work, channels=(CHANNEL,)),))
    running = Running(pulse=pulse, work=work, stop=stop, task=asyncio.create_task(engine.run(stop)))
    try:
        yield running
    finally:
        stop.set()
        await running.ended(10)


async def settle(running: Running) -> None:
    """Until it has run at its start and once more when it began to listen, and idles."""
    while True:
        try:
            await running.work.next(0.4)
        except TimeoutError:
            return


async def commit_an_event(floor: Floor, company: Filled) -> None:
    async with floor.database.tenant_session(company.company) as session:
        emit(session, Event(kind=EventKind.API_KEY_CREATED))


async def end_all_connections(servers: Servers, floor_urls: Urls) -> None:
    async with servers.superuser(floor_urls) as superuser:
        await superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@asynccontextmanager
async def database_away(servers: Servers, floor_urls: Urls) -> AsyncIterator[None]:
    name = floor_urls.app.rpartition("/")[2]
    superuser = await servers.embedded.postgres.connect()
    await superuser.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    try:
        yield
    finally:
        await superuser.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        await superuser.close()


def value(gauge: Gauge) -> float:
    [sample] = [sample for metric in gauge.collect() for sample in metric.samples]
    return float(sample.value)


class TestPublishDepths:
    async def test_what_waits_in_each_queue_is_shown(self, floor: Floor, company: Filled) -> None:
        hour_ago = clock.now() - timedelta(hours=1)
        async with floor.database.tenant_session(company.company) as session:
            await session.execute(update(IncomingEvent).values(received_at=hour_ago, state="new"))
            await session.execute(update(Turn).values(due_at=hour_ago, state="open"))
            await session.execute(update(Outbound).values(lane=Lane.REPLY, state="queued"))
            await session.execute(update(Handoff).values(state=HandoffState.QUEUED))

        await publish_depths(floor)

        assert value(telemetry.TURNS_DUE) == 1
        assert value(telemetry.HANDOFFS_OPEN) == 1
        assert value(telemetry.outbox_queued(lane=Lane.REPLY)) == 1
        assert value(telemetry.outbox_queued(lane=Lane.BULK)) == 0
        assert 3_600 <= value(telemetry.EVENT_LAG) < 3_660

    async def test_queues_that_were_emptied_show_nothing(self, floor: Floor, company: Filled) -> None:
        async with floor.database.tenant_session(company.company) as session:
            await session.execute(update(IncomingEvent).values(state="done"))
            await session.execute(update(Turn).values(state="done"))
            await session.execute(update(Outbound).values(state="sent"))
            await session.execute(update(Handoff).values(state=HandoffState.ENDED))

        await publish_depths(floor)

        assert value(telemetry.TURNS_DUE) == 0
        assert value(telemetry.HANDOFFS_OPEN) == 0
        assert value(telemetry.outbox_queued(lane=Lane.REPLY)) == 0
        assert value(telemetry.EVENT_LAG) == 0


class TestWaking:
    async def test_it_works_at_once_when_it_starts(self, floor: Floor) -> None:
        async with engine_at_work(floor) as running:
            assert await running.work.next() < SOON

    async def test_a_committed_event_wakes_it(self, floor: Floor, company: Filled) -> None:
        async with engine_at_work(floor) as running:
            await settle(running)

            waiting = asyncio.create_task(running.work.next())
            await commit_an_event(floor, company)

            assert await waiting < SOON

    async def test_without_a_hint_it_sweeps(self, floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engine_module, "SWEEP_SECONDS", 0.05)
        async with engine_at_work(floor) as running:
            for _ in range(5):
                await running.work.next()

    async def test_a_hint_that_comes_while_it_works_is_not_lost(self, floor: Floor) -> None:
        async def hinted() -> None:
            if work.runs == 1:
                engine.wake_all()

        work = Counted(hinted)
        engine = Engine(floor, Pulse(), (Loop("hinted", work),))
        stop = asyncio.Event()
        running = asyncio.create_task(engine.run(stop))
        while work.runs < 2:
            await work.next()
        stop.set()
        await running


class TestPulse:
    async def test_the_loop_beats_each_time_round(self, floor: Floor, company: Filled) -> None:
        async with engine_at_work(floor) as running:
            await settle(running)
            [beat] = running.pulse._beats.values()
            before = beat._last
            assert (beat.name, beat.age > 0.3) == ("depths", True)

            waiting = asyncio.create_task(running.work.next())
            await commit_an_event(floor, company)
            await waiting

            assert beat._last > before

    async def test_a_loop_that_hangs_in_its_work_does_not_beat(self, floor: Floor) -> None:
        async def hang() -> None:
            await asyncio.sleep(3_600)

        quick = replace(floor, settings=floor.settings.model_copy(update={"masteria_drain_seconds": 0.1}))
        async with engine_at_work(quick, Counted(hang)) as running:
            await asyncio.sleep(0.3)
            [beat] = running.pulse._beats.values()

            assert beat.age > 0.2


class TestDatabaseAway:
    async def test_it_hears_hints_again_after_its_connections_were_ended(
        self, floor: Floor, company: Filled, servers: Servers, floor_urls: Urls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(listen_module, "_ALIVE_SECONDS", 0.1)
        monkeypatch.setattr(listen_module, "_RETRY_SECONDS", 0.1)
        async with engine_at_work(floor) as running:
            await settle(running)
            await end_all_connections(servers, floor_urls)
            # It looks once more when it listens again, because hints may have been lost.
            assert await running.work.next() < SOON

            await settle(running)
            waiting = asyncio.create_task(running.work.next())
            await commit_an_event(floor, company)
            assert await waiting < SOON

    @pytest.mark.parametrize(
        "away",
        [
            ConnectionResetError(),
            TimeoutError(),
            PoolTimeout(),
            DBAPIError("q", {}, OSError()),
            asyncpg.InternalClientError(),
        ],
        ids=["reset", "no-answer", "no-free-connection", "refused", "torn"],
    )
    async def test_no_way_of_being_away_ends_it(
        self, floor: Floor, away: Exception, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail() -> None:
            raise away

        monkeypatch.setattr(engine_module, "SWEEP_SECONDS", 0.02)
        async with engine_at_work(floor, Counted(fail)) as running:
            while running.work.failures < 3:
                await running.work.next()

    async def test_it_hears_hints_again_after_its_own_line_broke_inside(
        self, floor: Floor, company: Filled, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(listen_module, "_RETRY_SECONDS", 0.1)
        torn, listen_once = [asyncpg.InternalClientError("cannot switch to state 15")], listen_module._listen_once

        async def listen_and_break(*told: Any) -> None:
            if torn:
                raise torn.pop()
            await listen_once(*told)

        monkeypatch.setattr(listen_module, "_listen_once", listen_and_break)
        async with engine_at_work(floor) as running:
            await settle(running)
            waiting = asyncio.create_task(running.work.next())
            await commit_an_event(floor, company)
            assert await waiting < SOON

    async def test_it_survives_a_database_that_is_gone_for_a_while(
        self, floor: Floor, servers: Servers, floor_urls: Urls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(engine_module, "SWEEP_SECONDS", 0.1)
        async with engine_at_work(floor) as running:
            async with database_away(servers, floor_urls):
                while running.work.failures < 3:
                    await running.work.next()
                assert running.pulse.alive
            failures = running.work.failures
            for _ in range(5):
                await running.work.next()

            assert running.work.failures <= failures + 1
            assert not running.task.done()

    async def test_a_bug_in_the_work_ends_it_for_its_supervisor_to_see(self, floor: Floor) -> None:
        async def broken() -> float:
            raise KeyError

        engine = Engine(floor, Pulse(), (Loop("broken", broken),))

        with pytest.raises(ExceptionGroup) as caught:
            await engine.run(asyncio.Event())
        assert caught.group_contains(KeyError)


class TestStopping:
    async def test_an_idle_engine_ends_at_once(self, floor: Floor) -> None:
        async with engine_at_work(floor) as running:
            await settle(running)
            running.stop.set()
            await running.ended(1)

    async def test_what_was_begun_may_finish(self, floor: Floor) -> None:
        finished = asyncio.Event()

        async def slow() -> None:
            await asyncio.sleep(0.4)
            finished.set()

        async with engine_at_work(floor, Counted(slow)) as running:
            await asyncio.sleep(0.05)
            running.stop.set()
            await running.ended(2)

        assert finished.is_set()
        assert running.work.runs == 1

    async def test_what_takes_longer_than_the_drain_is_cancelled(self, floor: Floor) -> None:
        async def endless() -> None:
            await asyncio.sleep(3_600)

        quick = replace(floor, settings=floor.settings.model_copy(update={"masteria_drain_seconds": 0.3}))
        async with engine_at_work(quick, Counted(endless)) as running:
            await asyncio.sleep(0.05)
            started = time.monotonic()
            running.stop.set()
            await running.ended(2)

        assert 0.2 < time.monotonic() - started < 1.5
