"""F34, F36: whenever the customer writes on, or a person takes over, what a turn has begun does not count."""

from collections.abc import AsyncIterator

import pytest

from agents.gateway.gateway import Gateway, make_gateway
from core.floor import Floor
from tests.graphs.turns.overtaking import moments, taken_over, written_on
from tests.graphs.turns.room import Room, open_room

MOMENTS = 10  # of a turn; all of them: `tests/chaos/minutes/test_turn_deaths.py`


@pytest.fixture(scope="module")
async def gateway(floor: Floor) -> AsyncIterator[Gateway]:
    gateway = make_gateway(floor.settings)
    yield gateway
    await gateway.close()


@pytest.fixture(scope="module")
async def room(floor: Floor, gateway: Gateway) -> Room:
    return await open_room(floor, gateway)


class TestAtEveryMoment:
    async def test_f34_what_is_said_meanwhile_is_heard_once_and_answered_together(self, room: Room) -> None:
        last = await moments(room)
        assert [one for at in range(1, last, last // MOMENTS) for one in await written_on(room, at)] == []

    async def test_f36_after_a_person_took_over_nothing_of_it_is_sent(self, room: Room) -> None:
        last = await moments(room)
        assert [one for at in range(1, last, last // MOMENTS) for one in await taken_over(room, at)] == []
