"""Tests of gaps: what nothing answered is counted by what it asks, and says nothing of who asked."""

import asyncio
import time

import pytest

from core.db.locks import hold_until_commit
from core.errors import NotFound
from core.floor import Floor
from core.ids import CompanyId, new_id
from core.models.answers import GapState
from knowledge import approved, gaps
from knowledge.alike import Gist
from knowledge.approved import NewAnswer
from knowledge.stores import gaps as rows
from tests.knowledge.shelving import new_company


@pytest.fixture
async def ana(floor: Floor) -> CompanyId:
    return await new_company(floor)


async def note(floor: Floor, company: CompanyId, *questions: str, persona: str | None = None) -> None:
    for question in questions:
        async with floor.database.tenant_session(company) as session:
            await gaps.note(session, question, persona=persona)


async def noted(floor: Floor, company: CompanyId, state: GapState = GapState.OPEN) -> list[tuple[str, int]]:
    async with floor.database.tenant_session(company) as session:
        return [(gap.question, gap.asked) for gap in await rows.every(session, state)]


class TestNote:
    async def test_one_question_in_other_words_is_one_gap_and_the_most_asked_comes_first(
        self, floor: Floor, ana: CompanyId
    ) -> None:
        await note(floor, ana, "Vocês fazem entrega em Manaus?", "Aceitam vale-refeição?")
        await note(floor, ana, "aceita vale refeição", "por favor, vocês aceitam vale-refeição?")
        assert await noted(floor, ana) == [("Aceitam vale-refeição?", 3), ("Vocês fazem entrega em Manaus?", 1)]

    async def test_gaps_of_two_personas_are_counted_apart(self, floor: Floor, ana: CompanyId) -> None:
        for persona in ("vendas", "clinica", "vendas"):
            await note(floor, ana, "Aceitam vale-refeição?", persona=persona)
        assert sorted(count for _, count in await noted(floor, ana)) == [1, 2]

    @pytest.mark.parametrize("question", ["", "oi, bom dia!", "e aí?", "quanto é?", "👍"])
    async def test_small_talk_is_no_gap(self, floor: Floor, ana: CompanyId, question: str) -> None:
        await note(floor, ana, question)
        assert await noted(floor, ana) == []

    @pytest.mark.parametrize(
        "personal",
        ["+55 11 98765-4321", "529.982.247-25", "52998224725", "ana@exemplo.com.br", "4111 1111 1111 1111"],
    )
    async def test_who_asked_is_not_in_it(self, floor: Floor, ana: CompanyId, personal: str) -> None:
        await note(floor, ana, f"Fazem entrega em Manaus? Meu contato: {personal}")
        [(question, _)] = await noted(floor, ana)
        assert personal not in question
        assert question.startswith("Fazem entrega em Manaus?")

    async def test_a_very_long_question_is_cut(self, floor: Floor, ana: CompanyId) -> None:
        await note(floor, ana, "entrega " * 5_000)
        [(question, _)] = await noted(floor, ana)
        assert len(question) == 300


def made_up(number: int) -> str:
    """Words that are long, alike and each another."""
    return " ".join(f"desconhecidissimos{chr(97 + number % 26)}{chr(97 + word)}" for word in range(14))


class TestCosts:
    async def test_made_up_words_cost_no_more_than_others(self, floor: Floor, ana: CompanyId) -> None:
        async with floor.database.tenant_session(ana) as session:
            for number in range(100):
                gist = Gist.of(made_up(number))
                await rows.add(session, made_up(number), [*gist.words, "entrega"], None)
        async with floor.database.tenant_session(ana) as session:
            assert len(await rows.sharing(session, ["entrega"], None)) == 20
            started = time.process_time()
            await gaps.note(session, f"entrega {made_up(25)}")
            assert time.process_time() - started < 0.5

    async def test_a_gap_is_found_by_a_dozen_words(self, floor: Floor, ana: CompanyId) -> None:
        await note(floor, ana, "gostaria de saber, por favor, " + made_up(0))
        async with floor.database.tenant_session(ana) as session:
            [gap] = await rows.every(session)
        assert len(gap.words) == 12
        assert not {"gostaria", "favor"}.intersection(gap.words)

    async def test_one_that_is_known_is_counted_without_a_lock(self, floor: Floor, ana: CompanyId) -> None:
        await note(floor, ana, "Aceitam vale-refeição?")
        async with floor.database.tenant_session(ana) as session, asyncio.timeout(5):
            await hold_until_commit(session, "knowledge gaps")
            await note(floor, ana, "aceita vale refeição")
        assert await noted(floor, ana) == [("Aceitam vale-refeição?", 2)]

    async def test_two_who_ask_the_same_at_once_make_one_gap(self, floor: Floor, ana: CompanyId) -> None:
        await asyncio.gather(*(note(floor, ana, "Aceitam vale-refeição?") for _ in range(4)))
        assert await noted(floor, ana) == [("Aceitam vale-refeição?", 4)]


class TestClose:
    async def test_an_answered_gap_is_no_longer_open_and_opens_anew_where_it_is_asked_again(
        self, floor: Floor, ana: CompanyId
    ) -> None:
        await note(floor, ana, "Aceitam vale-refeição?", "Têm estacionamento coberto?")
        async with floor.database.tenant_session(ana) as session:
            answer = await approved.approve(session, NewAnswer(question="Aceitam vale-refeição?", answer="Sim."))
            for gap in await rows.every(session):
                await gaps.close(session, gap.id, answer=answer.id if "vale" in gap.question else None)
        assert await noted(floor, ana) == []
        assert await noted(floor, ana, GapState.ANSWERED) == [("Aceitam vale-refeição?", 1)]
        assert await noted(floor, ana, GapState.DISMISSED) == [("Têm estacionamento coberto?", 1)]
        await note(floor, ana, "Têm estacionamento coberto?")
        assert await noted(floor, ana) == [("Têm estacionamento coberto?", 1)]

    async def test_one_that_does_not_exist_cannot_be_closed(self, floor: Floor, ana: CompanyId) -> None:
        async with floor.database.tenant_session(ana) as session:
            with pytest.raises(NotFound):
                await gaps.close(session, new_id())


class TestIsolation:
    async def test_the_same_question_of_two_companies_is_counted_by_each(self, floor: Floor, ana: CompanyId) -> None:
        beto = await new_company(floor)
        await note(floor, ana, "Aceitam vale-refeição?", "aceita vale refeição")
        await note(floor, beto, "Aceitam vale-refeição?")
        assert await noted(floor, ana) == [("Aceitam vale-refeição?", 2)]
        assert await noted(floor, beto) == [("Aceitam vale-refeição?", 1)]
