"""Tests of approved answers: found for their question, while they hold, in their company; contradictions shown."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.errors import Malformed, NotFound
from core.floor import Floor
from core.ids import CompanyId, new_id
from core.models.answers import ApprovedAnswer
from knowledge import approved
from knowledge.approved import AlreadyAnswered, Approved, Match, NewAnswer
from knowledge.search import search
from knowledge.stores import answers, bases
from tests.knowledge.shelving import BASE, new_company, shelve

PARKING = NewAnswer(question="Vocês têm estacionamento para clientes?", answer="Sim, na rua de trás, sem custo.")
EXCHANGE = NewAnswer(
    question="Em quantos dias posso trocar um tênis?", answer="A troca pode ser pedida em até 15 dias."
)


@pytest.fixture
async def ana(floor: Floor) -> CompanyId:
    return await new_company(floor)


async def approve(floor: Floor, company: CompanyId, new: NewAnswer, **options: object) -> Approved:
    async with floor.database.tenant_session(company) as session:
        return await approved.approve(session, new, **options)  # type: ignore[arg-type] # as the caller names them


async def find(floor: Floor, company: CompanyId, question: str, persona: str | None = None) -> Match | None:
    async with floor.database.tenant_session(company) as session:
        return await approved.find(session, question, persona=persona)


class TestFind:
    @pytest.mark.parametrize(
        "question",
        [
            "Vocês têm estacionamento para clientes?",
            "tem estacionamento pra cliente",
            "gostaria de saber se existe estacionamento para os clientes, por favor",
            "ESTACIONAMENTO P/ CLIENTES??",
            "voces tem estacionameto para clientes?",
        ],
    )
    async def test_the_same_question_in_other_words_gets_it(self, floor: Floor, ana: CompanyId, question: str) -> None:
        await approve(floor, ana, PARKING)
        match = await find(floor, ana, question)
        assert match is not None
        assert match.answer == PARKING.answer

    @pytest.mark.parametrize(
        "question",
        [
            "Quanto custa o estacionamento do aeroporto?",
            "Vocês não têm estacionamento para clientes?",
            "clientes",
            "Vocês entregam em casa?",
            "",
        ],
    )
    async def test_another_question_does_not(self, floor: Floor, ana: CompanyId, question: str) -> None:
        await approve(floor, ana, PARKING)
        assert await find(floor, ana, question) is None

    @pytest.mark.parametrize(
        ("approved_for", "asked"),
        [
            ("Quanto custa o modelo AB-12?", "Quanto custa o modelo AB-13?"),
            ("Onde a loja abre?", "Quando a loja abre?"),
            ("Qual o preço do plano 2?", "Qual o preço do plano 3?"),
        ],
    )
    async def test_another_number_and_another_thing_to_know_is_another_question(
        self, floor: Floor, ana: CompanyId, approved_for: str, asked: str
    ) -> None:
        await approve(floor, ana, NewAnswer(question=approved_for, answer="Isso."))
        assert await find(floor, ana, asked) is None
        assert await find(floor, ana, approved_for) is not None

    async def test_one_of_the_persona_goes_before_one_for_all_and_is_no_other_personas(
        self, floor: Floor, ana: CompanyId
    ) -> None:
        own = NewAnswer(question=PARKING.question, answer="Só com agendamento.", persona="clinica")
        await approve(floor, ana, own)
        assert await find(floor, ana, PARKING.question, "vendas") is None
        await approve(floor, ana, PARKING)
        found = [await find(floor, ana, PARKING.question, persona) for persona in ("clinica", "vendas", None)]
        assert [match and match.answer for match in found] == [own.answer, PARKING.answer, PARKING.answer]

    async def test_what_it_was_asked_is_not_found_among_the_documents(self, floor: Floor, ana: CompanyId) -> None:
        await approve(floor, ana, PARKING)
        async with floor.database.tenant_session(ana) as session:
            assert await bases.every(session) == []


class TestHolding:
    async def test_one_that_expired_or_has_not_begun_is_never_used(self, floor: Floor, ana: CompanyId) -> None:
        now, day = clock.now(), timedelta(days=1)
        later = NewAnswer(question="Abrem no feriado?", answer="Sim.", valid_from=now + day, valid_until=now + 2 * day)
        await approve(floor, ana, later)
        assert await find(floor, ana, later.question) is None
        expiring = await approve(floor, ana, NewAnswer(question="Tem rodízio?", answer="Sim.", valid_until=now + day))
        assert await find(floor, ana, "Tem rodízio?") is not None
        async with floor.database.tenant_session(ana) as session:
            row = await answers.one(session, expiring.id)
            row.valid_from, row.valid_until = now - 2 * day, now - day
        assert await find(floor, ana, "Tem rodízio?") is None

    async def test_a_withdrawn_one_is_gone_and_keeps_its_hits(self, floor: Floor, ana: CompanyId) -> None:
        made = await approve(floor, ana, PARKING)
        async with floor.database.tenant_session(ana) as session:
            await approved.count_hit(session, made.id)
            await approved.count_hit(session, made.id)
            await approved.withdraw(session, made.id)
        assert await find(floor, ana, PARKING.question) is None
        async with floor.database.tenant_session(ana) as session:
            row = await session.get_one(ApprovedAnswer, (ana, made.id))
            assert (row.hits, row.withdrawn_at is not None, row.last_hit_at is not None) == (2, True, True)
            assert await answers.every(session) == []
            assert [one.id for one in await answers.every(session, with_past=True)] == [made.id]

    @pytest.mark.parametrize(
        "new",
        [
            NewAnswer(question=" ", answer="Sim."),
            NewAnswer(question="O que é?", answer="Sim."),
            NewAnswer(question="Tem rodízio?", answer=""),
            NewAnswer(question="Tem rodízio?", answer="x" * 4_001),
            NewAnswer(question="Tem rodízio?", answer="Sim.", valid_until=clock.now() - timedelta(days=1)),
        ],
    )
    async def test_what_could_never_be_found_or_said_is_refused(
        self, floor: Floor, ana: CompanyId, new: NewAnswer
    ) -> None:
        with pytest.raises(Malformed):
            await approve(floor, ana, new)


class TestNearDuplicates:
    async def test_a_second_answer_to_the_same_question_is_refused_and_names_the_first(
        self, floor: Floor, ana: CompanyId
    ) -> None:
        first = await approve(floor, ana, PARKING)
        with pytest.raises(AlreadyAnswered) as refused:
            await approve(floor, ana, NewAnswer(question="Tem estacionamento para cliente?", answer="Não."))
        assert [match.id for match in refused.value.matches] == [first.id]

    async def test_it_may_be_replaced(self, floor: Floor, ana: CompanyId) -> None:
        first = await approve(floor, ana, PARKING)
        new = NewAnswer(question="Tem estacionamento para cliente?", answer="Não mais.")
        second = await approve(floor, ana, new, replacing=first.id)
        match = await find(floor, ana, PARKING.question)
        assert match is not None
        assert (match.id, match.answer) == (second.id, "Não mais.")
        async with floor.database.tenant_session(ana) as session:
            assert (await answers.one(session, first.id)).replaced_by == second.id
            with pytest.raises(NotFound):
                await approved.approve(session, PARKING, replacing=new_id())


class TestConflicts:
    OLD = "A troca de um tênis pode ser pedida em até 30 dias."
    SAME = "A troca de roupas pode ser pedida em até 15 dias."

    async def test_an_older_passage_that_says_otherwise_is_flagged_and_not_taken_for_an_answer(
        self, floor: Floor, ana: CompanyId
    ) -> None:
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, self.OLD, self.SAME, "O tênis pesa 240 gramas.")
        made = await approve(floor, ana, EXCHANGE, named=[BASE])
        assert [conflict.said for conflict in made.conflicts] == [self.OLD]
        async with floor.database.tenant_session(ana) as session:
            hits = (await search(session, EXCHANGE.question, [BASE])).hits
            assert {hit.text: hit.disputed_by for hit in hits}[self.OLD] == made.id
            assert {hit.disputed_by for hit in hits if hit.text != self.OLD} == {None}

    async def test_a_copy_in_another_document_is_flagged_too(self, floor: Floor, ana: CompanyId) -> None:
        async with floor.database.tenant_session(ana) as session:
            for key in ("a.md", "b.md"):
                await shelve(session, self.OLD, key=key)
        made = await approve(floor, ana, EXCHANGE, named=[BASE])
        assert len(made.conflicts) == 1
        async with floor.database.tenant_session(ana) as session:
            assert len(await answers.conflicts(session)) == 2

    async def test_a_document_that_says_so_still_after_it_was_read_again_stays_flagged(
        self, floor: Floor, ana: CompanyId
    ) -> None:
        reworded = "A troca de um tênis pode ser pedida sempre em até 30 dias."
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, self.OLD)
        made = await approve(floor, ana, EXCHANGE, named=[BASE])
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, reworded, self.SAME)
            [conflict] = await answers.conflicts(session)
            assert (conflict.answer_id, conflict.said) == (made.id, reworded)

    async def test_one_that_was_mended_or_that_a_person_let_stand_is_not_flagged_anew(
        self, floor: Floor, ana: CompanyId
    ) -> None:
        async with floor.database.tenant_session(ana) as session:
            for key in ("mended", "settled"):
                await shelve(session, self.OLD, key=key)
        await approve(floor, ana, EXCHANGE, named=[BASE])
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, EXCHANGE.answer, key="mended")
            [conflict] = await answers.conflicts(session)
            await answers.settle(session, conflict.id)
            await shelve(session, f"{self.OLD} Sempre.", key="settled")
            assert await answers.conflicts(session) == []

    async def test_it_is_flagged_until_a_person_settles_it_or_the_answer_is_withdrawn(
        self, floor: Floor, ana: CompanyId
    ) -> None:
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, self.OLD)
        made = await approve(floor, ana, EXCHANGE, named=[BASE])
        async with floor.database.tenant_session(ana) as session:
            [conflict] = await answers.conflicts(session)
            assert (conflict.answer_id, conflict.said) == (made.id, self.OLD)
            await answers.settle(session, conflict.id)
            assert await answers.conflicts(session) == []
            assert (await search(session, EXCHANGE.question, [BASE])).hits[0].disputed_by is None
            with pytest.raises(NotFound):
                await answers.settle(session, new_id())


class TestIsolation:
    async def test_an_answer_of_another_company_is_neither_found_nor_in_the_way(
        self, floor: Floor, ana: CompanyId
    ) -> None:
        beto = await new_company(floor)
        theirs = await approve(floor, beto, PARKING)
        assert await find(floor, ana, PARKING.question) is None
        await approve(floor, ana, NewAnswer(question=PARKING.question, answer="Não temos."))
        mine, other = [await find(floor, company, PARKING.question) for company in (ana, beto)]
        assert (mine and mine.answer, other and other.answer) == ("Não temos.", PARKING.answer)
        async with floor.database.tenant_session(ana) as session:
            with pytest.raises(NotFound):
                await approved.withdraw(session, theirs.id)
            assert theirs.id not in set(await session.scalars(select(ApprovedAnswer.id)))
