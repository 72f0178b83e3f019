"""Stages, the board, tags and notes."""

import re

import pytest

from channels.telegram_staff.notes import Show
from core.objects import ObjectKey
from tests.admin_api.staff.counter import Counter
from tests.fixtures.gates import Somebody

_PNG = b"\x89PNG"


@pytest.fixture
async def ana(counter: Counter) -> Somebody:
    """A lead that her own words have led to the second stage."""
    ana = await counter.customer("Ana")
    await counter.lead(ana)
    return ana


async def stage_of(counter: Counter, who: Somebody) -> str:
    return str((await counter.one("SELECT stage FROM leads WHERE contact_id = :id", id=who.contact)).stage)


class TestStage:
    async def test_it_says_where_the_lead_stands_and_which_words_led_there(
        self, counter: Counter, ana: Somebody
    ) -> None:
        shown = (await counter.type("bia", "/etapa", ana)).text

        assert "Novo · [Qualificado] · demo · ganho · perdido" in shown
        assert "“Sou a Ana”" in shown

    @pytest.mark.parametrize(
        ("words", "stage"),
        [
            ("demo porque marcou comigo", "demo"),
            ("Qualificado", "qualificado"),
            ("NOVO, pois desistiu do plano", "novo"),
            ("perdido: comprou de outro", "perdido"),
        ],
    )
    async def test_a_person_moves_it_with_a_reason(
        self, counter: Counter, ana: Somebody, words: str, stage: str
    ) -> None:
        said = await counter.type("bia", f"/etapa {words}", ana)

        is_moved = stage != "qualificado"
        assert (await stage_of(counter, ana)) == stage
        assert said.text.startswith("🔀 Ana: Qualificado → ") is is_moved
        if is_moved:
            event = await counter.one(
                "SELECT e.reason, e.is_forced, e.actor_id FROM lead_stage_events e JOIN leads l ON l.id = e.lead_id "
                "WHERE l.contact_id = :id ORDER BY e.seq DESC LIMIT 1",
                id=ana.contact,
            )
            assert event.is_forced
            assert event.actor_id == counter.people["bia"].user
            assert event.reason in words
            assert (await counter.audited("bia"))[-1][0] == "lead.moved"

    async def test_without_a_reason_it_stays(self, counter: Counter, ana: Somebody) -> None:
        said = await counter.type("bia", "/etapa demo", ana)

        assert said.text.startswith("✋ Diga também por quê.\nUso: /etapa")
        assert await stage_of(counter, ana) == "qualificado"

    async def test_a_stage_that_is_none_is_answered_with_those_there_are(self, counter: Counter, ana: Somebody) -> None:
        assert "As que há: Novo, Qualificado, demo" in (await counter.type("bia", "/etapa lua porque sim", ana)).text

    async def test_one_press_takes_it_back(self, counter: Counter, ana: Somebody) -> None:
        moved = await counter.type("bia", "/etapa demo marcou", ana)

        undone = await counter.press("bia", moved.button("Desfazer"), ana)

        assert "voltou para Qualificado" in undone.text
        assert await stage_of(counter, ana) == "qualificado"
        assert (await counter.audited("bia"))[-1][0] == "lead.undone"

    async def test_outside_a_topic_the_customer_is_named(self, counter: Counter) -> None:
        nome = await counter.customer("Nomeada", with_topic=False)
        await counter.lead(nome)

        await counter.type("bia", "/etapa Nomeada: demo marcou na loja às 15:30: confirmado")
        await counter.type("bia", f"/etapa {nome.phone[-8:]}: novo desistiu")

        assert await stage_of(counter, nome) == "novo"

    async def test_who_is_no_lead_yet_is_said_to_be_none(self, counter: Counter) -> None:
        who = await counter.customer("Curiosa")

        assert (await counter.type("bia", "/etapa demo marcou", who)).text == "✋ Curiosa ainda não é um lead."


class TestBoard:
    async def test_as_text_it_counts_each_column_and_names_who_came_last(self, counter: Counter, ana: Somebody) -> None:
        shown = (await counter.type("leo", "/quadro", ana)).text

        assert shown.startswith("📋 Vendas")
        assert "\n• Ana · agora" in shown
        assert "ganho (0)" in shown

    async def test_what_its_leads_are_worth_is_told_by_column(self, counter: Counter) -> None:
        rica = await counter.customer("Rica")
        await counter.lead(rica)
        await counter.set("leads", {"stage": "perdido", "value_cents": 1_234_550}, contact_id=rica.contact)

        shown = (await counter.type("leo", "/quadro")).text
        assert re.search(r"^perdido \(\d\) · R\$ 12\.345,50$", shown, re.MULTILINE)
        assert shown.count("R$") == 1

    @pytest.mark.parametrize("line", ["/quadro imagem", "/kanban vendas picture"])
    async def test_as_a_picture_it_is_a_file_that_is_shown_once(
        self, counter: Counter, ana: Somebody, line: str
    ) -> None:
        [body] = (await counter.type("leo", line, ana)).bodies

        assert isinstance(body, Show)
        assert body.is_passing
        assert (await counter.storage.get(ObjectKey.parse(body.storage_key), max_bytes=10**7)).startswith(_PNG)

    async def test_the_button_below_draws_it(self, counter: Counter, ana: Somebody) -> None:
        shown = await counter.type("leo", "/quadro", ana)

        assert isinstance((await counter.press("leo", shown.button("Imagem"), ana)).bodies[0], Show)

    async def test_a_board_that_is_none_is_asked_about(self, counter: Counter) -> None:
        said = await counter.type("leo", "/quadro compras")

        assert (said.text, [button.text for button in said.buttons]) == ("Não há esse quadro. Qual?", ["Vendas"])


class TestTag:
    @pytest.mark.parametrize(
        ("words", "tags"),
        [
            ("+vip -frio", ["vip"]),
            ("vip", ["vip"]),
            ("#VIP, Retorno", ["retorno", "vip"]),
            ("+vip +vip", ["vip"]),
            ("+a -a", []),
        ],
    )
    async def test_signs_say_what_comes_and_goes(self, counter: Counter, words: str, tags: list[str]) -> None:
        who = await counter.customer("Etiquetada")

        said = await counter.type("bia", f"/etiqueta {words}", who)

        found = await counter.rows("SELECT tag FROM contact_tags WHERE contact_id = :id ORDER BY tag", id=who.contact)
        assert [row.tag for row in found] == tags
        assert said.text == f"🏷 Etiquetas: {', '.join(tags) or 'nenhuma'} · Etiquetada"

    async def test_it_is_on_record_and_what_changes_nothing_is_not(self, counter: Counter) -> None:
        who = await counter.customer()
        await counter.type("bia", "/tag +vip", who)
        await counter.type("bia", "/tag -outra +vip", who)

        rows = await counter.rows("SELECT action, detail FROM audit_log WHERE subject_id = :id", id=who.contact)
        assert [(row.action, row.detail) for row in rows] == [("contact.tagged", {"added": ["vip"], "removed": []})]

    async def test_nothing_named_is_asked_for(self, counter: Counter) -> None:
        who = await counter.customer()

        assert "Uso: /etiqueta +vip" in (await counter.type("bia", "/etiqueta", who)).text


class TestNote:
    async def test_it_is_kept_and_read_and_never_said_to_the_customer(self, counter: Counter) -> None:
        who = await counter.customer("Anotada")

        await counter.type("bia", "/nota prefere de manhã", who)

        shown = (await counter.type("leo", "/notas", who)).text
        assert shown.startswith("Notas sobre Anotada\n")
        assert shown.endswith("Bia: prefere de manhã")
        assert await counter.rows("SELECT id FROM messages WHERE conversation_id = :id", id=who.conversation) == []
        assert ("contact.noted" in {action for action, _ in await counter.audited("bia")}) is True

    async def test_none_yet_says_how(self, counter: Counter) -> None:
        who = await counter.customer()

        assert "Escreva /nota e o texto" in (await counter.type("leo", "/notas", who)).text

    async def test_two_thousand_characters_are_enough(self, counter: Counter) -> None:
        who = await counter.customer()

        assert "no máximo 2000" in (await counter.type("bia", f"/nota {'a' * 2001}", who)).text
