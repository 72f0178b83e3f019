"""Tests of the search in a base of so many passages that only the likely ones are ranked."""

from datetime import timedelta

import pytest

from core import clock
from core.floor import Floor
from core.ids import CompanyId
from core.models.knowledge import DocumentState
from knowledge.stores import documents
from tests.knowledge.shelving import ask, new_company, shelve

COUNT = 480  # more than are all ranked


@pytest.fixture
async def ana(floor: Floor) -> CompanyId:
    return await new_company(floor)


class TestManyPassages:
    @pytest.mark.parametrize("hides", ["state", "validity"])
    async def test_what_may_be_found_is_not_lost_behind_very_many_that_may_not(
        self, floor: Floor, ana: CompanyId, hides: str
    ) -> None:
        async with floor.database.tenant_session(ana) as session:
            old = (await shelve(session, *(f"Prazo de entrega antigo {n}" for n in range(COUNT)), key="velho")).document
            await shelve(session, "O prazo é outro, e a loja diz qual.", key="novo")
            if hides == "state":
                await documents.set_state(session, old, DocumentState.RETIRED)
            else:
                ended = clock.now() - timedelta(days=1)
                await documents.set_validity(session, old, valid_from=None, valid_until=ended)
        hits = (await ask(floor, ana, "prazo de entrega antigo")).hits
        assert [hit.source for hit in hits] == ["novo"]
