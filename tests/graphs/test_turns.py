"""Turns: owed once per conversation, due after silence, and closed where nobody can take them."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from agents.gateway.gateway import make_gateway
from agents.ports import NoKnowledge
from core import clock
from core.floor import Floor
from core.ids import TurnId, new_id
from core.models.people import ConnectionKind
from core.models.stream import MessageKind, TurnState
from graphs import store
from graphs.debounce import Arrival, due_at
from graphs.stores import turns as turn_store
from graphs.stores.turns import Claim
from graphs.turn_taking import TurnTaker
from tests.fixtures.inbound import Customer, Inbox, message, open_inbox, someone

WORDS = "Quero saber do pedido de ontem à tarde."


@pytest.fixture
async def inbox(floor: Floor) -> AsyncIterator[Inbox]:
    inbox = await open_inbox(floor)
    yield inbox
    async with inbox.session() as session:
        await session.execute(text("UPDATE turns SET state = 'done'"))


@pytest.fixture
def ana() -> Customer:
    return someone(name="Ana")


@pytest.fixture
async def taker(floor: Floor) -> AsyncIterator[TurnTaker]:
    gateway = make_gateway(floor.settings)
    yield TurnTaker(floor, gateway, lambda _: NoKnowledge())
    await gateway.close()


async def only_turn(inbox: Inbox) -> Any:
    [row] = await inbox.rows("SELECT * FROM turns")
    return row


async def arrivals(inbox: Inbox) -> list[datetime]:
    return [row[0] for row in await inbox.rows("SELECT created_at FROM messages ORDER BY seq")]


async def let_time_pass(inbox: Inbox, seconds: float) -> None:
    """What was said and owed is so much older."""
    async with inbox.session() as session:
        for table, columns in {"messages": ["created_at"], "turns": ["created_at", "due_at"]}.items():
            older = ", ".join(f"{column} = {column} - make_interval(secs => :seconds)" for column in columns)
            await session.execute(text(f"UPDATE {table} SET {older}"), {"seconds": seconds})  # noqa: S608 - ours


class TestOwe:
    async def test_it_is_due_when_there_was_silence_for_long_enough(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(message(ana, "w.1", text=WORDS))

        [at] = await arrivals(inbox)
        said = [Arrival(at=at, kind=MessageKind.TEXT, text=WORDS)]
        assert (await only_turn(inbox)).due_at == due_at(said, ConnectionKind.WHATSAPP)

    async def test_whoever_goes_on_writing_puts_it_off(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(message(ana, "w.1", text=WORDS))
        before = await only_turn(inbox)
        await let_time_pass(inbox, 1)
        await inbox.tell(message(ana, "w.2", text=WORDS))

        after = await only_turn(inbox)
        assert after.id == before.id
        assert after.due_at - (await arrivals(inbox))[1] == timedelta(seconds=1.6)

    async def test_but_not_for_ever(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(message(ana, "w.0", text=WORDS))
        for number in range(1, 12):
            await let_time_pass(inbox, 0.7)
            await inbox.tell(message(ana, f"w.{number}", text=WORDS))

        first, *_, newest = await arrivals(inbox)
        assert (await only_turn(inbox)).due_at == max(newest, first + timedelta(seconds=8))

    @pytest.mark.parametrize("minutes", [0.5, 5])
    async def test_one_that_waits_for_long_is_due_at_once(self, inbox: Inbox, ana: Customer, minutes: float) -> None:
        await inbox.tell(message(ana, "w.1", text=WORDS))
        await let_time_pass(inbox, minutes * 60)
        await inbox.tell(message(ana, "w.2", text=WORDS))

        assert (await only_turn(inbox)).due_at == (await arrivals(inbox))[1]

    async def test_a_button_leaves_nothing_to_wait_for(self, inbox: Inbox, ana: Customer) -> None:
        reply = {"type": "button_reply", "button_reply": {"id": "sim", "title": "Sim"}}
        await inbox.tell(message(ana, "w.1", interactive=reply))

        assert (await only_turn(inbox)).due_at == (await arrivals(inbox))[0]

    async def test_a_button_said_before_leaves_nothing_to_wait_for_either(self, inbox: Inbox, ana: Customer) -> None:
        reply = {"type": "button_reply", "button_reply": {"id": "sim", "title": "Sim"}}
        await inbox.tell(message(ana, "w.1", interactive=reply))
        await inbox.tell(message(ana, "w.2", text=WORDS))

        assert (await only_turn(inbox)).due_at == (await arrivals(inbox))[1]

    async def test_beside_one_that_runs_another_is_opened(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(message(ana, "w.1", text=WORDS))
        async with inbox.session() as session:
            await session.execute(text("UPDATE turns SET state = 'running', lease_until = now() + interval '1 hour'"))

        await inbox.tell(message(ana, "w.2", text=WORDS))

        states = await inbox.rows("SELECT state FROM turns ORDER BY created_at")
        assert [row[0] for row in states] == ["running", "open"]


class TestRunDue:
    async def test_without_a_persona_it_is_closed_and_says_so(
        self, taker: TurnTaker, inbox: Inbox, ana: Customer
    ) -> None:
        await inbox.tell(message(ana, "w.1", text=WORDS))
        await let_time_pass(inbox, 10)

        assert await taker.run_due() == 1

        turn = await only_turn(inbox)
        assert (turn.state, turn.reason, turn.lease_until) == ("ignored", "no_persona", None)
        assert turn.ended_at is not None
        assert await taker.run_due() == 0

    async def test_one_that_is_not_due_is_left(self, taker: TurnTaker, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(message(ana, "w.1", text=WORDS))

        assert await taker.run_due() == 0
        assert (await only_turn(inbox)).state == "open"

    async def test_all_companies_get_theirs(self, taker: TurnTaker, inbox: Inbox, ana: Customer) -> None:
        other = await open_inbox(taker.floor)
        for one in (inbox, other):
            await one.tell(message(ana, "w.1", text=WORDS), message(someone(), "w.2", text=WORDS))
            await let_time_pass(one, 10)

        assert await taker.run_due() == 4
        assert await other.count("turns WHERE state = 'ignored'") == 2

    async def test_who_comes_back_late_closes_nothing(self, taker: TurnTaker, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(message(ana, "w.1", text=WORDS))
        await let_time_pass(inbox, 10)
        [late] = await store.claim_turns(taker.floor.database, most=10, lease=timedelta(seconds=-1))
        [held] = await store.claim_turns(taker.floor.database, most=10, lease=timedelta(hours=1))
        unknown = Claim(company=inbox.company, turn=TurnId(new_id()), fence=1)

        async with inbox.session() as session:
            closed = [
                await turn_store.close(session, [claim], state=TurnState.IGNORED, reason="late")
                for claim in (late, unknown, held, held)
            ]

        assert closed == [0, 0, 1, 0]


class TestClock:
    async def test_an_owed_turn_is_in_business_time(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(message(ana, "w.1", text=WORDS))

        assert abs((await only_turn(inbox)).due_at - clock.now()) < timedelta(seconds=5)
