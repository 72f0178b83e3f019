"""A message that a person has put by for later: nobody takes it for said before it leaves."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from core import clock
from core.floor import Floor
from core.models.outbox import OutboundState, Purpose
from core.models.service import TimerKind
from core.models.stream import Author
from graphs.stores import snapshots, timers
from graphs.stores.timers import NewTimer
from tests.fixtures.gates import Somebody
from tests.fixtures.salon import Salon, open_salon

LATER = timedelta(hours=2)


@pytest.fixture
async def salon(floor: Floor) -> AsyncIterator[Salon]:
    salon = await open_salon(floor)
    yield salon
    await salon.finish()
    await salon.world.finish()


@pytest.fixture
async def ana(salon: Salon) -> Somebody:
    """She asked something, and an answer waits for tomorrow."""
    ana = await salon.person(name="Ana")
    await salon.say(ana, "Quanto custa?")
    await salon.world.queue(ana.conversation, purpose=Purpose.STAFF, not_before=clock.now() + LATER)
    return ana


async def heard(salon: Salon, who: Somebody) -> list[tuple[Author, str]]:
    async with salon.world.session() as session:
        snapshot = (await salon.begin(session, who)).snapshot
        await session.rollback()
    return [(line.author, line.text) for line in (*snapshot.history, *snapshot.unanswered)]


class TestHistory:
    async def test_a_turn_does_not_hear_it_before_it_leaves(self, salon: Salon, ana: Somebody) -> None:
        assert await heard(salon, ana) == [(Author.CUSTOMER, "Quanto custa?")]

    @pytest.mark.parametrize("state", [OutboundState.SENDING, OutboundState.ACCEPTED, OutboundState.READ])
    async def test_and_hears_it_from_then_on(self, salon: Salon, ana: Somebody, state: OutboundState) -> None:
        async with salon.world.session() as session:
            await session.execute(text("UPDATE outbound SET state = :state"), {"state": state.value})

        assert (Author.STAFF, "Oi!") in await heard(salon, ana)

    async def test_what_people_write_now_is_heard_at_once(self, salon: Salon, ana: Somebody) -> None:
        await salon.world.queue(ana.conversation, purpose=Purpose.STAFF)

        assert (await heard(salon, ana)).count((Author.STAFF, "Oi!")) == 1

    async def test_what_the_bot_still_types_is_its_own_word_already(self, salon: Salon, ana: Somebody) -> None:
        await salon.world.queue(ana.conversation, purpose=Purpose.REPLY, not_before=clock.now() + LATER)

        assert (Author.BOT, "Oi!") in await heard(salon, ana)

    async def test_a_summary_does_not_tell_of_it(self, salon: Salon, ana: Somebody) -> None:
        async with salon.world.session() as session:
            lines = await snapshots.lines_after(session, ana.conversation, after=0, most=50)

        assert [line.text for line in lines] == ["Quanto custa?"]


class TestAnswered:
    @pytest.mark.parametrize("is_put_by", [True, False])
    async def test_it_is_no_answer_to_who_waits(self, salon: Salon, *, is_put_by: bool) -> None:
        who = await salon.person()
        async with salon.world.session() as session:
            new = NewTimer(
                conversation=who.conversation,
                kind=TimerKind.NEXT_RESPONSE,
                epoch=0,
                due_at=clock.now() - timedelta(seconds=1),
                payload={},
            )
            await timers.arm(session, [new])
        at = clock.now() + LATER if is_put_by else None
        await salon.world.queue(who.conversation, purpose=Purpose.STAFF, not_before=at)

        async with salon.world.session() as session:
            row = (await session.execute(text("SELECT id, fence FROM timers ORDER BY id DESC LIMIT 1"))).one()
            claim = timers.Claim(company=salon.world.company, timer=row.id, fence=row.fence)
            due = await timers.take(session, claim)

        assert due is not None
        assert due.was_answered is not is_put_by


class TestPlan:
    async def test_only_lines_of_people_are_looked_up_and_each_by_its_key(self, salon: Salon, ana: Somebody) -> None:
        for number in range(30):
            author = Author.BOT if number % 2 else Author.CUSTOMER
            await salon.say(ana, f"linha {number}", author)
        for _ in range(3):
            await salon.world.queue(ana.conversation, purpose=Purpose.STAFF)
        bound = {"conversations": [ana.conversation], "heard": [0], "covered": [0], "new": 500, "old": 60}
        async with salon.world.session() as session:
            explained = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {snapshots._LINES.text}")
            [plan] = await session.scalar(explained, bound)

        looked = [node for node in _nodes(plan["Plan"]) if node.get("Relation Name") == "outbound"]
        assert [node["Node Type"] in {"Index Scan", "Index Only Scan"} for node in looked] == [True]
        assert sum(node["Actual Loops"] for node in looked) == 4  # one put by, three written


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(one for child in plan.get("Plans", ()) for one in _nodes(child))]
