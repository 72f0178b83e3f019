"""What comes in survives whatever ends the processes that take it in: F1, F2, F3, F18, F19, F20, F26."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.crashpoints import CrashPoint
from tests.chaos.album import post_albums
from tests.chaos.children import KILLED, Nursery
from tests.chaos.deaths import die_behind_every_commit
from tests.chaos.estate import Estate
from tests.chaos.fuses import die_at, start_with_fuse
from tests.chaos.permutations import different_days
from tests.chaos.poison import drown
from tests.chaos.poisoned import CODE, DEADLY
from tests.chaos.stage import Plan
from tests.chaos.world import STATUSES, World

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(150)]


@pytest.fixture
async def world(estate: Estate, nursery: Nursery) -> AsyncIterator[World]:
    async with World.open(estate, nursery, Plan(engines=1)) as world:
        yield world


class TestReceiver:
    async def test_f1_killed_before_the_commit_it_has_promised_nothing(self, world: World) -> None:
        [person] = await world.crowd.people(1)
        api = world.stage.api
        await start_with_fuse(api, CrashPoint.RX_PRE_COMMIT, is_once=True)
        await api.serves()
        message = await world.say(person)
        assert await api.ended() == KILLED
        assert not await world.panel.was_acknowledged(message)
        async with world.stage.running():
            facts = await world.quiet_and_check()
        assert [said.provider_id for said in facts.said] == [message]

    async def test_f2_killed_behind_the_commit_it_takes_the_repetition_for_what_it_is(self, world: World) -> None:
        await die_behind_every_commit(world, times=8)


class TestIntake:
    async def test_f3_a_turn_runs_though_its_engine_died_over_it(self, world: World) -> None:
        [person] = await world.crowd.people(1)
        [engine] = world.stage.engines
        await world.stage.api.start()
        await world.stage.api.serves()
        await world.say(person)
        await die_at(engine, CrashPoint.TURN_PRE_START)
        await engine.start()
        await engine.serves()
        assert await world.quiet(30) <= 10
        await world.check()
        await asyncio.gather(world.stage.api.stop(), engine.stop())

    async def test_f18_whatever_the_order_and_however_often_a_day_ends_the_same(self, world: World) -> None:
        async with world.stage.running():
            assert await different_days(world, customers=40) == set()

    async def test_f19_a_status_may_come_before_the_answer(self, world: World) -> None:
        await world.panel.statuses(**STATUSES, sent_before_answer=True)
        people = await world.crowd.people(60)
        async with world.stage.running():
            await world.crowd.queue(people, each=2)
            facts = await world.quiet_and_check()
        assert len(facts.accepted) == 120

    async def test_f20_an_album_is_one_conversation_and_one_turn(self, world: World) -> None:
        async with world.stage.running():
            await post_albums(world, people=5, pictures=10)
            await world.quiet_and_check()
        async with world.stage.superuser() as superuser:
            [found] = await superuser.fetch(
                "SELECT (SELECT count(*) FROM conversations) AS threads, (SELECT count(*) FROM turns) AS turns,"
                " (SELECT count(*) FROM media_files WHERE state = 'stored') AS files"
            )
        assert dict(found) == {"threads": 5, "turns": 5, "files": 50}


class TestPoison:
    async def test_f26_what_ends_a_process_ends_in_quarantine_and_takes_nobody_along(
        self, estate: Estate, nursery: Nursery
    ) -> None:
        plan = Plan(engine_module="tests.chaos.poisoned")
        async with World.open(estate, nursery, plan) as world:
            await drown(world, DEADLY)
            deaths = [end for engine in world.stage.engines for end in engine.ends if end == CODE]
            assert len(deaths) == 3
