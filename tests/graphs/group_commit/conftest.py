"""A salon, a small crowd in it, and what commits their turns together."""

from collections.abc import AsyncIterator

import pytest

from core.floor import Floor
from graphs.group_commit import GroupCommit
from tests.fixtures.gates import Somebody, gather_crowd
from tests.fixtures.salon import Salon, open_salon
from tests.graphs.group_commit.sets import TOGETHER


@pytest.fixture
async def salon(floor: Floor) -> AsyncIterator[Salon]:
    salon = await open_salon(floor)
    yield salon
    await salon.finish()


@pytest.fixture
async def crowd(salon: Salon) -> list[Somebody]:
    return await gather_crowd(salon.world, TOGETHER)


@pytest.fixture
def group(floor: Floor) -> GroupCommit:
    return GroupCommit(floor.database)
