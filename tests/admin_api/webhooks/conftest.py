"""An inbox per module, on the module's floor."""

from collections.abc import AsyncIterator

import pytest

from core.floor import Floor
from tests.admin_api.webhooks.place import Place, Shop, open_place


@pytest.fixture(scope="module")
async def place(floor: Floor) -> AsyncIterator[Place]:
    async with open_place(floor) as place:
        yield place


@pytest.fixture
async def ana(place: Place) -> Shop:
    return await place.open_shop()


@pytest.fixture
async def beto(place: Place) -> Shop:
    return await place.open_shop()
