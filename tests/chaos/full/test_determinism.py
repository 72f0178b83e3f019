"""A7 at full size: every dialogue suite twice, with other hashes, alone and sixteen at a time."""

import asyncio

import pytest

from tests.graphs.conversation.test_determinism import log_of

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]


class TestDeterminism:
    async def test_five_hundred_dialogues_and_the_repertoire_leave_the_same_log(self) -> None:
        one, other = await asyncio.gather(
            log_of(hashes="0", seeds=125, width=1), log_of(hashes="4294967295", seeds=125, width=16)
        )
        assert one == other
        assert int(one.split()[0]) > 6_500
