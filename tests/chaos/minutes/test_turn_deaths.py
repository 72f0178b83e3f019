"""Fifty dialogues that are cut off again and again, at every place where a turn waits at all."""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from agents.gateway.gateway import make_gateway
from core.floor import Floor
from tests.chaos.seeds import SEED, chance
from tests.graphs.turns.deaths import live, reference
from tests.graphs.turns.dialogues import scripts
from tests.graphs.turns.dying import End
from tests.graphs.turns.overtaking import moments, taken_over, written_on
from tests.graphs.turns.room import Room, open_room

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

DIALOGUES: Final = 50
_FIRST: Final = 45  # the last place for the first death of a turn
_STEP: Final = 17  # places between one death and the next of the same turn


@pytest.fixture(scope="module")
async def room(floor: Floor) -> AsyncIterator[Room]:
    gateway = make_gateway(floor.settings)
    yield await open_room(floor, gateway)
    await gateway.close()


class TestDeaths:
    @pytest.mark.parametrize("end", End)
    async def test_a10_none_of_them_can_be_told_from_one_without(self, room: Room, end: End) -> None:
        dice, deaths, different = chance(f"deaths:{end}"), 0, []
        for name, script in scripts(DIALOGUES, SEED):
            expected = await reference(room, script)
            first = dice.randint(1, _FIRST)
            told, died = await live(room, script, end, first=first, step=_STEP, wipes=dice.random() < 0.5)
            deaths += died
            different += [f"{name} from {first}: {table}" for table in told if told[table] != expected.told[table]]
        assert different == []
        assert deaths > 2 * DIALOGUES

    async def test_f34_at_every_moment_what_is_said_is_heard_once(self, room: Room) -> None:
        assert [one for at in range(1, await moments(room)) for one in await written_on(room, at)] == []

    async def test_f36_at_every_moment_a_person_can_take_over(self, room: Room) -> None:
        assert [one for at in range(1, await moments(room)) for one in await taken_over(room, at)] == []
