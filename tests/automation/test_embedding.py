"""Vectors of what was read since: made in the background, for every company whose model is the one that is set."""

from collections.abc import Sequence

import pytest
from typing_extensions import override

from admin_api.tenants.store import NewCompany, create_company
from automation.embedding import embed_due, fill_due
from automation.schedule import ScheduleName
from automation.upkeep import run_tick
from core.audit import OPERATOR
from core.clock import Deadline
from core.floor import Floor
from core.ids import CompanyId, new_id
from knowledge.embeddings import EmbeddingFailed, TextKind
from knowledge.stores import spaces
from tests.fixtures.shelf import FAQ, put


class Port:
    dimensions = 256

    def __init__(self, name: str) -> None:
        self.name = name

    async def embed(self, texts: Sequence[str], *, kind: TextKind, deadline: Deadline) -> Sequence[Sequence[float]]:
        del kind, deadline
        return [[1.0, *[0.0] * 255] for _ in texts]


class FailsFirst(Port):
    calls = 0

    @override
    async def embed(self, texts: Sequence[str], *, kind: TextKind, deadline: Deadline) -> Sequence[Sequence[float]]:
        self.calls += 1
        if self.calls == 1:
            raise EmbeddingFailed("fora do ar", "away")
        return await super().embed(texts, kind=kind, deadline=deadline)


async def company_with(floor: Floor, model: str) -> CompanyId:
    new = NewCompany(slug=f"c{new_id().hex}", name="Padaria da Ana")
    company = await create_company(floor.database, floor.ring, new, OPERATOR)
    async with floor.database.tenant_session(company) as session:
        await put(session)
        await spaces.ensure(session, model, Port.dimensions)
    return company


async def missing(floor: Floor, company: CompanyId) -> int:
    async with floor.database.tenant_session(company) as session:
        [space] = await spaces.every(session)
        return len(await spaces.unplaced(session, space.id, most=100))


class TestFillDue:
    async def test_what_was_added_gets_its_vectors_and_other_models_wait(self, floor: Floor) -> None:
        ours, other = await company_with(floor, "x/ours"), await company_with(floor, "x/other")
        made = await fill_due(floor, Port("x/ours"), Deadline.after(20))
        assert made > 0
        assert (await missing(floor, ours), await missing(floor, other) > 0) == (0, True)

        async with floor.database.tenant_session(ours) as session:
            await put(session, FAQ.replace("12 meses", "24 meses"))
        assert await missing(floor, ours) > 0
        await fill_due(floor, Port("x/ours"), Deadline.after(20))
        assert await missing(floor, ours) == 0

    async def test_what_fails_for_one_company_stops_no_other(
        self, floor: Floor, caplog: pytest.LogCaptureFixture
    ) -> None:
        broken, sound = await company_with(floor, "x/one"), await company_with(floor, "x/one")
        assert await fill_due(floor, FailsFirst("x/one"), Deadline.after(20)) > 0
        assert (await missing(floor, broken) > 0, await missing(floor, sound)) == (True, 0)
        assert "embedding.failed" in caplog.text
        assert str(broken) in caplog.text

    async def test_a_time_that_is_over_leaves_the_rest_for_the_next(self, floor: Floor) -> None:
        company = await company_with(floor, "x/late")
        assert await fill_due(floor, Port("x/late"), Deadline.after(0)) == 0
        assert await missing(floor, company) > 0

    async def test_without_a_model_nothing_is_asked(self, floor: Floor) -> None:
        company = await company_with(floor, "x/none")
        await embed_due(floor)
        assert await missing(floor, company) > 0
        assert await run_tick(floor, ScheduleName.EMBED)
