"""Only a rehearsal may hurry an engine, and only in so many words."""

from datetime import timedelta

import pytest

from admin_api.engine import CHAOS_PATIENCE, read_patience
from channels.policy import Patience
from core.crashpoints import CHAOS
from core.errors import Misconfigured
from tests.chaos.stage import PATIENCE


class TestReadPatience:
    def test_a_rehearsal_sets_the_three(self) -> None:
        told = read_patience({CHAOS: "1", CHAOS_PATIENCE: PATIENCE})
        assert (told.call, told.lease, told.silence) == tuple(timedelta(seconds=part) for part in (2.5, 8, 4))

    def test_nobody_else_does(self) -> None:
        assert read_patience({CHAOS_PATIENCE: PATIENCE}) == read_patience({CHAOS: "1"}) == Patience()

    @pytest.mark.parametrize("told", ["2", "2,8,x", "1,2,3,4"])
    def test_other_words_are_refused_by_name(self, told: str) -> None:
        with pytest.raises(Misconfigured, match=CHAOS_PATIENCE):
            read_patience({CHAOS: "1", CHAOS_PATIENCE: told})
