"""Conversations, the queue, a customer's profile and history, as the group sees them."""

from datetime import timedelta
from typing import Any

import pytest

from channels import consent
from channels.consent import Evidence
from channels.telegram_staff.notes import Change, Say
from channels.telegram_staff.rich import MarkKind
from core import clock
from core.ids import new_id
from core.models.commerce import Charge, ChargeMethod, Order, OrderState
from core.models.files import ContactNote, ContactTag
from core.models.outbox import OutboundState
from core.models.people import ConsentSource
from core.models.service import ContactFact
from core.models.stream import Author
from graphs import handoff
from graphs.handoff import Source, Taker
from tests.admin_api.staff.counter import Counter
from tests.fixtures.gates import Somebody


async def queued(counter: Counter, name: str, *, queue: str) -> Somebody:
    who = await counter.customer(name)
    async with counter.world.session() as session:
        await handoff.queue_up(session, who.conversation, reason="customer_asked", queue=queue)
    return who


class TestConversations:
    async def test_each_is_a_line_with_who_has_it_and_a_link_to_its_topic(self, counter: Counter) -> None:
        rita = await counter.customer("Rita Lua")
        await counter.salon.say(rita, "oi")
        async with counter.world.session() as session:
            await handoff.take_over(
                session, rita.conversation, Taker(source=Source.STAFF, user=counter.people["bia"].user)
            )

        said = await counter.type("leo", "/conversas Rita")

        [body] = said.bodies
        assert isinstance(body, Say)
        assert said.text.splitlines()[1].startswith("1. Rita Lua ❗ · 👤 pessoa (Bia)")
        [link] = [mark.url for mark in body.text.marks if mark.kind is MarkKind.LINK]
        assert link is not None
        assert link.startswith("https://t.me/c/1")

    async def test_a_number_below_shows_who_it_is(self, counter: Counter) -> None:
        await counter.salon.say(await counter.customer("Nina Sol"), "oi")
        listed = await counter.type("leo", "/conversas Nina")

        assert (await counter.press("leo", listed.button("1"))).text.startswith("Nina Sol\n")

    @pytest.mark.parametrize(
        ("filtered", "is_there"),
        [
            ("fila", False),
            ("pessoas", False),
            ("bot", True),
            ("abertas", True),
            ("encerradas", False),
            ("minhas", False),
            ("pendentes", True),
            ("sem resposta", True),
            ("copilot", False),
        ],
    )
    async def test_filters_choose(self, counter: Counter, filtered: str, *, is_there: bool) -> None:
        name = f"Filtro {filtered}"
        who = await counter.customer(name)
        await counter.salon.say(who, "oi")

        assert (
            name in (await counter.type("bia", f"/conversas {filtered} {name}")).text.partition("\n")[2]
        ) is is_there

    @pytest.mark.parametrize(
        ("became", "is_there"),
        [
            ({"state": OutboundState.QUEUED}, False),
            ({"state": OutboundState.READ}, False),
            ({"state": OutboundState.SUPPRESSED}, True),
            ({"state": OutboundState.FAILED}, True),
            ({"not_before": clock.now() + timedelta(days=1)}, True),
        ],
        ids=["leaving", "read", "withdrawn", "failed", "put by"],
    )
    async def test_what_did_not_leave_is_no_answer(
        self, counter: Counter, became: dict[str, Any], *, is_there: bool
    ) -> None:
        name = f"Espera {new_id().hex}"
        who = await counter.customer(name)
        await counter.salon.say(who, "oi")
        await counter.world.set(await counter.world.queue(who.conversation), **became)

        assert (name in (await counter.type("bia", "/conversas pendentes")).text) is is_there

    async def test_a_piece_of_a_number_finds_somebody(self, counter: Counter) -> None:
        who = await counter.customer("Só Número")
        await counter.salon.say(who, "oi")

        assert "Só Número" in (await counter.type("leo", f"/conversas {who.phone[-8:]}")).text

    @pytest.mark.parametrize("words", ["%", "_", "1%", "\\"])
    async def test_signs_of_a_pattern_mean_themselves(self, counter: Counter, words: str) -> None:
        assert (await counter.type("leo", f"/conversas {words}")).text.endswith("Nenhuma.")

    async def test_ten_a_page_on_and_back_in_the_same_message(self, counter: Counter) -> None:
        for number in range(12):
            await counter.salon.say(await counter.customer(f"Página {number:02}", with_topic=False), "oi")
        first = await counter.type("leo", "/conversas Página")
        assert [line[:2] for line in first.text.splitlines()[1:]] == [f"{n}." for n in range(1, 10)] + ["10"]

        second = await counter.press("leo", first.button("»"))
        assert isinstance(second.bodies[0], Change)
        assert [line.split(".")[0] for line in second.text.splitlines()[1:]] == ["11", "12"]
        assert "»" not in {button.text for button in second.buttons}

        back = await counter.press("leo", second.button("«"))
        assert back.text == first.text

    async def test_nobody_found_is_said(self, counter: Counter) -> None:
        assert (await counter.type("leo", "/conversas ninguém assim")).text == (
            "Conversas abertas · “ninguém assim”\nNenhuma."
        )


class TestQueue:
    async def test_who_waits_longest_comes_first_with_why(self, counter: Counter) -> None:
        for name in ("Uma", "Outra"):
            await queued(counter, name, queue="cobranca")

        lines = (await counter.type("leo", "/fila cobranca")).text.splitlines()

        assert lines[0] == "Esperando uma pessoa · cobranca"
        assert [line.split(" · ")[0] for line in lines[1:]] == ["1. Uma", "2. Outra"]
        assert lines[1].endswith("cobranca · pediu para falar com uma pessoa")

    async def test_an_empty_one_is_good_news(self, counter: Counter) -> None:
        assert (await counter.type("leo", "/fila vazia")).text.endswith("Ninguém espera. 🎉")


class TestCustomer:
    async def test_all_that_is_known_is_shown(self, counter: Counter) -> None:
        bela = await counter.customer("Bela")
        await counter.lead(bela)
        own = {"contact_id": bela.contact, "id": new_id()}
        await counter.add(
            ContactTag(contact_id=bela.contact, tag="vip"),
            ContactNote(**own, text="prefere de manhã", author_id=counter.people["bia"].user),
            ContactFact(**own, key="cidade", value={"text": "Recife"}, quote="moro em Recife", source="model"),
            ContactFact(**(own | {"id": new_id()}), key="orcamento", value={"cents": 800_000}, source="rule"),
            Order(**own, source="loja", external_id="1", number="77", state=OrderState.SHIPPED, total_cents=123_450),
            Charge(
                **own, source="psp", external_id="1", method=ChargeMethod.PIX, amount_cents=990, description="Sinal"
            ),
        )

        shown = (await counter.type("leo", "/cliente", bela)).text

        for words in (
            "Bela\n",
            f"telefone: {bela.phone}",
            "Com o bot",
            "Janela do WhatsApp aberta até",
            "Etiquetas: vip",
            "Etapa (vendas): Qualificado",
            "• cidade: Recife “moro em Recife”",
            "• orcamento: R$ 8.000,00",
            "🛒 Pedido 77: enviado, R$ 1.234,50",
            "💳 Sinal: R$ 9,90",
            "Bia: prefere de manhã",
        ):
            assert words in shown

    async def test_who_opted_out_is_marked_with_when_and_how(self, counter: Counter) -> None:
        who = await counter.customer("Calada")
        async with counter.world.session() as session:
            await consent.opt_out(session, who.contact, Evidence(source=ConsentSource.KEYWORD))

        shown = (await counter.type("leo", "/cliente Calada")).text

        assert shown.startswith("Calada 🚫 não quer mensagens")
        assert "🚫 Pediu para parar" in shown

    async def test_of_several_the_one_meant_is_a_button(self, counter: Counter) -> None:
        for _ in range(2):
            await counter.customer("João Gêmeo")
        asked = await counter.type("leo", "/cliente gêmeo")
        assert asked.text == "De quem você fala?"
        assert len(asked.buttons) == 2
        assert all("João Gêmeo · …" in button.text for button in asked.buttons)

        shown = await counter.press("leo", asked.buttons[1])

        assert shown.text.startswith("João Gêmeo\n")

    async def test_who_is_called_exactly_so_comes_first_and_is_asked_about_all_the_same(self, counter: Counter) -> None:
        """Customers choose their own names."""
        for name in ("Zé", "Zé Carlos"):
            await counter.customer(name)

        asked = await counter.type("leo", "/cliente zé")

        assert [button.text.split(" · ")[0] for button in asked.buttons] == ["Zé", "Zé Carlos"]

    @pytest.mark.parametrize("typed", ["conceição", "CONCEICAO", "Conceicao Órfã"])
    async def test_accents_and_case_make_no_difference(self, counter: Counter, typed: str) -> None:
        await counter.set("contacts", {"name": "Outra"}, name="Conceição Órfã")
        who = await counter.customer("Conceição Órfã")
        await counter.salon.say(who, "oi")

        assert (await counter.type("leo", f"/cliente {typed}")).text.startswith("Conceição Órfã\n")
        assert "1. Conceição Órfã" in (await counter.type("leo", f"/conversas {typed}")).text

    async def test_whoever_is_called_only_nearly_so_is_asked_about(self, counter: Counter) -> None:
        await counter.customer("Evangelina Prado")

        asked = await counter.type("bia", "/pausar angelina")

        assert asked.text == "De quem você fala?"
        assert [button.text.split(" · ")[0] for button in asked.buttons] == ["Evangelina Prado"]
        assert (await counter.type("leo", "/cliente prado")).text.startswith("Evangelina Prado\n")

    async def test_one_merged_away_is_who_they_are_now(self, counter: Counter) -> None:
        old, new = await counter.customer("Velha"), await counter.customer("Nova")
        await counter.set("contacts", {"merged_into": new.contact}, id=old.contact)

        assert (await counter.type("leo", "/cliente", old)).text.startswith("Nova\n")

    async def test_nobody_is_said(self, counter: Counter) -> None:
        assert (await counter.type("leo", "/cliente Xisto")).text == "✋ Não achei cliente “Xisto”."

    async def test_outside_a_topic_a_name_is_asked_for(self, counter: Counter) -> None:
        assert (await counter.type("leo", "/cliente")).text.startswith("✋ De quem?")

    async def test_a_name_full_of_marks_breaks_nothing(self, counter: Counter) -> None:
        name = "<b>*Ana*</b> _&_ `x` [l](http://x)"
        who = await counter.customer(name)

        assert (await counter.type("leo", "/cliente", who)).text.startswith(name[:39])


class TestHistory:
    async def test_it_reads_downwards_with_who_said_what_and_how_far_it_came(self, counter: Counter) -> None:
        who = await counter.customer("Conversa")
        await counter.salon.say(who, "Quanto custa?")
        message = await counter.world.queue(who.conversation)
        await counter.set("outbound", {"state": "failed", "reason": "window_closed"}, message_id=message)

        lines = (await counter.type("leo", "/historico", who)).text.splitlines()

        assert lines[0] == "Histórico de Conversa"
        assert lines[1].startswith("👤 ")
        assert lines[1].endswith(" Quanto custa?")
        assert lines[2].startswith("🧑‍💼 ")
        assert "⚠️" in lines[3]

    async def test_ten_a_page_the_newest_first_page(self, counter: Counter) -> None:
        who = await counter.customer("Longa")
        for number in range(13):
            await counter.salon.say(who, f"linha {number}", Author.CUSTOMER)

        first = await counter.type("leo", "/historico", who)
        second = await counter.press("leo", first.button("»"), who)

        assert [line.rsplit(" ", 1)[1] for line in first.text.splitlines()[1:]] == [str(n) for n in range(3, 13)]
        assert [line.rsplit(" ", 1)[1] for line in second.text.splitlines()[1:]] == ["0", "1", "2"]

    async def test_what_was_taken_back_is_not_shown(self, counter: Counter) -> None:
        who = await counter.customer("Arrependida")
        await counter.salon.say(who, "segredo")
        moment = clock.now() - timedelta(seconds=1)
        await counter.set("messages", {"deleted_at": moment}, conversation_id=who.conversation)

        shown = (await counter.type("leo", "/historico", who)).text

        assert "apagada" in shown
        assert "segredo" not in shown

    async def test_nothing_said_yet_is_said(self, counter: Counter) -> None:
        who = await counter.customer("Muda")

        assert (await counter.type("leo", "/historico", who)).text.endswith("Nada foi dito ainda.")
