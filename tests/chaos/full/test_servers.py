"""G2: PostgreSQL falls over and over, Valkey forgets every other second, and engines sleep past their leases."""

import asyncio
import time

import pytest

from tests.chaos.campaign import AMBIGUOUS
from tests.chaos.children import Nursery
from tests.chaos.drowsy import EVERY
from tests.chaos.estate import Estate
from tests.chaos.monkeys import Toll
from tests.chaos.oracle import doubled, lost
from tests.chaos.outcome import Outcome
from tests.chaos.seeds import chance
from tests.chaos.sleep import LONGER_THAN_ANY_PATIENCE, keep_awake, wake_up_late
from tests.chaos.stage import Plan
from tests.chaos.world import World

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]


class TestG2:
    async def test_g2_f10_f11_f15_nothing_is_lost_or_doubled(self, estate: Estate, nursery: Nursery) -> None:
        """Three engines sleep at a time, ten times each, for longer than a lease and the silence after it."""
        began, toll = time.monotonic(), Toll()
        async with World.open(estate, nursery, Plan(engines=4), per_second=50) as world:
            await world.panel.add_faults(AMBIGUOUS)
            people, batch = await world.crowd.people(2_500), await world.start_batch()
            async with world.stage.running(), toll.meanwhile(toll.flush(estate, every=2)):
                await world.crowd.queue(people[:500], each=2, batch=batch)
                async with asyncio.TaskGroup() as group:
                    for number, engine in enumerate(world.stage.engines[:3]):
                        dice = chance(f"g2 sleeper {number}")
                        group.create_task(toll.freeze([engine], dice, times=10, seconds=LONGER_THAN_ANY_PATIENCE))
                    dice = chance("g2 restarts")
                    group.create_task(toll.restart_postgres(estate, dice, times=5, seconds=130))
                    group.create_task(world.crowd.queue_patiently(people[500:], each=2, batch=batch))
                facts = await world.quiet_and_check(400)
        Outcome.of(
            "G2 servers",
            facts,
            kills=0,
            seconds=time.monotonic() - began,
            freezes=toll.freezes,
            restarts=toll.restarts,
            flushes=toll.flushes,
        )
        assert (toll.freezes, toll.restarts) == (30, 5)
        assert toll.flushes >= 30
        assert doubled(facts) + lost(facts) == []

    async def test_g2_f10_thirty_sleepers_between_claim_and_call_wake_too_late(
        self, estate: Estate, nursery: Nursery
    ) -> None:
        """Three engines fall asleep again and again; a fourth goes on with what they had claimed."""
        began, plan = time.monotonic(), Plan(engines=4, engine_module="tests.chaos.drowsy")
        async with World.open(estate, nursery, plan, per_second=25) as world:
            people, batch = await world.crowd.people(1_700), await world.start_batch()
            sleepers = world.stage.engines[:3]
            for sleeper in sleepers:
                sleeper.extra[EVERY] = "8"
            async with world.stage.running():
                await world.crowd.queue(people, each=2, batch=batch)
                naps = await asyncio.gather(*(wake_up_late(sleeper, naps=10, seconds=400) for sleeper in sleepers))
                async with asyncio.TaskGroup() as group:
                    waking = group.create_task(keep_awake(sleepers))
                    facts = await world.quiet_and_check(240)
                    waking.cancel()
        Outcome.of("G2 sleepers", facts, kills=0, seconds=time.monotonic() - began, freezes=sum(naps))
        assert naps == [10, 10, 10]
        assert doubled(facts) + lost(facts) == []
