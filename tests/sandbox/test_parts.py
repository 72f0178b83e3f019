"""The small parts: a mapping that forgets, and background work whose bugs surface."""

import asyncio

import pytest

from sandbox.background import Background
from sandbox.recent import Recent


class TestRecent:
    def test_the_oldest_is_forgotten(self) -> None:
        recent: Recent[int, str] = Recent(2)
        for number in range(4):
            recent.put(number, str(number))

        assert [recent.get(number) for number in range(4)] == [None, None, "2", "3"]
        assert (1 in recent, 3 in recent, len(recent)) == (False, True, 2)

    def test_a_clearing_forgets_all(self) -> None:
        recent: Recent[int, str] = Recent(2)
        recent.put(1, "x")
        recent.clear()

        assert len(recent) == 0


class TestBackground:
    async def test_what_still_runs_is_cancelled(self) -> None:
        background, ended = Background(), asyncio.Event()

        async def long() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()

        background.start(long())
        await asyncio.sleep(0)
        await background.close()

        assert ended.is_set()

    async def test_a_bug_surfaces_at_the_end(self) -> None:
        async def broken() -> None:
            raise ZeroDivisionError

        background = Background()
        background.start(broken())
        await asyncio.sleep(0.001)

        with pytest.raises(ZeroDivisionError):
            await background.close()
