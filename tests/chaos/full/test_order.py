"""G6: five hundred conversations of twenty messages each, among killers and sleepers, keep their order."""

import asyncio
import time

import pytest

from tests.chaos.campaign import AMBIGUOUS
from tests.chaos.children import Nursery
from tests.chaos.estate import Estate
from tests.chaos.monkeys import Toll
from tests.chaos.oracle import doubled, lost
from tests.chaos.outcome import Outcome
from tests.chaos.seeds import chance
from tests.chaos.stage import Plan
from tests.chaos.world import World

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]


class TestG6:
    async def test_g6_of_ten_thousand_messages_none_overtakes_another(self, estate: Estate, nursery: Nursery) -> None:
        """Four engines with 64 calls each at a time: more than eight workers would have."""
        began, dice, toll = time.monotonic(), chance("g6 order"), Toll()
        async with World.open(estate, nursery, Plan(engines=4), per_second=300) as world:
            await world.panel.add_faults(AMBIGUOUS)
            people = await world.crowd.people(500)
            async with world.stage.running():
                async with asyncio.TaskGroup() as group:
                    group.create_task(world.crowd.queue(people, each=20))
                    group.create_task(toll.kill(world.stage.processes, dice, times=80, seconds=120))
                facts = await world.quiet_and_check(600)
        outcome = Outcome.of("G6 order", facts, kills=toll.kills, seconds=time.monotonic() - began)
        assert (outcome.sends, outcome.kills) == (10_000, 80)
        assert doubled(facts) + lost(facts) == []
