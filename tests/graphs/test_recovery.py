"""A database that went back in time: no engine sends again what was sent since."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from channels.stores import holds
from core.embedded import Urls
from core.floor import Floor, open_floor
from core.models.outbox import OutboundState
from graphs import recovery
from tests.fixtures.api import settings_of
from tests.fixtures.outbox import World, make_sender, make_world
from tests.fixtures.servers import Servers


@pytest.fixture
async def floor(servers: Servers, urls: Urls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Floor]:
    """Of a database that may be thrown away."""
    async with open_floor(settings_of(servers, urls, tmp_path_factory.mktemp("home"))) as floor:
        yield floor


@pytest.fixture
async def world(floor: Floor) -> AsyncIterator[World]:
    world = await make_world(floor)
    yield world
    await recovery.forget(floor.valkey, floor.settings.masteria_home)


async def until_held(world: World) -> None:
    async with asyncio.timeout(10):
        while True:
            if await holds.why_held(world.floor.database) is not None:
                return
            await asyncio.sleep(0.01)


class TestRestore:
    async def test_f52_an_engine_that_starts_sends_nothing_until_a_person_has_looked(
        self, servers: Servers, urls: Urls, world: World
    ) -> None:
        messages = [await world.queue(await world.person()) for _ in range(5)]
        backup = await servers.back_up(urls)
        async with world.sending():
            await world.settle()
        await recovery.remember(world.floor, world.sender.last_begun)
        assert len(world.provider.taken) == 5
        assert not await recovery.hold_after_restore(world.floor)

        await servers.restore(urls, backup)
        assert await recovery.hold_after_restore(world.floor)
        world = replace(world, sender=make_sender(world.floor, world.provider))  # another process
        async with world.sending():
            await asyncio.sleep(1)
            assert len(world.provider.taken) == 5
            assert await world.states() == {"queued": 5}
            # A person has looked, found what left already, and says so: the rest may go.
            for message in messages[:4]:
                await world.set(message, state=OutboundState.SENT)
            await holds.release(world.floor.database)
            await recovery.forget(world.floor.valkey, world.floor.settings.masteria_home)
            await world.until(messages[4], OutboundState.ACCEPTED)

        assert not await recovery.hold_after_restore(world.floor)
        assert len(world.provider.taken) == 6

    async def test_f52_neither_does_one_that_runs(self, servers: Servers, urls: Urls, world: World) -> None:
        for _ in range(5):
            await world.queue(await world.person())
        backup = await servers.back_up(urls)
        async with world.sending():
            await world.settle()
            await servers.restore(urls, backup)
            await until_held(world)
            await asyncio.sleep(1)
            assert await world.states() == {"queued": 5}
        assert len(world.provider.taken) == 5

    async def test_f52_a_note_that_is_no_note_holds_nothing(self, world: World) -> None:
        (world.floor.settings.masteria_home / "newest-attempt").write_text("no such thing")
        assert not await recovery.hold_after_restore(world.floor)
