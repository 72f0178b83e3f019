"""How long it takes to find what is due: a large outbox, and campaigns that rest, cost next to nothing."""

import time
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest

from channels.stores.claims import find_due
from core.embedded import Urls
from core.floor import Floor
from core.ids import ConnectionId, new_id
from core.models.outbox import Lane
from tests.fixtures.outbox import World, make_world
from tests.fixtures.servers import Servers

MOST: Final = 96
LONGEST: Final = 0.015
_TRIES: Final = 15  # of which the best counts: others work on the same machine
# Rows are all that is looked at, so they refer to nobody.
_QUEUE: Final = """
    INSERT INTO outbound (tenant_id, id, intent_key, conversation_id, connection_id, contact_id, message_id, batch_id,
        seq, lane, purpose, content, control_epoch, not_before)
    SELECT $1, uuidv7(), uuidv7()::text, uuidv7(), $2, uuidv7(),
        uuidv7(), $3, 1, $4, 'marketing', '{"type": "text", "body": "Oi!"}', 0,
        now() - interval '1 hour' + number * interval '1 ms'
    FROM generate_series(1, $5::int) AS number
"""
_BATCH: Final = """
    INSERT INTO send_batches (tenant_id, id, name, start_key, state) VALUES ($1, $2, 'Natal', 'natal', 'paused')
"""


@pytest.fixture(scope="module")
async def world(floor: Floor) -> World:
    return await make_world(floor)


@pytest.fixture(autouse=True)
async def empty(servers: Servers, floor_urls: Urls) -> None:
    async with servers.superuser(floor_urls) as connection:
        await connection.execute("TRUNCATE outbound, send_batches CASCADE")


async def queue(
    connection: "asyncpg.Connection[Any]", world: World, count: int, *, lane: Lane, batch: UUID | None = None
) -> None:
    await connection.execute("SET session_replication_role = replica")  # no foreign keys are looked up
    if batch is not None:
        await connection.execute(_BATCH, world.company, batch)
    await connection.execute(_QUEUE, world.company, world.connection, batch, lane.value, count)
    await connection.execute("ANALYZE outbound")


async def best(world: World, lane: Lane, found: Callable[[int], bool]) -> float:
    times: list[float] = []
    for _ in range(_TRIES):
        begun = time.perf_counter()
        due = await find_due(world.floor.database, lane, most=MOST, skipped=[ConnectionId(new_id())])
        times.append(time.perf_counter() - begun)
        assert found(len(due))
    return min(times)


class TestFindDue:
    async def test_twenty_thousand_rows_of_a_paused_batch_cost_nothing(
        self, servers: Servers, floor_urls: Urls, world: World
    ) -> None:
        before = await best(world, Lane.BULK, lambda found: found == 0)
        async with servers.superuser(floor_urls) as connection:
            await queue(connection, world, 20_000, lane=Lane.BULK, batch=new_id())

        assert await best(world, Lane.BULK, lambda found: found == 0) < before + LONGEST / 3

    async def test_among_a_hundred_thousand_the_next_are_found_at_once(
        self, servers: Servers, floor_urls: Urls, world: World
    ) -> None:
        async with servers.superuser(floor_urls) as connection:
            await queue(connection, world, 100_000, lane=Lane.REPLY)

        assert await best(world, Lane.REPLY, lambda found: found == MOST) < LONGEST

    async def test_behind_a_running_campaign_of_a_hundred_thousand_replies_are_found_at_once(
        self, servers: Servers, floor_urls: Urls, world: World
    ) -> None:
        async with servers.superuser(floor_urls) as connection:
            await queue(connection, world, 100_000, lane=Lane.BULK, batch=new_id())
            await connection.execute("UPDATE send_batches SET state = 'running'")
            await queue(connection, world, 10, lane=Lane.REPLY)

        assert await best(world, Lane.REPLY, lambda found: found == 10) < LONGEST
        assert await best(world, Lane.BULK, lambda found: found == MOST) < LONGEST
