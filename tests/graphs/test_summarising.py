"""Long conversations: what a prompt has no room for is summed up before it is left out, once, and after the answer."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from admin_api.tenants.welcome import DEFAULT
from agents.commands import Said
from agents.gateway.gateway import Gateway, TurnModel
from agents.gateway.port import ModelReply, ModelRequest, ModelUnavailable, Purpose, Usage
from agents.personas.shipped import shipped
from agents.ports import NoKnowledge
from agents.prompts.history import BLOCK, MOST_MESSAGES, kept
from channels import settling
from channels.stores import edits
from channels.stores.edits import Edit
from core import clock
from core.audit import SYSTEM
from core.db.sessions import TenantSession
from core.floor import Floor
from core.ids import ConversationId
from graphs import store, summarising
from graphs.stores import personas, snapshots, summaries
from graphs.stores.snapshots import Begun
from graphs.stores.summaries import NewSummary, Past
from graphs.summarising import outgrown
from graphs.turn_taking import TurnTaker
from tests.fixtures.inbound import message, open_inbox, revoke, someone
from tests.fixtures.talking import Talk, gateway_of

PAST = """
    INSERT INTO messages (tenant_id, id, conversation_id, connection_id, seq, direction, author, kind, text)
    SELECT c.tenant_id, gen_random_uuid(), c.id, c.connection_id, n, CASE n % 2 WHEN 0 THEN 'out' ELSE 'in' END,
        CASE n % 2 WHEN 0 THEN 'bot' ELSE 'customer' END, 'text', 'mensagem numero ' || n
    FROM conversations c, generate_series(c.message_seq + 1, c.message_seq + :count) n
"""
HEARD = """
    UPDATE conversations SET message_seq = message_seq + :count, last_inbound_seq = message_seq + :count,
        dialogue = jsonb_set(dialogue, '{heard}', to_jsonb(message_seq + :count))
"""


WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"


@pytest.fixture(scope="module")
async def gateway(floor: Floor) -> AsyncIterator[Gateway]:
    async with gateway_of(floor) as gateway:
        yield gateway


@pytest.fixture
async def talk(floor: Floor, gateway: Gateway) -> Talk:
    inbox = await open_inbox(floor)
    async with inbox.session() as session:
        await personas.publish(session, shipped()[DEFAULT], SYSTEM)
        await personas.set_default_where_none(session, DEFAULT)
    talk = Talk(inbox=inbox, taker=TurnTaker(floor, gateway, lambda _: NoKnowledge()), customer=someone(name="Ana"))
    assert await talk.say("Oi")
    return talk


async def go_by(talk: Talk, count: int) -> None:
    """So many messages, all of them answered."""
    async with talk.inbox.session() as session:
        await session.execute(text(PAST), {"count": count})
        await session.execute(text(HEARD), {"count": count})


async def named(talk: Talk, seq: int, name: str, words: str) -> None:
    """Of so many that went by, one that the provider can tell of."""
    await go_by(talk, 22)
    async with talk.inbox.session() as session:
        told = {"seq": seq, "name": name, "words": words}
        await session.execute(text("UPDATE messages SET provider_id = :name, text = :words WHERE seq = :seq"), told)


async def written(talk: Talk) -> list[Any]:
    return await talk.inbox.rows("SELECT * FROM conversation_summaries ORDER BY to_seq")


async def begun(talk: Talk) -> Begun:
    """What the next turn begins with."""
    await talk.inbox.tell(message(talk.customer, f"next.{id(talk)}", text="e agora?"))
    async with talk.inbox.session() as session:
        await session.execute(text("UPDATE turns SET due_at = app_now() WHERE state = 'open'"))
    claims = await store.claim_turns(talk.taker.floor.database, most=50, lease=timedelta(minutes=1))
    [claim] = [claim for claim in claims if claim.company == talk.inbox.company]
    async with talk.inbox.session() as session:
        [found] = await snapshots.load(session, [claim])
    assert isinstance(found, Begun)
    return found


@dataclass
class Busy:
    """Answers as the rehearsal does, and counts; summaries fail where it is told to."""

    gateway: Gateway
    fails: bool = False
    asked: list[ModelRequest] = field(default_factory=list)

    def for_turn(self, *_: Any, **__: Any) -> "Busy":
        return self

    async def complete(self, request: ModelRequest) -> ModelReply:
        self.asked.append(request)
        if self.fails and request.purpose is Purpose.SUMMARISE:
            raise ModelUnavailable("fora", "away", usage=Usage(cost_micros=None))
        return await self.gateway.complete(request)

    def summed(self) -> int:
        return sum(request.purpose is Purpose.SUMMARISE for request in self.asked)


@dataclass
class Till:
    """The gateway itself, with every tab that it opened."""

    gateway: Gateway
    models: list[TurnModel] = field(default_factory=list)

    def for_turn(self, *limits: Any, **more: Any) -> TurnModel:
        self.models.append(self.gateway.for_turn(*limits, **more))
        return self.models[-1]


def busy(talk: Talk, gateway: Gateway, **told: Any) -> Busy:
    model = Busy(gateway, **told)
    taker: Any = TurnTaker(talk.taker.floor, model, talk.taker.retriever_of)  # type: ignore[arg-type] # plays its part
    talk.taker = taker
    return model


class TestWhenItIsDue:
    async def test_a_short_conversation_is_not_summed_up(self, talk: Talk, gateway: Gateway) -> None:
        model = busy(talk, gateway)
        await go_by(talk, 10)
        await talk.say("quero um site para a padaria")
        assert (model.summed(), await written(talk)) == (0, [])

    async def test_what_the_next_prompt_would_leave_out_is_summed_up_and_the_rest_is_shown(self, talk: Talk) -> None:
        await go_by(talk, 22)
        assert await talk.say("quero um site para a padaria")

        [summary] = await written(talk)
        assert (summary.from_seq, summary.to_seq, summary.model) == (1, BLOCK, "rehearsal")
        snapshot = (await begun(talk)).snapshot
        assert snapshot.summary == summary.body
        shown = [line.seq for line in snapshot.history]
        assert shown == list(range(BLOCK + 1, max(shown) + 1))
        assert len(shown) <= MOST_MESSAGES

    async def test_it_is_the_turns_bill(self, talk: Talk, gateway: Gateway) -> None:
        till = Till(gateway)
        taker: Any = TurnTaker(talk.taker.floor, till, talk.taker.retriever_of)  # type: ignore[arg-type] # plays its part
        talk.taker = taker
        await go_by(talk, 22)
        await talk.say("quero um site para a padaria")
        turn = await talk.turn()
        own, summing = (model.used for model in till.models)
        assert (own.calls > 0, summing.calls) == (True, 1)
        assert turn.model_calls == own.calls + summing.calls
        assert turn.input_tokens == own.input_tokens + summing.input_tokens

    async def test_a_long_past_is_caught_up_with_in_ranges_without_a_gap(self, talk: Talk) -> None:
        await go_by(talk, 70)
        await talk.say("quero um site para a padaria")
        ranges = [(row.from_seq, row.to_seq) for row in await written(talk)]
        assert len(ranges) == summarising.MOST_STEPS
        assert [start for start, _ in ranges] == [1, *(end + 1 for _, end in ranges[:-1])]

        await talk.say("e quanto custa?")
        shown = [line.seq for line in (await begun(talk)).snapshot.history]
        assert shown[0] == (await written(talk))[-1].to_seq + 1
        assert len(shown) <= MOST_MESSAGES


class TestTrouble:
    async def test_the_answer_does_not_depend_on_it(self, talk: Talk, gateway: Gateway) -> None:
        model = busy(talk, gateway, fails=True)
        await go_by(talk, 30)
        assert await talk.say("quero um site para a padaria")
        assert (await talk.turn()).state == "done"
        assert (model.summed(), await written(talk)) == (1, [])
        model.fails = False
        await talk.say("e quanto custa?")
        assert [(row.from_seq, row.to_seq) for row in await written(talk)] == [(1, 10), (11, 20)]

    async def test_two_who_write_it_at_the_same_time_write_it_once(self, talk: Talk) -> None:
        conversation = ConversationId((await talk.conversation()).id)

        async def add(covered: int, until: int) -> bool:
            past = Past(summary=None, covered=covered, lines=(), edits={})
            new = summaries.NewSummary(body="…", past=past, until=until, model="x")
            async with talk.inbox.session() as session:
                return await summaries.add(session, conversation, new)

        assert sorted(await asyncio.gather(add(0, 10), add(0, 10))) == [False, True]
        assert not await add(0, 20)
        assert await add(10, 20)
        assert [(row.from_seq, row.to_seq) for row in await written(talk)] == [(1, 10), (11, 20)]


class TestTakenBack:
    """Of what a customer takes back or changes, nothing is kept in a summary either."""

    async def test_what_is_taken_back_is_in_no_summary_and_the_rest_is_summed_up_again(self, talk: Talk) -> None:
        await named(talk, 9, "w.segredo", "mensagem do segredo")
        await talk.say("quero um site para a padaria")
        [before] = await written(talk)
        assert "segredo" in before.body
        await talk.inbox.tell(revoke(talk.customer, "w.volta", "w.segredo"))
        assert await written(talk) == []
        await talk.say("e quanto custa?")
        again = (await written(talk))[0]
        assert again.from_seq == before.from_seq
        assert "mensagem numero" in again.body
        assert "segredo" not in again.body

    async def test_what_was_summed_up_before_it_stays(self, talk: Talk) -> None:
        await named(talk, 13, "w.segredo", "mensagem do segredo")
        for line in ("quero um site para a padaria", "e quanto custa?", "e o prazo?"):
            await talk.say(line)
            await go_by(talk, 6)
        first, second, *_ = await written(talk)
        assert (first.to_seq, second.to_seq) == (10, 20)
        await talk.inbox.tell(revoke(talk.customer, "w.volta", "w.segredo"))
        assert [row.id for row in await written(talk)] == [first.id]

    async def test_what_was_not_summed_up_yet_forgets_nothing(self, talk: Talk) -> None:
        await go_by(talk, 22)
        await talk.say("quero um site para a padaria")
        before = await written(talk)
        assert before
        await talk.say("o meu segredo")
        await talk.inbox.tell(revoke(talk.customer, "w.volta", f"w.{id(talk)}.{talk.said}"))
        assert await written(talk) == before

    async def test_told_twice_it_is_taken_back_once(self, talk: Talk) -> None:
        await named(talk, 3, "w.segredo", "mensagem do segredo")
        await talk.inbox.tell(revoke(talk.customer, "w.volta", "w.segredo"))
        await talk.say("quero um site para a padaria")
        before = await written(talk)
        assert before
        await talk.inbox.tell(revoke(talk.customer, "w.outra", "w.segredo"))
        assert await written(talk) == before

    async def test_what_is_taken_back_while_a_model_sums_it_up_is_not_written(self, talk: Talk) -> None:
        await named(talk, 3, "w.segredo", "mensagem do segredo")
        conversation = ConversationId((await talk.conversation()).id)
        async with talk.inbox.session() as session:
            past = await summaries.past(session, conversation, most=60)
        await talk.inbox.tell(revoke(talk.customer, "w.volta", "w.segredo"))
        new = summaries.NewSummary(body="do segredo", past=past, until=10, model="x")
        async with talk.inbox.session() as session:
            assert not await summaries.add(session, conversation, new)

    async def test_who_takes_it_back_waits_for_who_writes_it_and_then_forgets_it(self, talk: Talk) -> None:
        await named(talk, 3, "w.segredo", "mensagem do segredo")
        conversation = ConversationId((await talk.conversation()).id)
        async with talk.inbox.session() as session:
            past = await summaries.past(session, conversation, most=60)
            new = summaries.NewSummary(body="do segredo", past=past, until=10, model="x")
            assert await summaries.add(session, conversation, new)
            taking = asyncio.create_task(talk.inbox.tell(revoke(talk.customer, "w.volta", "w.segredo")))
            await until_waiting(session, taking)
        await taking
        assert await written(talk) == []

    async def test_who_goes_on_from_a_summary_that_is_being_forgotten_waits_and_writes_nothing(
        self, talk: Talk
    ) -> None:
        conversation = await told_of(talk)
        gone = Edit(connection=talk.inbox.connection, target="w.segredo", at=clock.now())
        async with talk.inbox.session() as taking:
            await summaries.forget(taking, await edits.apply(taking, [gone]))
            adding = asyncio.create_task(go_on(talk, conversation))
            await until_waiting(taking, adding)
        assert not await adding
        assert await written(talk) == []

    async def test_what_goes_on_from_a_summary_is_forgotten_with_it(self, talk: Talk) -> None:
        conversation = await told_of(talk)
        async with talk.inbox.session() as session:
            past = await summaries.past(session, conversation, most=60)
            assert await summaries.add(session, conversation, new_summary(past, until=12))
            taking = asyncio.create_task(talk.inbox.tell(revoke(talk.customer, "w.volta", "w.segredo")))
            await until_waiting(session, taking)
        await taking
        assert await written(talk) == []

    async def test_a_removal_that_was_told_before_its_message_was_known_forgets_it_too(self, talk: Talk) -> None:
        await talk.inbox.tell(revoke(talk.customer, "w.volta", "w.segredo"))
        assert await talk.inbox.rows("SELECT kind FROM parked_news")
        await told_of(talk)
        assert await written(talk)
        async with talk.inbox.session() as session:
            await session.execute(text("UPDATE parked_news SET created_at = app_now() - interval '1 hour'"))
        await settling.join_parked(talk.taker.floor, summaries.forget)
        assert (await talk.inbox.rows("SELECT kind FROM parked_news"), await written(talk)) == ([], [])


async def told_of(talk: Talk) -> ConversationId:
    """A summary tells of the secret already, and is what the next one goes on from."""
    await named(talk, 3, "w.segredo", "mensagem do segredo")
    conversation = ConversationId((await talk.conversation()).id)
    async with talk.inbox.session() as session:
        past = await summaries.past(session, conversation, most=60)
        assert await summaries.add(session, conversation, new_summary(past, until=5))
    return conversation


async def go_on(talk: Talk, conversation: ConversationId) -> bool:
    async with talk.inbox.session() as session:
        past = await summaries.past(session, conversation, most=60)
        assert past.covered == 5
        return await summaries.add(session, conversation, new_summary(past, until=12))


def new_summary(past: Past, *, until: int) -> NewSummary:
    return NewSummary(body="do segredo", past=past, until=until, model="x")


async def until_waiting(session: TenantSession, task: asyncio.Task[Any]) -> None:
    """For something that this session holds; who does not wait is done."""
    async with asyncio.timeout(20):
        while not task.done() and not await session.scalar(text(WAITS)):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)


def history(dice: random.Random, count: int) -> Sequence[Said]:
    """With holes, as reactions and what was taken back leave them, and now and then a long text."""
    numbers = [n for n in range(1, count * 2) if dice.random() > 0.1][:count]
    return [Said(author="customer", text="a" * dice.choice([5, 40, 400]), message=n) for n in numbers]


class TestNothingIsLost:
    @pytest.mark.parametrize("seed", range(20))
    def test_what_is_shown_and_what_is_summed_up_is_all_there_is(self, seed: int) -> None:
        every = history(random.Random(seed), 120)  # noqa: S311 - given again
        covered = 0
        for now in range(1, len(every)):
            rest = [said for said in every[:now] if said.message > covered]
            gone = outgrown(rest)
            if gone:
                covered = rest[gone - 1].message
            shown = kept([said for said in every[:now] if said.message > covered])
            assert [said.message for said in shown] == [said.message for said in every[:now] if said.message > covered]
