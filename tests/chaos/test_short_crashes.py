"""A process dies at each of the named places, one after the other, and no promise is broken by any of it."""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from core.crashpoints import CrashPoint
from tests.chaos.children import Nursery
from tests.chaos.crowd import Person
from tests.chaos.estate import Estate
from tests.chaos.fuses import die_at
from tests.chaos.oracle import settled
from tests.chaos.pictures import PICTURE
from tests.chaos.stage import Plan
from tests.chaos.world import World

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]

OF_THE_API: Final = (CrashPoint.RX_PRE_COMMIT, CrashPoint.RX_POST_COMMIT)
# Sends first: what they leave behind lapses while the others have their turn, and is settled by the last two.
OF_THE_ENGINE: Final = (
    CrashPoint.SEND_PRE_CLAIM,
    CrashPoint.SEND_POST_CLAIM,
    CrashPoint.SEND_PRE_HTTP,
    CrashPoint.SEND_POST_ACCEPT,
    CrashPoint.SEND_POST_COMMIT,
    CrashPoint.INTAKE_PRE_COMMIT,
    CrashPoint.INTAKE_POST_COMMIT,
    CrashPoint.MEDIA_PRE_STORE,
    CrashPoint.MEDIA_POST_STORE,
    CrashPoint.TURN_PRE_START,
    CrashPoint.SETTLE_PRE_COMMIT,
    CrashPoint.RECONCILE_PRE_COMMIT,
)


@pytest.fixture
async def world(estate: Estate, nursery: Nursery) -> AsyncIterator[World]:
    async with World.open(estate, nursery, Plan(engines=1)) as world:
        yield world


class TestCrashPoints:
    def test_every_registered_one_is_walked_into(self) -> None:
        """One that is added has to be given its place here, or this fails."""
        assert sorted((*OF_THE_API, *OF_THE_ENGINE)) == sorted(CrashPoint)

    async def test_a_death_at_each_of_them_breaks_no_promise(self, world: World) -> None:
        """`die_at` fails where a process goes past its place, or dies elsewhere."""
        talkers = await world.crowd.people(3)
        for point in OF_THE_API:
            await world.say(talkers[0])
            await die_at(world.stage.api, point)
        await world.stage.api.start()
        await world.stage.api.serves()
        [engine] = world.stage.engines
        for point in OF_THE_ENGINE:
            await _give_work(world, talkers)
            await die_at(engine, point)
            await world.hurry()
        await engine.start()
        await _give_work(world, talkers)
        await world.quiet()
        await world.release_quarantined()  # twelve deaths may have met the same innocent event three times
        facts = await world.quiet_and_check()
        await world.stage.api.stop()
        await engine.stop()
        assert len(facts.said) == len(world.said)
        assert settled(facts).unknown > 0


async def _give_work(world: World, talkers: list[Person]) -> None:
    """Of every kind, so that whatever place is next has something to die over."""
    await world.crowd.queue(await world.crowd.people(2), each=2)
    await world.say(talkers[1])
    await world.show(talkers[2], PICTURE)
