"""A sandbox with one staff group, and nobody who was told anything yet."""

from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.world import Sandbox
from tests.sandbox.conftest import TLS
from tests.sandbox.telegram.scene import BIA, CAIO, NO_FLOOD, STRANGER, Scene, account


@pytest.fixture
async def scene(sandbox: Sandbox) -> AsyncIterator[Scene]:
    """Without limits: who wants them turns them on."""
    telegram = sandbox.telegram
    telegram.office.flood.settings = NO_FLOOD
    for user in (BIA, CAIO, STRANGER):
        telegram.people.add(user)
    bot = telegram.connect(account())
    forum = telegram.forum("Equipe", creator=BIA, bot=bot)
    telegram.join(forum, CAIO, by=BIA)
    bot.updates.drop()
    async with httpx.AsyncClient(base_url=sandbox.url, timeout=5, verify=TLS) as client:
        yield Scene(sandbox=sandbox, bot=bot, forum=forum, client=client)
