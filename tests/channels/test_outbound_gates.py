"""People outrank what is queued: after an opt-out, a takeover or a pause has been committed, no call starts."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import pytest
from sqlalchemy import ARRAY, Uuid, bindparam, insert, text

from channels import batches, consent
from channels.consent import Evidence
from channels.contents import Text
from channels.stores import people
from channels.stores.outbox import NewOutbound, queue
from core import clock
from core.db.sessions import Database, Pool, TenantSession
from core.floor import Floor
from core.ids import new_id
from core.models.outbox import Purpose, SendBatch
from core.models.people import ConsentSource
from graphs import handoff
from graphs.handoff import Source, Taker
from tests.fixtures.gates import Hesitant, Judge, Somebody, gather_crowd, in_hands, queue_for
from tests.fixtures.outbox import World, make_world

TIMES: Final = 40
STOP: Final = Evidence(source=ConsentSource.STAFF, quote="pediu por telefone")
BACK: Final = Evidence(source=ConsentSource.KEYWORD, quote="VOLTAR")
MAYBE_LATER: Final = random.Random(11)  # noqa: S311 - it is to be the same again


@pytest.fixture
async def world(floor: Floor) -> AsyncIterator[World]:
    world = await make_world(floor, settings={"per_second": 1000})
    provider = Hesitant(longest=0.15)
    yield replace(world, provider=provider, sender=world.another_sender(provider))
    await world.finish()


@asynccontextmanager
async def senders(world: World, count: int) -> AsyncIterator[None]:
    """As many processes send at the same time."""
    async with AsyncExitStack() as stack:
        for _ in range(count):
            await stack.enter_async_context(replace(world, sender=world.another_sender()).sending())
        yield


async def opt_out(world: World, one: Somebody) -> None:
    async with world.session() as session:
        await consent.opt_out(session, one.contact, STOP)


async def take_over(world: World, one: Somebody) -> None:
    async with world.session() as session:
        await handoff.take_over(session, one.conversation, Taker(source=Source.ECHO))


class TestRandomMoments:
    @pytest.mark.parametrize(
        ("shut", "purpose"),
        [(opt_out, Purpose.MARKETING), (opt_out, Purpose.REPLY), (take_over, Purpose.REPLY)],
        ids=["f48-campaign", "f48-reply", "f36"],
    )
    async def test_after_a_gate_is_shut_nothing_of_that_person_starts(
        self, world: World, shut: Callable[[World, Somebody], Awaitable[None]], purpose: Purpose
    ) -> None:
        crowd = await gather_crowd(world, TIMES)
        await queue_for(world, crowd, purpose=purpose, each=3)
        judge = Judge(world)

        async def act(one: Somebody) -> None:
            await asyncio.sleep(MAYBE_LATER.uniform(0, 0.15))
            await shut(world, one)
            judge.shut_now(one.conversation)

        async with senders(world, 2):
            await in_hands(crowd, act)
            await world.settle()

        assert judge.late_starts() == []
        states = await world.states()
        assert min(states["suppressed"], states["accepted"]) > TIMES / 4  # else nothing was tried
        assert sum(states.values()) == 3 * TIMES

    async def test_f47_while_a_campaign_is_paused_nothing_of_it_starts(self, world: World) -> None:
        batch = new_id()
        async with world.session() as session:
            made = {"tenant_id": world.company, "id": batch, "name": "Natal", "start_key": "natal"}
            await session.execute(insert(SendBatch).values(made))
        crowd = await gather_crowd(world, 300)
        await queue_for(world, crowd, purpose=Purpose.MARKETING, each=2, batch=batch)
        late, slowest = 0, 0.0
        loop = asyncio.get_running_loop()

        async with senders(world, 2):
            for _ in range(TIMES):
                await asyncio.sleep(MAYBE_LATER.uniform(0, 0.03))
                begun = loop.time()
                async with world.session() as session:
                    await batches.pause(session, batch, "pausa")
                paused = loop.time()
                slowest = max(slowest, paused - begun)
                await asyncio.sleep(0.01)
                late += sum(call.at > paused for call in world.provider.calls)
                async with world.session() as session:
                    await batches.resume(session, batch)
            await world.settle(20)

        assert late == 0
        assert slowest < 4  # however fast it goes, a pause is not starved
        assert await world.states() == {"accepted": 600}
        assert len({message.tag for message in world.provider.taken}) == 600


Act = Callable[["Crowd", TenantSession], Awaitable[None]]


@dataclass
class Crowd:
    """Eight people, and what may happen to any of them at any time."""

    world: World
    people: Sequence[Somebody]
    dice: random.Random = field(default_factory=lambda: random.Random(13))  # noqa: S311 - it is to be the same again
    queued: int = 0
    done: int = 0

    @property
    def one(self) -> Somebody:
        return self.dice.choice(self.people)

    async def queue(self, session: TenantSession) -> None:
        new = NewOutbound(
            conversation=self.one.conversation,
            intent=f"{new_id()}:0",
            content=Text(body="Oi!"),
            purpose=self.dice.choice([Purpose.REPLY, Purpose.STAFF, Purpose.MARKETING]),
        )
        message = await queue(session, new)
        self.queued += message is not None

    async def opt_out(self, session: TenantSession) -> None:
        """By a word, which is confirmed."""
        one = self.one
        evidence = Evidence(source=ConsentSource.KEYWORD, quote="PARE", conversation=one.conversation, at=clock.now())
        is_confirmed = await consent.opt_out(session, one.contact, evidence)
        self.queued += is_confirmed

    async def opt_in(self, session: TenantSession) -> None:
        await consent.opt_in(session, self.one.contact, replace(BACK, at=clock.now()))

    async def take_over(self, session: TenantSession) -> None:
        await handoff.take_over(session, self.one.conversation, Taker(source=Source.STAFF))

    async def give_back(self, session: TenantSession) -> None:
        await handoff.give_back(session, self.one.conversation)

    async def touch_two(self, session: TenantSession) -> None:
        """As a merger does."""
        pair = [self.one.contact, self.one.contact]
        await people.lock(session, pair)
        await session.execute(_RENAME, {"ids": sorted(pair)})

    async def hand(self, until: float) -> None:
        acts: Sequence[Act] = (*[Crowd.queue] * 5, *_OTHERS)
        while asyncio.get_running_loop().time() < until:
            async with self.world.session() as session:
                await self.dice.choice(acts)(self, session)
            self.done += 1


_OTHERS: Final = (Crowd.opt_out, Crowd.opt_in, Crowd.take_over, Crowd.give_back, Crowd.touch_two)
_RENAME: Final = text("UPDATE contacts SET name = 'Ana', updated_at = app_now() WHERE id = ANY (:ids)").bindparams(
    bindparam("ids", type_=ARRAY(Uuid))
)


class TestTogether:
    async def test_f13_whatever_people_do_at_once_nothing_locks_up_and_nothing_is_lost(self, world: World) -> None:
        """Sixteen hands opt people in and out, take over and give back, lock pairs, and queue, under a sender."""
        world.provider.latency = 0.01
        database = Database(world.floor.settings.require("DATABASE_URL"), Pool(size=16))
        roomy = replace(world, floor=replace(world.floor, database=database))
        crowd = Crowd(roomy, await gather_crowd(world, 8))
        try:
            async with senders(world, 1), asyncio.TaskGroup() as group:
                until = asyncio.get_running_loop().time() + 3
                for _ in range(16):
                    group.create_task(crowd.hand(until))
            async with senders(world, 1):
                await world.settle()
        finally:
            await database.close()

        states = await world.states()
        assert crowd.done > 60  # else nothing was tried
        assert crowd.queued > 20
        assert sum(states.values()) == crowd.queued
        assert set(states) <= {"accepted", "suppressed"}
        assert len({message.tag for message in world.provider.taken}) == states["accepted"]
