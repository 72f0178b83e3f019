"""G9: every hostile file ends as it should, in time and in little memory, and the process that asked lives on."""

import asyncio

import pytest

from tests.knowledge.ends import MOST_CHILD_BYTES, MOST_GROWTH_BYTES, child_bytes, end_of, faults_of, own_bytes
from tests.knowledge.harm import Hostile
from tests.knowledge.hostile import FILES

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

_AT_ONCE = 2


class TestHostileFiles:
    async def test_g9_all_end_in_an_answer_within_their_bounds(self) -> None:
        before, turns = own_bytes(), asyncio.Semaphore(_AT_ONCE)

        async def look(file: Hostile) -> list[str]:
            async with turns:
                return faults_of(file, await end_of(file))

        faults = [fault for found in await asyncio.gather(*map(look, FILES)) for fault in found]

        assert faults == []
        assert child_bytes() < MOST_CHILD_BYTES
        assert own_bytes() - before < MOST_GROWTH_BYTES
