"""Tests of the search: what is found, in what order, how sure it is, and what is never found."""

from datetime import timedelta

import pytest

from core import clock
from core.floor import Floor
from core.ids import CompanyId
from core.models.knowledge import DocumentState
from knowledge import approved, gaps
from knowledge.approved import NewAnswer
from knowledge.remembered import Remembered
from knowledge.search import search
from knowledge.stemming import stem
from knowledge.stores import bases, documents, synonyms
from knowledge.stores import gaps as open_gaps
from tests.knowledge.shelving import BASE, ask, new_company, shelve, shelve_dated, texts

DELIVERY = "Entregamos em todo o Brasil. Nas capitais o prazo de entrega é de 2 a 4 dias úteis."
EXCHANGE = "A primeira troca é gratuita e pode ser pedida em até 30 dias depois do recebimento."
SHOE = "O tênis Corrida Leve, código TN-4821, custa R$ 299,90 e pesa 240 gramas."
OTHER_SHOE = "O tênis Corrida Firme, código TN-4812, custa R$ 349,90 e pesa 310 gramas."
HOURS = "A loja da Rua das Flores abre de segunda a sexta das 9h às 19h."
WARRANTY = "As mochilas têm garantia de um ano contra defeitos de costura."
RETURNS_ES = "Puede devolver el producto dentro de quince días y recibirá el reembolso en su tarjeta."
GIFT_EN = "We wrap your order as a gift for a small fee, with a handwritten card."
EVERYTHING = (DELIVERY, EXCHANGE, SHOE, OTHER_SHOE, HOURS, WARRANTY, RETURNS_ES, GIFT_EN)


@pytest.fixture
async def ana(floor: Floor) -> CompanyId:
    return await new_company(floor)


@pytest.fixture
async def shop(floor: Floor, ana: CompanyId) -> CompanyId:
    async with floor.database.tenant_session(ana) as session:
        await shelve(session, *EVERYTHING)
    return ana


class TestSearch:
    @pytest.mark.parametrize(
        ("question", "answer"),
        [
            ("Qual é o prazo de entrega nas capitais?", DELIVERY),
            ("quero trocar, em quantos dias posso pedir a troca?", EXCHANGE),
            ("garantía de las mochilas", WARRANTY),
            ("¿Puedo devolver un producto y recibir el reembolso?", RETURNS_ES),
            ("do you wrap orders as gifts?", GIFT_EN),
        ],
    )
    async def test_what_speaks_of_the_question_comes_first_in_three_languages(
        self, floor: Floor, shop: CompanyId, question: str, answer: str
    ) -> None:
        found = await ask(floor, shop, question)
        assert found.hits[0].text == answer
        assert found.is_answer

    @pytest.mark.parametrize("question", ["QUAL O PRAZO DE ENTREGA NAS CAPITAIS", "prazo  de êntrega nas càpitais?"])
    async def test_case_and_accents_do_not_matter(self, floor: Floor, shop: CompanyId, question: str) -> None:
        assert (await texts(floor, shop, question))[0] == DELIVERY

    async def test_a_misspelt_word_is_read_as_the_one_it_resembles(self, floor: Floor, shop: CompanyId) -> None:
        found = await ask(floor, shop, "garamtia das mocilas")
        assert found.hits[0].text == WARRANTY
        assert found.is_answer
        assert dict(found.read_as).keys() == {"garamtia", "mocilas"}

    @pytest.mark.parametrize(
        ("code", "answer"), [("TN-4821", SHOE), ("tn4821", SHOE), ("TN 4812", OTHER_SHOE), ("R$ 349,90", OTHER_SHOE)]
    )
    async def test_a_code_or_a_price_is_found_exactly_and_not_its_neighbour(
        self, floor: Floor, shop: CompanyId, code: str, answer: str
    ) -> None:
        assert (await texts(floor, shop, f"vocês têm o {code}?"))[0] == answer

    async def test_a_code_that_nothing_has_is_no_answer(self, floor: Floor, shop: CompanyId) -> None:
        assert not (await ask(floor, shop, "quanto custa o TN-9999?")).is_answer

    async def test_synonyms_of_the_company_count_as_the_word(self, floor: Floor, shop: CompanyId) -> None:
        before = await ask(floor, shop, "bolsas têm cobertura do fabricante?")
        async with floor.database.tenant_session(shop) as session:
            await synonyms.add(session, ["mochila", "bolsas"])
            await synonyms.add(session, ["garantia", "cobertura do fabricante"])
        after = await ask(floor, shop, "bolsas têm cobertura do fabricante?")
        assert not before.is_answer
        assert (after.hits[0].text, after.is_answer) == (WARRANTY, True)

    async def test_no_more_come_than_were_asked_for(self, floor: Floor, shop: CompanyId) -> None:
        assert len((await ask(floor, shop, "tênis prazo loja garantia troca", k=2)).hits) == 2
        assert (await ask(floor, shop, "tênis", k=0)).hits == ()

    async def test_a_hit_says_where_it_is_from(self, floor: Floor, shop: CompanyId) -> None:
        hit = (await ask(floor, shop, "Onde fica a loja da Rua das Flores?")).hits[0]
        assert (hit.base, hit.source, hit.position, hit.page) == (BASE, "ajuda.md", 4, None)


class TestNoAnswer:
    @pytest.mark.parametrize(
        "question",
        [
            "Quem descobriu a penicilina?",
            "Qual a altura do monte Everest?",
            "vocês consertam geladeira?",
            "¿Cuál es la capital de Mongolia?",
        ],
    )
    async def test_what_nothing_speaks_of_is_not_answered(self, floor: Floor, shop: CompanyId, question: str) -> None:
        assert not (await ask(floor, shop, question)).is_answer

    @pytest.mark.parametrize("question", ["", "   ", "?!?", "o que é que é", "\0", "x" * 100_000])
    async def test_a_question_without_a_word_finds_nothing(self, floor: Floor, shop: CompanyId, question: str) -> None:
        assert (await ask(floor, shop, question)).hits == ()

    async def test_a_base_that_does_not_exist_holds_nothing(self, floor: Floor, shop: CompanyId) -> None:
        assert (await ask(floor, shop, "prazo de entrega", ["outra"])).hits == ()
        assert (await ask(floor, shop, "prazo de entrega", [])).hits == ()

    async def test_only_the_bases_that_were_named_are_searched(self, floor: Floor, shop: CompanyId) -> None:
        async with floor.database.tenant_session(shop) as session:
            await shelve(session, "O prazo de entrega no atacado é de 20 dias.", base="atacado")
        assert "O prazo de entrega no atacado é de 20 dias." not in await texts(floor, shop, "prazo de entrega")
        both = await ask(floor, shop, "prazo de entrega", [BASE, "atacado"])
        assert {hit.base for hit in both.hits} == {BASE, "atacado"}

    async def test_a_long_question_full_of_signs_is_only_words(self, floor: Floor, shop: CompanyId) -> None:
        attack = "'); DROP TABLE knowledge_passages; -- {1:2}/3 <#> :base \\ % _ prazo de entrega nas capitais"
        assert (await texts(floor, shop, attack))[0] == DELIVERY


class TestValidity:
    async def test_only_what_holds_now_is_found(self, floor: Floor, ana: CompanyId) -> None:
        day, now = timedelta(days=1), clock.now()
        async with floor.database.tenant_session(ana) as session:
            await shelve_dated(session, "Frete grátis hoje.", "hoje", valid_from=now - day, valid_until=now + day)
            await shelve_dated(session, "Frete grátis ontem.", "ontem", valid_until=now - day)
            await shelve_dated(session, "Frete grátis amanhã.", "amanhã", valid_from=now + day)
        assert await texts(floor, ana, "frete grátis") == ["Frete grátis hoje."]

    @pytest.mark.parametrize("state", [DocumentState.HELD, DocumentState.RETIRED])
    async def test_what_is_held_or_retired_is_not_found_until_it_is_active_again(
        self, floor: Floor, ana: CompanyId, state: DocumentState
    ) -> None:
        async with floor.database.tenant_session(ana) as session:
            document = await shelve_dated(session, "Frete grátis.", "frete")
            await documents.set_state(session, document, state)
        assert await texts(floor, ana, "frete grátis") == []
        async with floor.database.tenant_session(ana) as session:
            await documents.set_state(session, document, DocumentState.ACTIVE)
        assert await texts(floor, ana, "frete grátis") == ["Frete grátis."]


class TestDuplicates:
    async def test_passages_that_say_the_same_are_one_hit_and_the_newest_stands(
        self, floor: Floor, ana: CompanyId
    ) -> None:
        old, new = clock.now() - timedelta(days=400), clock.now() - timedelta(days=2)
        async with floor.database.tenant_session(ana) as session:
            await shelve_dated(session, EXCHANGE, "novo", published_at=new)
            await shelve_dated(session, EXCHANGE.upper(), "velho", published_at=old)
            await shelve_dated(session, DELIVERY, "entrega", published_at=old)
        found = await ask(floor, ana, "em quantos dias posso pedir a troca?")
        assert (found.hits[0].source, len(found.hits[0].same_as)) == ("novo", 1)
        assert [hit.text for hit in found.hits].count(EXCHANGE.upper()) == 0

    async def test_passages_that_differ_in_a_number_are_two(self, floor: Floor, shop: CompanyId) -> None:
        assert {SHOE, OTHER_SHOE} <= set(await texts(floor, shop, "quanto custa o tênis corrida?"))

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (HOURS, HOURS.replace("das Flores", "do Norte")),
            (HOURS, HOURS.replace("19h", "22h")),
            ("Aceitamos troca com a etiqueta da peça.", "Aceitamos troca sem a etiqueta da peça."),
            ("O frete custa 5% do pedido.", "O frete custa 5 do pedido."),
        ],
    )
    async def test_passages_that_differ_in_any_word_are_two(
        self, floor: Floor, ana: CompanyId, one: str, other: str
    ) -> None:
        async with floor.database.tenant_session(ana) as session:
            await shelve_dated(session, one, "um")
            await shelve_dated(session, other, "outro")
        assert set(await texts(floor, ana, one)) == {one, other}


class TestRecency:
    @pytest.mark.parametrize("days", [(400, 2), (2, 400)])
    async def test_of_two_that_fit_as_well_the_newer_goes_first(
        self, floor: Floor, ana: CompanyId, days: tuple[int, int]
    ) -> None:
        said = {ago: f"A mensalidade do plano Família custa R$ {ago + 100}." for ago in days}
        async with floor.database.tenant_session(ana) as session:
            for ago, words in said.items():
                written = clock.now() - timedelta(days=ago)
                await shelve_dated(session, words, f"{ago}", published_at=written)
        assert await texts(floor, ana, "quanto custa a mensalidade do plano Família?") == [said[2], said[400]]

    async def test_what_says_more_of_the_question_goes_before_what_is_newer(self, floor: Floor, ana: CompanyId) -> None:
        async with floor.database.tenant_session(ana) as session:
            old = clock.now() - timedelta(days=400)
            await shelve_dated(session, "A mensalidade do plano Família custa R$ 90.", "velho", published_at=old)
            await shelve_dated(session, "A mensalidade do plano Solo custa R$ 50.", "novo")
        assert (await ask(floor, ana, "mensalidade do plano Família")).hits[0].source == "velho"


class TestIsolation:
    async def test_what_one_company_does_with_its_copy_changes_nothing_for_another(
        self, floor: Floor, ana: CompanyId
    ) -> None:
        beto = await new_company(floor)
        question = "qual o prazo de entrega nas capitais?"
        for company in (ana, beto):
            async with floor.database.tenant_session(company) as session:
                await shelve(session, *EVERYTHING)
        before = await ask(floor, beto, question)
        assert (await ask(floor, ana, question)).hits[0].text == DELIVERY
        async with floor.database.tenant_session(ana) as session:
            new = NewAnswer(question=question, answer="Nas capitais o prazo de entrega é de 9 dias úteis.")
            assert (await approved.approve(session, new, named=[BASE])).conflicts
            await gaps.note(session, "vendem guarda-chuva?")
            [document] = await documents.every(session)
            await documents.set_state(session, document.id, DocumentState.HELD)
        assert (await ask(floor, ana, question)).hits == ()
        assert await ask(floor, beto, question) == before
        async with floor.database.tenant_session(beto) as session:
            assert await approved.find(session, question) is None
            assert await open_gaps.every(session) == []

    async def test_lists_that_are_remembered_of_a_base_are_no_other_companys_who_names_it(
        self, floor: Floor, shop: CompanyId
    ) -> None:
        remembered, words = Remembered(), [stem("prazo")]
        async with floor.database.tenant_session(shop) as session:
            [base] = await bases.every(session)
            assert (await remembered.find(session, {base.id: base.version}, words))[words[0]] != []
        async with floor.database.tenant_session(await new_company(floor)) as session:
            assert await remembered.find(session, {base.id: base.version}, words) == {words[0]: []}

    async def test_the_same_document_of_two_companies_is_found_by_each_as_its_own(
        self, floor: Floor, ana: CompanyId
    ) -> None:
        beto = await new_company(floor)
        for company in (ana, beto):
            async with floor.database.tenant_session(company) as session:
                await shelve(session, *EVERYTHING)
        hits = {company: (await ask(floor, company, "prazo de entrega")).hits for company in (ana, beto)}
        assert {hit.id for hit in hits[ana]}.isdisjoint(hit.id for hit in hits[beto])

    async def test_what_another_company_wrote_leaves_no_trace_in_words_ranks_or_caches(
        self, floor: Floor, shop: CompanyId
    ) -> None:
        before = await ask(floor, shop, "prazo de entrega nas capitais")
        beto = await new_company(floor)
        async with floor.database.tenant_session(beto) as session:
            await shelve(session, "Prazo de entrega secreto nas capitais: amanhã.", "Capitais do prazo secreto.")
        assert (await ask(floor, beto, "prazo de entrega nas capitais")).hits[0].text.startswith("Prazo de entrega sec")
        after = await ask(floor, shop, "prazo de entrega nas capitais")
        assert [(hit.id, hit.rank, hit.score) for hit in after.hits] == [
            (hit.id, hit.rank, hit.score) for hit in before.hits
        ]
        assert await texts(floor, shop, "secreto") == []

    async def test_synonyms_of_another_company_mean_nothing(self, floor: Floor, shop: CompanyId) -> None:
        beto = await new_company(floor)
        async with floor.database.tenant_session(beto) as session:
            await synonyms.add(session, ["mochila", "penicilina"])
        assert await texts(floor, shop, "penicilina") == []


class TestRemembered:
    async def test_what_was_written_is_found_by_the_next_question(self, floor: Floor, shop: CompanyId) -> None:
        assert not (await ask(floor, shop, "Vendem vale-presente digital?")).is_answer
        async with floor.database.tenant_session(shop) as session:
            await shelve(session, "Vendemos vale-presente digital a partir de R$ 50.", key="vale.md")
        assert (await ask(floor, shop, "Vendem vale-presente digital?")).is_answer

    async def test_what_was_removed_is_not(self, floor: Floor, shop: CompanyId) -> None:
        await ask(floor, shop, "prazo de entrega")
        async with floor.database.tenant_session(shop) as session:
            await shelve(session, *(text for text in EVERYTHING if text != DELIVERY))
        assert DELIVERY not in await texts(floor, shop, "prazo de entrega")

    async def test_what_a_write_that_was_undone_showed_is_forgotten(self, floor: Floor, shop: CompanyId) -> None:
        with pytest.raises(ZeroDivisionError):
            await _shelve_and_fail(floor, shop, "Aceitamos criptomoeda.")
        async with floor.database.tenant_session(shop) as session:
            await shelve(session, "Aceitamos cheque.", key="cheque.md")
        assert await texts(floor, shop, "criptomoeda") == []
        assert await texts(floor, shop, "cheque") == ["Aceitamos cheque."]


async def _shelve_and_fail(floor: Floor, company: CompanyId, text: str) -> None:
    """Seen by a search of the same transaction, and then undone."""
    async with floor.database.tenant_session(company) as session:
        await shelve(session, text, key="desfeito.md")
        assert (await search(session, text, [BASE])).hits[0].text == text
        raise ZeroDivisionError
