"""Waiting for what is still to come: at once where it is there, woken when it comes, and not for longer than asked."""

import asyncio

from sandbox.bell import Bell


async def until_looked(looks: list[int], count: int = 1) -> None:
    async with asyncio.timeout(5):
        while len(looks) < count:  # noqa: ASYNC110 - a look that finds nothing tells nobody
            await asyncio.sleep(0)


class TestBell:
    async def test_what_is_there_is_not_waited_for(self) -> None:
        async with asyncio.timeout(1):
            assert await Bell().until(lambda: ["aqui"], seconds=60) == ["aqui"]

    async def test_all_who_wait_are_woken_and_look_again(self) -> None:
        bell, there, looks = Bell(), list[str](), list[int]()

        def look() -> list[str]:
            looks.append(1)
            return list(there)

        waiting = [asyncio.create_task(bell.until(look, seconds=60)) for _ in range(3)]
        await until_looked(looks, 3)
        bell.ring()  # for nothing: they go on waiting
        await until_looked(looks, 6)
        there.append("veio")
        bell.ring()

        async with asyncio.timeout(5):
            assert await asyncio.gather(*waiting) == [["veio"]] * 3

    async def test_the_time_that_is_over_leaves_nothing(self) -> None:
        bell = Bell()
        assert await bell.until(lambda: "", seconds=0.01) == ""
        assert await bell.until(lambda: "", seconds=0) == ""
        assert bell._waiting == []

    async def test_whoever_gives_up_is_forgotten(self) -> None:
        bell, looks = Bell(), list[int]()
        waiting = asyncio.create_task(bell.until(lambda: looks.append(1), seconds=60))
        await until_looked(looks)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        assert bell._waiting == []
