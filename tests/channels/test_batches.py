"""Bulk sends as a whole: one start per key, a pause after which nothing starts, and figures that add up."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from channels import batches
from channels.batches import Counts
from channels.envelope import Accepted, OutboundMessage
from channels.errors import AccountBlocked, CredentialRefused, SendError
from channels.stores import claims
from channels.stores.batches import Batch
from channels.stores.connections import NewConnection, create
from core import clock
from core.audit import OPERATOR
from core.errors import Conflict, Malformed, NotFound
from core.floor import Floor
from core.ids import ConnectionId, ContactId, ConversationId, new_id
from core.models.outbox import BatchState, Outbound, OutboundState, Purpose, SendBatch
from core.models.people import Connection, ConnectionKind, ConnectionState
from tests.fixtures.gates import Judge, gather_crowd, hesitating, in_hands, queue_for, until
from tests.fixtures.outbox import IMPATIENT, World, make_world


@pytest.fixture
async def world(floor: Floor) -> AsyncIterator[World]:
    world = await make_world(floor)
    yield world
    async with world.session() as session:  # the floor is shared by the module: nothing of this world stays due
        await session.execute(update(Outbound).values(state=OutboundState.SUPPRESSED))


async def start(world: World, name: str = "Natal", key: str | None = None) -> Batch:
    async with world.session() as session:
        return await batches.start(session, name, key or str(new_id()))


async def pause(world: World, batch: UUID, reason: str = "revisar o texto") -> int:
    async with world.session() as session:
        return (await batches.pause(session, batch, reason)).in_flight


async def resume(world: World, batch: UUID) -> bool:
    async with world.session() as session:
        return await batches.resume(session, batch)


async def end(world: World, batch: UUID) -> batches.Ended:
    async with world.session() as session:
        return await batches.end(session, batch)


async def counts(world: World, batch: UUID) -> Counts:
    async with world.session() as session:
        return await batches.counts(session, batch)


async def row(world: World, batch: UUID) -> SendBatch:
    async with world.session() as session:
        return await session.get_one(SendBatch, (world.company, batch))


async def filled(world: World, count: int, *, each: int = 1) -> UUID:
    """A batch with messages queued, whose intents begin with the batch."""
    batch = (await start(world)).id
    crowd = await gather_crowd(world, count)
    await queue_for(world, crowd, purpose=Purpose.MARKETING, each=each, batch=batch, whose=lambda _: batch)
    return batch


def adds_up(found: Counts) -> bool:
    parts = (found.queued, found.sending, found.unknown, found.accepted, found.failed)
    return found.requested == sum(parts) + found.suppressed + found.expired + found.ambiguous


class TestStart:
    async def test_it_runs_at_once(self, world: World) -> None:
        made = await start(world, "Natal", "botão-1")

        kept = await row(world, made.id)
        assert made.is_new
        assert (kept.name, kept.start_key, kept.state) == ("Natal", "botão-1", BatchState.RUNNING)

    async def test_twenty_with_one_key_are_one(self, world: World) -> None:
        found: list[Batch] = []

        async def begin(_: int) -> None:
            found.append(await start(world, "Natal", "duplo clique"))

        await in_hands(range(20), begin)

        assert len({batch.id for batch in found}) == 1
        assert [batch.is_new for batch in found].count(True) == 1
        async with world.session() as session:
            assert await session.scalar(select(func.count()).select_from(SendBatch)) == 1

    async def test_who_comes_second_waits_for_the_first_and_takes_over_what_it_gives_up(self, world: World) -> None:
        first = world.session()
        async with first as session:
            made = await batches.start(session, "Natal", "um")
            second = asyncio.create_task(start(world, "Natal", "um"))
            await asyncio.sleep(0.1)
            assert not second.done()
            await session.rollback()

        found = await second
        assert found.is_new
        assert found.id != made.id

    async def test_the_key_finds_the_batch_that_was_started_under_another_name(self, world: World) -> None:
        made = await start(world, "Natal", "um")

        again = await start(world, "Páscoa", "um")

        assert (again.id, again.name, again.is_new) == (made.id, "Natal", False)

    async def test_two_keys_are_two_batches(self, world: World) -> None:
        assert (await start(world)).id != (await start(world)).id

    async def test_the_same_key_at_another_company_is_another_batch(self, world: World, floor: Floor) -> None:
        elsewhere = await make_world(floor)

        assert (await start(world, key="um")).id != (await start(elsewhere, key="um")).id

    @pytest.mark.parametrize("wrong", ["", "   ", "duas\nlinhas", "nul\0", "x" * 201])
    async def test_a_name_or_key_that_is_no_line_is_refused(self, world: World, wrong: str) -> None:
        for name, key in ((wrong, "um"), ("Natal", wrong or " ")):
            with pytest.raises(Malformed):
                await start(world, name, key)


class TestPause:
    async def test_what_is_queued_stays_queued_and_is_not_sent(self, world: World) -> None:
        batch = await filled(world, 3)

        assert await pause(world, batch) == 0

        async with world.sending():
            await asyncio.sleep(0.3)
        kept = await row(world, batch)
        assert (kept.state, kept.reason) == (BatchState.PAUSED, "revisar o texto")
        assert world.provider.started == []
        assert (await counts(world, batch)).queued == 3

    async def test_it_says_how_many_calls_are_in_flight(self, world: World) -> None:
        batch = await filled(world, 3)
        async with world.session() as session:
            rows = list(await session.scalars(select(Outbound)))
            due = [
                claims.Due(
                    company=world.company,
                    outbound=one.id,
                    conversation=ConversationId(one.conversation_id),
                    connection=world.connection,
                    contact=ContactId(one.contact_id),
                )
                for one in rows[:2]
            ]
            await claims.claim(session, due, window=[world.connection], lease=IMPATIENT.lease)
        async with world.session() as session:  # they have begun, or never will
            begun = update(Outbound).where(Outbound.state == OutboundState.SENDING)
            await session.execute(begun.values(started_at=clock.now() - IMPATIENT.lease))

        assert await pause(world, batch) == 2

    async def test_paused_twice_the_second_reason_stands(self, world: World) -> None:
        batch = await filled(world, 1)
        await pause(world, batch, "um")

        await pause(world, batch, "dois")

        assert (await row(world, batch)).reason == "dois"

    async def test_resumed_it_goes_on_where_it_was(self, world: World) -> None:
        batch = await filled(world, 3)
        await pause(world, batch)

        assert await resume(world, batch)

        async with world.sending():
            await world.settle()
        assert (await row(world, batch)).reason is None
        assert len(world.provider.taken) == 3

    async def test_what_runs_is_not_resumed(self, world: World) -> None:
        assert not await resume(world, (await start(world)).id)

    async def test_messages_of_no_batch_and_of_others_go_on(self, world: World) -> None:
        await pause(world, await filled(world, 2))
        other = await filled(world, 2)
        await queue_for(world, await gather_crowd(world, 2), purpose=Purpose.UTILITY)

        async def four_were_taken() -> bool:
            return len(world.provider.taken) >= 4

        async with world.sending():
            await until(four_were_taken)
            await asyncio.sleep(0.2)

        assert len(world.provider.taken) == 4
        assert (await counts(world, other)).accepted == 2

    async def test_what_has_ended_is_neither_paused_nor_resumed(self, world: World) -> None:
        batch = (await start(world)).id
        await end(world, batch)

        for act in (pause, resume):
            with pytest.raises(Conflict):
                await act(world, batch)

    async def test_a_batch_of_nobody_or_of_another_company_is_not_found(self, world: World, floor: Floor) -> None:
        elsewhere = await make_world(floor)
        batch = (await start(world)).id

        for unknown in (batch, new_id()):
            for act in (pause, resume, end, counts):
                with pytest.raises(NotFound):
                    await act(elsewhere, unknown)

    async def test_after_each_of_a_hundred_pauses_at_full_speed_nothing_starts(self, world: World) -> None:
        world = hesitating(world, longest=0.03)
        batch = await filled(world, 400, each=2)
        judge = Judge(world)

        async with world.sending():
            for number in range(100):
                await pause(world, batch)
                judge.shut_now(batch)
                await asyncio.sleep(number % 5 * 0.004)
                assert judge.late_starts() == []
                judge.open_again(batch)
                await resume(world, batch)
                await asyncio.sleep(number % 7 * 0.006)
            await world.settle(40)

        assert len(world.provider.taken) == 800
        found = await counts(world, batch)
        assert (found.requested, found.accepted) == (800, 800)


class TestEnd:
    async def test_what_is_queued_is_withdrawn_for_good(self, world: World) -> None:
        batch = await filled(world, 3)

        assert await end(world, batch) == batches.Ended(withdrawn=3, in_flight=0)

        async with world.sending():
            await world.settle()
        assert world.provider.started == []
        assert (await counts(world, batch)).suppressed == 3
        assert (await row(world, batch)).state is BatchState.ENDED

    async def test_ended_twice_it_ends_once(self, world: World) -> None:
        batch = await filled(world, 1)
        await end(world, batch)

        assert await end(world, batch) == batches.Ended(withdrawn=0, in_flight=0)

    async def test_a_paused_one_can_be_ended(self, world: World) -> None:
        batch = await filled(world, 2)
        await pause(world, batch)

        assert (await end(world, batch)).withdrawn == 2


class TestCounts:
    async def test_whatever_becomes_of_them_they_add_up(self, world: World) -> None:
        batch = await filled(world, 66)
        async with world.session() as session:
            ids = list(await session.scalars(select(Outbound.id)))
            states = itertools.cycle(state for state in OutboundState if state is not OutboundState.DRAFT)
            for one in ids:
                await session.execute(update(Outbound).where(Outbound.id == one).values(state=next(states)))

        found = await counts(world, batch)

        assert found.requested == 66
        assert adds_up(found)
        assert (found.accepted, found.sent, found.delivered, found.read) == (24, 18, 12, 6)
        assert (found.failed, found.suppressed, found.expired, found.ambiguous, found.unknown) == (6, 6, 6, 6, 6)

    async def test_of_an_empty_batch_they_are_all_nothing(self, world: World) -> None:
        found = await counts(world, (await start(world)).id)

        assert found.requested == 0
        assert adds_up(found)

    async def test_another_batchs_messages_are_not_counted(self, world: World) -> None:
        await filled(world, 3)

        assert (await counts(world, await filled(world, 2))).requested == 2


class TestPauseAllOf:
    async def test_the_running_batches_with_messages_on_that_connection_are_paused(self, world: World) -> None:
        here, ended, empty = await filled(world, 2), await filled(world, 1), (await start(world)).id
        await end(world, ended)
        elsewhere = await filled(world, 1)
        async with world.session() as session:
            other = await another_connection(world)
            move = update(Outbound).where(Outbound.batch_id == elsewhere)
            await session.execute(move.values(connection_id=other))

        async with world.session() as session:
            assert await batches.pause_all_of(session, world.connection, "credential_refused") == [here]

        states = [(await row(world, batch)).state for batch in (here, ended, empty, elsewhere)]
        assert states == [BatchState.PAUSED, BatchState.ENDED, BatchState.RUNNING, BatchState.RUNNING]
        assert (await row(world, here)).reason == "credential_refused"

    @pytest.mark.parametrize(
        ("error", "state"),
        [
            (CredentialRefused("190"), ConnectionState.CREDENTIAL_REFUSED),
            (AccountBlocked("131031"), ConnectionState.ACCOUNT_BLOCKED),
        ],
    )
    async def test_a_refused_token_pauses_the_batch_and_keeps_its_recipients_queued(
        self, world: World, error: SendError, state: ConnectionState
    ) -> None:
        batch = await filled(world, 20)

        async def refuse(_: OutboundMessage) -> Accepted:
            raise error

        async def is_calm() -> bool:
            return (await row(world, batch)).state is BatchState.PAUSED and not (await counts(world, batch)).sending

        world.provider.behave += [refuse] * 20
        async with world.sending():
            await until(is_calm)

        found = await counts(world, batch)
        assert (found.queued, found.failed, found.requested) == (20, 0, 20)
        assert (await row(world, batch)).reason == error.name
        async with world.session() as session:
            assert (await session.get_one(Connection, (world.company, world.connection))).state is state


async def another_connection(world: World) -> ConnectionId:
    secrets = dict.fromkeys(("access_token", "app_secret", "verify_token"), "x" * 16)
    made = NewConnection(
        kind=ConnectionKind.WHATSAPP,
        name="Outra",
        settings={"phone_number_id": str(new_id().int % 10**15)},
        secrets=secrets,
    )
    async with world.session() as session:
        return ConnectionId((await create(session, world.floor.ring, made, OPERATOR)).id)
