"""The connections of a process, opened: kept for a while, and read again when one changes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import event, text

from channels.lines import Lines
from channels.stores.connections import Change, change, hold
from core.audit import OPERATOR
from core.floor import Floor
from core.ids import ConnectionId, new_id
from tests.fixtures.outbox import World, make_world


@pytest.fixture
async def world(floor: Floor) -> World:
    return await make_world(floor)


@pytest.fixture
async def reads(floor: Floor) -> AsyncIterator[list[str]]:
    """How often connections were read."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "FROM connections" in statement:
            seen.append(statement)

    event.listen(floor.database.engine.sync_engine, "before_cursor_execute", note)
    yield seen
    event.remove(floor.database.engine.sync_engine, "before_cursor_execute", note)


def lines_of(world: World) -> Lines:
    return Lines(world.floor.database, world.floor.ring)


async def replace_token(world: World, token: str) -> None:
    async with world.session() as session:
        row = await hold(session, world.connection)
        await change(session, world.floor.ring, row, Change(secrets={"access_token": token}), OPERATOR)


class TestLines:
    async def test_they_are_read_once_and_kept(self, world: World, reads: list[str]) -> None:
        lines = lines_of(world)
        opened = [await lines.of(world.company, [world.connection]) for _ in range(3)]
        assert opened[2][world.connection].line.secrets["access_token"] == "x" * 16
        assert len(reads) == 1

    async def test_a_connection_that_is_new_is_looked_for(self, world: World, reads: list[str]) -> None:
        lines = lines_of(world)
        await lines.of(world.company)
        other = await world.another_line("Outra")
        reads.clear()
        assert other.connection in await lines.of(world.company, [other.connection])
        assert len(reads) == 1
        await lines.of(world.company, [ConnectionId(new_id())])
        assert len(reads) == 2

    async def test_a_change_is_seen_as_soon_as_it_is_told(self, world: World) -> None:
        lines = lines_of(world)
        await lines.of(world.company)
        await replace_token(world, "y" * 16)
        assert (await lines.of(world.company))[world.connection].line.secrets["access_token"] == "x" * 16
        lines.forget(str(world.company))
        assert (await lines.of(world.company))[world.connection].line.secrets["access_token"] == "y" * 16

    async def test_news_of_one_company_concern_no_other(self, floor: Floor, world: World, reads: list[str]) -> None:
        other, lines = await make_world(floor), lines_of(world)
        await lines.of(world.company)
        await lines.of(other.company)
        reads.clear()
        lines.forget(str(other.company))
        await lines.of(world.company)
        assert reads == []

    async def test_after_news_may_have_been_missed_all_are_read_again(self, world: World, reads: list[str]) -> None:
        lines = lines_of(world)
        await lines.of(world.company)
        lines.forget("")
        await lines.of(world.company)
        assert len(reads) == 2

    async def test_f25_what_was_read_while_it_changed_is_not_kept(self, world: World) -> None:
        lines = lines_of(world)
        async with world.session() as blocking:
            await blocking.execute(text("LOCK TABLE company_keys IN ACCESS EXCLUSIVE MODE"))
            reading = asyncio.create_task(lines.of(world.company))
            await asyncio.sleep(0.2)
            lines.forget(str(world.company))  # told of a change that the reader may not have seen
        await reading
        await replace_token(world, "z" * 16)
        assert (await lines.of(world.company))[world.connection].line.secrets["access_token"] == "z" * 16
