"""Tests of doing for all at once what many ask for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import pytest

from admin_api.webhooks.grouping import Grouping, Limits
from core.errors import Unavailable

LIMITS: Final = Limits(items=3, weight=100, waiting=200)
Doubled = Grouping[int, int]


class Worker:
    """Doubles numbers, a group at a time, and waits at a gate before each group."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gate = asyncio.Event()

    async def __call__(self, numbers: list[int]) -> list[int]:
        await self.gate.wait()
        self.groups.append(numbers)
        return [2 * number for number in numbers]


@asynccontextmanager
async def running(
    handle: Callable[[list[int]], Awaitable[list[int]]], beat: Callable[[], None] = lambda: None
) -> AsyncIterator[Doubled]:
    grouping = Doubled(handle, LIMITS)
    task = asyncio.create_task(grouping.run(beat))
    yield grouping
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def settle() -> None:
    """Let everything that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


class TestAsk:
    async def test_each_asker_gets_the_answer_to_what_it_asked(self) -> None:
        worker = Worker()
        worker.gate.set()
        async with running(worker) as grouping:
            assert await asyncio.gather(*map(grouping.ask, range(10))) == list(range(0, 20, 2))

    async def test_who_asks_during_a_group_is_in_the_next_in_order(self) -> None:
        worker = Worker()
        async with running(worker) as grouping:
            first = asyncio.create_task(grouping.ask(1))
            await settle()
            others = [asyncio.create_task(grouping.ask(number)) for number in (2, 3)]
            await settle()
            worker.gate.set()
            await asyncio.gather(first, *others)
        assert worker.groups == [[1], [2, 3]]

    async def test_a_group_is_bounded_in_items_and_in_weight(self) -> None:
        worker = Worker()
        async with running(worker) as grouping:
            weights = (1, 1, 1, 60, 60, 10)
            tasks = [asyncio.create_task(grouping.ask(weight, weight=weight)) for weight in weights]
            worker.gate.set()
            await asyncio.gather(*tasks)
        assert worker.groups == [[1, 1, 1], [60], [60, 10]]

    async def test_what_is_heavier_than_a_group_goes_alone(self) -> None:
        worker = Worker()
        worker.gate.set()
        async with running(worker) as grouping:
            assert list(await asyncio.gather(grouping.ask(1), grouping.ask(7, weight=150))) == [2, 14]
        assert worker.groups == [[1], [7]]

    async def test_a_crowd_is_refused_and_the_rest_is_answered(self) -> None:
        worker = Worker()
        async with running(worker) as grouping:
            at_work = asyncio.create_task(grouping.ask(1, weight=90))
            await settle()
            waiting = [asyncio.create_task(grouping.ask(number, weight=90)) for number in (2, 3)]
            await settle()
            with pytest.raises(Unavailable):
                await grouping.ask(4, weight=90)
            worker.gate.set()
            assert await asyncio.gather(at_work, *waiting) == [2, 4, 6]

    async def test_an_asker_who_gave_up_harms_nobody(self) -> None:
        worker = Worker()
        async with running(worker) as grouping:
            hasty, patient = asyncio.create_task(grouping.ask(1)), asyncio.create_task(grouping.ask(2))
            await settle()
            hasty.cancel()
            worker.gate.set()
            assert await patient == 4


class TestRun:
    async def test_it_beats_before_each_group(self) -> None:
        beats: list[int] = []
        worker = Worker()
        worker.gate.set()
        async with running(worker, lambda: beats.append(1)) as grouping:
            await grouping.ask(1)
            await grouping.ask(2)
        assert len(beats) >= 2

    async def test_once_it_has_ended_nobody_waits_for_ever(self) -> None:
        worker = Worker()
        async with running(worker) as grouping:
            begun, waiting = asyncio.create_task(grouping.ask(1)), None
            await settle()
            waiting = asyncio.create_task(grouping.ask(2))
            await settle()
        for task in (begun, waiting):
            with pytest.raises(Unavailable):
                await task
        with pytest.raises(Unavailable):
            await grouping.ask(3)

    async def test_a_bug_ends_it_and_nobody_is_told_that_all_is_well(self) -> None:
        async def broken(_: list[int]) -> list[int]:
            raise ZeroDivisionError

        grouping = Doubled(broken, LIMITS)
        running = asyncio.create_task(grouping.run(lambda: None))
        with pytest.raises(Unavailable):
            await grouping.ask(1)
        with pytest.raises(ZeroDivisionError):
            await running
