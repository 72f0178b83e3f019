"""Two thousand schedules at which customers, people of the company and two workers get in each other's way."""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from core.embedded import Urls
from core.floor import Floor, open_floor
from tests.chaos.seeds import SEED
from tests.fixtures.api import settings_of
from tests.fixtures.servers import Servers
from tests.graphs.turns.races import POOL, open_track

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(2400)]

SCHEDULES: Final = 2000
_AT_ONCE: Final = 40


@pytest.fixture
async def wide(servers: Servers, urls: Urls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Floor]:
    async with open_floor(settings_of(servers, urls, tmp_path_factory.mktemp("wide")), POOL) as floor:
        yield floor


class TestRaces:
    async def test_a11_at_two_thousand_random_schedules_everything_is_as_promised(self, wide: Floor) -> None:
        wrong: list[str] = []
        async with open_track(wide, seed=SEED) as track:
            for start in range(0, SCHEDULES, _AT_ONCE):
                seeds = range(SEED * SCHEDULES + start, SEED * SCHEDULES + start + _AT_ONCE)
                wrong += await track.run(seeds, moves=10)
            assert len(track.world.provider.calls) > SCHEDULES
            wrong += await track.broken_chains(most=1000)
            print(f"\n{SCHEDULES} schedules: {await track.tally()}")  # noqa: T201 - the numbers are the result
        assert wrong == []
