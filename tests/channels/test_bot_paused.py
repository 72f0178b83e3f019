"""A bot that was switched off on a connection: its answers are void at the claim, under the lock of switching."""

import asyncio

import pytest
from sqlalchemy import text

from channels.stores import connections
from channels.stores.claims import claim
from core.audit import OPERATOR
from core.errors import NotFound
from core.floor import Floor
from core.ids import ConnectionId, new_id
from core.models.outbox import OutboundState, Purpose
from tests.fixtures.blocked import until_waiting
from tests.fixtures.outbox import IMPATIENT, World, make_world


@pytest.fixture
async def world(floor: Floor) -> World:
    return await make_world(floor)


async def switch(world: World, *, is_paused: bool) -> bool:
    async with world.session() as session:
        return await connections.set_bot(session, world.connection, is_paused=is_paused, by=OPERATOR)


class TestClaim:
    @pytest.mark.parametrize(
        ("purpose", "leaves"),
        [
            (Purpose.REPLY, False),
            (Purpose.STAFF, True),
            (Purpose.NOTICE, True),
            (Purpose.UTILITY, True),
        ],
    )
    async def test_only_what_the_persona_says_is_void(self, world: World, purpose: Purpose, *, leaves: bool) -> None:
        await switch(world, is_paused=True)
        async with world.session() as session:
            await session.execute(text("UPDATE companies SET quiet_from = '00:00', quiet_until = '00:00'"))
        message = await world.queue(await world.person(), purpose=purpose)

        claimed = await world.claim()

        assert bool(claimed.claims) is leaves
        row = await world.row(message)
        assert row.reason == (None if leaves else "bot_paused")

    async def test_on_again_what_is_said_then_leaves(self, world: World) -> None:
        await switch(world, is_paused=True)
        await switch(world, is_paused=False)
        await world.queue(await world.person(), purpose=Purpose.REPLY)

        assert len((await world.claim()).claims) == 1

    async def test_a_line_that_is_just_being_switched_is_looked_at_the_next_time(self, world: World) -> None:
        message = await world.queue(await world.person(), purpose=Purpose.REPLY)
        async with world.session() as session:
            await connections.set_bot(session, world.connection, is_paused=True, by=OPERATOR)
            async with asyncio.timeout(5):  # nobody waits for the lock
                claimed = await world.claim()
            assert claimed.claims == ()
            assert len(claimed.passed_over) == 1
            assert (await world.row(message)).state is OutboundState.QUEUED

        await world.claim()

        assert (await world.row(message)).state is OutboundState.SUPPRESSED

    async def test_switching_waits_for_a_claim_that_is_being_made(self, world: World) -> None:
        """It shares the row: whoever switches off after that finds the attempt, and waits for its start."""
        await world.queue(await world.person(), purpose=Purpose.REPLY)
        due = await world.due()
        async with world.session() as session:
            claimed = await claim(session, due, window=[world.connection], lease=IMPATIENT.lease)
            switching = asyncio.create_task(switch(world, is_paused=True))
            await until_waiting(session)

        assert len(claimed.claims) == 1
        assert await switching


class TestSetBot:
    async def test_twice_is_once(self, world: World) -> None:
        assert [await switch(world, is_paused=True) for _ in range(2)] == [True, False]
        assert [await switch(world, is_paused=False) for _ in range(2)] == [True, False]

    async def test_a_connection_that_is_none_is_not_found(self, world: World) -> None:
        async with world.session() as session:
            with pytest.raises(NotFound):
                await connections.set_bot(session, ConnectionId(new_id()), is_paused=True, by=OPERATOR)
