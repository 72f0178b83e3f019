"""A staff group with its people, and a customer whom one of them has."""

from collections.abc import AsyncIterator

import pytest

from core.floor import Floor
from core.ids import ConversationId
from tests.admin_api.staff.scene import Group, open_group


@pytest.fixture
async def group(floor: Floor) -> AsyncIterator[Group]:
    group = await open_group(floor)
    yield group
    await group.world.finish()


@pytest.fixture
async def ana(group: Group) -> ConversationId:
    """Bia has taken her."""
    ana = await group.customer()
    await group.wait(ana)
    await group.follow()
    await group.hear("bia", ana, "aceitar")
    await group.follow()
    return ana
