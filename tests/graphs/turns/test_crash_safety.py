"""Wherever a turn is cut off, nobody's words are lost, nothing is said or done twice, and it goes on as if nothing was.

At every place and for fifty dialogues: `tests/chaos/minutes/test_turn_deaths.py`.
"""

from collections.abc import AsyncIterator

import pytest

from agents.gateway.gateway import Gateway, make_gateway
from core.floor import Floor
from tests.graphs.turns.deaths import Reference, live, measured, reference
from tests.graphs.turns.dialogues import SALES
from tests.graphs.turns.dying import End
from tests.graphs.turns.room import Room, open_room

DEATHS = 6  # of each kind, at least


@pytest.fixture(scope="module")
async def gateway(floor: Floor) -> AsyncIterator[Gateway]:
    gateway = make_gateway(floor.settings)
    yield gateway
    await gateway.close()


@pytest.fixture(scope="module")
async def room(floor: Floor, gateway: Gateway) -> Room:
    return await open_room(floor, gateway)


@pytest.fixture(scope="module")
async def expected(room: Room) -> Reference:
    return await reference(room, SALES["qualifies"][:3])


class TestDeath:
    async def test_a_turn_has_enough_places_to_die_at(self, room: Room) -> None:
        assert await measured(room, "Vocês atendem padarias?") >= 40

    @pytest.mark.parametrize("end", End)
    async def test_a10_wherever_it_ends_the_conversation_goes_on_as_if_it_had_not(
        self, room: Room, expected: Reference, end: End
    ) -> None:
        deaths = 0
        for offset in range(2):
            told, died = await live(room, expected.script, end, first=1 + 11 * offset, step=23, wipes=offset == 0)
            deaths += died
            assert told == expected.told
        assert deaths >= DEATHS
