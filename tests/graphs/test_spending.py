"""Calls of today: a contact's own are counted for each turn, its company's now and then, and neither costs much."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import text

from core import clock
from core.embedded import Urls
from core.floor import Floor, open_floor
from core.ids import new_id
from core.models.stream import Trigger, Turn, TurnState
from graphs.stores import spending
from graphs.stores.spending import CallsToday, CompaniesToday, Taken
from tests.fixtures.api import settings_of
from tests.fixtures.gates import Somebody
from tests.fixtures.salon import Salon, open_salon
from tests.fixtures.servers import Servers

MANY: Final = 4000
MOST_OF_COMPANY: Final = 40


@pytest.fixture
async def salon(floor: Floor) -> AsyncIterator[Salon]:
    salon = await open_salon(floor)
    yield salon
    await salon.finish()


async def took(salon: Salon, who: Somebody, calls: int, *, days_ago: int = 0) -> None:
    ended = clock.now() - timedelta(days=days_ago)
    turn = Turn(
        tenant_id=salon.world.company,
        id=new_id(),
        conversation_id=who.conversation,
        trigger=Trigger.INBOUND,
        state=TurnState.DONE,
        due_at=ended,
        created_at=ended,
        ended_at=ended,
        model_calls=calls,
    )
    async with salon.world.session() as session:
        session.add(turn)


async def left(salon: Salon, who: Somebody, *, of_contact: int, companies: CompaniesToday | None = None) -> int:
    calls = CallsToday(
        salon.world.floor.database, salon.world.company, who.contact, of_company=MOST_OF_COMPANY, companies=companies
    )
    return await calls.calls_left(of_contact=of_contact)


class TestCounted:
    async def test_what_a_contact_took_today_is_no_longer_theirs(self, salon: Salon) -> None:
        ana, beto = await salon.person(name="Ana"), await salon.person(name="Beto")
        await took(salon, ana, 3)
        await took(salon, ana, 4)
        await took(salon, ana, 50, days_ago=2)
        await took(salon, beto, 9)
        assert await left(salon, ana, of_contact=30) == 23
        assert await left(salon, beto, of_contact=30) == 21

    async def test_several_are_counted_at_once(self, salon: Salon) -> None:
        ana, beto = await salon.person(name="Ana"), await salon.person(name="Beto")
        await took(salon, ana, 3)
        async with salon.world.session() as session:
            counted = await spending.taken(session, [ana.contact, beto.contact], CompaniesToday())
            assert await spending.taken(session, [], CompaniesToday()) == {}
        assert counted == {
            ana.contact: Taken(by_contact=3, by_company=3),
            beto.contact: Taken(by_contact=0, by_company=3),
        }

    async def test_a_company_has_its_own_limit(self, salon: Salon) -> None:
        ana, beto = await salon.person(name="Ana"), await salon.person(name="Beto")
        await took(salon, beto, MOST_OF_COMPANY - 5)
        assert await left(salon, ana, of_contact=30) == 5

    async def test_its_limit_is_looked_at_now_and_then(self, salon: Salon) -> None:
        ana, beto = await salon.person(name="Ana"), await salon.person(name="Beto")
        companies = CompaniesToday()
        assert await left(salon, ana, of_contact=30, companies=companies) == 30
        await took(salon, beto, MOST_OF_COMPANY)
        assert await left(salon, ana, of_contact=30, companies=companies) == 30
        assert await left(salon, ana, of_contact=30) == 0

    async def test_after_a_while_it_is_looked_at_again(self, salon: Salon, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(spending, "_KEPT_SECONDS", 0.0)
        ana, companies = await salon.person(name="Ana"), CompaniesToday()
        await left(salon, ana, of_contact=30, companies=companies)
        await took(salon, await salon.person(name="Beto"), MOST_OF_COMPANY)
        assert await left(salon, ana, of_contact=30, companies=companies) == 0


class TestCost:
    @pytest.fixture
    async def salon(self, servers: Servers, urls: Urls, tmp_path: Path) -> AsyncIterator[Salon]:
        """In a database of its own: a small table is read whole, and rows of other tests would be counted."""
        async with open_floor(settings_of(servers, urls, tmp_path)) as floor:
            salon = await open_salon(floor)
            yield salon
            await salon.finish()

    async def test_it_does_not_grow_with_what_others_have_said_today(
        self, salon: Salon, servers: Servers, urls: Urls
    ) -> None:
        ana, beto = await salon.person(name="Ana"), await salon.person(name="Beto")
        await took(salon, ana, 3)
        async with servers.superuser(urls) as superuser:
            await superuser.execute(FILL, salon.world.company, beto.conversation, MANY)
            await superuser.execute("ANALYZE turns, conversations, messages, media_files")
        assert await touched(salon, ana) < 20

    async def test_a_plan_that_reads_them_all_would_be_seen(self, salon: Salon, servers: Servers, urls: Urls) -> None:
        beto = await salon.person(name="Beto")
        async with servers.superuser(urls) as superuser:
            await superuser.execute(FILL, salon.world.company, beto.conversation, MANY)
            await superuser.execute("ANALYZE turns, conversations, messages, media_files")
        assert await touched(salon, beto) >= MANY


async def touched(salon: Salon, who: Somebody) -> int:
    """How many rows were looked at for them."""
    async with salon.world.session() as session:
        explained = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {spending._OF_CONTACTS.text}")
        [plan] = await session.scalar(explained, {"contacts": [who.contact]})
    return sum(_rows(plan["Plan"] if not isinstance(plan, str) else json.loads(plan)["Plan"]))


def _rows(node: dict[str, Any]) -> list[int]:
    removed = sum(count for name, count in node.items() if name.startswith("Rows Removed"))
    inner = [rows for child in node.get("Plans", ()) for rows in _rows(child)]
    return [int(node["Actual Loops"] * (node["Actual Rows"] + removed)), *inner]


FILL: Final = """
    INSERT INTO turns (tenant_id, id, conversation_id, trigger, state, due_at, ended_at, model_calls)
    SELECT $1, gen_random_uuid(), $2, 'inbound', 'done', now(), now(), 2 FROM generate_series(1, $3)
"""
