"""Sets of Spanish and English questions of ours, each with the passage that answers, put through the search."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from bench.knowledge_scene import DataSet, read
from core.floor import Floor
from core.ids import CompanyId
from knowledge.search import Found, search
from tests.knowledge.shelving import new_company, shelve

_HERE: Final = Path(__file__).parent
SETS: Final = {name: read(_HERE / f"{name}.json") for name in ("spanish", "english")}
RECALL: Final = {"spanish": (0.87, 0.96), "english": (0.90, 0.975)}  # among the first, and among the first five
WRONG: Final = 0.03


@pytest.fixture
async def shop(floor: Floor) -> CompanyId:
    """Each set in a base of its own, and both in one."""
    company = await new_company(floor)
    async with floor.database.tenant_session(company) as session:
        for name, data in SETS.items():
            await shelve(session, *data.passages, key=name, base=name)
            await shelve(session, *data.passages, key=name, base="both")
    return company


async def _asked(floor: Floor, company: CompanyId, data: DataSet, base: str) -> list[Found]:
    async with floor.database.tenant_session(company) as session:
        return [await search(session, question, [base]) for question, _ in data.questions]


def _share_within(found: Sequence[Found], data: DataSet, most: int) -> float:
    answers = [data.passages[place] for _, place in data.questions]
    hits = [answer in [hit.text for hit in one.hits[:most]] for one, answer in zip(found, answers, strict=True)]
    return sum(hits) / len(hits)


class TestRecall:
    @pytest.mark.parametrize("name", SETS)
    def test_a_set_asks_at_least_sixty_questions_over_forty_passages(self, name: str) -> None:
        data = SETS[name]
        assert (len(data.questions) >= 60, len(set(data.passages)) >= 40) == (True, True)
        assert {place for _, place in data.questions} == set(range(len(data.passages)))

    @pytest.mark.parametrize("name", SETS)
    async def test_the_passage_that_answers_is_found(self, floor: Floor, shop: CompanyId, name: str) -> None:
        first, five = RECALL[name]
        found = await _asked(floor, shop, SETS[name], name)
        assert _share_within(found, SETS[name], 1) >= first
        assert _share_within(found, SETS[name], 5) >= five

    @pytest.mark.parametrize("name", SETS)
    async def test_it_is_found_beside_texts_of_another_language(self, floor: Floor, shop: CompanyId, name: str) -> None:
        assert _share_within(await _asked(floor, shop, SETS[name], "both"), SETS[name], 5) >= 0.95

    async def test_the_base_that_cannot_know_answers_hardly_ever(self, floor: Floor, shop: CompanyId) -> None:
        wrong = await _asked(floor, shop, SETS["spanish"], "english")
        wrong += await _asked(floor, shop, SETS["english"], "spanish")
        assert sum(one.is_answer for one in wrong) <= WRONG * len(wrong)
