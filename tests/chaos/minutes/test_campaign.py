"""A small campaign among killers loses and doubles nothing; without the ledger's care it doubles, so this can fail."""

from typing import Final

import pytest

from tests.chaos.campaign import Rehearsal, rehearse, rehearse_at_least_once
from tests.chaos.children import Nursery
from tests.chaos.estate import Estate
from tests.chaos.seeds import chance
from tests.chaos.world import STATUSES, World

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(200)]

_SLOW: Final = {"sent": {"least": 4.0, "most": 5.0}}


class TestCampaign:
    async def test_g1_in_small_nothing_is_lost_or_doubled(self, estate: Estate, nursery: Nursery) -> None:
        plan = Rehearsal(name="campaign", sends=600, kills=15, seconds=12, patience=90)
        async with World.open(estate, nursery, per_second=60) as world:
            outcome = await rehearse(world, plan, chance("campaign"))
        assert (outcome.kills, outcome.doubled, outcome.lost) == (15, 0, 0)
        assert outcome.accepted + outcome.listed >= 600

    async def test_g1_at_least_once_doubles(self, estate: Estate, nursery: Nursery) -> None:
        plan = Rehearsal(name="control", sends=300, kills=5, seconds=5, patience=60)
        async with World.open(estate, nursery, per_second=100) as world:
            await world.panel.statuses(**STATUSES | _SLOW)
            outcome = await rehearse_at_least_once(world, plan, chance("control"))
        assert outcome.doubled > 0
