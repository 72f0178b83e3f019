"""G1: ten thousand sends, two hundred kills, a provider that leaves 3.5 % unproven, and the control that doubles."""

from typing import Final

import pytest

from tests.chaos.campaign import Rehearsal, rehearse, rehearse_at_least_once
from tests.chaos.children import Nursery
from tests.chaos.estate import Estate
from tests.chaos.seeds import chance
from tests.chaos.world import STATUSES, World

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]

_SLOW: Final = {"sent": {"least": 4.0, "most": 5.0}}
_LONGEST: Final = 600.0


class TestG1:
    async def test_g1_f9_nothing_is_lost_or_doubled_and_every_unknown_is_settled_or_listed(
        self, estate: Estate, nursery: Nursery
    ) -> None:
        plan = Rehearsal(name="G1", sends=10_000, kills=200, seconds=150, patience=400)
        async with World.open(estate, nursery, per_second=150) as world:
            outcome = await rehearse(world, plan, chance("g1"))
        assert (outcome.kills, outcome.doubled, outcome.lost) == (200, 0, 0)
        assert outcome.unknown == outcome.by_tag + outcome.by_silence + outcome.listed
        assert outcome.unknown > 300
        assert outcome.seconds <= _LONGEST

    async def test_g1_at_least_once_doubles(self, estate: Estate, nursery: Nursery) -> None:
        plan = Rehearsal(name="G1 control", sends=2_000, kills=40, seconds=30, patience=200)
        async with World.open(estate, nursery, per_second=150) as world:
            await world.panel.statuses(**STATUSES | _SLOW)
            outcome = await rehearse_at_least_once(world, plan, chance("g1 control"))
        assert outcome.doubled > 10
