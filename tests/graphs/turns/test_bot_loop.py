"""F35: two machines do not talk for ever: after six exchanges at most a person is told, and the bot is silent."""

import itertools
from collections.abc import AsyncIterator, Callable

import pytest

from agents.gateway.gateway import make_gateway
from core.floor import Floor
from tests.graphs.turns.room import Room, open_room

MOST = 6
ROUNDS = 10
MENU = "Olá! Protocolo {}. Digite 1 para vendas, 2 para suporte ou aguarde na linha."
Machine = Callable[[list[str], int], str]


def echo(said: list[str], _: int) -> str:
    return said[-1] if said else "Olá, tudo bem com você hoje?"


def menu(_: list[str], number: int) -> str:
    return MENU.format(7_000 + number)


def two_menus(_: list[str], number: int) -> str:
    other = "No momento todos os nossos atendentes estão ocupados, posição {} na fila."
    return (MENU if number % 2 else other).format(number)


@pytest.fixture(scope="module")
async def room(floor: Floor) -> AsyncIterator[Room]:
    gateway = make_gateway(floor.settings)
    yield await open_room(floor, gateway)
    await gateway.close()


class TestBotLoop:
    @pytest.mark.parametrize("machine", [echo, menu, two_menus], ids=lambda machine: machine.__name__)
    async def test_f35_it_stops_and_a_person_is_told(self, room: Room, machine: Machine) -> None:
        who = room.person()
        answered = 0
        for number in itertools.islice(itertools.count(1), ROUNDS):
            before = await room.answers(who)
            await room.say((who, machine(before, number)))
            await room.settle()
            answered += len(await room.answers(who)) > len(before)
        conversation = await room.conversation(who)
        [handoff] = await room.inbox.rows("SELECT state FROM handoffs WHERE conversation_id = :id", id=conversation.id)
        assert answered <= MOST
        assert (conversation.control, handoff.state) == ("queued", "queued")
