"""A customer who writes again while a turn thinks, and a machine that answers ours: both end what would be in vain."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text

from admin_api.tenants.welcome import DEFAULT
from agents.gateway.gateway import Gateway
from agents.gateway.port import ModelReply, ModelRequest
from agents.personas.shipped import shipped
from agents.ports import NoKnowledge
from core.audit import SYSTEM
from core.floor import Floor
from core.ids import new_id
from core.probe import Pulse
from graphs.overtaking import LOOK_SECONDS
from graphs.stores import personas
from graphs.turn_taking import TurnTaker
from tests.fixtures.inbound import message, open_inbox, someone
from tests.fixtures.talking import Talk, gateway_of

QUESTION = "Qual plano vocês recomendam para uma padaria?"
ANOTHER = """
    INSERT INTO turns (tenant_id, id, conversation_id, trigger, due_at)
    SELECT tenant_id, :id, id, 'inbound', app_now() + interval '1 hour' FROM conversations
"""
LINES = (
    "Olá, vocês atendem padarias pequenas?",
    "Qual é o valor para uma padaria pequena?",
    "Entendi. E aceita cartão de crédito?",
    "Quanto tempo demora a entrega do site?",
    "Meu nome é Ana Souza, da padaria.",
    "O meu orçamento é de uns oito mil reais.",
    "Vocês fazem a manutenção do site depois?",
)


@pytest.fixture(scope="module")
async def gateway(floor: Floor) -> AsyncIterator[Gateway]:
    async with gateway_of(floor) as gateway:
        yield gateway


@dataclass
class Thoughtful:
    """A model that thinks until it is let go on, and knows how often it was asked and how often let finish."""

    gateway: Gateway
    thinks: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0
    answered: int = 0

    def for_turn(self, *_: Any, **__: Any) -> "Thoughtful":
        return self

    async def complete(self, request: ModelRequest) -> ModelReply:
        self.asked += 1
        self.thinks.set()
        await self.may_answer.wait()
        self.answered += 1
        return await self.gateway.complete(request)


@pytest.fixture
async def talk(floor: Floor, gateway: Gateway) -> AsyncIterator[Talk]:
    inbox = await open_inbox(floor)
    async with inbox.session() as session:
        await personas.publish(session, shipped()[DEFAULT], SYSTEM)
        await personas.set_default_where_none(session, DEFAULT)
    yield Talk(inbox=inbox, taker=TurnTaker(floor, gateway, lambda _: NoKnowledge()), customer=someone(name="Ana"))
    async with inbox.session() as session:
        await session.execute(text("UPDATE turns SET state = 'ignored' WHERE state IN ('open', 'running')"))


@asynccontextmanager
async def at_work(talk: Talk) -> AsyncIterator[None]:
    """The engine's loop, woken as hints wake it."""
    stop, taker = asyncio.Event(), talk.taker
    running = asyncio.create_task(taker.run(stop, Pulse().loop("turns")))
    try:
        yield
    finally:
        stop.set()
        taker.wake.set()
        await running


async def write(talk: Talk, words: str) -> None:
    """Due at once: how long silence has to last is tried elsewhere."""
    talk.said += 1
    await talk.inbox.tell(message(talk.customer, f"o.{id(talk)}.{talk.said}", text=words))
    async with talk.inbox.session() as session:
        await session.execute(text("UPDATE turns SET due_at = app_now() WHERE state = 'open'"))
    talk.taker.wake.set()


async def ended(talk: Talk) -> Any:
    """The turn that is done, once there is one."""
    async with asyncio.timeout(20):
        while not (done := await talk.inbox.rows("SELECT * FROM turns WHERE state = 'done'")):  # noqa: ASYNC110 - another connection writes it
            await asyncio.sleep(0.02)
    return done[0]


def thoughtful(talk: Talk, gateway: Gateway) -> Thoughtful:
    model = Thoughtful(gateway)
    taker: Any = TurnTaker(talk.taker.floor, model, talk.taker.retriever_of)  # type: ignore[arg-type] # plays its part
    talk.taker = taker
    return model


async def write_and_see_it_thought_about(talk: Talk, model: Thoughtful, words: str) -> None:
    """A thought that begins while no other has ended is one for which the other was cut off."""
    model.thinks.clear()
    await write(talk, words)
    async with asyncio.timeout(20):
        await model.thinks.wait()


class TestCut:
    async def test_f34_what_is_in_vain_is_cut_off_and_all_is_answered_together(
        self, talk: Talk, gateway: Gateway
    ) -> None:
        model = thoughtful(talk, gateway)
        async with at_work(talk):
            await write_and_see_it_thought_about(talk, model, QUESTION)
            await write_and_see_it_thought_about(talk, model, "e quanto custa para duas lojas?")
            assert (model.asked, model.answered) == (2, 0)
            model.may_answer.set()
            await ended(talk)

        turns = await talk.inbox.rows("SELECT state, restarts, reason FROM turns ORDER BY created_at")
        assert [tuple(row) for row in turns] == [("ignored", 0, "overtaken"), ("done", 1, None)]
        assert model.answered == model.asked - 1
        assert (await talk.conversation()).turn_seq == 1

    async def test_after_two_restarts_it_is_left_to_finish(self, talk: Talk, gateway: Gateway) -> None:
        model = thoughtful(talk, gateway)
        async with at_work(talk):
            for number in range(3):
                await write_and_see_it_thought_about(talk, model, f"{QUESTION} ({number})")
            await write(talk, "e quanto custa para duas lojas?")
            await asyncio.sleep(3 * LOOK_SECONDS)
            assert (model.asked, model.answered) == (3, 0)
            model.may_answer.set()
            assert (await ended(talk)).restarts == 2

    async def test_a_turn_that_nobody_overtakes_is_let_alone(self, talk: Talk, gateway: Gateway) -> None:
        model = thoughtful(talk, gateway)
        async with at_work(talk):
            await write_and_see_it_thought_about(talk, model, QUESTION)
            await asyncio.sleep(3 * LOOK_SECONDS)
            model.may_answer.set()
            turn = await ended(talk)
        assert (turn.restarts, model.asked) == (0, model.answered)

    async def test_nor_one_that_had_read_what_opened_the_other(self, talk: Talk, gateway: Gateway) -> None:
        model = thoughtful(talk, gateway)
        async with at_work(talk):
            await write_and_see_it_thought_about(talk, model, QUESTION)
            async with talk.inbox.session() as session:
                await session.execute(text(ANOTHER), {"id": new_id()})
            talk.taker.wake.set()
            await asyncio.sleep(3 * LOOK_SECONDS)
            model.may_answer.set()
            turn = await ended(talk)
        assert (turn.restarts, model.asked) == (0, model.answered)


class TestLoop:
    async def test_f35_an_echo_is_handed_over_within_six_exchanges(self, talk: Talk) -> None:
        said, exchanges = "Oi, tudo bem? Aqui é a padaria.", 0
        while await talk.inbox.count("handoffs") == 0 and exchanges < 10:
            answers = await talk.say(said)
            said, exchanges = "\n".join(answers) or said, exchanges + 1
        assert await talk.inbox.count("handoffs WHERE state = 'queued'") == 1
        assert exchanges <= 6

    async def test_f35_a_machine_that_says_the_same_again_is_handed_over(self, talk: Talk) -> None:
        for number in range(6):
            await talk.say(f"Quanto custa o plano para a padaria? Protocolo {number}")
        [handoff] = await talk.inbox.rows("SELECT reason FROM handoffs")
        assert handoff.reason == "bot_loop"

    async def test_who_answers_what_has_not_left_yet_is_none(self, talk: Talk) -> None:
        for line in LINES:
            await talk.say(line)
        assert await talk.inbox.rows("SELECT reason FROM handoffs WHERE reason = 'bot_loop'") == []

    async def test_f35_who_answers_at_once_what_has_left_is_a_machine(self, talk: Talk) -> None:
        for line in LINES:
            await talk.say(line)
            async with talk.inbox.session() as session:
                await session.execute(text("UPDATE outbound SET accepted_at = app_now()"))
        assert await talk.inbox.count("handoffs WHERE reason = 'bot_loop'") == 1
