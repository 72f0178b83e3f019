"""What a clock starts runs once per firing, and forgets only what nobody needs any more."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from celery import Celery
from kombu import pools
from pydantic import SecretStr
from sqlalchemy import insert, select, text, update

from admin_api.tenants.store import NewCompany, create_company
from automation import store
from automation.schedule import ScheduleName, schedule_named
from automation.tasks import forget_old_chunk, tick
from automation.upkeep import forget_old, run_tick
from core import clock, queue
from core.audit import OPERATOR
from core.clock import Deadline
from core.embedded import Urls
from core.events import mark_read
from core.floor import Floor
from core.ids import CompanyId, new_id
from core.models.installation import Company
from core.models.record import DomainEvent
from core.queue import TaskName, make_app
from tests.fixtures.api import NOBODY
from tests.fixtures.servers import Servers

FORGET: Final = ScheduleName.FORGET_OLD
DAY: Final = timedelta(days=1)


@pytest.fixture(autouse=True)
async def empty_ledger(servers: Servers, floor_urls: Urls) -> None:
    async with servers.superuser(floor_urls) as superuser:
        await superuser.execute("TRUNCATE schedule_ledger")


@pytest.fixture(autouse=True)
def sending(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery[Any]]:
    """What a tick starts goes to the broker of the test."""
    monkeypatch.setattr(queue, "_pause", Deadline.after(0))
    app = make_app(floor.settings)
    yield app
    pools.reset()


@pytest.fixture
def turned() -> Iterator[None]:
    yield
    clock.follow_shift(timedelta(0))


async def new_company(floor: Floor, *, days: int = 30) -> CompanyId:
    slug = f"c{new_id().hex[-12:]}"
    company = await create_company(floor.database, floor.ring, NewCompany(slug=slug, name=slug), OPERATOR)
    async with floor.database.tenant_session(company) as session:
        await session.execute(update(Company).values(retention_days=days))
        await session.execute(text("DELETE FROM domain_events"))
    return company


async def add_events(floor: Floor, company: CompanyId, *ages: timedelta) -> None:
    """The first is number 1, and so on."""
    rows = [
        {"tenant_id": company, "seq": seq, "kind": "row.made", "created_at": clock.now() - age}
        for seq, age in enumerate(ages, start=1)
    ]
    async with floor.database.tenant_session(company) as session:
        await session.execute(insert(DomainEvent), rows)


async def read_up_to(floor: Floor, company: CompanyId, **consumers: int) -> None:
    async with floor.database.tenant_session(company) as session:
        for consumer, seq in consumers.items():
            await mark_read(session, consumer, seq)


async def numbers(floor: Floor, company: CompanyId) -> list[int]:
    async with floor.database.tenant_session(company) as session:
        return list(await session.scalars(select(DomainEvent.seq).order_by(DomainEvent.seq)))


async def ledger(servers: Servers, floor_urls: Urls) -> list[tuple[datetime, bool]]:
    async with servers.superuser(floor_urls) as superuser:
        rows = await superuser.fetch("SELECT fire_at, done_at IS NOT NULL FROM schedule_ledger ORDER BY fire_at")
    return [(row[0], row[1]) for row in rows]


class TestRunTick:
    async def test_the_first_of_a_firing_does_the_work_and_says_so_in_the_ledger(
        self, floor: Floor, servers: Servers, floor_urls: Urls
    ) -> None:
        assert await run_tick(floor, FORGET)

        assert await ledger(servers, floor_urls) == [(schedule_named(FORGET).fire_at(clock.now()), True)]

    async def test_a_second_one_at_the_same_firing_does_nothing(self, floor: Floor) -> None:
        assert await run_tick(floor, FORGET)

        assert not await run_tick(floor, FORGET)

    async def test_of_eight_at_once_one_runs(self, floor: Floor, servers: Servers, floor_urls: Urls) -> None:
        ran = await asyncio.gather(*(run_tick(floor, FORGET) for _ in range(8)))

        assert sorted(ran) == [False] * 7 + [True]
        assert len(await ledger(servers, floor_urls)) == 1

    @pytest.mark.usefixtures("turned")
    async def test_a_late_one_after_missed_ones_catches_up_once(
        self, floor: Floor, servers: Servers, floor_urls: Urls
    ) -> None:
        assert await run_tick(floor, FORGET)
        clock.follow_shift(timedelta(hours=2, minutes=20))

        assert [await run_tick(floor, FORGET) for _ in range(3)] == [True, False, False]
        assert len(await ledger(servers, floor_urls)) == 2

    @pytest.mark.usefixtures("turned")
    async def test_a_clock_that_jumps_back_does_not_run_a_firing_again(self, floor: Floor) -> None:
        assert await run_tick(floor, FORGET)
        clock.follow_shift(timedelta(hours=1))
        assert await run_tick(floor, FORGET)

        clock.follow_shift(timedelta(0))

        assert not await run_tick(floor, FORGET)

    async def test_a_broker_that_is_away_does_not_stop_it(
        self, floor: Floor, servers: Servers, floor_urls: Urls
    ) -> None:
        await new_company(floor)
        make_app(floor.settings.model_copy(update={"redis_url": SecretStr(f"redis://{NOBODY}/0")}))

        assert await run_tick(floor, FORGET)
        assert [is_done for _, is_done in await ledger(servers, floor_urls)] == [True]

    async def test_ledger_rows_go_after_thirty_days_and_not_before(
        self, floor: Floor, servers: Servers, floor_urls: Urls
    ) -> None:
        ages = (29 * DAY, 31 * DAY, 400 * DAY)
        for age in ages:
            assert await store.claim_tick(floor.database, FORGET, clock.now() - age)

        await run_tick(floor, FORGET)

        kept = [fire_at for fire_at, _ in await ledger(servers, floor_urls)]
        assert len(kept) == 2
        assert min(kept) > datetime.now(UTC) - 30 * DAY


class TestForgetOld:
    async def test_what_is_past_retention_and_read_by_all_goes(self, floor: Floor) -> None:
        company = await new_company(floor, days=30)
        await add_events(floor, company, 40 * DAY, 31 * DAY, 29 * DAY, timedelta(0))
        await read_up_to(floor, company, sse=4, webhooks=4)

        assert await forget_old(floor, [company]) == 2
        assert await numbers(floor, company) == [3, 4]

    async def test_an_event_that_one_consumer_has_yet_to_read_stays(self, floor: Floor) -> None:
        company = await new_company(floor, days=30)
        await add_events(floor, company, 50 * DAY, 40 * DAY, 35 * DAY)
        await read_up_to(floor, company, sse=3, webhooks=1)

        await forget_old(floor, [company])

        assert await numbers(floor, company) == [2, 3]

    async def test_each_company_keeps_for_as_long_as_it_chose(self, floor: Floor) -> None:
        brief, long = await new_company(floor, days=7), await new_company(floor, days=365)
        for company in (brief, long):
            await add_events(floor, company, 100 * DAY, 1 * DAY)
            await read_up_to(floor, company, sse=2)

        await forget_old(floor, [brief, long])

        assert (await numbers(floor, brief), await numbers(floor, long)) == ([2], [1, 2])

    async def test_another_companys_progress_does_not_count(self, floor: Floor) -> None:
        read, unread = await new_company(floor), await new_company(floor)
        for company in (read, unread):
            await add_events(floor, company, 100 * DAY)
        await read_up_to(floor, read, sse=1)
        await read_up_to(floor, unread, sse=0)

        await forget_old(floor, [read, unread])

        assert (await numbers(floor, read), await numbers(floor, unread)) == ([], [1])

    async def test_twice_is_as_good_as_once(self, floor: Floor) -> None:
        company = await new_company(floor)
        await add_events(floor, company, 100 * DAY)
        await read_up_to(floor, company, sse=1)

        assert [await forget_old(floor, [company]) for _ in range(2)] == [1, 0]

    async def test_a_company_that_is_gone_is_passed_over(self, floor: Floor) -> None:
        assert await forget_old(floor, [CompanyId(new_id())]) == 0

    async def test_with_no_consumer_at_all_what_is_past_retention_goes(self, floor: Floor) -> None:
        company = await new_company(floor, days=30)
        await add_events(floor, company, 40 * DAY, 1 * DAY)

        await forget_old(floor, [company])

        assert await numbers(floor, company) == [2]


class TestChunks:
    async def test_every_company_is_in_exactly_one(self, floor: Floor) -> None:
        made = {await new_company(floor) for _ in range(3)}

        chunks = [chunk async for chunk in store.chunks_of_companies(floor.database)]

        everyone = [company for chunk in chunks for company in chunk]
        assert made <= set(everyone)
        assert len(everyone) == len(set(everyone))


class TestTasks:
    @pytest.mark.parametrize(("task", "name"), [(tick, TaskName.TICK), (forget_old_chunk, TaskName.FORGET_OLD)])
    def test_each_is_registered_under_its_name(self, sending: Celery[Any], task: object, name: TaskName) -> None:
        assert sending.tasks[name.value] == task
