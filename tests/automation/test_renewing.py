"""Passages of an earlier edition are renewed in the background, and nobody looks for them when there are none."""

import pytest
from sqlalchemy import func, select, update

from admin_api.tenants.store import NewCompany, create_company
from automation.renewing import _ALL_NEW, renew_all, renew_due
from automation.schedule import ScheduleName
from automation.upkeep import run_tick
from core.audit import OPERATOR
from core.clock import Deadline
from core.floor import Floor
from core.ids import CompanyId, new_id
from core.models.knowledge import KnowledgePassage
from knowledge.features import EDITION
from tests.fixtures.shelf import put


@pytest.fixture(autouse=True)
async def unseen(floor: Floor) -> None:
    await floor.valkey.delete(_ALL_NEW)


async def aged_company(floor: Floor) -> CompanyId:
    new = NewCompany(slug=f"c{new_id().hex}", name="Padaria da Ana")
    company = await create_company(floor.database, floor.ring, new, OPERATOR)
    async with floor.database.tenant_session(company) as session:
        await put(session)
    await age(floor, company)
    return company


async def age(floor: Floor, company: CompanyId) -> None:
    async with floor.database.tenant_session(company) as session:
        await session.execute(update(KnowledgePassage).values(edition=EDITION - 1))


async def aged(floor: Floor, company: CompanyId) -> int:
    async with floor.database.tenant_session(company) as session:
        query = select(func.count()).select_from(KnowledgePassage).where(KnowledgePassage.edition != EDITION)
        return int(await session.scalar(query) or 0)


class TestRenewDue:
    async def test_every_company_is_renewed_and_then_nobody_looks_until_the_day_is_over(self, floor: Floor) -> None:
        companies = [await aged_company(floor) for _ in range(2)]
        await renew_due(floor)
        assert [await aged(floor, company) for company in companies] == [0, 0]

        await age(floor, companies[0])
        await renew_due(floor)
        assert await aged(floor, companies[0]) > 0
        assert 0 < await floor.valkey.ttl(_ALL_NEW) <= 24 * 3600

    async def test_what_the_time_was_too_short_for_is_left_to_the_next(self, floor: Floor) -> None:
        company = await aged_company(floor)
        assert not await renew_all(floor, Deadline.after(0))
        assert await aged(floor, company) > 0
        assert await renew_all(floor, Deadline.after(20))
        assert await aged(floor, company) == 0

    async def test_a_clock_starts_it(self, floor: Floor) -> None:
        company = await aged_company(floor)
        assert await run_tick(floor, ScheduleName.RENEW)
        assert await aged(floor, company) == 0
