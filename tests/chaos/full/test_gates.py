"""G3 and G6: opt-outs over five ways, pauses and takeovers at random moments of campaigns at full speed."""

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import cycle

import pytest

from tests.chaos.children import Nursery
from tests.chaos.estate import Estate
from tests.chaos.facts import GateKind, opt_outs
from tests.chaos.gates import Gatekeeper
from tests.chaos.outcome import Outcome
from tests.chaos.seeds import chance
from tests.chaos.wishes import Path, Wisher
from tests.chaos.world import World

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]


@pytest.fixture
async def world(estate: Estate, nursery: Nursery) -> AsyncIterator[World]:
    async with World.open(estate, nursery, per_second=120) as world:
        yield world


class TestG3:
    async def test_g3_behind_a_thousand_opt_outs_nothing_begins_but_the_one_confirmation(self, world: World) -> None:
        began, dice = time.monotonic(), chance("g3 opt-outs")
        wisher, people = Wisher(world=world, dice=dice), await world.crowd.people(1_000)
        batch = await world.start_batch()
        async with world.stage.running():
            async with asyncio.TaskGroup() as group:
                group.create_task(world.crowd.queue(people, each=7, batch=batch))
                await asyncio.sleep(3)
                for person, path in zip(dice.sample(people, len(people)), cycle(Path), strict=False):
                    await asyncio.sleep(dice.uniform(0, 0.1))
                    group.create_task(wisher.stop(person, path))
            await world.quiet(240)
        async with world.stage.superuser() as superuser:
            known = {gate.of for gate in world.gates}
            world.gates.extend(gate for gate in await opt_outs(superuser) if gate.of not in known)
        facts = await world.check()
        Outcome.of("G3 opt-outs", facts, kills=0, seconds=time.monotonic() - began, gates=len(facts.gates))
        assert len(facts.gates) >= 950  # who had got all of it before is never refused, and so never opts out that way
        assert {row.reason for row in facts.rows} >= {"opted_out"}

    async def test_g3_f47_behind_a_hundred_pauses_nothing_begins(self, world: World) -> None:
        began, dice, keeper = time.monotonic(), chance("g3 pauses"), Gatekeeper(world=world)
        people, batch = await world.crowd.people(1_200), await world.start_batch()
        async with world.stage.running():
            async with asyncio.TaskGroup() as group:
                group.create_task(world.crowd.queue(people, each=3, batch=batch))
                await asyncio.sleep(2)
                for _ in range(100):
                    await asyncio.sleep(dice.uniform(0, 0.2))
                    await keeper.pause_for(batch, dice.uniform(0.02, 0.2))
            facts = await world.quiet_and_check(240)
        slowest = round(max(keeper.waits), 2)
        Outcome.of("G3 pauses", facts, kills=0, seconds=time.monotonic() - began, gates=100, slowest_pause=slowest)
        assert len(facts.gates) == 100
        assert slowest <= 10


class TestG6:
    async def test_g6_f36_behind_two_hundred_takeovers_the_bot_is_silent(self, world: World) -> None:
        began, dice, keeper = time.monotonic(), chance("g6 takeovers"), Gatekeeper(world=world)
        people, batch = await world.crowd.people(200), await world.start_batch()
        async with world.stage.running():
            async with asyncio.TaskGroup() as group:
                group.create_task(world.crowd.queue(people, each=10, batch=batch))
                await asyncio.sleep(1)
                for person in dice.sample(people, len(people)):
                    await asyncio.sleep(dice.uniform(0, 0.14))
                    group.create_task(keeper.take_over(person))
            facts = await world.quiet_and_check(240)
        Outcome.of("G6 takeovers", facts, kills=0, seconds=time.monotonic() - began, gates=len(facts.gates))
        assert [gate.kind for gate in facts.gates] == [GateKind.TAKEOVER] * 200
        assert {row.reason for row in facts.rows} >= {"control_changed"}
