"""What happens later happens in order, once, and not after it was cleared."""

import asyncio
from functools import partial

from sandbox.agenda import Agenda


class TestAgenda:
    async def test_the_earlier_comes_first_whatever_was_entered_first(self) -> None:
        agenda, seen, done = Agenda(), list[int](), asyncio.Event()
        agenda.later(0.4, done.set)
        for number, seconds in ((3, 0.3), (1, 0.1), (2, 0.2)):
            agenda.later(seconds, partial(seen.append, number))

        await done.wait()

        assert seen == [1, 2, 3]
        assert agenda.pending == 0

    async def test_equal_times_keep_their_order(self) -> None:
        agenda, seen, done = Agenda(), list[int](), asyncio.Event()
        for number in range(100):
            agenda.later(0, partial(seen.append, number))
        agenda.later(0, done.set)

        await done.wait()

        assert seen == list(range(100))

    async def test_what_is_cleared_never_happens(self) -> None:
        agenda, seen, done = Agenda(), list[int](), asyncio.Event()
        agenda.later(0.001, partial(seen.append, 1))
        agenda.clear()
        agenda.later(0.01, done.set)

        await done.wait()

        assert seen == []

    async def test_an_act_may_enter_another(self) -> None:
        agenda, done = Agenda(), asyncio.Event()
        agenda.later(0, lambda: agenda.later(0, done.set))

        await done.wait()

        assert agenda.pending == 0

    async def test_hurrying_does_all_of_it_now(self) -> None:
        agenda, seen = Agenda(), list[int]()
        agenda.later(60, partial(seen.append, 2))
        agenda.later(30, partial(seen.append, 1))

        agenda.hurry()

        assert seen == [1, 2]
        assert agenda.pending == 0
