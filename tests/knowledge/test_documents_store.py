"""Tests of putting documents on shelves: what changed is replaced, what did not is kept, and the lists stay true."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from bench.knowledge_oracle import weigh_all
from core import clock
from core.errors import Malformed, NotFound
from core.floor import Floor
from core.ids import CompanyId
from core.models.knowledge import KnowledgeDocument, KnowledgePassage
from knowledge.approved import SHELF, NewAnswer, approve, find
from knowledge.documents import Flag, Note
from knowledge.search import search
from knowledge.stores import bases, documents
from knowledge.stores.documents import Put, Source
from tests.knowledge.shelving import BASE, lists, new_company, piece, rows, shelve, true_lists

SOURCE = Source(key="trocas.md", title="Trocas", kind="markdown", content_sha256="a" * 64)


@pytest.fixture
async def ana(floor: Floor) -> CompanyId:
    return await new_company(floor)


class TestPut:
    async def test_what_says_the_same_keeps_its_row(self, floor: Floor, ana: CompanyId) -> None:
        async with floor.database.tenant_session(ana) as session:
            first = await shelve(session, "Trocamos em 7 dias.", "Devolvemos o dinheiro.", "Some.")
            before = await rows(session)
        async with floor.database.tenant_session(ana) as session:
            second = await shelve(session, "Novo.", "Devolvemos o dinheiro.", "Trocamos em 7 dias.")
            after = await rows(session)
        assert (first.added, first.kept, first.removed) == (3, 0, 0)
        assert second == Put(document=first.document, added=1, kept=2, removed=1)
        assert before.items() & after.items() == {
            (text, before[text]) for text in ("Trocamos em 7 dias.", "Devolvemos o dinheiro.")
        }

    async def test_a_kept_passage_moves_with_its_document(self, floor: Floor, ana: CompanyId) -> None:
        async with floor.database.tenant_session(ana) as session:
            base = await bases.ensure(session, BASE)
            await documents.put(session, base, SOURCE, [replace(piece("Igual."), page=3)])
            await documents.put(session, base, SOURCE, [piece("Antes."), replace(piece("Igual.", 1), page=4)])
            kept = await session.scalar(select(KnowledgePassage).where(KnowledgePassage.body == "Igual."))
        assert kept is not None
        assert (kept.position, kept.page) == (1, 4)

    async def test_a_version_is_counted_only_where_something_changed(self, floor: Floor, ana: CompanyId) -> None:
        async with floor.database.tenant_session(ana) as session:
            for texts in (["Um."], ["Um."]):
                await shelve(session, *texts)
            put = await shelve(session, "Um.", "Dois.")
        async with floor.database.tenant_session(ana) as session:
            document = await session.get_one(KnowledgeDocument, (ana, put.document))
        assert (document.version, document.passages) == (2, 2)

    async def test_bytes_that_were_read_already_are_known(self, floor: Floor, ana: CompanyId) -> None:
        async with floor.database.tenant_session(ana) as session:
            base = await bases.ensure(session, BASE)
            put = await documents.put(session, base, SOURCE, [piece("Um.")])
            assert await documents.is_unchanged(session, base, SOURCE.key, "a" * 64) == put.document
            assert await documents.is_unchanged(session, base, SOURCE.key, "b" * 64) is None
            assert await documents.is_unchanged(session, base, "outra.md", "a" * 64) is None

    async def test_what_is_strange_in_a_text_is_kept_as_it_is(self, floor: Floor, ana: CompanyId) -> None:
        strange = "Olá\0mundo {1:2}/3 \\N NULL 'aspas' \"duplas\" 💥 \u202eavesso"
        odd = replace(piece(strange), headings=('a"b', "{c,d}", "NULL", "\\"), title="T\0", flags=(Flag.TRUNCATED,))
        async with floor.database.tenant_session(ana) as session:
            base = await bases.ensure(session, BASE)
            source = replace(SOURCE, notes=(Note(flag=Flag.HIDDEN_TEXT, times=2, page=1),))
            await documents.put(session, base, source, [odd])
            [row] = (await session.scalars(select(KnowledgePassage))).all()
            [document] = (await session.scalars(select(KnowledgeDocument))).all()
        assert row.body == strange.replace("\0", " ")
        assert row.headings == ['a"b', "{c,d}", "NULL", "\\"]
        assert row.flags == ["truncated"]
        assert document.notes == [{"flag": "hidden_text", "times": 2, "page": 1}]

    async def test_a_passage_of_very_many_words_is_kept_and_found(self, floor: Floor, ana: CompanyId) -> None:
        words = " ".join(f"palavra{number}x" for number in range(10_000))
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, words)
            assert (await search(session, "palavra9999x", [BASE])).hits[0].text == words

    async def test_an_empty_document_has_no_passages(self, floor: Floor, ana: CompanyId) -> None:
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, "Um.")
            assert await shelve(session) == Put(document=(await shelve(session)).document, added=0, kept=0, removed=1)

    async def test_a_date_that_the_source_does_not_name_stays_as_it_was_set(self, floor: Floor, ana: CompanyId) -> None:
        past, future = clock.now() - timedelta(days=1), clock.now() + timedelta(days=1)
        async with floor.database.tenant_session(ana) as session:
            document = (await shelve(session, "Frete grátis.")).document
            await documents.set_validity(session, document, valid_from=None, valid_until=past)
            await shelve(session, "Frete grátis em tudo.")
            assert (await search(session, "frete grátis", [BASE])).hits == ()
            base = await bases.ensure(session, BASE)
            named = replace(SOURCE, key="ajuda.md", valid_until=future)
            await documents.put(session, base, named, [piece("Frete grátis em tudo.")])
            assert (await search(session, "frete grátis", [BASE])).hits != ()
            backward = replace(named, valid_until=None, valid_from=future + timedelta(days=1))
            with pytest.raises(Malformed):
                await documents.put(session, base, backward, [])

    async def test_a_source_without_a_name_and_a_backward_validity_are_refused(
        self, floor: Floor, ana: CompanyId
    ) -> None:
        async with floor.database.tenant_session(ana) as session:
            base = await bases.ensure(session, BASE)
            with pytest.raises(Malformed):
                await documents.put(session, base, replace(SOURCE, key=" "), [])


class TestPostings:
    async def test_they_are_what_the_passages_say_after_any_writing(self, floor: Floor, ana: CompanyId) -> None:
        """Random documents, put over each other, removed: the lists and counts against a recount."""
        chance = random.Random(5)  # noqa: S311 - the same for every run
        words = ["troca", "prazo", "entrega", "tênis", "AB-12", "sábado", "R$ 10,50"]
        for _ in range(12):
            texts = [" ".join(chance.choices(words, k=6)) + f" {number}" for number in range(chance.randint(0, 5))]
            async with floor.database.tenant_session(ana) as session:
                put = await shelve(session, *dict.fromkeys(texts), key=f"{chance.randint(0, 3)}.md")
                if chance.random() < 0.2:
                    await documents.remove(session, put.document)
        async with floor.database.tenant_session(ana) as session:
            assert await lists(session) == await true_lists(session) != {}
            [base] = await bases.every(session)
            assert base.passages == len(await rows(session))

    async def test_two_who_write_at_once_lose_nothing(self, floor: Floor, ana: CompanyId) -> None:
        async def write(number: int) -> None:
            async with floor.database.tenant_session(ana) as session:
                await shelve(session, f"Prazo de entrega número {number}.", key=f"{number}.md")

        async with asyncio.TaskGroup() as group:
            for number in range(6):
                group.create_task(write(number))
        async with floor.database.tenant_session(ana) as session:
            assert await lists(session) == await true_lists(session)
            assert len(await rows(session)) == 6

    async def test_they_are_found_by_index_alone_under_row_level_security(self, floor: Floor, ana: CompanyId) -> None:
        """A condition whose operator could leak is only looked at after the policy, which no index helps with."""
        async with floor.database.tenant_session(ana) as session:
            await session.execute(text("SET LOCAL enable_seqscan = off"))
            plan = "\n".join(
                await session.scalars(
                    text("EXPLAIN SELECT places FROM knowledge_postings WHERE base_id = :base AND word = ANY('{a,b}')"),
                    {"base": ana},
                )
            )
        assert "Index Cond" in plan
        assert "word = ANY" in plan.split("Index Cond")[1].splitlines()[0]


class TestRemove:
    async def test_a_document_goes_with_all_that_was_found_by_it(self, floor: Floor, ana: CompanyId) -> None:
        async with floor.database.tenant_session(ana) as session:
            put = await shelve(session, "Um prazo.", "Dois prazos.")
            assert await documents.remove(session, put.document) == 2
            assert (await lists(session), await rows(session)) == ({}, {})
            with pytest.raises(NotFound):
                await documents.remove(session, put.document)

    async def test_a_base_goes_with_its_documents_and_no_other(self, floor: Floor, ana: CompanyId) -> None:
        async with floor.database.tenant_session(ana) as session:
            await shelve(session, "Um prazo.")
            await shelve(session, "Outro prazo.", base="outra")
            assert await bases.remove(session, (await bases.one(session, BASE)).id) == 1
            assert await rows(session) != {}
            assert [base.name for base in await bases.every(session)] == ["outra"]
            with pytest.raises(NotFound):
                await bases.one(session, BASE)


class TestBases:
    @pytest.mark.parametrize("name", ["", "  ", "a" * 81, "a\0b"])
    async def test_a_name_that_nobody_could_read_is_refused(self, floor: Floor, ana: CompanyId, name: str) -> None:
        async with floor.database.tenant_session(ana) as session:
            with pytest.raises(Malformed):
                await bases.ensure(session, name)

    async def test_a_base_of_ours_cannot_be_written_to_by_its_name(self, floor: Floor, ana: CompanyId) -> None:
        async with floor.database.tenant_session(ana) as session:
            await bases.ensure(session, "=ours", is_reserved=True)
            await bases.ensure(session, "ours too", is_reserved=True)
            for name in ("=ours", "ours too"):
                with pytest.raises(Malformed):
                    await bases.ensure(session, name)
            assert await bases.every(session) == []

    async def test_nobody_takes_the_place_of_a_base_of_ours_before_it_is_there(
        self, floor: Floor, ana: CompanyId
    ) -> None:
        async with floor.database.tenant_session(ana) as session:
            with pytest.raises(Malformed):
                await bases.ensure(session, SHELF)
            await approve(session, NewAnswer(question="Vocês têm estacionamento?", answer="Sim."))
            assert await find(session, "tem estacionamento?") is not None

    async def test_a_base_of_ours_is_not_there_for_whoever_names_it(self, floor: Floor, ana: CompanyId) -> None:
        async with floor.database.tenant_session(ana) as session:
            await bases.ensure(session, "=ours", is_reserved=True)
            assert await bases.named(session, ["=ours"]) == []
            with pytest.raises(NotFound):
                await bases.one(session, "=ours")
            await shelve(session, "Qual o prazo?", key="x.md")
            await session.execute(
                text("UPDATE knowledge_bases SET is_reserved = true WHERE name = :name"), {"name": BASE}
            )
            assert (await search(session, "qual o prazo?", [BASE])).hits == ()
            assert (await search(session, "qual o prazo?", [BASE], is_reserved=True)).hits != ()


class TestExactness:
    """Beyond a few hundred passages only the likely ones are weighed: what does that lose, against weighing all?"""

    async def test_of_many_companies_and_bases_each_finds_what_weighing_all_of_its_own_finds(
        self, floor: Floor
    ) -> None:
        chance = random.Random(11)  # noqa: S311 - the same for every run
        words = [a + b + c for a in "bcdfglmnprst" for b in "aeiou" for c in ("ra", "lo", "mi", "nte")]
        rarities = [1 / (place + 3) for place in range(len(words))]

        def passage() -> str:
            return " ".join(chance.choices(words, rarities, k=30))

        companies = [await new_company(floor) for _ in range(2)]
        for company in companies:
            for base, count in (("grande", 450), ("pequena", 60)):
                async with floor.database.tenant_session(company) as session:
                    await shelve(session, *(passage() for _ in range(count)), base=base)
        lost = asked = 0
        for company in companies:
            async with floor.database.tenant_session(company) as session:
                for _ in range(20):
                    question = " ".join(chance.sample(passage().split(), 4))
                    exact = await weigh_all(session, question, ["grande", "pequena"], most=5)
                    found = [hit.id for hit in (await search(session, question, ["grande", "pequena"], 5)).hits]
                    lost += len({one.id for one in exact} - set(found))
                    asked += 5
        assert lost <= asked / 100
