"""A process dies at each of the named places, one after the other, and no promise is broken by any of it."""

import asyncio
from collections.abc import AsyncIterator
from itertools import chain
from typing import Final

import pytest

from core.crashpoints import CrashPoint
from tests.chaos import talks
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
OF_TURNS: Final = (CrashPoint.TURN_PRE_COMMIT, CrashPoint.TURN_POST_COMMIT, CrashPoint.EFFECT_PRE_COMMIT)
# Two engines at a time, each over work of its own.
TOGETHER: Final = (
    (CrashPoint.SEND_PRE_CLAIM, CrashPoint.INTAKE_PRE_COMMIT),
    (CrashPoint.SEND_POST_CLAIM, CrashPoint.INTAKE_POST_COMMIT),
    (CrashPoint.SEND_PRE_HTTP, CrashPoint.MEDIA_PRE_STORE),
    (CrashPoint.SEND_POST_ACCEPT, CrashPoint.MEDIA_POST_STORE),
    (CrashPoint.SEND_POST_COMMIT, CrashPoint.TURN_PRE_START),
    (CrashPoint.TIMER_PRE_COMMIT, CrashPoint.TURN_PRE_COMMIT),
    (CrashPoint.TURN_POST_COMMIT, CrashPoint.EFFECT_PRE_COMMIT),
)
# What a sender left behind, any engine settles: whoever is to die over it is alone with it.
ALONE: Final = (CrashPoint.SEND_POST_CLAIM, CrashPoint.SETTLE_PRE_COMMIT, CrashPoint.RECONCILE_PRE_COMMIT)
_MORE_SECONDS: Final = 1.5  # and whoever still lives gets something more to die over


@pytest.fixture
async def world(estate: Estate, nursery: Nursery) -> AsyncIterator[World]:
    async with World.open(estate, nursery, Plan(engines=2)) as world:
        yield world


class TestCrashPoints:
    def test_every_registered_one_is_walked_into(self) -> None:
        """One that is added has to be given its place here, or this fails."""
        assert {*OF_THE_API, *chain(*TOGETHER), *ALONE} == {*CrashPoint}

    async def test_a_death_at_each_of_them_breaks_no_promise(self, world: World) -> None:
        """`die_at` fails where a process goes past its place, or dies elsewhere."""
        talkers = await world.crowd.people(3)
        await talks.furnish(world, is_quick=True)
        for point in OF_THE_API:
            await world.say(talkers[0])
            await die_at(world.stage.api, point)
        await world.stage.api.start()
        await world.stage.api.serves()
        for points in TOGETHER:
            await _give_work(world, talkers)
            await _die_together(world, talkers, points)
        one, _ = world.stage.engines
        await _give_work(world, talkers)
        for point in ALONE:
            await die_at(one, point)
            await world.hurry_sends()
        await one.start()
        await _give_work(world, talkers)
        await world.hurry()
        await world.until(talks.ALL_DONE)
        await world.quiet()
        await world.release_quarantined()  # so many deaths may have met the same innocent event three times
        facts = await world.quiet_and_check()
        told = await talks.told(world)
        await world.stage.api.stop()
        await one.stop()
        assert len(facts.said) == len(world.said)
        assert settled(facts).unknown > 0
        assert [one for one in told if not one.is_well] == []


async def _die_together(world: World, talkers: list[Person], points: tuple[CrashPoint, CrashPoint]) -> None:
    deaths = [
        asyncio.ensure_future(die_at(engine, point)) for engine, point in zip(world.stage.engines, points, strict=True)
    ]
    waiting: set[asyncio.Future[None]] = set(deaths)
    while waiting:
        _, waiting = await asyncio.wait(waiting, timeout=_MORE_SECONDS)
        if waiting:
            await world.hurry()
            await _give_work(world, talkers)
    await asyncio.gather(*deaths)
    await world.hurry()


async def _give_work(world: World, talkers: list[Person]) -> None:
    """Of every kind, so that whatever place is next has something to die over."""
    await world.crowd.queue(await world.crowd.people(2), each=2)
    await world.say(talkers[1])
    await world.show(talkers[2], PICTURE)
    await talks.owe(world)
