"""A2 at full size: ten thousand machines that claim anything, and five hundred dialogues through the whole graph."""

import time

import pytest

from tests.graphs.conversation.improvising import improvise, perform
from tests.graphs.conversation.machine import play

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]


class TestInvariants:
    def test_ten_thousand_machines_find_no_decision_that_is_wrong(self) -> None:
        began = time.monotonic()
        play(10_000)
        print(f"\n10,000 machines in {time.monotonic() - began:.0f} s")  # noqa: T201 - the number is the result

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
