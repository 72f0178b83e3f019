"""The intents: queued once whoever asks, in order, withdrawn at a word, and decided about by people."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text, update

from channels.contents import Text, content_from_json
from channels.policy import Reason
from channels.stores.outbox import (
    START_SECONDS,
    NewOutbound,
    Scope,
    consider_sent,
    counts,
    queue_many,
    resend,
    wait_for_starts,
    withdraw,
)
from channels.stores.thread import Entry, append
from core import clock
from core.db.sessions import Database
from core.errors import NotFound
from core.floor import Floor
from core.ids import ConversationId, MessageId, new_id
from core.models.outbox import Lane, OutboundState, Purpose
from core.models.people import ConnectionKind
from core.models.stream import Author, Conversation, Direction, Message
from core.telemetry import OutboundOutcome, outbound
from tests.fixtures.gates import gather_crowd
from tests.fixtures.outbox import World, make_world


@pytest.fixture
async def world(floor: Floor) -> AsyncIterator[World]:
    world = await make_world(floor)
    yield world
    await world.finish()


def new(conversation: ConversationId, intent: str, **values: Any) -> NewOutbound:
    chosen = {"content": Text(body=intent), "purpose": Purpose.STAFF, **values}
    return NewOutbound(conversation=conversation, intent=intent, **chosen)


async def queue_all(world: World, *news: NewOutbound) -> list[MessageId | None]:
    async with world.session() as session:
        return await queue_many(session, news)


@contextmanager
def counting_statements(database: Database) -> Iterator[list[str]]:
    executed: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        executed.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    yield executed
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)


class TestQueue:
    async def test_a_message_and_its_intent_are_written_together(self, world: World) -> None:
        ana = await world.person()

        message = await world.queue(ana, "oi:1", content=Text(body="Bom dia!"), reply_to="wamid.7")

        row = await world.row(message)
        async with world.session() as session:
            said = await session.get_one(Message, (world.company, message))
        assert (said.direction, said.author, said.text, said.seq) == (Direction.OUT, Author.STAFF, "Bom dia!", 1)
        assert (row.state, row.seq, row.lane, row.reply_to) == (OutboundState.QUEUED, 1, Lane.REPLY, "wamid.7")
        assert (row.connection_id, row.conversation_id) == (world.connection, ana)
        assert content_from_json(row.content) == Text(body="Bom dia!")

    @pytest.mark.parametrize(
        ("purpose", "author"),
        [(Purpose.REPLY, Author.BOT), (Purpose.MARKETING, Author.BOT), (Purpose.NOTICE, Author.SYSTEM)],
    )
    async def test_who_says_it_follows_from_what_it_is_for(
        self, world: World, purpose: Purpose, author: Author
    ) -> None:
        message = await world.queue(await world.person(), purpose=purpose)
        async with world.session() as session:
            assert (await session.get_one(Message, (world.company, message))).author is author

    async def test_the_same_intent_is_queued_once(self, world: World) -> None:
        ana = await world.person()
        [first, again] = await queue_all(world, new(ana, "a"), new(ana, "a"))
        [later, other] = await queue_all(world, new(ana, "a"), new(ana, "b"))

        assert first is not None
        assert (again, later) == (None, None)
        assert other is not None
        async with world.session() as session:
            assert list(await session.scalars(select(Message.text).order_by(Message.seq))) == ["a", "b"]

    async def test_f53_many_who_queue_the_same_at_once_queue_it_once(self, world: World) -> None:
        ana = await world.person()

        queued = await asyncio.gather(*(queue_all(world, new(ana, "a")) for _ in range(8)))

        assert sum(message is not None for [message] in queued) == 1

    async def test_each_conversation_numbers_its_own_in_the_order_given(self, world: World) -> None:
        ana, bia = await world.person(), await world.person()
        news = [new(who, f"{name}:{number}") for number in range(3) for name, who in (("ana", ana), ("bia", bia))]

        messages = await queue_all(world, *news)

        rows = [await world.row(message) for message in messages if message]
        assert [row.intent_key for row in rows] == [one.intent for one in news]
        assert [row.seq for row in rows] == [1, 1, 2, 2, 3, 3]

    async def test_hundreds_are_queued_with_a_handful_of_statements(self, world: World) -> None:
        crowd = await gather_crowd(world, 400)

        with counting_statements(world.floor.database) as executed:
            queued = await queue_all(world, *(new(one.conversation, f"{one.contact}") for one in crowd))

        assert None not in queued
        assert len(executed) < 12

    async def test_an_intent_of_no_or_too_many_characters_is_a_bug(self, world: World) -> None:
        for intent in ("", "x" * 401):
            with pytest.raises(ValueError, match="an intent of"):
                await queue_all(world, new(await world.person(), intent))

    async def test_a_conversation_that_is_not_there_is_not_found(self, world: World, floor: Floor) -> None:
        theirs = await make_world(floor)
        for conversation in (ConversationId(new_id()), await theirs.person()):
            with pytest.raises(NotFound):
                await queue_all(world, new(await world.person(), "mine"), new(conversation, "not mine"))
        assert await world.states() == {}  # all or nothing


class TestAnswers:
    async def hear(self, world: World, conversation: ConversationId) -> Message:
        entry = Entry(
            conversation=conversation,
            connection=world.connection,
            direction=Direction.IN,
            author=Author.CUSTOMER,
            content=Text(body="oi"),
            provider_at=clock.now() - timedelta(minutes=5),
        )
        async with world.session() as session:
            [added] = await append(session, [entry])
            return await session.get_one(Message, (world.company, added.id))

    @pytest.mark.parametrize("purpose", [Purpose.REPLY, Purpose.STAFF])
    async def test_an_answer_is_to_the_customers_last_message_by_when_we_got_it(
        self, world: World, purpose: Purpose
    ) -> None:
        ana = await world.person()
        await self.hear(world, ana)
        heard = await self.hear(world, ana)

        message = await world.queue(ana, purpose=purpose)

        assert (await world.row(message)).answers_at == heard.created_at

    @pytest.mark.parametrize("purpose", [Purpose.UTILITY, Purpose.MARKETING, Purpose.NOTICE])
    async def test_what_we_start_answers_nothing(self, world: World, purpose: Purpose) -> None:
        ana = await world.person()
        await self.hear(world, ana)
        assert (await world.row(await world.queue(ana, purpose=purpose))).answers_at is None

    async def test_who_never_wrote_is_answered_nothing(self, world: World) -> None:
        message = await world.queue(await world.person(), purpose=Purpose.REPLY)
        assert (await world.row(message)).answers_at is None

    async def test_the_epoch_is_that_of_the_moment_of_queueing(self, world: World) -> None:
        ana = await world.person()
        async with world.session() as session:
            await session.execute(update(Conversation).values(control_epoch=7))
        assert (await world.row(await world.queue(ana))).control_epoch == 7


class TestWithdraw:
    async def test_what_waits_in_the_scope_is_suppressed_and_counted(self, world: World) -> None:
        ana, bia = await world.person(), await world.person()
        mine = [await world.queue(ana, purpose=purpose) for purpose in (Purpose.REPLY, Purpose.STAFF)]
        sending, hers = await world.queue(ana), await world.queue(bia)
        await world.set(sending, state=OutboundState.SENDING)
        metric = outbound(channel=ConnectionKind.WHATSAPP, outcome=OutboundOutcome.SUPPRESSED)
        before = metric._value.get()

        async with world.session() as session:
            assert await withdraw(session, Scope(conversation=ana), Reason.WITHDRAWN) == 2

        rows = [await world.row(message) for message in mine]
        assert {(row.state, row.reason) for row in rows} == {(OutboundState.SUPPRESSED, Reason.WITHDRAWN)}
        assert (await world.row(sending)).state is OutboundState.SENDING
        assert (await world.row(hers)).state is OutboundState.QUEUED
        assert metric._value.get() - before == 2

    async def test_it_may_be_about_some_purposes_only(self, world: World) -> None:
        ana = await world.person()
        await world.queue(ana, purpose=Purpose.NOTICE)
        reply = await world.queue(ana, purpose=Purpose.REPLY)
        scope = Scope(contact=await world.contact_of(ana), only=frozenset({Purpose.REPLY}))

        async with world.session() as session:
            assert await withdraw(session, scope, Reason.OPTED_OUT) == 1

        assert (await world.row(reply)).state is OutboundState.SUPPRESSED

    async def test_a_scope_names_somebody(self) -> None:
        with pytest.raises(ValueError, match="a scope names"):
            _ = Scope(only=frozenset({Purpose.REPLY})).condition


class TestWaitForStarts:
    async def test_nothing_on_its_way_is_not_waited_for(self, world: World) -> None:
        ana = await world.person()
        await world.queue(ana)
        async with asyncio.timeout(1), world.session() as session:
            assert await wait_for_starts(session, Scope(conversation=ana)) == 0

    async def test_it_ends_when_what_was_on_its_way_has_been_recorded(self, world: World) -> None:
        ana = await world.person()
        message = await world.queue(ana)
        await world.set(message, state=OutboundState.SENDING, started_at=text("clock_timestamp()"))

        async def wait() -> int:
            async with world.session() as session:
                return await wait_for_starts(session, Scope(conversation=ana))

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await world.set(message, state=OutboundState.ACCEPTED)
        assert await asyncio.wait_for(waiting, 1) == 0

    async def test_it_counts_calls_that_cannot_start_any_more_but_have_not_ended(self, world: World) -> None:
        ana = await world.person()
        message = await world.queue(ana)
        long_ago = text(f"clock_timestamp() - interval '{START_SECONDS} seconds'")
        await world.set(message, state=OutboundState.SENDING, started_at=long_ago)
        async with asyncio.timeout(1), world.session() as session:
            assert await wait_for_starts(session, Scope(conversation=ana)) == 1


class TestDecisions:
    @pytest.mark.parametrize("state", [OutboundState.UNKNOWN, OutboundState.AMBIGUOUS])
    async def test_a_person_may_send_an_unconfirmed_message_again(self, world: World, state: OutboundState) -> None:
        ana = await world.person()
        message = await world.queue(ana, purpose=Purpose.REPLY, expires_at=clock.now() - timedelta(hours=1))
        await world.set(message, state=state, refusals=5, attempt=1)
        async with world.session() as session:
            await session.execute(update(Conversation).values(control_epoch=3))

        async with world.session() as session:
            assert await resend(session, message)
        async with world.sending():
            row = await world.until(message, OutboundState.ACCEPTED)

        assert row.attempt == 2

    async def test_a_person_may_consider_it_sent(self, world: World) -> None:
        message = await world.queue(await world.person())
        await world.set(message, state=OutboundState.AMBIGUOUS, reason=Reason.NO_PROOF)

        async with world.session() as session:
            assert await consider_sent(session, message)

        row = await world.row(message)
        assert (row.state, row.reason) == (OutboundState.SENT, None)
        assert row.accepted_at is not None

    @pytest.mark.parametrize("decide", [resend, consider_sent])
    async def test_what_is_known_is_not_decided_about(self, world: World, decide: Any) -> None:
        message = await world.queue(await world.person())
        for state in set(OutboundState) - {OutboundState.UNKNOWN, OutboundState.AMBIGUOUS}:
            await world.set(message, state=state)
            async with world.session() as session:
                assert not await decide(session, message)
        async with world.session() as session:
            assert not await decide(session, MessageId(new_id()))


class TestCounts:
    async def test_they_add_up_to_what_was_asked_for(self, world: World) -> None:
        ana = await world.person()
        messages = [await world.queue(ana) for _ in OutboundState]
        for message, state in zip(messages, OutboundState, strict=True):
            await world.set(message, state=state)
        async with world.session() as session:
            assert await counts(session, Scope(conversation=ana)) == dict.fromkeys(OutboundState, 1)
