"""What customers meet in whole turns: who writes is told, a wish leads on, and where no model answers a person does."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from agents.gateway.gateway import Gateway, make_gateway
from agents.gateway.models import Models
from core.floor import Floor
from sandbox.faults import ErrorCode
from sandbox.openai.faults import Refuses
from tests.fixtures.inbound import Customer
from tests.graphs.turns.provider import FIRST, honest, open_provider
from tests.graphs.turns.room import Room, open_room

QUESTION: Final = "Vocês atendem padarias em Santos?"


@pytest.fixture
async def room(floor: Floor) -> AsyncIterator[Room]:
    gateway = make_gateway(floor.settings)
    yield await open_room(floor, gateway)
    await gateway.close()


async def greeted(room: Room) -> Customer:
    who = room.person()
    await room.say((who, "Oi"))
    await room.settle()
    return who


async def test_a_turn_that_finds_nothing_left_to_hear_says_nothing(room: Room) -> None:
    who = await greeted(room)
    await room.say((who, "como funciona?"))
    await room.execute(
        "UPDATE turns SET state = 'running', due_at = app_now(), lease_until = now() - interval '1 s'"
        " WHERE state = 'open'"
    )
    await room.say((who, "e meu nome é Ana"))
    await room.settle()
    [*_, last] = await room.turns(who)
    assert last.outcome == "silent"


async def test_who_asks_whether_a_bot_writes_is_told_and_asked_on(room: Room) -> None:
    who = await greeted(room)
    before = len(await room.answers(who))
    await room.say((who, "você é um robô?"))
    await room.settle()
    told, *rest = (await room.answers(who))[before:]
    assert "inteligência artificial" in told
    assert rest


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(ErrorCode(code=500, path="/v1/chat"), "model_away"), (Refuses(), "model_refused")],
    ids=["f29", "f32"],
)
async def test_where_no_model_answers_a_person_is_told_at_once(floor: Floor, fault: Any, reason: str) -> None:
    async with open_provider() as provider:
        room = await open_room(floor, provider.gateway(FIRST))
        provider.answers(honest)
        who = await greeted(room)
        provider.answers(honest, fault)
        await room.say((who, QUESTION))
        await room.settle()
        assert (await room.conversation(who)).control == "queued"
        [handoff] = await room.inbox.rows("SELECT reason FROM handoffs")
        assert handoff.reason == reason


async def test_a_wish_to_book_leads_to_a_booking(floor: Floor) -> None:
    gateway = Gateway(Models(default=("rehearsal",)))
    room = await open_room(floor, gateway, "agendamento")
    who = room.person()
    await room.say((who, "Oi, quero marcar um horário"))
    await room.settle()
    assert (await room.conversation(who)).dialogue["stage"] == "pedido"
    await gateway.close()
