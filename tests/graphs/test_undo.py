"""Undo over chains of moves: each restores stage and slots exactly as they were before the move it takes back."""

import random
from typing import Any, Final

import pytest

from core.audit import Actor
from core.floor import Floor
from core.ids import new_id
from core.models.personas import Lead, LeadStageEvent
from core.models.record import ActorKind
from graphs import leads
from tests.fixtures.gates import Somebody
from tests.fixtures.salon import ANA, BEATRIZ, CPF, EIGHT, Salon, filled, open_salon

BIA: Final = Actor(ActorKind.USER, new_id())
_STAGES: Final = ("novo", "qualificado", "demo", "ganho", "perdido")
_MOVES: Final = 5


@pytest.fixture
async def salon(floor: Floor) -> Salon:
    return await open_salon(floor)


@pytest.fixture
async def ana(salon: Salon) -> Somebody:
    return await salon.person(name="Ana")


async def state(salon: Salon) -> tuple[str, dict[str, Any]]:
    [lead] = await salon.rows(Lead)
    return lead.stage, dict(lead.slots)


async def step(salon: Salon, who: Somebody, dice: random.Random) -> None:
    """Something is learned, which may move the lead by its criteria; or somebody moves it."""
    if dice.random() < 0.5:
        known: dict[str, dict[str, Any]] = {"nome": dice.choice((ANA, BEATRIZ)), "orcamento": EIGHT, "cpf": CPF}
        told = {name: filled(known[name]) for name in dice.sample(sorted(known), dice.randint(1, 3))}
        await salon.turn(who, leads.apply, slots=told)
        return
    [lead] = await salon.rows(Lead)
    async with salon.world.session() as session:
        await leads.move(session, lead.id, to=dice.choice(_STAGES), by=BIA, reason="combinado por telefone")


class TestChains:
    @pytest.mark.parametrize("seed", range(4))
    async def test_taken_back_one_by_one_all_is_as_it_was(self, salon: Salon, ana: Somebody, seed: int) -> None:
        dice = random.Random(seed)  # noqa: S311 - the seed repeats it
        await salon.turn(ana, leads.apply)
        for _ in range(_MOVES):
            await step(salon, ana, dice)
        chain = [one for one in await salon.rows(LeadStageEvent, LeadStageEvent.seq) if one.from_stage is not None]
        assert chain

        for event in reversed(chain):
            [lead] = await salon.rows(Lead)
            async with salon.world.session() as session:
                await leads.undo(session, lead.id, seq=event.seq, by=BIA)
            assert await state(salon) == (event.from_stage, event.slots_before)
        assert (await state(salon))[0] == "novo"
