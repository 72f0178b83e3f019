"""The sender under fault: nothing lost, nothing doubled, nothing out of order, and nobody else disturbed."""

import asyncio
import gc
import itertools
import random
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text, update
from typing_extensions import override

from channels import batches, settling
from channels.base import Line
from channels.contents import Text
from channels.envelope import Accepted, Identity, OutboundMessage, Person, Status, StatusChanged
from channels.errors import (
    CredentialRefused,
    OptedOut,
    PairLimited,
    RateLimited,
    Unproven,
)
from channels.lines import Lines
from channels.outbound import SLOTS, Sender
from channels.policy import Patience
from channels.registry import Registry
from channels.stores import statuses
from channels.stores.breakers import FAILURES
from channels.stores.claims import Claim
from channels.stores.connections import Change, OpenedLine, change, hold
from channels.stores.outbox import NewOutbound, queue_many
from channels.stores.results import NotTaken, Result, Unconfirmed
from channels.stores.statuses import Told
from core import clock
from core.audit import OPERATOR
from core.clock import Deadline
from core.db.sessions import Database, Pool
from core.floor import Floor
from core.http import BrokenOff
from core.ids import ConversationId, MessageId, new_id
from core.models.outbox import BatchState, Lane, OutboundState, Purpose, SendBatch
from core.models.people import Connection, ConnectionKind, ConnectionState, ContactIdentity, IdentityKind
from core.probe import Pulse
from core.telemetry import OutboundOutcome, outbound
from core.valkey import open_valkey
from tests.chaos.proxy import Proxy
from tests.fixtures.gates import Somebody, gather_crowd, queue_for, until
from tests.fixtures.outbox import IMPATIENT, PLACE, Call, Provider, World, make_world

FAST: Final = {"per_second": 1000}


Make = Callable[..., Awaitable[World]]


@pytest.fixture
async def make(floor: Floor) -> AsyncIterator[Make]:
    """Worlds of their own, of which nothing stays due for the next test on this floor."""
    worlds: list[World] = []

    async def make(**settings: Any) -> World:
        world = await make_world(floor, settings=settings)
        worlds.append(world)
        return world

    yield make
    for world in worlds:
        await world.finish()


@pytest.fixture
async def world(make: Make) -> World:
    return await make(**FAST)


async def queue_texts(world: World, count: int, *, each: int = 1, **values: Any) -> list[MessageId]:
    """So many to each of so many people. Their intents are `person:number`."""
    crowd = await gather_crowd(world, count)
    chosen = {"content": Text(body="Oi!"), "purpose": Purpose.STAFF, **values}
    news = [
        NewOutbound(conversation=one.conversation, intent=f"{one.conversation}:{number}", **chosen)
        for number in range(each)
        for one in crowd
    ]
    async with world.session() as session:
        queued = await queue_many(session, news)
    return [message for message in queued if message is not None]


async def tell(world: World, messages: Sequence[OutboundMessage]) -> None:
    """The provider reports, by the tag alone, what it has sent on."""
    told = [
        Told(
            connection=world.connection,
            change=StatusChanged(provider_id=f"w:{one.tag}", status=Status.SENT, at=clock.now(), tag=one.tag),
        )
        for one in messages
    ]
    async with world.session() as session:
        await statuses.apply(session, told, await statuses.find(session, told))


async def breaker_may_be_tried(world: World) -> None:
    """As if its time had passed."""
    async with world.session() as session:
        await session.execute(text("UPDATE send_breakers SET open_until = now()"))


async def may_be_tried_again(world: World) -> None:
    """As if the time had passed that each refusal has bought: how often they were refused is a matter of luck."""
    async with world.session() as session:
        await session.execute(text("UPDATE outbound SET retry_at = NULL"))


async def settle_all(world: World, patience: Patience) -> None:
    await world.post()
    async with world.floor.database.crossing() as session:
        await session.execute(text("SELECT priv.mark_inbox_open()"))
    await settling.mark_lapsed(world.floor)
    registry = Registry({ConnectionKind.WHATSAPP: world.provider})
    lines = Lines(world.floor.database, world.floor.ring)
    await settling.settle_silence(world.floor, registry, lines, patience)


def doubled(*providers: Provider) -> list[str]:
    counted = Counter(intent for provider in providers for intent in provider.intents)
    return [intent for intent, count in counted.items() if count > 1]


def count_of(outcome: OutboundOutcome) -> float:
    value: float = outbound(channel=ConnectionKind.WHATSAPP, outcome=outcome)._value.get()
    return value


class TestSend:
    async def test_what_is_queued_is_sent_once_recorded_and_counted(self, world: World) -> None:
        before = count_of(OutboundOutcome.ACCEPTED)
        await queue_texts(world, 30)

        async with world.sending():
            await world.settle()

        assert await world.states() == {"accepted": 30}
        assert (len(world.provider.taken), doubled(world.provider)) == (30, [])
        assert count_of(OutboundOutcome.ACCEPTED) - before == 30

    async def test_f5_what_was_committed_is_sent_once_though_nobody_tells_of_it(self, world: World) -> None:
        async with world.sending():
            await asyncio.sleep(0.1)
            message = await world.queue(await world.person())  # nobody listens here, so no hint arrives
            await world.until(message, OutboundState.ACCEPTED, seconds=3)
            await asyncio.sleep(0.1)
        assert len(world.provider.calls) == 1

    async def test_f8_the_next_in_line_follows_by_itself(self, world: World) -> None:
        await queue_texts(world, 3, each=5)
        async with world.sending():
            await world.settle()
        assert await world.states() == {"accepted": 15}
        assert in_order(world.provider)

    async def test_f52_the_newest_attempt_is_known(self, world: World) -> None:
        message = await world.queue(await world.person())
        async with world.sending():
            await world.until(message, OutboundState.ACCEPTED)
        async with world.session() as session:
            newest = await session.scalar(text("SELECT id FROM outbound_attempts"))
        assert world.sender.last_begun == (world.company, newest)

    async def test_f52_while_sends_are_held_nothing_leaves(self, world: World) -> None:
        message = await world.queue(await world.person())
        async with world.floor.database.crossing() as session:
            await session.execute(text("SELECT priv.hold_sends('restored')"))
        async with world.sending():
            await asyncio.sleep(0.4)
            assert world.provider.calls == []
            async with world.floor.database.crossing() as session:
                await session.execute(text("SELECT priv.release_sends()"))
            await world.until(message, OutboundState.ACCEPTED)

    async def test_a_bug_in_an_adapter_leaves_one_message_unconfirmed(self, world: World) -> None:
        world.provider.behave = [world.provider.refuse(ZeroDivisionError())]
        messages = await queue_texts(world, 8)
        async with world.sending():
            await world.settle()
        assert await world.states() == {"accepted": 7, "unknown": 1}
        rows = [await world.row(message) for message in messages]
        assert [row.reason for row in rows if row.state is OutboundState.UNKNOWN] == ["bug"]

    async def test_the_address_as_the_provider_spells_it_is_learned(self, world: World) -> None:
        other = Identity(kind=IdentityKind.WA_ID, value="551188887777")

        async def behave(message: OutboundMessage) -> Accepted:
            return replace(world.provider.take(message), recipient=Person(identities=(other,)))

        world.provider.behave = [behave]
        ana = await world.person()
        async with world.sending():
            await world.until(await world.queue(ana), OutboundState.ACCEPTED)
            await world.sender._recorder.all_gates_shut()
            await world.until(await world.queue(ana), OutboundState.ACCEPTED)
        assert other not in world.provider.taken[0].to
        assert other in world.provider.taken[1].to

    async def test_what_follows_from_a_known_address_is_no_news(self, world: World) -> None:
        async def behave(message: OutboundMessage) -> Accepted:
            [known] = message.to
            phone = Identity(kind=IdentityKind.PHONE, value=f"+{known.value}")
            return replace(world.provider.take(message), recipient=Person(identities=(known, phone)))

        world.provider.always = behave
        message = await world.queue(await world.person())
        async with world.sending():
            await world.until(message, OutboundState.ACCEPTED)
            await world.sender._recorder.all_gates_shut()
        async with world.session() as session:
            contact = (await world.row(message)).contact_id
            known = select(ContactIdentity.kind).where(ContactIdentity.contact_id == contact)
            assert list(await session.scalars(known)) == [IdentityKind.WA_ID]

    async def test_who_opted_out_at_the_provider_gets_nothing_more(self, world: World) -> None:
        world.provider.behave = [world.provider.refuse(OptedOut("131050"))]
        ana = await world.person()
        first, second = await world.queue(ana), await world.queue(ana)
        async with world.sending():
            await world.until(second, OutboundState.SUPPRESSED)
        assert (await world.row(first)).state is OutboundState.FAILED
        assert len(world.provider.calls) == 1


class TestDeath:
    async def test_f7_what_was_accepted_without_a_word_is_never_sent_again(self, world: World) -> None:
        drop, numbers = world.provider.take_and_drop(), itertools.count()

        async def behave(message: OutboundMessage) -> Accepted:
            """An answer now and then, so that the line is not given up."""
            return await drop(message) if next(numbers) % 3 else world.provider.take(message)

        world.provider.always = behave
        await queue_texts(world, 75)

        async with world.sending():
            await world.settle()
            assert await world.states() == {"unknown": 50, "accepted": 25}
            await tell(world, world.provider.taken)
            await settle_all(world, Patience(silence=timedelta(0)))
            await world.settle()

        assert await world.states() == {"sent": 75}
        assert (len(world.provider.calls), doubled(world.provider)) == (75, [])

    async def test_f7_a_sender_that_sends_again_on_a_guess_does_double(self, world: World) -> None:
        """The same fault, and what most systems do: so the test above could fail."""

        class Guessing(Sender):
            @override
            async def _call(self, claim: Claim, opened: OpenedLine, starts_by: Deadline) -> Result:
                result = await super()._call(claim, opened, starts_by)
                if isinstance(result, Unconfirmed):
                    return NotTaken(claim=claim, state=OutboundState.QUEUED, reason="guess")
                return result

        world.provider.behave = [world.provider.take_and_drop() for _ in range(20)]
        await queue_texts(world, 50)
        registry = Registry({ConnectionKind.WHATSAPP: world.provider})
        guessing = Guessing(world.floor, registry, Lines(world.floor.database, world.floor.ring), IMPATIENT)

        async with replace(world, sender=guessing).sending():
            await world.settle()

        assert await world.states() == {"accepted": 50}
        assert len(doubled(world.provider)) >= 10

    async def test_f10_sixty_frozen_senders_send_nothing_and_spoil_nothing(self, world: World) -> None:
        class Frozen(Provider):
            def __init__(self) -> None:
                super().__init__()
                self.starts: list[Deadline] = []
                self.thaws = asyncio.Event()

            async def are_frozen(self, count: int) -> bool:
                return len(self.starts) == count

            @override
            async def send(
                self, message: OutboundMessage, line: Line, deadline: Deadline, *, starts_by: Deadline
            ) -> Accepted:
                self.starts.append(starts_by)
                await self.thaws.wait()
                assert starts_by.passed
                return await super().send(message, line, deadline, starts_by=starts_by)

        frozen = Frozen()
        await queue_texts(world, 60)
        impatient = replace(IMPATIENT, lease=timedelta(seconds=1))
        async with replace(world, sender=world.another_sender(frozen, impatient)).sending() as stop:
            await until(lambda: frozen.are_frozen(60))
            stop.set()  # whoever is frozen claims nothing either
            await until(lambda: self.have_lapsed(world))
            async with world.session() as session:  # as if silence had proved them lost
                await session.execute(text("UPDATE outbound SET state = 'queued', unknown_since = NULL"))
            async with world.sending():
                await world.settle()
                await asyncio.sleep(max(start.remaining for start in frozen.starts))
                frozen.thaws.set()
                await until(lambda: self.have_spoken(world))

        assert frozen.calls == []
        assert (len(world.provider.calls), doubled(world.provider)) == (60, [])
        assert await world.states() == {"accepted": 60}

    async def have_lapsed(self, world: World) -> bool:
        await settling.mark_lapsed(world.floor)
        return await world.states() == {"unknown": 60}

    async def have_spoken(self, world: World) -> bool:
        ended = text("SELECT count(*) FROM outbound_attempts WHERE number = 1 AND outcome = 'not_accepted'")
        async with world.session() as session:
            return bool(await session.scalar(ended) == 60)

    async def test_a_stop_finishes_what_was_begun_and_begins_nothing(self, world: World) -> None:
        world.provider.latency = 0.3
        await queue_texts(world, 20, each=2)

        async with world.sending():
            await until(lambda: has_called(world, 20))

        assert await world.states() == {"accepted": 20, "queued": 20}
        assert len(world.provider.calls) == 20

    async def test_stopped_at_once_it_begins_nothing(self, world: World) -> None:
        await queue_texts(world, 5)
        stop = asyncio.Event()
        stop.set()
        async with asyncio.timeout(2):
            await world.sender.run(stop, Pulse().loop("outbox"))
        assert world.provider.calls == []


async def has_called(world: World, count: int) -> bool:
    return len(world.provider.calls) >= count


class TestDatabase:
    async def test_f14_a_pool_that_others_use_up_delays_and_loses_nothing(self, world: World) -> None:
        database = Database(world.floor.settings.require("DATABASE_URL"), Pool(size=1, overflow=0))
        sender = Sender(replace(world.floor, database=database), *_of(world))
        stop = asyncio.Event()

        async def hog() -> None:
            while not stop.is_set():
                async with database.crossing() as session:
                    await session.execute(text("SELECT pg_sleep(0.2)"))

        try:
            await queue_texts(world, 60, each=2)
            async with asyncio.TaskGroup() as group:
                group.create_task(hog())
                async with replace(world, sender=sender).sending():
                    await world.settle()
                stop.set()
        finally:
            await database.close()

        assert await world.states() == {"accepted": 120}
        assert doubled(world.provider) == []

    async def test_f11_a_database_that_drops_every_line_loses_nothing(self, world: World) -> None:
        world.provider.latency = 0.02
        await queue_texts(world, 40, each=4)
        url = world.floor.settings.require("DATABASE_URL")
        own, victim = Database(url, Pool(size=1)), Database(url, Pool(size=4))
        sender, cut = Sender(replace(world.floor, database=victim), *_of(world)), 0
        mine = replace(world, floor=replace(world.floor, database=own))
        try:
            async with replace(world, sender=sender).sending():
                for _ in range(3):
                    await asyncio.sleep(0.3)
                    async with own.crossing() as session:
                        cut += await session.scalar(_CUT) or 0
                await until(lambda: nothing_waits(mine), seconds=15)
                states = await mine.states()
        finally:
            await own.close()
            await victim.close()

        assert cut > 0
        assert set(states) <= {"accepted", "sending"}  # a claim whose commit was cut off was never called
        assert doubled(world.provider) == []
        assert len(world.provider.taken) == states["accepted"]

    async def test_a_result_that_cannot_be_written_keeps_no_other_from_it(self, world: World) -> None:
        async def behave(message: OutboundMessage) -> Accepted:
            return replace(world.provider.take(message), provider_id="nul\0")

        world.provider.behave = [behave]
        await queue_texts(world, 10)
        async with world.sending():
            await until(lambda: self.are_accepted(world, 9))
        assert await world.states() == {"accepted": 9, "sending": 1}  # whose lease will end

    async def are_accepted(self, world: World, count: int) -> bool:
        return (await world.states())["accepted"] == count

    async def test_a_company_in_disorder_keeps_no_other_from_sending(self, world: World, make: Make) -> None:
        theirs = await make()
        async with theirs.session() as session:
            await session.execute(text("DELETE FROM company_keys"))
        await theirs.queue(await theirs.person())
        message = await world.queue(await world.person())
        async with world.sending():
            await world.until(message, OutboundState.ACCEPTED)
        assert await theirs.states() == {"queued": 1}

    async def test_a_channel_that_is_not_there_keeps_no_other_from_sending(self, world: World) -> None:
        other = await world.another_line("Outra", **FAST)
        await other.queue(await other.person())
        async with world.session() as session:
            sms = update(Connection).where(Connection.id == other.connection).values(kind=ConnectionKind.SMS)
            await session.execute(sms)
        message = await world.queue(await world.person())
        async with world.sending():
            await world.until(message, OutboundState.ACCEPTED)
        assert await world.states() == {"accepted": 1, "queued": 1}


def _of(world: World) -> tuple[Registry, Lines, Patience]:
    registry = Registry({ConnectionKind.WHATSAPP: world.provider})
    return registry, Lines(world.floor.database, world.floor.ring), IMPATIENT


async def nothing_waits(world: World) -> bool:
    """Whatever is still marked as on its way has been so for longer than calls take here."""
    states = await world.states()
    async with world.session() as session:
        fresh = text(
            "SELECT count(*) FROM outbound WHERE state = 'sending' AND started_at > now() - interval '1 second'"
        )
        return not states["queued"] and await session.scalar(fresh) == 0


_FRESH: Final = text("""
    SELECT count(*) FROM outbound WHERE state = 'sending' AND started_at > now() - interval '1 second'
""")
_CUT: Final = text("""
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
""")


class TestRate:
    RATE: Final = 60

    @pytest.fixture
    async def slow(self, make: Make) -> World:
        return await make(per_second=self.RATE)

    def worst_excess(self, calls: Sequence[Call]) -> float:
        """By how many calls the worst of all windows exceeds the rate and one burst."""
        times = sorted(call.at for call in calls)
        return max(
            (last - first + 1) - (times[last] - times[first]) * self.RATE - self.RATE / 10
            for first in range(len(times))
            for last in range(first, len(times))
        )

    async def test_f15_a_valkey_that_forgets_all_the_time_lets_no_burst_through(self, slow: World) -> None:
        await queue_texts(slow, 120)
        stop = asyncio.Event()

        async def forget() -> None:
            while not stop.is_set():
                await slow.floor.valkey.flushall()
                await asyncio.sleep(0.2)

        async with asyncio.TaskGroup() as group:
            group.create_task(forget())
            async with slow.sending():
                await slow.settle(20)
            stop.set()

        assert await slow.states() == {"accepted": 120}
        # A call may begin some moments after its token was given: not one burst more than that.
        assert self.worst_excess(slow.provider.calls) <= self.RATE / 10

    async def test_f16_without_valkey_sends_go_on_at_the_rate(self, slow: World) -> None:
        await queue_texts(slow, 100)
        async with (
            Proxy.to(urlsplit(slow.floor.settings.require("REDIS_URL")).port or 0) as proxy,
            open_valkey(f"redis://127.0.0.1:{proxy.port}/0") as valkey,
        ):
            sender = Sender(replace(slow.floor, valkey=valkey), *_of(slow))
            async with replace(slow, sender=sender).sending():
                await until(lambda: has_called(slow, 15))
                proxy.is_alive = False
                proxy.reset()
                await until(lambda: has_called(slow, 60))
                proxy.is_alive = True
                await slow.settle(20)

        assert await slow.states() == {"accepted": 100}
        assert doubled(slow.provider) == []
        assert self.worst_excess(slow.provider.calls) <= 2 * self.RATE / 10

    async def test_replies_overtake_a_campaign(self, slow: World) -> None:
        batch = await batch_of(slow)
        await queue_texts(slow, 60, purpose=Purpose.UTILITY, lane=Lane.BULK, batch=batch)
        async with slow.sending():
            await until(lambda: has_called(slow, 10))
            reply = await slow.queue(await slow.person())
            await slow.until(reply, OutboundState.ACCEPTED)
            done = len(slow.provider.calls)
            await slow.settle(20)
        assert done < 50

    async def test_a_large_company_on_a_slow_line_holds_up_nobody(self, slow: World, make: Make) -> None:
        """A thousand that wait longer than the one of somebody else."""
        crowd = await gather_crowd(slow, 400)
        await queue_for(slow, crowd, purpose=Purpose.STAFF)
        other = await make(**FAST)
        message = await other.queue(await other.person())
        async with slow.sending():
            await other.until(message, OutboundState.ACCEPTED, seconds=3)
        assert (await slow.states())["queued"] > 100


async def batch_of(world: World) -> UUID:
    batch = new_id()
    row = {"tenant_id": world.company, "id": batch, "name": "Natal", "start_key": str(batch)}
    async with world.session() as session:
        await session.execute(insert(SendBatch).values(row))
    return batch


class TestTrouble:
    async def test_f22_a_provider_in_trouble_is_left_alone_tried_and_used_again(self, make: Make) -> None:
        world = await make(per_second=50)
        provider = world.provider
        provider.always = provider.refuse(Unproven("http_503"))
        await queue_texts(world, 40)

        async with world.sending():
            await until(lambda: has_called(world, FAILURES))
            await asyncio.sleep(0.5)
            calls = len(provider.calls)
            assert FAILURES <= calls <= 20  # and no more, but those that were on their way
            await asyncio.sleep(0.4)
            assert len(provider.calls) == calls
            await breaker_may_be_tried(world)
            await until(lambda: has_called(world, calls + 1))
            await asyncio.sleep(0.4)
            assert len(provider.calls) == calls + 1  # one trial

            provider.always = None
            await breaker_may_be_tried(world)
            await world.settle()
            assert await world.states() == {"accepted": 40 - calls - 1, "unknown": calls + 1}
            await tell(world, provider.taken)
            await settle_all(world, Patience(silence=timedelta(0)))
            await world.settle()

        assert set(await world.states()) == {"accepted", "sent"}
        assert (len(provider.taken), doubled(provider)) == (40, [])

    async def test_f22_another_line_goes_on(self, world: World) -> None:
        other = await world.another_line("Outra", **FAST)
        provider = world.provider

        async def behave(message: OutboundMessage) -> Accepted:
            if provider.calls[-1].connection == world.connection:
                raise Unproven("http_503")
            return provider.take(message)

        provider.always = behave
        await queue_texts(world, 30)
        await queue_texts(other, 30)
        async with world.sending():
            await until(lambda: self.has_taken(provider, 30))

        calls = Counter(call.connection for call in provider.calls)
        mine = calls.pop(world.connection)
        assert mine
        assert (calls, len(provider.taken), doubled(provider)) == ({other.connection: 30}, 30, [])
        assert await world.states() - Counter(accepted=30, unknown=mine) == Counter(queued=30 - mine)

    async def has_taken(self, provider: Provider, count: int) -> bool:
        return len(provider.taken) >= count

    async def test_f23_a_line_that_is_asked_to_slow_down_waits_and_no_other(self, make: Make) -> None:
        world = await make(per_second=1)  # one at a time
        other = await world.another_line("Outra", **FAST)
        provider = world.provider

        async def behave(message: OutboundMessage) -> Accepted:
            mine = [call for call in provider.calls if call.connection == world.connection]
            if len(mine) == 1 and provider.calls[-1].connection == world.connection:
                raise RateLimited("130429", retry_after=2.5)
            return provider.take(message)

        provider.always = behave
        await queue_texts(world, 2)
        await queue_texts(other, 20)
        async with world.sending():
            await world.settle()

        refused, again, *_ = [call.at for call in provider.calls if call.connection == world.connection]
        theirs = [call.at for call in provider.calls if call.connection == other.connection]
        assert again - refused >= 2.4
        assert max(theirs) < again
        assert await world.states() == {"accepted": 22}

    async def test_f25_a_refused_token_stops_the_line_and_loses_nobody(self, world: World) -> None:
        provider, batch = world.provider, await batch_of(world)
        provider.always = provider.refuse(CredentialRefused("190"))
        await queue_texts(world, 20, purpose=Purpose.UTILITY, lane=Lane.BULK, batch=batch)
        replies = await queue_texts(world, 5)

        async with world.sending():
            await until(lambda: self.is_marked(world))
            await asyncio.sleep(0.3)
            calls = len(provider.calls)
            await asyncio.sleep(0.8)
            assert len(provider.calls) == calls  # not one more
            assert await world.states() == {"queued": 25}
            async with world.session() as session:
                held = await session.get_one(SendBatch, (world.company, batch))
                assert (held.state, held.reason) == (BatchState.PAUSED, "credential_refused")

            provider.always = None
            async with world.session() as session:
                row = await hold(session, world.connection)
                await change(session, world.floor.ring, row, Change(secrets={"access_token": "y" * 16}), OPERATOR)
            world.sender.lines.forget(str(world.company))  # as the database would tell
            await may_be_tried_again(world)
            await asyncio.gather(*(world.until(reply, OutboundState.ACCEPTED) for reply in replies))
            assert (await world.states())["queued"] == 20
            async with world.session() as session:
                assert await batches.resume(session, batch)
            await world.settle()

        assert await world.states() == {"accepted": 25}
        assert doubled(provider) == []

    async def is_marked(self, world: World) -> bool:
        async with world.session() as session:
            row = await session.get_one(Connection, (world.company, world.connection), populate_existing=True)
            return row.state is ConnectionState.CREDENTIAL_REFUSED


class TestOrder:
    async def test_whatever_goes_wrong_each_conversation_is_accepted_in_order(self, world: World) -> None:
        """Forty conversations of twenty messages each; one call in ten is refused, lost or unanswered."""
        provider, dice = world.provider, random.Random(7)  # noqa: S311 - it is to be the same again
        troubles = [
            provider.refuse(PairLimited("131056", retry_after=0.02)),
            provider.refuse(BrokenOff(PLACE)),
            provider.take_and_drop(),
        ]

        async def behave(message: OutboundMessage) -> Accepted:
            return await dice.choice(troubles)(message) if dice.random() < 0.1 else provider.take(message)

        provider.always = behave
        messages = await queue_texts(world, 40, each=20)
        told = 0

        async with world.sending(), asyncio.timeout(30):
            while not self.is_over(await world.states()):
                await asyncio.sleep(0.1)
                taken = provider.taken[told:]
                told += len(taken)
                await tell(world, taken)
                await settle_all(world, Patience(silence=timedelta(seconds=0.3)))

        states = await world.states()
        assert sum(states.values()) == len(messages)
        assert set(states) <= {"sent", "ambiguous"}
        assert states["ambiguous"] < 20  # the last ones to be lost, with nothing after them to prove it
        assert (len(provider.taken), doubled(provider)) == (states["sent"], [])
        assert in_order(provider)

    def is_over(self, states: Counter[str]) -> bool:
        return not states.keys() & {"queued", "sending", "unknown", "accepted"}

    async def test_an_unconfirmed_head_is_waited_for_and_then_passed(self, world: World) -> None:
        world.provider.behave = [world.provider.refuse(BrokenOff(PLACE))]
        ana = await world.person()
        first, second = await world.queue(ana, "ana:0"), await world.queue(ana, "ana:1")
        async with world.sending():
            await world.until(first, OutboundState.UNKNOWN)
            await asyncio.sleep(0.3)
            assert (await world.row(second)).state is OutboundState.QUEUED
            await world.set(first, unknown_since=text("now() - interval '19.8 seconds'"))
            await world.until(second, OutboundState.ACCEPTED, seconds=3)
        assert (await world.row(first)).state is OutboundState.UNKNOWN


def in_order(provider: Provider) -> bool:
    """Each conversation's messages were accepted in the order in which they were queued."""
    latest: dict[str, int] = {}
    for intent in provider.intents:
        conversation, number = intent.rsplit(":", 1)
        if latest.get(conversation, -1) >= int(number):
            return False
        latest[conversation] = int(number)
    return True


class TestBounds:
    async def test_no_more_calls_at_once_than_there_are_slots(self, world: World) -> None:
        most = 0
        running = 0

        async def behave(message: OutboundMessage) -> Accepted:
            nonlocal most, running
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.1)
            running -= 1
            return world.provider.take(message)

        world.provider.always = behave
        others = [world, await world.another_line("Dois", **FAST), await world.another_line("Três", **FAST)]
        for each in others:
            await queue_texts(each, 80)
        async with world.sending():
            await world.settle()
        assert SLOTS * 0.6 < most <= SLOTS

    async def test_a_line_that_hangs_leaves_room_for_the_others(self, world: World) -> None:
        other = await world.another_line("Outra", **FAST)
        hangs = asyncio.Event()

        async def behave(message: OutboundMessage) -> Accepted:
            if world.provider.calls[-1].connection == world.connection:
                await hangs.wait()
            return world.provider.take(message)

        world.provider.always = behave
        await queue_texts(world, 150)
        async with world.sending():
            await until(lambda: has_called(world, 80))
            message = await other.queue(await other.person())
            await other.until(message, OutboundState.ACCEPTED, seconds=3)
            hangs.set()
            await world.settle()
        assert await world.states() == {"accepted": 151}

    async def test_memory_does_not_grow_with_what_was_sent(self, world: World) -> None:
        class Forgetful(Provider):
            @override
            async def send(self, *_: Any, **__: Any) -> Accepted:
                return Accepted(provider_id=f"wamid.{new_id()}")

        sender = world.another_sender(Forgetful())
        crowd = await gather_crowd(world, 80)
        async with replace(world, sender=sender).sending():
            await self.send_all(world, crowd, rounds=2)
            tracemalloc.start()
            await self.send_all(world, crowd, rounds=1)
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            await self.send_all(world, crowd, rounds=3)
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - before
            tracemalloc.stop()
        assert grown < 120_000  # half a kilobyte for each, if anything were kept

    async def send_all(self, world: World, crowd: Sequence[Somebody], *, rounds: int) -> None:
        for _ in range(rounds):
            await queue_for(world, crowd, purpose=Purpose.STAFF)
            await world.settle()


class TestGuards:
    def test_a_conversation_id_is_what_an_intent_of_these_tests_begins_with(self) -> None:
        provider = Provider()
        thread = ConversationId(new_id())
        for number in (1, 0):
            provider.taken.append(OutboundMessage(to=(), content=Text(body=""), tag=f"{thread}:{number}.1.mark"))
        assert not in_order(provider)
        assert in_order(Provider())
