"""Leases of turns: renewed while their process lives, given back when it ends, and lost where it is frozen."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from agents.gateway.gateway import Gateway
from core.floor import Floor
from core.ids import TurnId
from core.probe import Pulse
from graphs.holding import LEASE, Holding
from graphs.stores.turns import Claim
from tests.fixtures.inbound import message
from tests.fixtures.talking import Talk, gateway_of, open_talk
from tests.graphs.test_turn_taking import slow


@pytest.fixture(scope="module")
async def gateway(floor: Floor) -> AsyncIterator[Gateway]:
    async with gateway_of(floor) as gateway:
        yield gateway


@pytest.fixture
async def talk(floor: Floor, gateway: Gateway) -> Talk:
    return await open_talk(floor, gateway)


async def claimed(talk: Talk) -> Claim:
    """A turn that runs, and whose lease ends now."""
    await talk.inbox.tell(message(talk.customer, f"w.{id(talk)}", text="Oi"))
    async with talk.inbox.session() as session:
        row = (await session.execute(_CLAIM)).one()
    return Claim(company=talk.inbox.company, turn=TurnId(row.id), fence=row.fence)


def holding(floor: Floor, *claims: Claim, lease: timedelta = LEASE) -> Holding:
    """Whose turns are due to be renewed."""
    made = Holding(floor.database, lease=lease, renew_seconds=0.0)
    made.add(claims)
    return made


async def seconds_left(talk: Talk) -> float:
    [row] = await talk.inbox.rows("SELECT CAST(extract(epoch FROM lease_until - now()) AS float) AS left FROM turns")
    return float(row.left)


class TestRenew:
    async def test_while_a_process_lives_its_turns_are_its_own(self, floor: Floor, talk: Talk) -> None:
        mine = holding(floor, await claimed(talk))
        await mine.renew()
        assert LEASE.total_seconds() - 1 < await seconds_left(talk) <= LEASE.total_seconds()
        assert (await talk.turn()).attempts == 1

    async def test_what_was_taken_from_a_frozen_process_is_not_held_by_it_again(self, floor: Floor, talk: Talk) -> None:
        stale = await claimed(talk)
        async with talk.inbox.session() as session:
            await session.execute(text("UPDATE turns SET fence = fence + 1"))
        await holding(floor, stale).renew()
        assert await seconds_left(talk) <= 0

    async def test_what_was_dropped_is_not_renewed(self, floor: Floor, talk: Talk) -> None:
        claim = await claimed(talk)
        mine = holding(floor, claim)
        mine.drop(claim)
        await mine.renew()
        assert await seconds_left(talk) <= 0

    async def test_the_end_of_an_earlier_claim_drops_no_later_one(self, floor: Floor, talk: Talk) -> None:
        claim = await claimed(talk)
        mine = holding(floor, claim)
        mine.drop(replace(claim, fence=claim.fence - 1))
        await mine.renew()
        assert await seconds_left(talk) > 0

    async def test_a_turn_that_is_being_committed_is_not_waited_for(self, floor: Floor, talk: Talk) -> None:
        mine = holding(floor, await claimed(talk))
        async with talk.inbox.session() as session:
            await session.execute(text("SELECT id FROM turns FOR UPDATE"))
            async with asyncio.timeout(5):
                await mine.renew()
        assert await seconds_left(talk) <= 0

    async def test_a_thought_longer_than_the_lease_is_had_once(self, talk: Talk, gateway: Gateway) -> None:
        model = slow(talk, gateway)
        talk.taker._holding = Holding(talk.taker.floor.database, lease=timedelta(seconds=1), renew_seconds=0.2)
        await talk.inbox.tell(message(talk.customer, "w.1", text="Qual plano vocês recomendam para uma padaria?"))
        stop = asyncio.Event()
        running = asyncio.create_task(talk.taker.run(stop, Pulse().loop("turns")))
        await _due(talk)
        await model.thinks.wait()
        await asyncio.sleep(2.0)  # twice the lease; the round looks for what is free each half second
        assert ((await talk.turn()).fence, (await talk.turn()).state) == (1, "running")
        model.may_answer.set()
        stop.set()
        await running


class TestLetGo:
    async def test_nobody_waits_for_its_lease_and_it_was_no_try(self, floor: Floor, talk: Talk) -> None:
        mine = holding(floor, await claimed(talk))
        await mine.renew()
        await mine.let_go()
        assert await seconds_left(talk) <= 0
        assert (await talk.turn()).attempts == 0

    async def test_a_process_that_is_stopped_lets_go_of_what_it_thinks_about(
        self, talk: Talk, gateway: Gateway
    ) -> None:
        model = slow(talk, gateway)
        await talk.inbox.tell(message(talk.customer, "w.1", text="Qual plano vocês recomendam para uma padaria?"))
        stop = asyncio.Event()
        running = asyncio.create_task(talk.taker.run(stop, Pulse().loop("turns")))
        await _due(talk)
        await model.thinks.wait()
        while (await talk.turn()).state != "running":  # noqa: ASYNC110 - what was thought about may be somebody else's
            await asyncio.sleep(0.05)
        stop.set()
        talk.taker.wake.set()
        await running
        turn = await talk.turn()
        assert (turn.state, turn.attempts) == ("running", 0)
        assert await seconds_left(talk) <= 0


async def _due(talk: Talk) -> None:
    async with talk.inbox.session() as session:
        await session.execute(text("UPDATE turns SET due_at = app_now() WHERE state = 'open'"))
    talk.taker.wake.set()


_CLAIM = text("""
    UPDATE turns SET state = 'running', attempts = 1, fence = fence + 1, lease_until = now() WHERE state = 'open'
    RETURNING id, fence
""")
