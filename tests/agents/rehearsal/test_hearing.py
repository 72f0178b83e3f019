"""Understand in honest mode: commands with the customer's own words, and none for what was only asked or denied."""

from typing import Final

import jsonschema
import pytest

from agents.commands import Said
from agents.prompts.schemas import understand_schema
from tests.agents.rehearsal.prompting import PERSONA, heard, kinds, set_slots, understood

EVERYTHING: Final = (
    "oi! sou a Ana Souza, meu e-mail é ana@exemplo.com, tenho R$ 900, gosto do Aurora, visita sexta às 9h. "
    "Quanto custa o frete? Quero falar com um atendente. Obrigada! Isso é um absurdo. Vou pagar amanhã."
)


class TestSlots:
    def test_an_answer_fills_the_slot_that_was_asked_for(self) -> None:
        assert set_slots(understood("Ana Souza", asked="nome")) == {"nome": "Ana Souza"}
        assert set_slots(understood("uns 4", asked="pessoas"))["pessoas"] == "4"
        assert set_slots(understood("durmo de lado", asked="uso")) == {"uso": "durmo de lado"}

    def test_a_value_in_passing_fills_the_slot_that_it_fits(self) -> None:
        told = understood("posso gastar R$ 3.500 e meu e-mail é ana@exemplo.com.br, gostei do Aurora")
        assert set_slots(told) == {"orcamento": "R$ 3.500", "email": "ana@exemplo.com.br", "modelo": "Aurora"}

    def test_every_quote_stands_in_its_message(self) -> None:
        texts = ("me chamo Ana Souza", "tenho R$ 3.500,00 e pode ser sexta às 9h")
        told = understood(*texts)
        numbered = dict(enumerate(texts, start=11))
        assert set_slots(told).keys() == {"nome", "orcamento", "visita"}
        for command in told["commands"]:
            if command["type"] == "set_slot":
                assert command["quote"] in numbered[command["message"]]

    def test_of_a_correction_only_the_last_value_counts(self) -> None:
        assert set_slots(understood("meu orçamento é 5 mil, quer dizer, 8 mil", asked="orcamento")) == {
            "orcamento": "8 mil"
        }
        assert set_slots(understood("uns 5 mil", "na verdade 8 mil", asked="orcamento")) == {"orcamento": "8 mil"}
        assert set_slots(understood("I have 5 thousand, I mean R$ 8.000", asked="orcamento")) == {
            "orcamento": "R$ 8.000"
        }

    def test_what_is_known_is_changed_by_a_correction_alone(self) -> None:
        known = {"orcamento": "R$ 5.000,00"}
        assert set_slots(understood("na verdade são R$ 8.000", known=known)) == {"orcamento": "R$ 8.000"}
        assert set_slots(understood("vi um de R$ 8.000", known=known)) == {}

    def test_a_price_in_a_question_is_nobodys_budget(self) -> None:
        assert set_slots(understood("o Aurora custa R$ 2.000?")) == {}

    def test_a_question_or_a_request_is_no_name(self) -> None:
        assert set_slots(understood("por que quer saber?", asked="nome")) == {}
        assert set_slots(understood("quero falar com um atendente", asked="nome")) == {}

    def test_an_article_is_no_number(self) -> None:
        assert set_slots(understood("oi, quero um colchão", asked="orcamento")) == {}
        assert set_slots(understood("uma pessoa só", asked="pessoas")) == {"pessoas": "uma pessoa"}
        assert set_slots(understood("uma", asked="pessoas")) == {"pessoas": "uma"}

    def test_a_proposal_answers_and_asks_nothing_of_the_pages(self) -> None:
        told = understood("pode ser sexta às 9h?", asked="visita")
        assert set_slots(told) == {"visita": "sexta às 9h"}
        assert told["query"] is None

    def test_what_is_taken_back_by_its_name_is_cleared(self) -> None:
        told = understood("esquece o orçamento", known={"orcamento": "R$ 5.000,00"})
        assert [one["name"] for one in told["commands"] if one["type"] == "clear_slot"] == ["orcamento"]


class TestWishes:
    @pytest.mark.parametrize(
        "text",
        [
            "quero falar com um atendente",
            "me passa pra uma pessoa por favor",
            "não quero falar com robô",
            "tem como falar com alguém?",
            "ok entendi. mas prefiro um atendimento humano",
            "atendente",
            "can I talk to a real person?",
            "I want to speak with a manager",
            "quiero hablar con una persona",
        ],
    )
    def test_who_asks_for_a_person_is_heard(self, text: str) -> None:
        told = understood(text)
        assert "request_human" in kinds(told)
        assert told["query"] is None

    @pytest.mark.parametrize(
        "text",
        [
            "vocês têm atendimento humano aos sábados?",
            "não quero falar com atendente",
            "já falei com o vendedor ontem",
            "o colchão é para duas pessoas",
            "I don't need to talk to anyone",
        ],
    )
    def test_who_only_speaks_of_people_does_not_ask_for_one(self, text: str) -> None:
        assert "request_human" not in kinds(understood(text))

    @pytest.mark.parametrize(
        "text",
        [
            "parar",
            "olha, não quero mais receber mensagens de vocês",
            "me tira dessa lista, por favor",
            "gente, parem de me mandar promoção",
            "please stop texting me",
            "remove me from your list",
            "no quiero recibir mensajes",
        ],
    )
    def test_who_wants_silence_is_heard(self, text: str) -> None:
        assert "opt_out" in kinds(understood(text))

    @pytest.mark.parametrize(
        "text",
        [
            "tira o travesseiro do carrinho",
            "não recebi a mensagem de confirmação",
            "vocês não me mandaram mais nada",
            "quero parar de sentir dor nas costas",
            "não quero sair da lista",
        ],
    )
    def test_a_complaint_or_an_order_is_no_wish_for_silence(self, text: str) -> None:
        assert "opt_out" not in kinds(understood(text))

    def test_a_change_of_mind_cancels(self) -> None:
        assert "cancel" in kinds(understood("deixa pra lá"))
        assert "cancel" in kinds(understood("never mind"))


class TestAnswers:
    def test_a_yes_or_no_counts_where_something_was_asked(self) -> None:
        assert {"type": "confirm", "yes": True, "quote": "isso mesmo"} in understood("isso mesmo", asked="visita")[
            "commands"
        ]
        assert {"type": "confirm", "yes": False, "quote": "não"} in understood("não", asked="visita")["commands"]
        assert "confirm" not in kinds(understood("sim"))

    def test_a_question_becomes_a_query(self) -> None:
        told = understood("oi, boa tarde! quanto custa o frete?")
        assert told["query"] == "quanto custa o frete?"
        assert {"type": "ask_knowledge", "query": "quanto custa o frete?"} in told["commands"]
        assert "greeting" in kinds(told)

    def test_a_question_without_its_mark_is_one(self) -> None:
        assert understood("queria saber se vocês entregam em Santos")["query"]
        assert understood("qual o prazo de entrega")["query"]
        assert understood("do you ship to Canada")["query"]

    def test_a_courtesy_is_no_question(self) -> None:
        assert understood("oi, tudo bem?")["query"] is None

    def test_a_question_that_leans_on_the_one_before_takes_it_along(self) -> None:
        before = (Said(author="customer", text="Que horas vocês abrem na sexta?", message=9),)
        assert understood("Qual o frete? Tem garantia?")["query"] == "Qual o frete? Tem garantia?"
        assert understood("e no sábado?", history=before)["query"] == "Que horas vocês abrem na sexta? e no sábado?"

    def test_a_promise_has_its_day(self) -> None:
        assert {"type": "promise", "when": "2026-03-11", "quote": "vou pagar amanhã"} in understood("vou pagar amanhã")[
            "commands"
        ]

    def test_evidence_is_told_and_never_asked(self) -> None:
        told = understood("sim, eu decido a compra sozinha")
        assert [one["name"] for one in told["commands"] if one["type"] == "evidence"] == ["decisor"]
        assert "evidence" not in kinds(understood("quem decide a compra sozinho?"))
        assert "evidence" not in kinds(understood("não decido a compra sozinha"))

    def test_part_of_what_is_described_shows_nothing(self) -> None:
        assert "evidence" not in kinds(understood("quero uma compra para o cliente"))

    def test_a_goal_called_by_its_label_is_switched_to(self) -> None:
        assert {"type": "switch_goal", "goal": "remarcar"} in understood("preciso remarcar a entrega")["commands"]

    @pytest.mark.parametrize(
        ("text", "mention"),
        [
            ("obrigada!", "thanks"),
            ("você é um robô?", "asks_if_bot"),
            ("isso é um absurdo", "complaint"),
            ("vou no procon", "legal_threat"),
            ("não entendi", "repeat"),
            ("tem alguém aí?", "still_there"),
            ("are you a bot?", "asks_if_bot"),
            ("asdf qwer", "unclear"),
        ],
    )
    def test_what_takes_no_argument_is_mentioned(self, text: str, mention: str) -> None:
        assert mention in kinds(understood(text))

    def test_what_nobody_understands_is_unsure(self) -> None:
        assert understood("asdf qwer")["unsure"]
        assert not understood("obrigado")["unsure"]

    @pytest.mark.parametrize(
        ("text", "language"),
        [("quero um colchão", "pt-BR"), ("I want a mattress", "en"), ("quiero un colchón", "es"), ("8", "pt-BR")],
    )
    def test_it_says_which_language_is_spoken(self, text: str, language: str) -> None:
        assert understood(text)["lang"] == language


class TestShape:
    @pytest.mark.parametrize(
        "text",
        [
            EVERYTHING,
            "",
            "🙂",
            "a" * 4000,
        ],
    )
    def test_every_answer_fits_the_schema(self, text: str) -> None:
        jsonschema.validate(understood(text), understand_schema(PERSONA).body)

    def test_staff_tell_slots_and_never_wish(self) -> None:
        told = understood(heard=heard("a cliente Ana tem R$ 900, quer falar com um gerente", staff=True))
        assert set_slots(told) == {"orcamento": "R$ 900"}
        assert "request_human" not in kinds(told)
