"""Turns that were begun again and again and never ended: alone among their like, and given up in the end."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from agents.gateway.gateway import Gateway
from core.floor import Floor
from core.ids import new_id
from graphs import store
from graphs.holding import LEASE
from graphs.stores import turns
from graphs.stores.turns import Claim
from graphs.suspects import MOST_TRIES, Suspects
from tests.fixtures.inbound import message, someone
from tests.fixtures.talking import Talk, gateway_of, open_talk

_ALONE = 5  # tries, as the claim function has it


@pytest.fixture(scope="module")
async def gateway(floor: Floor) -> AsyncIterator[Gateway]:
    async with gateway_of(floor) as gateway:
        yield gateway


@pytest.fixture
async def talk(floor: Floor, gateway: Gateway) -> AsyncIterator[Talk]:
    """Claims are of all companies: nothing of this one is left to others, and what they left is claimed."""
    talk = await open_talk(floor, gateway)
    async with floor.database.crossing() as session:
        await session.execute(text("SELECT priv.claim_turns(1000, interval '1 hour', false)"))
    yield talk
    async with talk.inbox.session() as session:
        await session.execute(text("UPDATE turns SET state = 'ignored' WHERE state IN ('open', 'running')"))


async def owed(talk: Talk, count: int, *, tries: int) -> None:
    """To so many customers, whose turns' processes died over them so often."""
    for _ in range(count):
        await talk.inbox.tell(message(someone(), f"w.{new_id()}", text="Oi"))
    async with talk.inbox.session() as session:
        await session.execute(
            text("""
                UPDATE turns SET due_at = app_now() - interval '1 minute', attempts = :tries, state = :state,
                    lease_until = now() - interval '1 second'
                WHERE state = 'open'
            """),
            {"tries": tries, "state": "running" if tries else "open"},
        )


def mine(talk: Talk, claims: "list[Claim]") -> "list[Claim]":
    return [claim for claim in claims if claim.company == talk.inbox.company]


class TestClaim:
    async def test_who_died_a_few_times_goes_with_all_others(self, floor: Floor, talk: Talk) -> None:
        await owed(talk, 3, tries=_ALONE - 1)
        claims = mine(talk, await store.claim_turns(floor.database, most=100, lease=LEASE))
        assert [claim.tries for claim in claims] == [_ALONE] * 3

    async def test_who_died_again_and_again_goes_alone(self, floor: Floor, talk: Talk) -> None:
        await owed(talk, 3, tries=_ALONE)
        assert mine(talk, await store.claim_turns(floor.database, most=100, lease=LEASE)) == []
        suspects = Suspects(floor.database)
        [first] = await suspects.claim(LEASE)
        assert first.tries == _ALONE + 1
        suspects._looks = None
        assert await suspects.claim(LEASE) == []
        suspects.ended(first)
        [second] = await suspects.claim(LEASE)
        assert second.turn != first.turn

    async def test_the_least_tried_goes_first(self, floor: Floor, talk: Talk) -> None:
        await owed(talk, 1, tries=_ALONE + 2)
        await owed(talk, 1, tries=_ALONE)
        [claim] = await Suspects(floor.database).claim(LEASE)
        assert claim.tries == _ALONE + 1

    async def test_nobody_is_looked_for_more_than_once_a_second(self, floor: Floor, talk: Talk) -> None:
        suspects = Suspects(floor.database)
        assert await suspects.claim(LEASE) == []
        await owed(talk, 1, tries=_ALONE)
        assert await suspects.claim(LEASE) == []


class TestEnd:
    async def test_one_that_kills_every_process_is_given_up_and_all_others_are_answered(self, talk: Talk) -> None:
        await owed(talk, 1, tries=MOST_TRIES)
        await owed(talk, 2, tries=_ALONE)
        for _ in range(4):
            talk.taker._suspects._looks = None
            await talk.taker.run_due()
        rows = await talk.inbox.rows("SELECT state, reason FROM turns ORDER BY attempts DESC")
        assert [tuple(row) for row in rows] == [("failed", "crashed"), ("done", None), ("done", None)]

    async def test_being_begun_again_because_the_customer_wrote_is_no_try(self, floor: Floor, talk: Talk) -> None:
        await owed(talk, 1, tries=0)
        [claim] = mine(talk, await store.claim_turns(floor.database, most=100, lease=LEASE))
        async with talk.inbox.session() as session:
            await turns.give_way(session, claim, reason="overtaken", is_restart=True)
        turn = await talk.turn()
        assert (turn.state, turn.attempts, turn.restarts) == ("open", 0, 1)
