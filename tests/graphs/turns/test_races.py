"""Whatever happens at the same time, every message is answered in one turn, and people outrank the bot.

Two thousand of them: `tests/chaos/full/test_turn_races.py`.
"""

from collections.abc import AsyncIterator

import pytest

from core.embedded import Urls
from core.floor import Floor, open_floor
from tests.fixtures.api import settings_of
from tests.fixtures.servers import Servers
from tests.graphs.turns.races import POOL, open_track

SCHEDULES = 20


@pytest.fixture(scope="module")
async def wide(servers: Servers, floor_urls: Urls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Floor]:
    """Enough lines for everybody who acts at the same time."""
    async with open_floor(settings_of(servers, floor_urls, tmp_path_factory.mktemp("wide")), POOL) as floor:
        yield floor


class TestRaces:
    async def test_a11_at_random_schedules_everything_is_as_promised(self, wide: Floor) -> None:
        async with open_track(wide, seed=11) as track:
            assert await track.run(range(SCHEDULES), moves=8) == []
            assert track.world.provider.calls  # else nothing was tried
            assert await track.broken_chains(most=20) == []
