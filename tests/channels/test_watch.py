"""Looking after connections: what a provider says of them, before somebody has to find out by failing."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

import pytest
from sqlalchemy import insert, select, update
from typing_extensions import override

from channels.base import Health, KnownTemplate, Line
from channels.errors import AccountBlocked, CredentialRefused, ProviderTrouble, RateLimited, SendError, Unproven
from channels.lines import Lines
from channels.registry import Registry
from channels.stores import templates
from channels.watch import look_after
from core import clock
from core.clock import Deadline
from core.errors import Malformed
from core.events import EventKind
from core.floor import Floor
from core.http import TimedOut
from core.ids import new_id
from core.models.outbox import BatchState, Lane, SendBatch
from core.models.people import Connection, ConnectionKind, ConnectionState
from core.models.record import DomainEvent
from tests.fixtures.outbox import PLACE, Provider, World, make_world

GREETING: Final = KnownTemplate(
    provider_id="1", name="saudacao", language="pt_BR", status="APPROVED", category="UTILITY", components=()
)


@pytest.fixture
async def world(floor: Floor) -> AsyncIterator[World]:
    world = await make_world(floor)
    yield world
    await world.finish()


async def look(world: World) -> int:
    registry = Registry({ConnectionKind.WHATSAPP: world.provider})
    lines = Lines(world.floor.database, world.floor.ring)
    return await look_after(world.floor.database, registry, lines, world.company)


async def connection(world: World) -> Connection:
    async with world.session() as session:
        return await session.get_one(Connection, (world.company, world.connection))


async def be(world: World, state: ConnectionState) -> None:
    async with world.session() as session:
        await session.execute(update(Connection).values(state=state))


async def warnings(world: World) -> list[int]:
    async with world.session() as session:
        told = select(DomainEvent).where(DomainEvent.kind == EventKind.CONNECTION_EXPIRING).order_by(DomainEvent.seq)
        return [event.payload["days"] for event in await session.scalars(told)]


async def expires(world: World, *, days: float) -> None:
    world.provider.health = Health(detail={"quality": "GREEN"}, token_expires_at=clock.now() + timedelta(days=days))


class TestAnswer:
    async def test_what_the_provider_says_is_kept(self, world: World) -> None:
        world.provider.templates = [GREETING]
        await expires(world, days=60)

        assert await look(world) == 1

        row = await connection(world)
        assert row.health["quality"] == "GREEN"
        assert datetime.fromisoformat(row.health["token_expires_at"]) == world.provider.health.token_expires_at
        assert row.checked_at is not None
        async with world.session() as session:
            assert [one.name for one in await templates.usable(session, world.connection)] == ["saudacao"]

    async def test_a_token_that_opens_again_mends_what_it_had_shut(self, world: World) -> None:
        await be(world, ConnectionState.CREDENTIAL_REFUSED)
        await look(world)
        assert (await connection(world)).state is ConnectionState.ACTIVE

    async def test_a_blocked_account_that_can_be_read_stays_blocked(self, world: World) -> None:
        await be(world, ConnectionState.ACCOUNT_BLOCKED)
        assert await look(world) == 1
        assert (await connection(world)).state is ConnectionState.ACCOUNT_BLOCKED

    async def test_one_that_a_person_switched_off_is_left_alone(self, world: World) -> None:
        await be(world, ConnectionState.DISABLED)
        assert await look(world) == 0
        assert (await connection(world)).checked_at is None

    async def test_nothing_new_tells_nobody_anything(self, world: World) -> None:
        await look(world)
        async with world.session() as session:
            before = (await session.scalars(select(DomainEvent.seq))).all()
        await look(world)
        async with world.session() as session:
            assert (await session.scalars(select(DomainEvent.seq))).all() == before

    async def test_a_channel_of_which_this_process_knows_nothing_is_left_alone(self, world: World) -> None:
        lines = Lines(world.floor.database, world.floor.ring)
        assert await look_after(world.floor.database, Registry({}), lines, world.company) == 0


class TestExpiry:
    @pytest.mark.parametrize(("days", "told"), [(60, []), (14.1, []), (13.9, [14]), (6, [7]), (0.5, [1]), (-1, [1])])
    async def test_the_first_look_warns_of_the_nearest_threshold(
        self, world: World, days: float, told: list[int]
    ) -> None:
        await expires(world, days=days)
        await look(world)
        assert await warnings(world) == told

    async def test_each_threshold_is_told_once(self, world: World) -> None:
        await expires(world, days=13)
        for _ in range(3):
            await look(world)
        assert await warnings(world) == [14]
        await self.passes(world, days=7)
        for _ in range(2):
            await look(world)
        assert await warnings(world) == [14, 7]

    async def passes(self, world: World, *, days: float) -> None:
        """The time until the token ends, as seen by the next look."""
        ends = world.provider.health.token_expires_at
        assert ends is not None
        nearer = ends - timedelta(days=days)
        world.provider.health = Health(detail={}, token_expires_at=nearer)
        async with world.session() as session:
            row = await session.get_one(Connection, (world.company, world.connection))
            row.health = {**row.health, "token_expires_at": nearer.isoformat()}
            assert row.checked_at is not None
            row.checked_at -= timedelta(days=days)

    async def test_a_new_token_starts_anew(self, world: World) -> None:
        await expires(world, days=13)
        await look(world)
        await expires(world, days=12)
        await look(world)
        assert await warnings(world) == [14, 14]


class TestTrouble:
    @pytest.mark.parametrize(
        ("error", "state"),
        [
            (CredentialRefused("190"), ConnectionState.CREDENTIAL_REFUSED),
            (AccountBlocked("131031"), ConnectionState.ACCOUNT_BLOCKED),
        ],
    )
    async def test_f25_a_refused_connection_is_marked_and_its_batches_wait(
        self, world: World, error: SendError, state: ConnectionState
    ) -> None:
        batch = new_id()
        async with world.session() as session:
            made = {"tenant_id": world.company, "id": batch, "name": "Natal", "start_key": "natal"}
            await session.execute(insert(SendBatch).values(made))
        await world.queue(await world.person(), batch=batch, lane=Lane.BULK)
        world.provider.trouble = error

        assert await look(world) == 0

        row = await connection(world)
        assert (row.state, row.state_reason) == (state, error.name)
        async with world.session() as session:
            held = await session.get_one(SendBatch, (world.company, batch))
        assert (held.state, held.reason) == (BatchState.PAUSED, error.name)

    @pytest.mark.parametrize(
        "error",
        [RateLimited("4"), ProviderTrouble("2"), Unproven("http_500"), TimedOut(PLACE), Malformed("não", "no")],
    )
    async def test_a_provider_in_trouble_says_nothing_about_ours(self, world: World, error: Exception) -> None:
        world.provider.trouble = error
        assert await look(world) == 0
        row = await connection(world)
        assert (row.state, row.checked_at) == (ConnectionState.ACTIVE, None)

    async def test_one_connection_in_trouble_keeps_nobody_from_the_others(self, world: World) -> None:
        await world.another_line("Outra")
        answers = iter([CredentialRefused("190"), None])

        class Moody(Provider):
            @override
            async def check(self, line: Line, deadline: Deadline) -> Health:
                if error := next(answers):
                    raise error
                return await super().check(line, deadline)

        registry = Registry({ConnectionKind.WHATSAPP: Moody()})
        lines = Lines(world.floor.database, world.floor.ring)
        assert await look_after(world.floor.database, registry, lines, world.company) == 1
