"""Five hundred people who each write three times while the model thinks, and engines that are killed meanwhile."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pytest

from sandbox.faults import SlowAccept
from tests.chaos import talks
from tests.chaos.children import Nursery
from tests.chaos.crowd import Person
from tests.chaos.estate import Estate
from tests.chaos.monkeys import Toll
from tests.chaos.oracle import doubled, lost
from tests.chaos.outcome import Outcome
from tests.chaos.seeds import chance
from tests.chaos.stage import Plan
from tests.chaos.world import World
from tests.graphs.turns.provider import Provider, honest, open_provider

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]

PEOPLE: Final = 500
KILLS: Final = 36
SECONDS: Final = 180.0  # one is killed every five
THOUGHT: Final = 4.0  # of the model, each time it is asked: to understand, and to answer
INSIDE: Final = 0.9 * THOUGHT  # of a thought: what comes later may find the reply decided
PAUSES: Final = (0.3, 3.5)  # of a customer: some write on before the turn begins, most while it thinks
MOST_BEHIND: Final = 0.1  # of those get a second reply: what they wrote came in after the first was decided
LOOKS: Final = 0.1
PATIENCE: Final = 120.0
BURST: Final = (
    "Vocês atendem padaria pequena?",
    "Dá para integrar com o caixa da loja?",
    "Qual plano vocês recomendam para uma padaria com duas lojas?",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """Of one burst."""

    replies: int
    restarts: int
    in_vain: int  # messages that were there already, and are not in the reply
    is_last_heard: bool


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with open_provider() as provider:
        provider.answers(honest, SlowAccept(seconds=THOUGHT, path="/v1/"))
        yield provider


@dataclass(slots=True)
class Minds:
    """How often a turn was begun for each number whose turn runs at this moment."""

    _begun: Mapping[str, int] = field(default_factory=dict)

    async def watch(self, world: World) -> None:
        """Until cancelled."""
        async with world.stage.superuser() as superuser:
            while True:
                self._begun = {row["phone"]: row["begun"] for row in await superuser.fetch(_THINKING)}
                await asyncio.sleep(LOOKS)

    async def think(self, person: Person, *, since: int) -> int:
        """Until a turn has begun after that many."""
        async with asyncio.timeout(PATIENCE):
            while self._begun.get(person.phone, 0) <= since:  # noqa: ASYNC110 - the database tells nobody
                await asyncio.sleep(LOOKS)
        return self._begun[person.phone]


Customer = Callable[[World, Person, random.Random, Minds], Coroutine[None, None, None]]


class TestBursts:
    async def test_written_while_the_model_thinks_each_has_exactly_one_reply_whoever_is_killed(
        self, estate: Estate, nursery: Nursery, provider: Provider
    ) -> None:
        bursts = await _all_written(estate, nursery, provider, _interrupt)
        assert [one for one in bursts if one.replies != 1 or not one.is_last_heard] == []

    async def test_written_at_any_time_each_has_a_reply_to_its_last_message(
        self, estate: Estate, nursery: Nursery, provider: Provider
    ) -> None:
        bursts = await _all_written(estate, nursery, provider, _write)
        assert [one for one in bursts if one.replies < 1 or one.in_vain or not one.is_last_heard] == []
        assert sum(one.replies > 1 for one in bursts) <= PEOPLE * MOST_BEHIND


async def _interrupt(world: World, person: Person, dice: random.Random, minds: Minds) -> None:
    """Each message comes while the model thinks about the ones before it."""
    await asyncio.sleep(dice.uniform(0, SECONDS))
    begun = 0
    for place, words in enumerate(BURST):
        if place:
            begun = await minds.think(person, since=begun)
            await asyncio.sleep(dice.uniform(0, INSIDE))
        await world.say(person, words)


async def _write(world: World, person: Person, dice: random.Random, _minds: Minds) -> None:
    await asyncio.sleep(dice.uniform(0, SECONDS))
    for words in BURST:
        await world.say(person, words)
        await asyncio.sleep(dice.uniform(*PAUSES))


async def _all_written(estate: Estate, nursery: Nursery, provider: Provider, customer: Customer) -> Sequence[Answered]:
    """By five hundred customers, while an engine is killed each five seconds. None is lost, and none doubled."""
    began, dice, toll, minds = time.monotonic(), chance("bursts"), Toll(), Minds()
    async with World.open(estate, nursery, Plan(engines=3, environment=provider.environment)) as world:
        await talks.furnish(world, is_quick=True)
        people = world.crowd.strangers(PEOPLE)
        async with world.stage.running():
            async with asyncio.TaskGroup() as watching:
                watch = watching.create_task(minds.watch(world))
                async with asyncio.TaskGroup() as group:
                    group.create_task(toll.kill(world.stage.engines, dice, times=KILLS, seconds=SECONDS))
                    for person in people:
                        group.create_task(customer(world, person, dice, minds))
                watch.cancel()
            await world.hurry()
            await world.quiet(300)
            facts = await world.check()
        told, bursts = await talks.told(world), await _answered(world)
    Outcome.of("bursts", facts, kills=toll.kills, seconds=time.monotonic() - began)
    behind = sum(one.replies > 1 for one in bursts)
    tally = f"{sum(one.restarts for one in bursts)} restarts, {behind} answered in two, {provider.calls} calls"
    print(f"\n{PEOPLE} bursts: {tally}")  # noqa: T201 - the result
    assert (len(bursts), toll.kills) == (PEOPLE, KILLS)
    assert [one for one in told if not one.is_well] == []
    assert doubled(facts) + lost(facts) == []
    assert sum(one.restarts for one in bursts) > PEOPLE  # else nobody was interrupted
    return bursts


async def _answered(world: World) -> Sequence[Answered]:
    async with world.stage.superuser() as superuser:
        return [Answered(**dict(row)) for row in await superuser.fetch(_ANSWERED)]


# What a conversation holds is numbered under its lock: what stands between what a reply had heard and the reply itself
# was known when it was committed.
_ANSWERED: Final = """
    WITH replies AS (
        SELECT t.tenant_id, t.conversation_id, CAST(t.dialogue_after ->> 'heard' AS bigint) AS heard,
            min(b.seq) AS begins
        FROM turns t JOIN messages b ON b.tenant_id = t.tenant_id AND b.turn_id = t.id
        WHERE t.state = 'done' GROUP BY t.tenant_id, t.id)
    SELECT (SELECT count(*) FROM replies r WHERE r.conversation_id = c.id) AS replies,
        (SELECT CAST(sum(t.restarts) AS bigint) FROM turns t
            WHERE t.tenant_id = c.tenant_id AND t.conversation_id = c.id) AS restarts,
        (SELECT count(*) FROM replies r JOIN messages m ON m.tenant_id = r.tenant_id
                AND m.conversation_id = r.conversation_id AND m.seq > r.heard AND m.seq < r.begins
            WHERE r.conversation_id = c.id AND m.author = 'customer') AS in_vain,
        CAST(c.dialogue ->> 'heard' AS bigint) = c.last_inbound_seq AS is_last_heard
    FROM conversations c
"""
# A turn that was cut off goes on under a new fence, as itself or as the one that was opened meanwhile.
_THINKING: Final = """
    SELECT i.value AS phone,
        (SELECT CAST(sum(f.fence) AS bigint) FROM turns f
            WHERE f.tenant_id = t.tenant_id AND f.conversation_id = t.conversation_id) AS begun
    FROM turns t JOIN conversations c ON c.tenant_id = t.tenant_id AND c.id = t.conversation_id
        JOIN contact_identities i ON i.tenant_id = c.tenant_id AND i.contact_id = c.contact_id AND i.kind = 'wa_id'
    WHERE t.state = 'running'
"""
