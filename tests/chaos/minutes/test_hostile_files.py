"""G9: every hostile file ends as it should, in time, in little memory and without a packet, and who asked lives on."""

import asyncio
from itertools import chain

import pytest

from knowledge.parsing import CELL, Cell
from tests.knowledge.ends import MOST_CHILD_BYTES, MOST_GROWTH_BYTES, child_bytes, end_of, faults_of, own_bytes
from tests.knowledge.harm import Hostile
from tests.knowledge.hostile import FILES
from tests.knowledge.tapped import open_tap

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

_AT_ONCE = 2


class TestHostileFiles:
    async def test_g9_all_end_in_an_answer_within_their_bounds(self) -> None:
        before, turns = own_bytes(), asyncio.Semaphore(_AT_ONCE)

        async def look(file: Hostile, cell: Cell) -> list[str]:
            async with turns:
                return faults_of(file, await end_of(file, cell))

        async with open_tap() as tap:
            cell = CELL if tap is None else tap.cell
            found = await asyncio.gather(*(look(file, cell) for file in FILES))
            packets = 0 if tap is None else tap.packets()

        assert (list(chain.from_iterable(found)), packets) == ([], 0)
        assert child_bytes() < MOST_CHILD_BYTES
        assert own_bytes() - before < MOST_GROWTH_BYTES
