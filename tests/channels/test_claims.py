"""Claims: heads of conversations, judged under locks by the database's clock, each begun by one sender."""

import asyncio
from collections.abc import AsyncIterator
from datetime import time, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text, update

from channels.contents import Template
from channels.policy import Reason, Ruling
from channels.stores.breakers import FAILURES, note_failures
from channels.stores.claims import Claimed, Due, claim, put_off
from core import clock
from core.floor import Floor
from core.ids import ContactId, ConversationId, MessageId, new_id
from core.models.installation import Company
from core.models.outbox import BatchState, Lane, Outbound, OutboundState, Purpose, SendBatch
from core.models.people import Connection, ConnectionState, Contact, ContactIdentity
from core.models.stream import Control, Conversation
from tests.fixtures.outbox import IMPATIENT, World, make_world

HOUR: Final = timedelta(hours=1)
TEMPLATE: Final = Template(name="lembrete", language="pt_BR")
_AROUND_NOW_IN_TOKYO: Final = text("""
    SELECT here - interval '1 hour' AS since, here + interval '1 hour' AS until
    FROM (SELECT CAST(app_now() AT TIME ZONE 'Asia/Tokyo' AS time) AS here) AS tokyo
""")
STARTED: Final[dict[str, Any]] = {"purpose": Purpose.MARKETING, "lane": Lane.BULK, "content": TEMPLATE}


@pytest.fixture
async def world(floor: Floor) -> AsyncIterator[World]:
    world = await make_world(floor)
    yield world
    await world.finish()


async def due_messages(world: World, lane: Lane = Lane.REPLY) -> list[MessageId]:
    due = [one.outbound for one in await world.due(lane)]
    async with world.session() as session:
        rows = await session.scalars(select(Outbound).where(Outbound.id.in_(due)))
        messages = {row.id: MessageId(row.message_id) for row in rows}
    return [messages[outbound] for outbound in due]


async def change(world: World, statement: Any) -> None:
    async with world.session() as session:
        await session.execute(statement)


async def batch_of(world: World, state: BatchState = BatchState.RUNNING) -> UUID:
    batch = new_id()
    row = {"tenant_id": world.company, "id": batch, "name": "Natal", "start_key": str(batch), "state": state}
    await change(world, insert(SendBatch).values(row))
    return batch


def reasons(claimed: Claimed) -> list[tuple[Ruling, Reason | None]]:
    return [(one.verdict.ruling, one.verdict.reason) for one in claimed.judged]


class TestDue:
    async def test_the_oldest_message_of_each_conversation_is(self, world: World) -> None:
        ana, bia = await world.person(), await world.person()
        first = await world.queue(ana)
        await world.queue(ana)
        hers = await world.queue(bia)
        assert await due_messages(world) == [first, hers]

    async def test_of_each_lane(self, world: World) -> None:
        ana = await world.person()
        bulk = await world.queue(ana, **STARTED)
        reply = await world.queue(ana)
        assert await due_messages(world, Lane.REPLY) == [reply]
        assert await due_messages(world, Lane.BULK) == [bulk]

    async def test_what_is_scheduled_for_later_is_not_and_holds_nobody_up(self, world: World) -> None:
        ana = await world.person()
        await world.queue(ana, not_before=clock.now() + HOUR)
        second = await world.queue(ana)
        assert await due_messages(world) == [second]

    async def test_what_waits_after_a_refusal_holds_up_its_conversation(self, world: World) -> None:
        ana = await world.person()
        first = await world.queue(ana)
        await world.queue(ana)
        await world.set(first, retry_at=text("now() + interval '1 minute'"))
        assert await due_messages(world) == []
        await world.set(first, retry_at=text("now()"))
        assert await due_messages(world) == [first]

    async def test_a_call_that_is_under_way_holds_up_both_lanes(self, world: World) -> None:
        ana = await world.person()
        sending = await world.queue(ana)
        await world.queue(ana, **STARTED)
        await world.set(sending, state=OutboundState.SENDING)
        assert await world.due(Lane.BULK) == []

    async def test_an_unconfirmed_head_holds_up_its_conversation_for_twenty_seconds(self, world: World) -> None:
        ana = await world.person()
        first, second = await world.queue(ana), await world.queue(ana)
        nearly = text("now() - interval '19.7 seconds'")
        await world.set(first, state=OutboundState.UNKNOWN, unknown_since=nearly)
        assert await due_messages(world) == []
        assert (await world.claim(due=[await self.due_of(world, second)])).claims == ()
        await asyncio.sleep(0.4)
        assert await due_messages(world) == [second]
        assert len((await world.claim()).claims) == 1

    async def due_of(self, world: World, message: MessageId) -> Due:
        row = await world.row(message)
        return Due(
            company=world.company,
            outbound=row.id,
            conversation=ConversationId(row.conversation_id),
            connection=world.connection,
            contact=ContactId(row.contact_id),
        )

    @pytest.mark.parametrize("state", BatchState)
    async def test_a_paused_batch_is_not_looked_into(self, world: World, state: BatchState) -> None:
        """One that ended lately is, so that what came back from a call is put aside."""
        message = await world.queue(await world.person(), batch=await batch_of(world, state), **STARTED)
        assert await due_messages(world, Lane.BULK) == ([] if state is BatchState.PAUSED else [message])

    async def test_connections_may_be_left_alone(self, world: World) -> None:
        other = await world.another_line("Outra")
        await world.queue(await world.person())
        hers = await other.queue(await other.person())
        [found] = await world.due(skipped=[world.connection])
        assert found.outbound == (await world.row(hers)).id

    async def test_those_that_have_waited_longest_come_first(self, world: World) -> None:
        ages = [timedelta(minutes=minutes) for minutes in (1, 3, 2)]
        messages = [await world.queue(await world.person(), not_before=clock.now() - age) for age in ages]
        assert await due_messages(world) == [messages[1], messages[2], messages[0]]
        [oldest] = await world.due(most=1)
        assert oldest.outbound == (await world.row(messages[1])).id


class TestClaim:
    async def test_the_attempt_is_durable_before_anybody_calls(self, world: World) -> None:
        message = await world.queue(await world.person(), "oi:1")

        [claimed] = (await world.claim()).claims

        row = await world.row(message)
        [attempt] = await world.attempts(message)
        assert (row.state, row.attempt, row.fence) == (OutboundState.SENDING, 1, 1)
        assert (attempt.number, attempt.outcome, attempt.tag) == (1, None, claimed.tag)
        assert row.lease_until is not None
        assert row.started_at is not None
        assert row.lease_until - row.started_at == IMPATIENT.lease

    async def test_each_attempt_has_a_tag_of_its_own_that_begins_with_the_intent(self, world: World) -> None:
        message = await world.queue(await world.person(), "oi:1")
        [first] = (await world.claim()).claims
        await world.set(message, state=OutboundState.QUEUED)
        [second] = (await world.claim()).claims

        assert first.tag.startswith("oi:1.1.")
        assert second.tag.startswith("oi:1.2.")
        assert first.tag.rpartition(".")[2] != second.tag.rpartition(".")[2]

    async def test_the_address_that_whatsapp_uses_comes_first(self, world: World) -> None:
        ana = await world.person()
        contact = await world.contact_of(ana)
        async with world.session() as session:
            for kind, value in (("phone", "+5511988887777"), ("bsuid", "BR.1"), ("username", "ana")):
                own = {"tenant_id": world.company, "id": new_id(), "contact_id": contact}
                await session.execute(insert(ContactIdentity).values(kind=kind, value=value, **own))
        await world.queue(ana)

        [claimed] = (await world.claim()).claims

        assert [identity.kind for identity in claimed.to] == ["wa_id", "phone", "bsuid"]

    async def test_many_who_claim_the_same_begin_each_message_once(self, world: World) -> None:
        for _ in range(12):
            await world.queue(await world.person())
        due = await world.due()

        claims = await asyncio.gather(*(world.claim(due=due) for _ in range(5)))

        begun = [one.outbound for claimed in claims for one in claimed.claims]
        assert sorted(begun) == sorted(one.outbound for one in due)

    async def test_a_hint_that_is_old_begins_nothing_out_of_order(self, world: World) -> None:
        ana = await world.person()
        first = await world.queue(ana)
        await world.set(first, not_before=clock.now() + HOUR)
        await world.queue(ana)
        hints = await world.due()
        await world.set(first, not_before=clock.now())

        claimed = await world.claim(due=hints)

        assert claimed.claims == ()
        assert claimed.passed_over == {one.outbound for one in hints}

    @pytest.mark.parametrize(
        "lock",
        [
            "SELECT FROM contacts WHERE tenant_id = :company FOR NO KEY UPDATE",
            "SELECT FROM conversations WHERE tenant_id = :company FOR NO KEY UPDATE",
            "SELECT FROM send_batches WHERE tenant_id = :company FOR NO KEY UPDATE",
            "SELECT FROM outbound WHERE tenant_id = :company FOR NO KEY UPDATE",
        ],
    )
    async def test_whom_somebody_decides_about_is_passed_over_without_waiting(self, world: World, lock: str) -> None:
        await world.queue(await world.person(), batch=await batch_of(world), **STARTED)
        due = await world.due(Lane.BULK)
        async with asyncio.timeout(2), world.session() as deciding:
            await deciding.execute(text(lock), {"company": world.company})
            claimed = await world.claim(due=due)
        assert claimed.claims == ()
        assert claimed.passed_over == {one.outbound for one in due}
        assert len((await world.claim(due=due)).claims) == 1

    async def test_a_claim_holds_off_who_decides_until_it_is_durable(self, world: World) -> None:
        ana = await world.person()
        await world.queue(ana)
        due = await world.due()
        async with world.session() as claiming:
            await claim(claiming, due, window=[], lease=IMPATIENT.lease)
            deciding = asyncio.create_task(change(world, update(Contact).values(opted_out_at=clock.now())))
            await asyncio.sleep(0.1)
            assert not deciding.done()
        await asyncio.wait_for(deciding, 2)

    async def test_somebody_who_was_merged_since_the_hint_is_passed_over(self, world: World) -> None:
        ana, other = await world.person(), await world.person()
        message = await world.queue(ana)
        due = await world.due()
        await world.set(message, contact_id=await world.contact_of(other))

        assert (await world.claim(due=due)).passed_over == {one.outbound for one in due}
        assert len((await world.claim()).claims) == 1

    async def test_a_message_that_nobody_can_read_fails_alone(self, world: World) -> None:
        broken, fine = await world.queue(await world.person()), await world.queue(await world.person())
        await world.set(broken, content={"type": "hologram"})

        claimed = await world.claim()

        assert reasons(claimed) == [(Ruling.FAIL, Reason.UNFIT)]
        assert [one.outbound for one in claimed.claims] == [(await world.row(fine)).id]
        assert (await world.row(broken)).state is OutboundState.FAILED

    async def test_nothing_due_claims_nothing(self, world: World) -> None:
        assert await world.claim(due=[]) == Claimed()


class TestGates:
    async def test_who_opted_out_gets_nothing_more(self, world: World) -> None:
        message = await world.queue(await world.person(opted_out_at=clock.now()), **STARTED)

        claimed = await world.claim(Lane.BULK)

        assert claimed.claims == ()
        row = await world.row(message)
        assert (row.state, row.reason) == (OutboundState.SUPPRESSED, Reason.OPTED_OUT)
        assert await world.attempts(message) == []

    async def test_what_a_bot_wrote_before_a_takeover_is_withdrawn(self, world: World) -> None:
        ana = await world.person()
        bots, persons = await world.queue(ana, purpose=Purpose.REPLY), await world.queue(ana)
        await change(world, update(Conversation).values(control=Control.HUMAN, control_epoch=1))

        await world.claim()
        await world.claim()

        assert (await world.row(bots)).reason == Reason.CONTROL_CHANGED
        assert (await world.row(persons)).state is OutboundState.SENDING

    async def test_what_came_too_late_expires(self, world: World) -> None:
        message = await world.queue(await world.person(), expires_at=clock.now() - timedelta(seconds=1))
        await world.claim()
        row = await world.row(message)
        assert (row.state, row.reason) == (OutboundState.EXPIRED, Reason.TOO_LATE)

    async def test_free_text_after_a_day_expires_where_the_channel_has_a_window(self, world: World) -> None:
        ana = await world.person()
        await change(world, update(Conversation).values(last_inbound_at=clock.now() - 25 * HOUR))
        text_message, template = await world.queue(ana), await world.queue(ana, content=TEMPLATE)

        await world.claim()
        [claimed] = (await world.claim()).claims

        assert (await world.row(text_message)).reason == Reason.WINDOW_CLOSED
        assert claimed.outbound == (await world.row(template)).id

    async def test_elsewhere_it_leaves(self, world: World) -> None:
        await world.queue(await world.person())
        await change(world, update(Conversation).values(last_inbound_at=None))
        async with world.session() as session:
            claimed = await claim(session, await world.due(), window=[], lease=IMPATIENT.lease)
        assert len(claimed.claims) == 1

    async def test_quiet_hours_move_what_we_start_to_the_morning(self, world: World) -> None:
        await change(world, update(Company).values(quiet_from=time(0), quiet_until=time.max))
        message = await world.queue(await world.person(), **STARTED)
        answer = await world.queue(await world.person())

        claimed = await world.claim(Lane.BULK)

        row = await world.row(message)
        assert reasons(claimed) == [(Ruling.HOLD, Reason.QUIET_HOURS)]
        assert (row.state, row.reason) == (OutboundState.QUEUED, Reason.QUIET_HOURS)
        assert row.not_before > clock.now()
        assert row.not_before == claimed.judged[0].verdict.until
        assert await due_messages(world, Lane.BULK) == []
        assert await due_messages(world) == [answer]

    @pytest.mark.parametrize(
        ("state", "reason"),
        [
            (ConnectionState.CREDENTIAL_REFUSED, Reason.CONNECTION_BLOCKED),
            (ConnectionState.ACCOUNT_BLOCKED, Reason.CONNECTION_BLOCKED),
            (ConnectionState.DISABLED, Reason.DISABLED),
        ],
    )
    async def test_f25_what_a_blocked_connection_holds_leaves_as_soon_as_it_works_again(
        self, world: World, state: ConnectionState, reason: Reason
    ) -> None:
        message = await world.queue(await world.person())
        await change(world, update(Connection).values(state=state))

        claimed = await world.claim()

        row = await world.row(message)
        assert not claimed.claims
        assert claimed.closed == {world.connection}
        assert (row.state, row.reason, row.retry_at) == (OutboundState.QUEUED, reason, None)
        await change(world, update(Connection).values(state=ConnectionState.ACTIVE))
        assert len((await world.claim()).claims) == 1

    async def test_who_has_no_address_is_not_written_to(self, world: World) -> None:
        message = await world.queue(await world.person())
        await change(world, text("DELETE FROM contact_identities"))
        await world.claim()
        assert (await world.row(message)).reason == Reason.NO_ADDRESS

    @pytest.mark.parametrize("hours", [-2, 2])
    async def test_f45_a_process_whose_clock_is_wrong_judges_by_the_databases(self, world: World, hours: int) -> None:
        inside, outside = await world.person(), await world.person()
        async with world.session() as session:
            for conversation, age in ((inside, 23 * HOUR), (outside, 25 * HOUR)):
                last = update(Conversation).where(Conversation.id == conversation)
                await session.execute(last.values(last_inbound_at=clock.now() - age))
        due = [await world.queue(one) for one in (inside, outside)]
        expiring = await world.queue(await world.person(), expires_at=clock.now() + HOUR)
        clock.follow_shift(timedelta(hours=hours))
        try:
            claimed = await world.claim()
        finally:
            clock.follow_shift(timedelta(0))

        begun = {one.outbound for one in claimed.claims}
        assert begun == {(await world.row(message)).id for message in (due[0], expiring)}
        assert reasons(claimed) == [(Ruling.EXPIRE, Reason.WINDOW_CLOSED)]
        started_at = (await world.row(due[0])).started_at
        assert started_at is not None
        assert abs(started_at - clock.now()) < timedelta(minutes=1)

    async def test_f46_it_is_night_where_the_person_lives(self, world: World) -> None:
        here, there = await world.person(time_zone="America/Rio_Branco"), await world.person(time_zone="Asia/Tokyo")
        async with world.session() as session:
            row = (await session.execute(_AROUND_NOW_IN_TOKYO)).one()
            await session.execute(update(Company).values(quiet_from=row.since, quiet_until=row.until))
        await world.queue(there, **STARTED)
        awake = await world.queue(here, **STARTED)

        claimed = await world.claim(Lane.BULK)

        assert [one.outbound for one in claimed.claims] == [(await world.row(awake)).id]
        assert reasons(claimed) == [(Ruling.HOLD, Reason.QUIET_HOURS)]

    @pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "America"])
    async def test_a_time_zone_that_nobody_knows_is_the_companys(self, world: World, zone: str) -> None:
        await world.queue(await world.person(time_zone=zone), **STARTED)
        assert len((await world.claim(Lane.BULK)).claims) == 1


class TestBreakers:
    async def open_breaker(self, world: World, *, is_over: bool) -> None:
        async with world.session() as session:
            await note_failures(session, {world.connection: FAILURES})
            if is_over:
                await session.execute(text("UPDATE send_breakers SET open_until = now()"))

    async def test_f22_nothing_is_begun_while_it_is_open(self, world: World) -> None:
        message = await world.queue(await world.person())
        await self.open_breaker(world, is_over=False)

        claimed = await world.claim()

        assert not claimed.claims
        assert claimed.closed == {world.connection}
        row = await world.row(message)
        assert (row.state, row.reason) == (OutboundState.QUEUED, Reason.BREAKER_OPEN)

    async def test_f22_one_message_tries_whoever_claims(self, world: World) -> None:
        for _ in range(6):
            await world.queue(await world.person())
        await self.open_breaker(world, is_over=True)
        due = await world.due()

        claims = await asyncio.gather(*(world.claim(due=due) for _ in range(4)))
        later = await world.claim()

        [trial] = [one for claimed in claims for one in claimed.claims]
        assert trial.is_trial
        assert later.claims == ()

    async def test_another_line_goes_on(self, world: World) -> None:
        other = await world.another_line("Outra")
        await world.queue(await world.person())
        await other.queue(await other.person())
        await self.open_breaker(world, is_over=False)

        [claimed] = (await world.claim()).claims

        assert claimed.connection == other.connection


class TestPutOff:
    async def test_they_wait_for_as_long_as_the_pair_limit_says(self, world: World) -> None:
        ana = await world.person()
        first, second = await world.queue(ana), await world.queue(ana)
        outbound = (await world.row(first)).id
        async with world.session() as session:
            await put_off(session, {outbound: 0.3}, "pair_limited")

        assert await due_messages(world) == []
        assert (await world.row(first)).reason == "pair_limited"
        await asyncio.sleep(0.35)
        assert await due_messages(world) == [first]
        assert (await world.row(second)).retry_at is None

    async def test_what_is_not_queued_any_more_is_left_alone(self, world: World) -> None:
        message = await world.queue(await world.person())
        await world.set(message, state=OutboundState.ACCEPTED)
        async with world.session() as session:
            await put_off(session, {(await world.row(message)).id: 60.0}, "pair_limited")
        assert (await world.row(message)).retry_at is None
