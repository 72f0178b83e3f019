"""How work is claimed across companies: leases on the database's clock, fences, and nobody claims a row twice."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import insert, text

from core import clock
from core.db.sessions import Database, Pool
from core.embedded import Urls
from core.ids import new_id
from core.models.people import Contact
from core.models.stream import Consumer, Conversation, IncomingEvent, Trigger, Turn, TurnState
from tests.fixtures.rows import Filled, make_filled_company
from tests.fixtures.servers import Servers

HOUR: Final = timedelta(hours=1)
OVER: Final = timedelta(seconds=-1)  # a lease that is over before anybody looks


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    company: UUID
    row: UUID
    fence: int


@pytest.fixture(scope="module")
async def urls(servers: Servers) -> AsyncIterator[Urls]:
    async with servers.clone() as urls:
        yield urls


@pytest.fixture(scope="module")
async def shared(urls: Urls) -> AsyncIterator[Database]:
    database = Database(urls.app, Pool(size=8, overflow=8))
    yield database
    await database.close()


@pytest.fixture
async def company(shared: Database) -> Filled:
    """A company whose one turn and one event are out of the way."""
    filled = await make_filled_company(shared, f"c{new_id().hex[-12:]}")
    await finish_all(shared)
    return filled


async def finish_all(database: Database) -> None:
    """Whatever earlier tests left to be claimed, of every company, so that each test sees its own rows only."""
    async with database.crossing() as session:
        companies = list(await session.scalars(text("SELECT priv.companies()")))
    for company in companies:
        async with database.tenant_session(company) as session:
            await session.execute(text("UPDATE turns SET state = 'done'"))
            await session.execute(text("UPDATE incoming_events SET state = 'done'"))


async def claim_turns(database: Database, *, most: int = 10, lease: timedelta = HOUR) -> list[Claim]:
    return _claims(await _all(database, "SELECT * FROM priv.claim_turns(:most, :lease)", most=most, lease=lease))


async def claim_incoming(
    database: Database, *, most: int = 10, lease: timedelta = HOUR, suspects: bool = False
) -> list[Claim]:
    sql = "SELECT * FROM priv.claim_incoming('engine', :most, :lease, :suspects)"
    return _claims(await _all(database, sql, most=most, lease=lease, suspects=suspects))


async def add_turn(database: Database, company: Filled, **changes: Any) -> UUID:
    """In a conversation of its own."""
    row = {"id": new_id(), "trigger": Trigger.INBOUND, "due_at": clock.now() - timedelta(minutes=1)} | changes
    row.setdefault("conversation_id", await add_conversation(database, company))
    async with database.tenant_session(company.company) as session:
        await session.execute(insert(Turn).values(tenant_id=company.company, **row))
    return UUID(str(row["id"]))


async def add_conversation(database: Database, company: Filled) -> UUID:
    conversation, contact = new_id(), new_id()
    async with database.tenant_session(company.company) as session:
        await session.execute(insert(Contact).values(tenant_id=company.company, id=contact))
        row = {"id": conversation, "contact_id": contact, "connection_id": company.id_of("connections")}
        await session.execute(insert(Conversation).values(tenant_id=company.company, **row))
    return conversation


async def add_events(database: Database, company: Filled, count: int, **changes: Any) -> list[UUID]:
    plain = {"tenant_id": company.company, "consumer": Consumer.ENGINE, "body": b"{}", "body_sha256": b""}
    rows = [plain | {"id": new_id()} | changes for _ in range(count)]
    async with database.tenant_session(company.company) as session:
        await session.execute(insert(IncomingEvent), rows)
    return [UUID(str(row["id"])) for row in rows]


async def set_turn(database: Database, company: Filled, turn: UUID, assignment: str) -> None:
    async with database.tenant_session(company.company) as session:
        await session.execute(text(f"UPDATE turns SET {assignment} WHERE id = :turn"), {"turn": turn})  # noqa: S608 - ours


async def _all(database: Database, sql: str, **values: Any) -> list[Any]:
    async with database.crossing() as session:
        return list(await session.execute(text(sql), values))


def _claims(rows: list[Any]) -> list[Claim]:
    return [Claim(company=row[0], row=row[1], fence=row.held_fence) for row in rows]


class TestClaimTurns:
    async def test_a_due_turn_is_claimed_once_with_its_first_fence(self, shared: Database, company: Filled) -> None:
        turn = await add_turn(shared, company)

        assert await claim_turns(shared) == [Claim(company=company.company, row=turn, fence=1)]
        assert await claim_turns(shared) == []

    async def test_only_ids_and_the_fence_come_back(self, shared: Database, company: Filled) -> None:
        await add_turn(shared, company)

        rows = await _all(shared, "SELECT * FROM priv.claim_turns(1, '1 hour')")

        assert list(rows[0]._fields) == ["company", "turn", "held_fence"]

    async def test_an_expired_lease_is_claimed_again_with_a_higher_fence(
        self, shared: Database, company: Filled
    ) -> None:
        turn = await add_turn(shared, company)

        fences = [claim.fence for _ in range(3) for claim in await claim_turns(shared, lease=OVER)]

        assert fences == [1, 2, 3]
        async with shared.tenant_session(company.company) as session:
            assert await session.scalar(text("SELECT attempts FROM turns WHERE id = :turn"), {"turn": turn}) == 3

    async def test_a_running_turn_keeps_the_open_one_of_its_conversation_waiting(
        self, shared: Database, company: Filled
    ) -> None:
        conversation = await add_conversation(shared, company)
        first = await add_turn(shared, company, conversation_id=conversation)
        assert [claim.row for claim in await claim_turns(shared)] == [first]
        second = await add_turn(shared, company, conversation_id=conversation)

        assert await claim_turns(shared) == []
        await set_turn(shared, company, first, "state = 'done'")
        assert [claim.row for claim in await claim_turns(shared)] == [second]

    async def test_one_that_expired_goes_before_the_open_one_of_its_conversation(
        self, shared: Database, company: Filled
    ) -> None:
        conversation = await add_conversation(shared, company)
        first = await add_turn(shared, company, conversation_id=conversation)
        await claim_turns(shared, lease=OVER)
        await add_turn(shared, company, conversation_id=conversation, due_at=clock.now() - HOUR)

        assert await claim_turns(shared) == [Claim(company=company.company, row=first, fence=2)]

    async def test_another_conversation_need_not_wait(self, shared: Database, company: Filled) -> None:
        await add_turn(shared, company)
        await claim_turns(shared)

        other = await add_turn(shared, company)

        assert [claim.row for claim in await claim_turns(shared)] == [other]

    @pytest.mark.parametrize("state", [TurnState.DONE, TurnState.IGNORED, TurnState.FAILED])
    async def test_one_that_ended_is_left_alone(self, shared: Database, company: Filled, state: TurnState) -> None:
        await add_turn(shared, company, state=state)

        assert await claim_turns(shared) == []

    async def test_the_longest_due_come_first_and_not_more_than_asked_for(
        self, shared: Database, company: Filled
    ) -> None:
        waits = (3, 5, 1, 4, 2)
        by_wait = {wait: await add_turn(shared, company, due_at=clock.now() - wait * HOUR) for wait in waits}

        claimed = [{claim.row for claim in await claim_turns(shared, most=2)} for _ in range(3)]

        assert claimed == [{by_wait[5], by_wait[4]}, {by_wait[3], by_wait[2]}, {by_wait[1]}]

    async def test_of_eight_claimers_at_once_no_two_get_the_same_turn(self, shared: Database, company: Filled) -> None:
        turns = {await add_turn(shared, company) for _ in range(40)}

        rounds = await asyncio.gather(*(claim_turns(shared, most=10) for _ in range(8)))
        rounds += await asyncio.gather(*(claim_turns(shared, most=10) for _ in range(8)))

        claimed = [claim.row for claims in rounds for claim in claims]
        assert len(claimed) == len(turns)
        assert set(claimed) == turns

    async def test_whoever_claims_does_not_wait_for_a_row_that_another_holds(
        self, shared: Database, company: Filled
    ) -> None:
        held, free = await add_turn(shared, company), await add_turn(shared, company)
        async with shared.tenant_session(company.company) as session:
            await session.execute(text("SELECT FROM turns WHERE id = :turn FOR UPDATE"), {"turn": held})
            async with asyncio.timeout(2):
                assert [claim.row for claim in await claim_turns(shared)] == [free]


class TestClaimIncoming:
    async def test_a_new_event_is_claimed_once_with_its_first_fence(self, shared: Database, company: Filled) -> None:
        [event] = await add_events(shared, company, 1)

        assert await claim_incoming(shared) == [Claim(company=company.company, row=event, fence=1)]
        assert await claim_incoming(shared) == []

    async def test_ids_the_moment_and_the_fence_come_back_and_nothing_that_was_said(
        self, shared: Database, company: Filled
    ) -> None:
        await add_events(shared, company, 1, body=b"the body of a message")

        [row] = await _all(shared, "SELECT * FROM priv.claim_incoming('engine', 1, '1 hour', false)")

        assert list(row._fields) == ["company", "event", "received", "held_fence", "tries"]

    async def test_an_expired_lease_is_claimed_again_with_a_higher_fence(
        self, shared: Database, company: Filled
    ) -> None:
        await add_events(shared, company, 1)

        first = await claim_incoming(shared, lease=OVER)
        again = [await claim_incoming(shared, lease=OVER, suspects=True) for _ in range(2)]

        assert [claim.fence for claims in (first, *again) for claim in claims] == [1, 2, 3]

    async def test_what_was_claimed_before_is_claimed_one_at_a_time_as_a_suspect(
        self, shared: Database, company: Filled
    ) -> None:
        """The one that killed its process takes no neighbour along a second time."""
        await add_events(shared, company, 3)

        assert len(await claim_incoming(shared, lease=OVER)) == 3
        assert await claim_incoming(shared) == []
        assert [len(await claim_incoming(shared, suspects=True)) for _ in range(4)] == [1, 1, 1, 0]

    async def test_each_consumer_gets_its_own(self, shared: Database, company: Filled) -> None:
        await add_events(shared, company, 2, consumer=Consumer.STAFF)

        assert await claim_incoming(shared) == []

    @pytest.mark.parametrize("state", ["done", "quarantined"])
    async def test_one_that_ended_is_left_alone(self, shared: Database, company: Filled, state: str) -> None:
        await add_events(shared, company, 1, state=state)

        assert await claim_incoming(shared) == []

    async def test_it_is_found_in_whatever_partition_it_lies(self, shared: Database, company: Filled) -> None:
        for days in (-400, 0, 40):
            await add_events(shared, company, 1, received_at=clock.now() + timedelta(days=days))

        assert len(await claim_incoming(shared)) == 3

    async def test_of_eight_claimers_at_once_no_two_get_the_same_event(self, shared: Database, company: Filled) -> None:
        events = set(await add_events(shared, company, 200))

        rounds = await asyncio.gather(*(claim_incoming(shared, most=40) for _ in range(8)))
        rounds += await asyncio.gather(*(claim_incoming(shared, most=200) for _ in range(8)))

        claimed = [claim.row for claims in rounds for claim in claims]
        assert len(claimed) == len(events)
        assert set(claimed) == events


class TestClocks:
    @pytest.fixture(autouse=True)
    async def straight(self, servers: Servers, urls: Urls) -> AsyncIterator[None]:
        yield
        await turn_clock(servers, urls, timedelta(0))

    async def test_a_turn_falls_due_by_the_turned_clock(
        self, shared: Database, company: Filled, servers: Servers, urls: Urls
    ) -> None:
        tomorrow = await add_turn(shared, company, due_at=clock.now() + timedelta(days=1))
        assert await claim_turns(shared) == []

        await turn_clock(servers, urls, timedelta(days=2))

        assert [claim.row for claim in await claim_turns(shared)] == [tomorrow]

    async def test_a_clock_turned_back_makes_due_turns_wait(
        self, shared: Database, company: Filled, servers: Servers, urls: Urls
    ) -> None:
        await add_turn(shared, company)

        await turn_clock(servers, urls, timedelta(days=-1))

        assert await claim_turns(shared) == []

    async def test_a_turned_clock_neither_ends_a_lease_nor_lengthens_it(
        self, shared: Database, company: Filled, servers: Servers, urls: Urls
    ) -> None:
        held, _ = await add_turn(shared, company, due_at=clock.now() - 99 * HOUR), await add_events(shared, company, 1)
        await claim_turns(shared)
        await claim_incoming(shared)

        await turn_clock(servers, urls, timedelta(days=2))
        assert await claim_turns(shared) == []
        assert await claim_incoming(shared) == []
        await turn_clock(servers, urls, timedelta(days=-2))
        await set_turn(shared, company, held, "lease_until = now() - interval '1 second'")
        assert [claim.row for claim in await claim_turns(shared)] == [held]


async def turn_clock(servers: Servers, urls: Urls, shift: timedelta) -> None:
    async with servers.superuser(urls) as superuser:
        await superuser.execute("UPDATE clock_shift SET shift = $1", shift)
