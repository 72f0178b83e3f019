"""The breaker of a connection: five failures open it, one trial at a time closes it or keeps it open for longer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from channels.stores.breakers import FAILURES, FIRST, LONGEST, note_failures, note_successes, pace, take_trials
from core.floor import Floor
from core.ids import ConnectionId
from tests.fixtures.outbox import World, make_world


@pytest.fixture
async def world(floor: Floor) -> AsyncIterator[World]:
    world = await make_world(floor)
    yield world
    await world.finish()


async def fail(world: World, count: int = 1, *, is_trial: bool = False) -> None:
    async with world.session() as session:
        trials = [world.connection] if is_trial else []
        await note_failures(session, {world.connection: count}, trials=trials)


async def succeed(world: World, *, is_trial: bool = False) -> None:
    async with world.session() as session:
        await note_successes(session, [world.connection], trials=[world.connection] if is_trial else [])


async def breaker(world: World) -> Any:
    sql = "SELECT failures, open_until, open_until - now() AS open_for, updated_at FROM send_breakers"
    async with world.session() as session:
        return (await session.execute(text(sql))).one_or_none()


async def wait_is_over(world: World) -> None:
    async with world.session() as session:
        await session.execute(text("UPDATE send_breakers SET open_until = now()"))


async def trial(world: World) -> set[ConnectionId]:
    async with world.session() as session:
        return await take_trials(session, [world.connection])


class TestFailures:
    async def test_f22_the_fifth_in_a_row_opens_it(self, world: World) -> None:
        for _ in range(FAILURES - 1):
            await fail(world)
        assert (await breaker(world)).open_until is None

        await fail(world)

        found = await breaker(world)
        assert found.failures == FAILURES
        assert timedelta(0) < found.open_for <= FIRST

    @pytest.mark.parametrize("counts", [(FAILURES,), (3, 2), (2, 40)])
    async def test_f22_so_do_as_many_at_once(self, world: World, counts: tuple[int, ...]) -> None:
        for count in counts:
            await fail(world, count)
        found = await breaker(world)
        assert (found.failures, found.open_until is None) == (FAILURES, False)

    async def test_f22_what_had_begun_before_it_opened_says_nothing_new(self, world: World) -> None:
        await fail(world, FAILURES)
        before = await breaker(world)
        await fail(world, 40)
        await succeed(world)
        after = await breaker(world)
        assert (after.failures, after.open_until) == (before.failures, before.open_until)

    async def test_f22_each_failed_trial_doubles_the_pause_up_to_a_bound(self, world: World) -> None:
        await fail(world, FAILURES)
        pauses = []
        for _ in range(4):
            await wait_is_over(world)
            assert await trial(world) == {world.connection}
            await fail(world, is_trial=True)
            pauses.append((await breaker(world)).open_for)
        assert [round(pause / FIRST) for pause in pauses] == [2, 4, 4, 4]
        assert max(pauses) <= LONGEST

    async def test_lines_are_counted_one_by_one(self, world: World) -> None:
        other = await world.another_line("Outra")
        async with world.session() as session:
            await note_failures(session, {world.connection: 2, other.connection: FAILURES})
            sql = "SELECT failures FROM send_breakers WHERE open_until IS NULL"
            assert (await session.scalars(text(sql))).all() == [2]


class TestSuccesses:
    async def test_one_ends_the_row_of_failures(self, world: World) -> None:
        await fail(world, FAILURES - 1)
        await succeed(world)
        await fail(world, FAILURES - 1)
        assert (await breaker(world)).open_until is None

    async def test_f22_an_open_breaker_is_closed_by_its_trial_alone(self, world: World) -> None:
        await fail(world, FAILURES)
        await wait_is_over(world)
        assert await trial(world)
        await succeed(world)
        assert (await breaker(world)).open_until is not None
        await succeed(world, is_trial=True)
        found = await breaker(world)
        assert (found.failures, found.open_until) == (0, None)

    async def test_where_nothing_failed_nothing_is_written(self, world: World) -> None:
        await succeed(world)
        assert await breaker(world) is None


class TestTrials:
    async def test_f22_one_at_a_time_whoever_asks(self, world: World) -> None:
        await fail(world, FAILURES)
        await wait_is_over(world)
        trials = await asyncio.gather(*(trial(world) for _ in range(6)))
        assert sorted(map(len, trials)) == [0, 0, 0, 0, 0, 1]

    async def test_f22_none_before_its_time(self, world: World) -> None:
        await fail(world, FAILURES)
        assert await trial(world) == set()

    async def test_f22_one_that_is_lost_with_its_process_is_followed_by_another(self, world: World) -> None:
        await fail(world, FAILURES)
        await wait_is_over(world)
        assert await trial(world)
        assert timedelta(0) < (await breaker(world)).open_for <= LONGEST
        await wait_is_over(world)
        assert await trial(world) == {world.connection}

    async def test_none_is_needed_where_it_is_closed(self, world: World) -> None:
        await fail(world)
        assert await trial(world) == set()
        async with world.session() as session:
            assert await take_trials(session, []) == set()


class TestPace:
    async def test_f16_it_never_gives_more_than_the_rate(self, world: World) -> None:
        interval, given = timedelta(milliseconds=5), 0

        async def ask() -> bool:
            async with world.session() as session:
                return await pace(session, world.connection, interval=interval, count=4)

        loop = asyncio.get_running_loop()
        begun = loop.time()
        while loop.time() < begun + 0.5:
            given += 4 * sum(await asyncio.gather(*(ask() for _ in range(3))))
        most = (loop.time() - begun) / interval.total_seconds() + 4
        assert most / 4 < given <= most
