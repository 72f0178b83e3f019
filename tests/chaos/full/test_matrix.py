"""Rows of the fault matrix at their full number: F2, F7, F18, F20, and F27, whose leases take their time."""

from collections.abc import AsyncIterator

import pytest

from tests.chaos.album import post_albums
from tests.chaos.children import Nursery
from tests.chaos.deaths import die_behind_every_answer, die_behind_every_commit
from tests.chaos.estate import Estate
from tests.chaos.permutations import different_days
from tests.chaos.poison import drown
from tests.chaos.poisoned import GREEDY, MEMORY
from tests.chaos.stage import Plan
from tests.chaos.world import World

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]


@pytest.fixture
async def world(estate: Estate, nursery: Nursery) -> AsyncIterator[World]:
    async with World.open(estate, nursery, Plan(engines=1)) as world:
        yield world


class TestMatrix:
    async def test_f2_a_hundred_times_killed_behind_the_commit(self, world: World) -> None:
        await die_behind_every_commit(world, times=100)

    async def test_f7_fifty_times_killed_behind_the_answer(self, world: World) -> None:
        await die_behind_every_answer(world, times=50)

    async def test_f18_five_hundred_orders_of_a_day_end_the_same(self, world: World) -> None:
        async with world.stage.running():
            assert await different_days(world, customers=500) == set()

    async def test_f20_fifty_albums_of_ten_pictures(self, world: World) -> None:
        async with world.stage.running():
            await post_albums(world, people=50, pictures=10)
            await world.quiet_and_check(120)
        async with world.stage.superuser() as superuser:
            [found] = await superuser.fetch(
                "SELECT (SELECT count(*) FROM conversations) AS threads, (SELECT count(*) FROM turns) AS turns,"
                " (SELECT count(*) FROM media_files WHERE state = 'stored') AS files"
            )
        assert dict(found) == {"threads": 50, "turns": 50, "files": 500}

    async def test_f27_what_eats_all_memory_ends_in_quarantine_and_the_host_lives(
        self, estate: Estate, nursery: Nursery
    ) -> None:
        plan = Plan(engine_module="tests.chaos.poisoned", memory=MEMORY)
        async with World.open(estate, nursery, plan) as world:
            await drown(world, GREEDY)
