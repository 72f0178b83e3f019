"""Rounds of claiming: as much as there is room for, on through trouble, and to an end when told to."""

import asyncio

import pytest

from core.probe import Pulse
from graphs import rounds
from graphs.rounds import Rounds


class Work:
    """So many pieces lie there; each lasts until it may end."""

    def __init__(self, pieces: int, *, slots: int = 2, is_cut_off: bool = False) -> None:
        self.rounds = Rounds("work", slots, asyncio.Event(), is_cut_off=is_cut_off)
        self.left = pieces
        self.most_at_once = 0
        self.ended = 0
        self.may_end = asyncio.Event()
        self.begun = asyncio.Event()
        self.rested: list[int] = []
        self.troubles: list[Exception] = []
        self.stop = asyncio.Event()

    async def take(self, group: asyncio.TaskGroup) -> int:
        if self.troubles:
            raise self.troubles.pop()
        taken = min(self.left, self.rounds.room)
        self.left -= taken
        for _ in range(taken):
            self.rounds.begin(group, self.piece())
        return taken

    async def piece(self) -> None:
        self.most_at_once = max(self.most_at_once, self.rounds.slots - self.rounds.room)
        self.begun.set()
        await self.may_end.wait()
        self.ended += 1

    async def rest(self, taken: int) -> None:
        self.rested.append(taken)
        await asyncio.sleep(0)
        if not self.rounds.room:
            await self.rounds.until_one_ends()
        if not self.left and not taken:
            self.stop.set()

    async def run(self) -> None:
        async with asyncio.timeout(10):
            await self.rounds.run(self.take, self.rest, stop=self.stop, beat=Pulse().loop("work"))


class TestRounds:
    async def test_all_of_it_is_done_and_never_more_at_once_than_there_is_room_for(self) -> None:
        work = Work(7)
        work.may_end.set()
        await work.run()
        assert (work.left, work.ended, work.most_at_once) == (0, 7, 2)

    async def test_a_database_that_is_away_is_waited_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rounds, "_AWAY_SECONDS", 0.0)
        work = Work(1)
        work.may_end.set()
        work.troubles = [ConnectionRefusedError()]
        await work.run()
        assert (work.rested, work.ended) == ([0, 1, 0], 1)

    async def test_a_bug_is_not_taken_for_trouble(self) -> None:
        work = Work(1)
        work.troubles = [ValueError()]
        with pytest.raises(ExceptionGroup) as raised:
            await work.run()
        assert raised.group_contains(ValueError)

    async def test_what_was_begun_may_finish(self) -> None:
        work = Work(1)
        running = asyncio.create_task(work.run())
        await work.begun.wait()
        work.stop.set()
        work.may_end.set()
        await running
        assert work.ended == 1

    async def test_or_is_cut_off_where_somebody_else_can_do_it(self) -> None:
        work = Work(1, is_cut_off=True)
        running = asyncio.create_task(work.run())
        await work.begun.wait()
        work.stop.set()
        await running
        assert work.ended == 0

    async def test_who_has_nothing_to_do_is_woken(self) -> None:
        work = Work(0)
        work.rounds.wake.set()
        async with asyncio.timeout(0.5):
            await work.rounds.until_woken()

    async def test_or_looks_by_itself(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rounds, "LOOK_SECONDS", 0.01)
        async with asyncio.timeout(5):
            await Work(0).rounds.until_woken()

    async def test_one_round_lasts_until_what_it_began_has_ended(self) -> None:
        work = Work(5)
        work.may_end.set()
        assert (await work.rounds.once(work.take), work.ended) == (2, 2)
