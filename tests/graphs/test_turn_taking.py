"""Turns as a customer sees them: with the personas that come with the product, and no model provider."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from agents.gateway.gateway import Gateway
from agents.gateway.port import ModelReply, ModelRequest
from core.floor import Floor
from core.ids import ConversationId
from core.telemetry import Phase
from graphs import handoff
from graphs.handoff import Source, Taker
from graphs.turn_taking import TurnTaker, phases_of
from tests.fixtures.inbound import message
from tests.fixtures.talking import Talk, gateway_of, open_talk


@pytest.fixture(scope="module")
async def gateway(floor: Floor) -> AsyncIterator[Gateway]:
    async with gateway_of(floor) as gateway:
        yield gateway


@pytest.fixture
async def talk(floor: Floor, gateway: Gateway) -> Talk:
    return await open_talk(floor, gateway)


class Slow:
    """A model that thinks until it is let go on."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.thinks = asyncio.Event()
        self.may_answer = asyncio.Event()

    def for_turn(self, *_: Any, **__: Any) -> "Slow":
        return self

    async def complete(self, request: ModelRequest) -> ModelReply:
        self.thinks.set()
        await self.may_answer.wait()
        return await self._gateway.complete(request)


def slow(talk: Talk, gateway: Gateway) -> Slow:
    model = Slow(gateway)
    taker: Any = TurnTaker(talk.taker.floor, model, talk.taker.retriever_of)  # type: ignore[arg-type] # plays its part
    talk.taker = taker
    return model


class TestConversation:
    async def test_the_first_answer_says_who_writes_and_asks_one_thing(self, talk: Talk) -> None:
        greeting, question = await talk.say("Oi, bom dia!")
        assert "inteligência artificial" in greeting
        assert question.count("?") == 1
        assert (await talk.turn()).outcome == "replied"

    async def test_what_is_told_is_kept_with_the_words_and_moves_the_lead(self, talk: Talk) -> None:
        for line in ("Oi", "meu nome é Ana", "quero um site para a padaria", "meu orçamento é 8 mil", "até sexta"):
            assert await talk.say(line)

        [lead] = await talk.inbox.rows("SELECT stage FROM leads")
        events = await talk.inbox.rows("SELECT to_stage, criteria FROM lead_stage_events ORDER BY seq")
        facts = dict(
            tuple(row) for row in await talk.inbox.rows("SELECT key, quote FROM contact_facts WHERE valid_to IS NULL")
        )
        quotes = [criterion.get("quote") for criterion in events[-1].criteria]
        assert lead.stage == events[-1].to_stage == "qualificado"
        assert any("8 mil" in (quote or "") for quote in quotes)
        assert "Ana" in facts["nome"]

    async def test_whoever_asks_for_a_person_gets_one_and_the_bot_is_silent(self, talk: Talk) -> None:
        await talk.say("Oi")
        [answer] = await talk.say("quero falar com um atendente")

        conversation = await talk.conversation()
        [queued] = await talk.inbox.rows("SELECT state, reason, brief FROM handoffs")
        assert (conversation.control, conversation.control_epoch) == ("queued", 1)
        assert (queued.state, queued.reason) == ("queued", "customer_asked")
        assert "pessoa" in answer
        assert await talk.say("e o preço?") == []
        assert (await talk.turn()).outcome == "absorbed"

    async def test_who_asks_to_be_left_alone_in_a_sentence_is(self, talk: Talk) -> None:
        await talk.say("Oi")
        answers = await talk.say("por favor me tira dessa lista, não quero mais receber mensagens")
        [contact] = await talk.inbox.rows("SELECT opted_out_at FROM contacts")
        assert contact.opted_out_at is not None
        assert len(answers) == 1  # its one confirmation

    async def test_who_asks_for_a_person_in_the_same_breath_is_answered_and_left_alone_otherwise(
        self, talk: Talk
    ) -> None:
        await talk.say("Oi")
        answers = await talk.say("parem de me mandar propaganda! quero falar com o gerente")
        [contact] = await talk.inbox.rows("SELECT opted_out_at FROM contacts")
        [asked] = await talk.inbox.rows(
            "SELECT created_at FROM messages WHERE author = 'customer' ORDER BY seq DESC LIMIT 1"
        )
        sent = await talk.inbox.rows("SELECT purpose, answers_at FROM outbound ORDER BY seq DESC LIMIT 2")
        assert len(answers) == 2  # the confirmation, and that somebody comes
        assert (await talk.conversation()).control == "queued"
        assert contact.opted_out_at < asked.created_at
        assert [tuple(one) for one in sent] == [("reply", asked.created_at), ("notice", None)]

    async def test_who_asks_for_a_person_and_then_says_stop_is_left_alone(self, talk: Talk) -> None:
        await talk.say("Oi")
        await talk.say("quero falar com um atendente", "PARE")
        [contact] = await talk.inbox.rows("SELECT opted_out_at FROM contacts")
        sent = await talk.inbox.rows("SELECT purpose, answers_at FROM outbound WHERE state = 'queued' ORDER BY seq")
        assert (await talk.conversation()).control == "queued"
        assert [one.purpose for one in sent] == ["notice", "reply"]
        assert sent[-1].answers_at <= contact.opted_out_at  # so that it does not leave

    async def test_several_messages_get_one_answer(self, talk: Talk) -> None:
        await talk.say("Oi", "tudo bem?", "meu nome é Ana")
        [turn] = await talk.inbox.rows("SELECT state FROM turns")
        assert turn.state == "done"

    @pytest.mark.parametrize("persona", ["vendas-consultivas", "suporte", "cobranca", "agendamento"])
    async def test_every_shipped_persona_answers(self, floor: Floor, gateway: Gateway, persona: str) -> None:
        talk = await open_talk(floor, gateway, persona)
        assert await talk.say("Oi, tudo bem?")
        assert await talk.say("Quais são os horários de vocês?")
        turn = await talk.turn()
        assert (turn.state, turn.trace["violations"]) == ("done", [])


class TestFence:
    async def test_f34_what_is_said_while_the_model_thinks_is_answered_together(
        self, talk: Talk, gateway: Gateway
    ) -> None:
        model = slow(talk, gateway)
        await talk.inbox.tell(message(talk.customer, "w.1", text="Qual plano vocês recomendam para uma padaria?"))
        running = asyncio.create_task(talk.answered())
        await model.thinks.wait()
        await talk.inbox.tell(message(talk.customer, "w.2", text="e quanto custa?"))
        model.may_answer.set()

        assert await running == []
        assert await talk.answered()
        states = [tuple(row) for row in await talk.inbox.rows("SELECT state, restarts FROM turns ORDER BY created_at")]
        assert states == [("ignored", 0), ("done", 1)]
        assert (await talk.conversation()).turn_seq == 1

    async def test_f36_nothing_of_a_turn_counts_after_a_person_took_over(self, talk: Talk, gateway: Gateway) -> None:
        model = slow(talk, gateway)
        await talk.inbox.tell(message(talk.customer, "w.1", text="Qual plano vocês recomendam para uma padaria?"))
        running = asyncio.create_task(talk.answered())
        await model.thinks.wait()
        conversation = ConversationId((await talk.conversation()).id)
        async with talk.inbox.session() as session:
            await handoff.take_over(session, conversation, Taker(source=Source.STAFF))
        model.may_answer.set()

        assert await running == []
        assert (await talk.conversation()).turn_seq == 0
        [draft] = await talk.inbox.rows("SELECT state, epoch FROM drafts")  # theirs to send
        assert tuple(draft) == ("proposed", 1)
        assert ((await talk.turn()).state, (await talk.turn()).outcome) == ("done", "drafted")

    async def test_a_turn_that_breaks_is_tried_again_and_then_given_up(self, talk: Talk) -> None:
        await talk.inbox.tell(message(talk.customer, "w.1", text="Oi"))
        async with talk.inbox.session() as session:
            await session.execute(text("UPDATE persona_versions SET definition = '{}', sha256 = id::text"))
        for _ in range(3):
            await talk.answered()
            async with talk.inbox.session() as session:
                await session.execute(
                    text("UPDATE turns SET lease_until = now() - interval '1 second' WHERE state = 'running'")
                )
        turn = await talk.turn()
        assert (turn.state, turn.reason, turn.attempts) == ("failed", "tried_out", 3)


class TestPhases:
    """What is counted as the graph's own is what the turn has waited for nobody."""

    def test_knowledge_that_took_longer_than_understanding_is_not_the_graphs(self) -> None:
        nodes = {"understand": 0.2, "prefetch": 0.5, "respond": 1.0, "decide": 0.01, "commit": 0.05}
        assert phases_of(nodes, 1.6) == {
            Phase.MODEL: pytest.approx(1.2),
            Phase.RETRIEVE: 0.5,
            Phase.COMMIT: 0.05,
            Phase.GRAPH: pytest.approx(0.05),
        }

    def test_what_was_looked_up_while_a_model_understood_is_waited_for_once(self) -> None:
        assert phases_of({"understand": 0.5, "prefetch": 0.3}, 0.6)[Phase.GRAPH] == pytest.approx(0.1)

    def test_a_turn_that_asked_nobody_is_the_graphs(self) -> None:
        assert phases_of({"decide": 0.01}, 0.02)[Phase.GRAPH] == 0.02
