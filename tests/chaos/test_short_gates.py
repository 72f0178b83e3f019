"""While a campaign runs at full speed, nothing starts behind an opt-out, a takeover or a pause."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.chaos.children import Nursery
from tests.chaos.estate import Estate
from tests.chaos.gates import Gatekeeper
from tests.chaos.seeds import chance
from tests.chaos.world import World

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(90)]


@pytest.fixture
async def world(estate: Estate, nursery: Nursery) -> AsyncIterator[World]:
    async with World.open(estate, nursery, per_second=150) as world:
        yield world


class TestGates:
    async def test_no_call_begins_behind_a_commit(self, world: World) -> None:
        dice, keeper = chance("short gates"), Gatekeeper(world=world)
        people = await world.crowd.people(60)
        batch = await world.start_batch()
        async with world.stage.running():
            async with asyncio.TaskGroup() as group:
                group.create_task(world.crowd.queue(people, each=6, batch=batch))
                await asyncio.sleep(0.3)
                for number, person in enumerate(dice.sample(people, 30)):
                    await asyncio.sleep(dice.uniform(0, 0.1))
                    group.create_task(keeper.take_over(person) if number % 2 else keeper.opt_out(person))
                    if number % 10 == 0:
                        await keeper.pause_for(batch, dice.uniform(0.05, 0.2))
            facts = await world.quiet_and_check()
        assert len(facts.gates) == 33
        assert {row.state.value for row in facts.rows} >= {"suppressed", "read"}
        assert 100 < len(facts.accepted) < len(facts.rows)
