"""No invalid step, whatever is claimed: thousands of made-up conversations, each decision judged anew.

At full size by `make chaos-full`; the mutants show that the judge would notice.
"""

from typing import Final

import pytest

from tests.graphs.conversation.conversing import Wrong, converse
from tests.graphs.conversation.improvising import improvise, perform
from tests.graphs.conversation.machine import play
from tests.graphs.conversation.mutants import MUTANTS, Mutant

_MACHINES: Final = 500
_CONVERSATIONS: Final = 1_500


async def is_noticed(*, seeds: int) -> bool:
    for seed in range(seeds):
        for persona, cues in improvise(seed):
            if (await perform(persona, cues))[1]:
                return True
    return False


def throw() -> None:
    for seed in range(_CONVERSATIONS):
        converse(seed)


class TestDecisions:
    def test_no_machine_finds_one_that_is_wrong(self) -> None:
        play(_MACHINES)

    def test_nor_do_dice(self) -> None:
        throw()


class TestDialogues:
    @pytest.mark.parametrize("seed", range(5))  # twenty, with four personas
    async def test_no_turn_of_the_whole_graph_is_wrong(self, seed: int) -> None:
        moves = 0
        for persona, cues in improvise(seed):
            played, wrong = await perform(persona, cues)
            assert wrong == []
            moves += sum(len(one.outcome.decision.moves) for one in played)
        assert moves > 0


class TestJudge:
    @pytest.mark.parametrize("mutant", [one for one in MUTANTS if not one.in_words], ids=lambda one: one.what)
    def test_it_sees_each_mistake_that_a_rule_can_make(self, mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
        mutant.plant(monkeypatch)
        with pytest.raises(Wrong):
            throw()

    @pytest.mark.parametrize("mutant", [one for one in MUTANTS if one.in_words], ids=lambda one: one.what)
    async def test_it_sees_those_in_reading_too(self, mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
        mutant.plant(monkeypatch)
        assert await is_noticed(seeds=5)
