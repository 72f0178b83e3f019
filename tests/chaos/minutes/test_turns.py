"""People talk with a persona while the processes that answer them are killed: everything is answered, and said once."""

import asyncio
import random
from typing import Final

import pytest

from tests.chaos import talks
from tests.chaos.children import Nursery
from tests.chaos.crowd import Person
from tests.chaos.estate import Estate
from tests.chaos.fuses import die_at
from tests.chaos.monkeys import Toll
from tests.chaos.outcome import Outcome
from tests.chaos.seeds import SEED, chance
from tests.chaos.stage import Plan
from tests.chaos.test_short_crashes import OF_TURNS
from tests.chaos.world import World
from tests.graphs.turns.dialogues import Script, scripts

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]

PEOPLE: Final = 16
KILLS: Final = 20
_SECONDS: Final = 40.0
_READING: Final = 4.0  # of a customer, before the next line


class TestTurns:
    async def test_g1_while_engines_die_nobody_is_left_or_told_twice(self, estate: Estate, nursery: Nursery) -> None:
        dice, toll = chance("turns"), Toll()
        async with World.open(estate, nursery) as world:
            await talks.furnish(world)
            people = world.crowd.strangers(PEOPLE)
            async with world.stage.running():
                async with asyncio.TaskGroup() as group:
                    group.create_task(toll.kill(world.stage.engines, dice, times=KILLS, seconds=_SECONDS))
                    for person, (_, script) in zip(people, scripts(PEOPLE, SEED), strict=True):
                        group.create_task(_talk(world, person, script, dice))
                await world.hurry()
                await world.quiet(180)
                facts = await world.check()
            told = await talks.told(world)
        Outcome.of("turns", facts, kills=toll.kills, seconds=_SECONDS)
        assert toll.kills == KILLS
        assert len(told) == PEOPLE
        assert [one for one in told if not one.is_well] == []

    async def test_a10_a_death_at_each_of_their_places_breaks_no_promise(
        self, estate: Estate, nursery: Nursery
    ) -> None:
        async with World.open(estate, nursery, Plan(engines=1)) as world:
            await talks.furnish(world)
            [engine] = world.stage.engines
            await world.stage.api.start()
            await world.stage.api.serves()
            people = [world.crowd.strangers(1)[0] for _ in OF_TURNS]
            for point, person in zip(OF_TURNS, people, strict=True):
                await world.say(person, "Oi! Tudo bem?")
                await talks.owe(world)
                await die_at(engine, point)
                await world.hurry()
            await engine.start()
            await world.hurry()
            await world.until(talks.ALL_DONE)
            await world.quiet(90)
            await world.check()
            told = await talks.told(world)
            effects = await talks.effects(world)
            await world.stage.api.stop()
            await engine.stop()
        assert [one for one in told if not one.is_well] == []
        assert effects == ["failed"] * len(effects)


async def _talk(world: World, person: Person, script: Script, dice: random.Random) -> None:
    for words in script:
        await world.say(person, words)
        await asyncio.sleep(dice.uniform(0.5, _READING))
