"""The servers beneath us fail, and nothing is lost or doubled: F11, F12, F15, F16, F17."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Final

import pytest

from core.queue import TaskName, make_app
from tests.chaos.children import Kept, Nursery, Program, kept
from tests.chaos.crowd import Person
from tests.chaos.estate import Estate
from tests.chaos.monkeys import Toll
from tests.chaos.oracle import doubled, lost
from tests.chaos.panel import Call
from tests.chaos.stage import Plan
from tests.chaos.world import WEBHOOKS, World
from tests.fixtures.api import settings_of

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(150)]

_SECOND: Final = 10**9


@pytest.fixture
async def world(estate: Estate, nursery: Nursery) -> AsyncIterator[World]:
    async with World.open(estate, nursery, per_second=60) as world:
        yield world


class TestPostgres:
    async def test_f11_it_restarts_at_once_and_services_recover_by_themselves(self, world: World) -> None:
        people, batch = await world.crowd.people(100), await world.start_batch()
        async with world.stage.running():
            await world.crowd.queue(people, each=3, batch=batch)
            await world.until_accepted(60)
            await world.stage.estate.restart_postgres()
            back, before = time.monotonic(), await world.panel.count_accepted()
            while await world.panel.count_accepted() == before:  # noqa: ASYNC110 - the provider is another process
                await asyncio.sleep(0.1)
            assert time.monotonic() - back <= 15
            facts = await world.quiet_and_check()
        assert len({taken.intent for taken in facts.accepted}) >= 290
        assert doubled(facts) + lost(facts) == []

    async def test_f12_while_it_is_away_what_comes_in_is_kept_by_the_disk(self, world: World) -> None:
        """A provider that never asks twice: what is not acknowledged at once is lost."""
        await world.panel.webhooks(**WEBHOOKS | {"retry_for": 0.0, "first_retry": 0.0, "duplicated": 0.0})
        people = await world.crowd.people(40)
        async with world.stage.running():
            for person in people[:10]:
                await world.say(person)
            await world.stage.estate.stop_postgres()
            for person in people[10:]:
                await world.say(person)
                await asyncio.sleep(0.2)
            await world.stage.estate.start_postgres()
            facts = await world.quiet_and_check()
        assert len(facts.said) == 40
        assert (await world.panel.get("/counters"))["webhooks"]["given_up"] == 0


class TestValkey:
    async def test_f15_what_it_forgets_was_only_hints(self, world: World) -> None:
        """Flushed again and again, and restarted once: no burst follows from buckets that are empty."""
        toll, people, batch = Toll(), await world.crowd.people(120), await world.start_batch()
        async with world.stage.running():
            await world.crowd.queue(people, each=3, batch=batch)
            async with toll.meanwhile(toll.flush(world.stage.estate, every=0.7)):
                await world.until_accepted(180)
            await world.stage.estate.restart_valkey()
            facts = await world.quiet_and_check()
        assert toll.flushes >= 3
        assert len(facts.accepted) == 360
        assert most_in_a_second(facts.calls) <= 60 + 6 + 3  # the rate, a burst of a tenth, and arrivals that bunch

    async def test_f16_without_it_sends_go_on_and_what_comes_in_is_kept(self, estate: Estate, nursery: Nursery) -> None:
        plan = Plan(disturbed=frozenset({"valkey"}))
        async with World.open(estate, nursery, plan, per_second=60) as world:
            people = await world.crowd.people(60)
            line = world.stage.lines.proxies["valkey"]
            async with world.stage.running():
                line.is_alive = False
                line.reset()
                await world.crowd.queue(people, each=2, batch=await world.start_batch())
                talkers: list[Person] = people[:10]
                for person in talkers:
                    await world.say(person)
                facts = await world.quiet_and_check()
                line.heal()
            assert [engine.ends for engine in world.stage.engines] == [[0], [0]]
            assert (len(facts.accepted), len(facts.said)) == (120, 10)


class TestWorker:
    async def test_f17_it_works_again_after_its_broker_hung_up_on_it(self, estate: Estate, nursery: Nursery) -> None:
        plan = Plan(engines=0, disturbed=frozenset({"valkey"}))
        async with World.open(estate, nursery, plan) as world:
            line, worker = world.stage.lines.proxies["valkey"], _worker(world)
            async with kept([worker]):
                await worker.serves()
                for _ in range(3):
                    line.reset()
                    await asyncio.sleep(1)
                began = time.monotonic()
                await _tick(world, seconds=90)
            assert time.monotonic() - began <= 90


def _worker(world: World) -> Kept:
    engine = world.stage.api.program
    program = Program(
        name="worker",
        module="admin_api.processes",
        words=("worker",),
        environment=engine.environment,
        port=engine.port,  # nobody else has it: the api does not run here
    )
    return Kept(program, world.stage.nursery, world.stage.home / "logs")


async def _tick(world: World, *, seconds: float) -> None:
    """As the clock does it: a hint that is lost is followed by the next."""
    stage = world.stage
    sender = make_app(settings_of(stage.estate.servers, stage.urls, stage.home))
    async with stage.superuser() as superuser, asyncio.timeout(seconds):
        while not await superuser.fetchval("SELECT count(done_at) FROM schedule_ledger"):
            await asyncio.to_thread(sender.send_task, TaskName.TICK.value, args=("forget_old",))
            await asyncio.sleep(1)


def most_in_a_second(calls: Iterable[Call]) -> int:
    """Of all windows of a second that begin with a call."""
    window: deque[int] = deque()
    most = 0
    for at in sorted(call.at_ns for call in calls):
        window.append(at)
        while window[0] <= at - _SECOND:
            window.popleft()
        most = max(most, len(window))
    return most
