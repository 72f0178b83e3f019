"""A model may claim what it likes: what counts is what the customer said, and what the rules read is never lost."""

from datetime import date
from typing import Final

import pytest

from agents.commands import (
    AskKnowledge,
    Cancel,
    Command,
    Confirm,
    Heard,
    Mention,
    OptOut,
    Promise,
    Quote,
    RefuseSlot,
    RequestHuman,
    Said,
    Say,
    SetSlot,
    Understood,
)
from agents.gateway.port import ModelUnavailable, Purpose, Usage
from agents.prompts.contract import Section
from agents.understanding import understand
from core.clock import Deadline
from tests.agents.prompts.asking import NOTHING, question_of, set_slot, understood_of, values_of
from tests.agents.prompts.making import USED, Answering, conversation, heard, lines, persona


class TestQuotes:
    async def test_a_value_comes_out_of_the_customer_s_own_words(self) -> None:
        understood = await understood_of(
            question_of("Oi! Meu orçamento é R$ 8.000,00"), set_slot("orcamento", "8000", "meu orcamento e R$ 8.000,00")
        )

        assert understood.commands == (
            SetSlot(
                name="orcamento",
                value={"cents": 800_000, "currency": "BRL"},
                quote=Quote(text="Meu orçamento é R$ 8.000,00", message=11),
                source="model",
            ),
        )

    async def test_words_that_nobody_said_count_for_nothing(self) -> None:
        understood = await understood_of(question_of("Oi"), set_slot("orcamento", "8000", "meu orçamento é 8 mil"))

        assert understood.commands == ()
        assert understood.rejected == ("quote:slot:orcamento",)

    @pytest.mark.parametrize("quote", ["", " ", "8", "mil reai", "reais 8", "8 mil reais por mês"])
    async def test_a_piece_of_a_word_or_a_longer_text_is_no_quote(self, quote: str) -> None:
        understood = await understood_of(question_of("tenho 18 mil reais"), set_slot("orcamento", "8", quote))

        assert values_of(understood) == {}

    async def test_a_quote_in_the_wrong_message_is_put_into_its_own(self) -> None:
        understood = await understood_of(
            question_of("Oi", "tenho R$ 500"), set_slot("orcamento", "500", "R$ 500", message=11)
        )

        assert [one.quote.message for one in understood.commands if isinstance(one, SetSlot)] == [12]

    async def test_what_cannot_be_seen_hides_nothing(self) -> None:
        understood = await understood_of(question_of("tenho R$ 5\u200b00"), set_slot("orcamento", "500", "R$ 500"))

        assert values_of(understood) == {"orcamento": {"cents": 50_000, "currency": "BRL"}}

    async def test_the_customer_s_last_two_messages_may_be_quoted(self) -> None:
        history = [
            Said(author="customer", text="tenho R$ 300", message=1),
            Said(author="customer", text="tenho R$ 400", message=3),
            Said(author="bot", text="tenho R$ 999", message=4),
            Said(author="customer", text="o prazo é curto", message=5),
        ]
        question = question_of("isso", history=history)

        assert values_of(await understood_of(question, set_slot("orcamento", "400", "tenho R$ 400", 3)))
        assert not values_of(await understood_of(question, set_slot("orcamento", "300", "tenho R$ 300", 1)))
        assert not values_of(await understood_of(question, set_slot("orcamento", "999", "tenho R$ 999", 4)))

    async def test_what_was_said_before_does_not_undo_what_is_known(self) -> None:
        history = [Said(author="customer", text="tenho R$ 300", message=9)]
        known = {"orcamento": {"cents": 50_000, "currency": "BRL"}}
        understood = await understood_of(
            question_of("isso", history=history, known=known), set_slot("orcamento", "300", "tenho R$ 300", 9)
        )

        assert understood.rejected == ("old:slot:orcamento",)

    async def test_staff_are_quoted_only_from_the_span_that_is_heard(self) -> None:
        history = [Said(author="staff", text="O orçamento dela é R$ 700", message=9)]
        claim = set_slot("orcamento", "700", "O orçamento dela é R$ 700", 9)
        span = (Heard(message=9, text="O orçamento dela é R$ 700", by_staff=True), *heard("ok"))

        assert not values_of(await understood_of(question_of("ok", history=history), claim))
        understood = await understood_of(question_of(heard=span), claim)
        assert [one.source for one in understood.commands if isinstance(one, SetSlot)] == ["staff"]

    @pytest.mark.parametrize("kind", ["request_human", "opt_out"])
    async def test_staff_cannot_wish_for_the_customer(self, kind: str) -> None:
        span = (Heard(message=9, text="quero falar com uma pessoa", by_staff=True),)
        understood = await understood_of(question_of(heard=span), {"type": kind, "quote": "quero falar com uma pessoa"})

        assert understood.commands == ()

    async def test_an_old_yes_answers_no_new_question(self) -> None:
        history = [Said(author="customer", text="sim", message=9)]
        understood = await understood_of(
            question_of("hum", history=history), {"type": "confirm", "yes": True, "quote": "sim"}
        )

        assert understood.rejected == ("quote:confirm",)

    async def test_an_emoji_can_be_quoted(self) -> None:
        understood = await understood_of(question_of("👍"), {"type": "confirm", "yes": True, "quote": "👍"})

        assert understood.commands == (Confirm(is_yes=True, quote=Quote(text="👍", message=11)),)


class TestValues:
    async def test_of_several_values_the_claim_says_which(self) -> None:
        question = question_of("meu orçamento é R$ 5.000, quer dizer, R$ 8.000")
        understood = await understood_of(
            question, set_slot("orcamento", "R$ 8.000", "meu orçamento é R$ 5.000, quer dizer, R$ 8.000")
        )

        assert values_of(understood) == {"orcamento": {"cents": 800_000, "currency": "BRL"}}

    async def test_a_claim_that_differs_from_its_quote_is_dropped(self) -> None:
        understood = await understood_of(question_of("tenho R$ 500"), set_slot("orcamento", "R$ 9.000", "tenho R$ 500"))

        assert understood.rejected == ("value:orcamento",)

    async def test_words_without_a_value_are_dropped(self) -> None:
        understood = await understood_of(question_of("depende muito"), set_slot("orcamento", "1000", "depende muito"))

        assert understood.rejected == ("value:orcamento",)

    async def test_a_document_whose_digits_do_not_add_up_is_refused_and_kept_as_such(self) -> None:
        understood = await understood_of(
            question_of("meu cpf é 529.982.247-26"), set_slot("cpf", "529.982.247-26", "meu cpf é 529.982.247-26")
        )

        assert [type(one) for one in understood.commands] == [RefuseSlot]

    async def test_a_choice_is_one_of_the_options(self) -> None:
        understood = await understood_of(
            question_of("quero o simples"), set_slot("plano", "simples", "quero o simples")
        )

        assert values_of(understood)["plano"]["value"] == "basico"

    async def test_a_date_is_reckoned_from_the_local_day(self) -> None:
        understood = await understood_of(
            question_of("preciso para amanhã"), set_slot("prazo", "amanhã", "preciso para amanhã")
        )

        assert values_of(understood) == {"prazo": {"date": date(2026, 11, 24).isoformat()}}

    async def test_a_promise_is_dated_by_its_words_and_not_by_the_model(self) -> None:
        understood = await understood_of(
            question_of("te pago amanhã", "um dia eu pago"),
            {"type": "promise", "when": "2030-01-01", "quote": "te pago amanhã"},
        )
        undated = await understood_of(
            question_of("um dia eu pago"), {"type": "promise", "when": "2030-01-01", "quote": "um dia eu pago"}
        )

        assert [one.when for one in understood.commands if isinstance(one, Promise)] == ["2026-11-24"]
        assert [one.when for one in undated.commands if isinstance(one, Promise)] == [None]


class TestMerge:
    _BUDGET: Final = SetSlot(
        name="orcamento",
        value={"cents": 50_000, "currency": "BRL"},
        quote=Quote(text="R$ 500", message=11),
        source="rule",
    )

    @pytest.mark.parametrize(
        "wish",
        [
            OptOut(quote=Quote(text="parar", message=11), source="rule"),
            RequestHuman(quote=Quote(text="atendente", message=11), source="rule"),
        ],
    )
    async def test_no_model_takes_a_wish_away(self, wish: Command) -> None:
        rules = Understood(commands=(wish,))
        understood = await understood_of(question_of("parar atendente", rules=rules), {"type": "cancel"})

        assert understood.commands == (wish, Cancel())

    async def test_the_same_value_is_one_command(self) -> None:
        question = question_of("R$ 500", rules=Understood(commands=(self._BUDGET,)))

        assert (await understood_of(question, set_slot("orcamento", "R$ 500", "R$ 500"))).commands == (self._BUDGET,)

    async def test_two_values_are_none_and_we_ask_again(self) -> None:
        question = question_of("R$ 500 ou R$ 900", rules=Understood(commands=(self._BUDGET,)))
        understood = await understood_of(question, set_slot("orcamento", "R$ 900", "R$ 900"))

        assert understood.commands == (Say(mention=Mention.UNCLEAR),)
        assert understood.rejected == ("conflict:slot:orcamento",)

    async def test_of_what_proves_itself_the_rules_know_more(self) -> None:
        mine = SetSlot(
            name="email", value={"email": "ana@loja.com"}, quote=Quote(text="ana@loja.com", message=11), source="rule"
        )
        question = question_of("ana@loja.com ou beto@loja.com", rules=Understood(commands=(mine,)))
        understood = await understood_of(question, set_slot("email", "beto@loja.com", "beto@loja.com"))

        assert understood.commands == (mine,)

    async def test_of_free_words_the_model_knows_more(self) -> None:
        mine = SetSlot(
            name="necessidade", value={"text": "preciso"}, quote=Quote(text="preciso", message=11), source="rule"
        )
        question = question_of("preciso de um site", rules=Understood(commands=(mine,)))
        understood = await understood_of(question, set_slot("necessidade", "um site", "preciso de um site"))

        assert [one.source for one in understood.commands if isinstance(one, SetSlot)] == ["model"]

    async def test_yes_and_no_at_once_is_neither(self) -> None:
        rules = Understood(commands=(Confirm(is_yes=True, quote=Quote(text="sim", message=11)),))
        understood = await understood_of(
            question_of("sim, não", rules=rules), {"type": "confirm", "yes": False, "quote": "não"}
        )

        assert understood.commands == (Say(mention=Mention.UNCLEAR),)

    async def test_the_model_s_question_is_the_one_that_is_searched(self) -> None:
        rules = Understood(commands=(AskKnowledge(query="e o outro?"),))
        understood = await understood_of(question_of("e o outro?", rules=rules), query="preço do plano completo")

        assert understood.commands == (AskKnowledge(query="preço do plano completo"),)

    async def test_a_correction_within_one_answer_counts_last(self) -> None:
        understood = await understood_of(
            question_of("R$ 500", "digo, R$ 900"),
            set_slot("orcamento", "R$ 500", "R$ 500"),
            set_slot("orcamento", "R$ 900", "R$ 900"),
        )

        assert values_of(understood) == {"orcamento": {"cents": 90_000, "currency": "BRL"}}


class TestTheCall:
    async def test_without_a_model_the_rules_stand_alone(self) -> None:
        rules = Understood(commands=(Cancel(),), language="en")
        error = ModelUnavailable("Fora do ar.", "Away.", usage=Usage(calls=2))
        understood, usage = await understand(Answering([error]), question_of("Oi", rules=rules), Deadline.after(5))

        assert understood == Understood(commands=(Cancel(),), language="en", rejected=("model:ModelUnavailable",))
        assert usage == Usage(calls=2)

    async def test_it_is_asked_once_for_what_the_persona_names(self) -> None:
        model = Answering([NOTHING])
        _, usage = await understand(model, question_of("Oi"), Deadline.after(5), cache_key="c1:vendas:3")
        request = model.asked[0]

        assert usage == USED
        assert request.purpose is Purpose.UNDERSTAND
        assert request.aliases == ("small",)
        assert request.temperature == 0
        assert request.schema is not None
        assert request.schema.name == "understand"
        assert request.cache_key == "c1:vendas:3:understand:1"

    async def test_the_schema_names_what_the_persona_has_and_no_more(self) -> None:
        model = Answering([NOTHING])
        await understand(model, question_of("Oi"), Deadline.after(5))
        schema = model.asked[0].schema
        assert schema is not None
        kinds = {
            one["properties"]["type"]["enum"][0]: one["properties"]
            for one in schema.body["properties"]["commands"]["items"]["anyOf"]
        }

        assert kinds["set_slot"]["name"]["enum"] == sorted(persona().slots)
        assert kinds["evidence"]["name"]["enum"] == ["urgencia"]
        assert kinds["switch_goal"]["goal"]["enum"] == ["agendar_demo", "qualificar"]

    async def test_a_persona_without_slots_has_no_command_for_them(self) -> None:
        bare = persona(slots={}, evidence={}, stages=[{"id": "novo", "objective": "Conversar."}])
        model = Answering([NOTHING])
        await understand(model, question_of("Oi", persona=bare), Deadline.after(5))
        schema = model.asked[0].schema
        assert schema is not None
        kinds = {
            one["properties"]["type"]["enum"][0] for one in schema.body["properties"]["commands"]["items"]["anyOf"]
        }

        assert not {"set_slot", "clear_slot", "evidence"} & kinds

    async def test_it_reads_no_page_and_no_document(self) -> None:
        known = {"cpf": {"number": "52998224725"}, "orcamento": {"cents": 50_000, "currency": "BRL"}}
        facts = {"cnpj_antigo": {"number": "11222333000181"}, "cidade": {"text": "Recife"}}
        model = Answering([NOTHING])
        await understand(
            model, question_of("Oi", known=known, facts=facts, history=conversation(30)), Deadline.after(5)
        )
        content = "".join(prompt.content for prompt in model.asked[0].prompts)

        assert model.sections[Section.PASSAGES] == ""
        assert model.sections[Section.RESULTS] == ""
        assert "52998224725" not in content
        assert "11222333000181" not in content
        assert "R$ 500,00" in model.sections[Section.SLOTS]
        assert "Recife" in model.sections[Section.FACTS]

    async def test_what_the_stage_collects_is_missed_first(self) -> None:
        model = Answering([NOTHING])
        await understand(
            model, question_of("Oi", stage="qualificado", known={"nome": {"name": "Ana"}}), Deadline.after(5)
        )
        missing = [one["slot"] for one in lines(model.sections[Section.SLOTS])[0]["missing"]]

        assert missing[0] == "plano"
        assert "nome" not in missing
        assert set(missing) == set(persona().slots) - {"nome"}

    async def test_a_fact_kept_in_another_shape_stops_nothing(self) -> None:
        model = Answering([NOTHING])
        await understand(model, question_of("Oi", known={"orcamento": {"text": "uns mil"}}), Deadline.after(5))

        assert "uns mil" in model.sections[Section.SLOTS]
