"""A2 at full size: ten thousand machines that claim anything, and five hundred dialogues through the whole graph."""

import time
from typing import Final

import pytest

from tests.graphs.conversation.improvising import improvise, perform
from tests.graphs.conversation.machine import play

LONGEST_SECONDS: Final = 60.0  # of the processor: others may keep it busy meanwhile

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]


class TestInvariants:
    def test_ten_thousand_machines_find_no_decision_that_is_wrong(self) -> None:
        began, busy = time.monotonic(), time.process_time()
        play(10_000)
        took, busy = time.monotonic() - began, time.process_time() - busy
        print(f"\n10,000 machines: {busy:.0f} s of this process, {took:.0f} s by the clock")  # noqa: T201 - the result
        assert busy <= LONGEST_SECONDS

    async def test_five_hundred_dialogues_have_no_turn_that_is_wrong(self) -> None:
        turns = moves = 0
        for seed in range(125):  # with four personas each
            for persona, cues in improvise(seed):
                played, wrong = await perform(persona, cues)
                assert wrong == []
                turns += len(played)
                moves += sum(len(one.outcome.decision.moves) for one in played)
        assert turns == 6_000
        assert moves > 300
