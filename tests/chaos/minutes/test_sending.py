"""What leaves is sent once, whatever ends the engine over it or cuts its line: F5 to F9, F10, F24, F44, F53."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

import pytest

from channels import batches
from core.crashpoints import CrashPoint
from core.models.outbox import OutboundState
from tests.chaos.children import Nursery
from tests.chaos.crowd import Person
from tests.chaos.deaths import die_behind_every_answer
from tests.chaos.drowsy import EVERY
from tests.chaos.estate import Estate
from tests.chaos.facts import Facts
from tests.chaos.fuses import die_at
from tests.chaos.oracle import ACCEPTED, doubled, settled
from tests.chaos.proxy import Toxics
from tests.chaos.sleep import keep_awake, wake_up_late
from tests.chaos.stage import Plan
from tests.chaos.world import STATUSES, World

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(150)]

_LATE: Final = {"sent": {"least": 4.0, "most": 4.5}}  # when the call was given up


@pytest.fixture
async def world(estate: Estate, nursery: Nursery) -> AsyncIterator[World]:
    async with World.open(estate, nursery, Plan(engines=1)) as world:
        yield world


class TestDeaths:
    async def test_f5_an_intent_that_nobody_was_told_of_is_sent_once(self, world: World) -> None:
        """It was committed while no engine lived: no hint reached anybody."""
        await world.crowd.queue(await world.crowd.people(5), each=2)
        async with world.stage.running():
            facts = await world.quiet_and_check()
        assert len(facts.accepted) == 10

    async def test_f6_claimed_and_never_called_is_proved_and_sent_once(self, world: World) -> None:
        await world.stage.api.start()
        await world.stage.api.serves()
        await world.crowd.queue(await world.crowd.people(1))
        await die_at(world.stage.engines[0], CrashPoint.SEND_PRE_HTTP)
        assert await world.panel.count_accepted() == 0
        async with world.stage.running():
            await world.crowd.queue(await world.crowd.people(3))  # what leaves later proves that news would have come
            facts = await world.quiet_and_check()
        assert (settled(facts).by_silence, len(facts.accepted)) == (1, 4)

    async def test_f7_accepted_and_never_recorded_is_settled_by_its_tag(self, world: World) -> None:
        await die_behind_every_answer(world, times=10)

    async def test_f8_the_next_in_line_goes_on_behind_a_death(self, world: World) -> None:
        await world.crowd.queue(await world.crowd.people(1), each=3)
        await die_at(world.stage.engines[0], CrashPoint.SEND_POST_COMMIT)
        async with world.stage.running():
            facts = await world.quiet_and_check()
        assert [row.attempt for row in facts.rows] == [1, 1, 1]

    @pytest.mark.parametrize("point", [CrashPoint.SETTLE_PRE_COMMIT, CrashPoint.RECONCILE_PRE_COMMIT])
    async def test_f9_who_settles_may_die_over_it(self, world: World, point: CrashPoint) -> None:
        people = await world.crowd.people(3)
        await world.crowd.queue(people)
        [engine] = world.stage.engines
        await die_at(engine, CrashPoint.SEND_PRE_HTTP)
        await die_at(engine, point)
        async with world.stage.running():
            facts = await world.quiet_and_check()
        assert settled(facts).unknown >= 1
        assert {row.state for row in facts.rows} <= ACCEPTED | {OutboundState.AMBIGUOUS}


class TestZombies:
    async def test_f10_who_slept_past_its_lease_calls_nobody_any_more(self, estate: Estate, nursery: Nursery) -> None:
        """It falls asleep between claim and call, with others of its calls on the way; another goes on."""
        plan = Plan(engine_module="tests.chaos.drowsy")
        async with World.open(estate, nursery, plan, per_second=60) as world:
            people, batch = await world.crowd.people(150), await world.start_batch()
            sleeper, _ = world.stage.engines
            sleeper.extra[EVERY] = "30"
            async with world.stage.running():
                await world.crowd.queue(people, each=3, batch=batch)
                assert await wake_up_late(sleeper) == 1
                facts = await _keep_awake_until_quiet(world)
        assert any(row.attempt > 1 for row in facts.rows)  # what it had claimed was sent by the other
        assert doubled(facts) == []


async def _keep_awake_until_quiet(world: World) -> Facts:
    async with asyncio.TaskGroup() as group:
        waking = group.create_task(keep_awake(world.stage.engines))
        facts = await world.quiet_and_check()
        waking.cancel()
    return facts


class TestLine:
    @pytest.mark.parametrize(
        ("up", "down"),
        [
            pytest.param({}, {"is_silent": True}, id="timeout"),
            pytest.param({}, {"bandwidth": 40, "slice": 20}, id="slow body"),
            pytest.param({}, {"limit": 120}, id="half body"),
            pytest.param({"limit": 200}, {}, id="half request"),
        ],
    )
    async def test_f24_an_answer_that_does_not_come_whole_proves_nothing(
        self, estate: Estate, nursery: Nursery, up: dict[str, Any], down: dict[str, Any]
    ) -> None:
        plan = Plan(engines=1, disturbed=frozenset({"provider"}))
        async with World.open(estate, nursery, plan) as world:
            line = world.stage.lines.proxies["provider"]
            await world.panel.statuses(**STATUSES | _LATE)
            async with world.stage.running():
                line.up, line.down = Toxics(**up), Toxics(**down)
                await world.crowd.queue(await world.crowd.people(3))
                await world.until("SELECT count(*) = 3 FROM outbound_attempts WHERE outcome IS NOT NULL")
                line.heal()
                line.reset()
                await world.crowd.queue(await world.crowd.people(3))
                facts = await world.quiet_and_check()
            assert settled(facts).unknown >= 3
            assert doubled(facts) == []


class TestTwice:
    async def test_f44_of_three_engines_one_sends_each_message(self, estate: Estate, nursery: Nursery) -> None:
        async with World.open(estate, nursery, Plan(engines=3)) as world:
            people = await world.crowd.people(100)
            async with world.stage.running():
                await world.crowd.queue(people, each=3, batch=await world.start_batch())
                facts = await world.quiet_and_check()
            assert len(facts.calls) == len(facts.accepted) == 300

    async def test_f53_a_campaign_started_twenty_times_at_once_is_one(self, world: World) -> None:
        people = await world.crowd.people(10)
        started = await asyncio.gather(*(_start(world, people) for _ in range(20)))
        assert len(set(started)) == 1
        world.batches.append(started[0])
        async with world.stage.running():
            facts = await world.quiet_and_check()
        assert len(facts.rows) == len(facts.calls) == 10


async def _start(world: World, people: list[Person]) -> UUID:
    async with world.crowd.session() as session:
        batch = (await batches.start(session, "promoção", "double click")).id
    await world.crowd.queue(people, batch=batch)
    return batch
