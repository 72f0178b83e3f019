"""What the rules make of a message, and whether they say that it is all."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.commands import (
    AskKnowledge,
    Confirm,
    GiveEvidence,
    Mention,
    OptOut,
    Quote,
    RefuseSlot,
    RequestHuman,
    Say,
    SetSlot,
    SwitchGoal,
)
from tests.agents.fast_rules.labelled import labelled
from tests.agents.fast_rules.persona import EIGHT, kinds, only, understood


class TestAnswers:
    @pytest.mark.parametrize(
        ("text", "ask", "value", "quote"),
        [
            ("8 mil", "orcamento", {"cents": 800_000, "currency": "BRL"}, "8 mil"),
            ("uns 8 mil, por favor", "orcamento", {"cents": 800_000, "currency": "BRL"}, "8 mil"),
            ("Ana", "nome", {"name": "Ana"}, "Ana"),
            ("oi, sou a Ana", "nome", {"name": "Ana"}, "Ana"),
            ("o primeiro", "plano", {"value": "basico", "label": "Básico"}, "o primeiro"),
            ("sexta às 9h", "quando", {"at": "2026-11-27T09:00"}, "sexta às 9h"),
            ("pode ser sexta às 9h?", "quando", {"at": "2026-11-27T09:00"}, "sexta às 9h"),
            ("3", "pessoas", {"number": 3}, "3"),
            ("sim", "tem_pet", {"yes": True}, "sim"),
            ("para uso na empresa", "uso", {"text": "para uso na empresa"}, "para uso na empresa"),
        ],
    )
    def test_a_clean_answer_is_explained(self, text: str, ask: str, value: dict[str, object], quote: str) -> None:
        read = understood(text, ask=ask)
        given_slot = only(SetSlot, read)
        assert (given_slot.name, given_slot.value, given_slot.source) == (ask, value, "rule")
        assert given_slot.quote == Quote(text=quote, message=1)
        assert read.is_explained

    def test_an_answer_with_a_question_is_both_and_not_explained(self) -> None:
        read = understood("8 mil, mas quanto custa o frete?", ask="orcamento")
        assert kinds(read) == ["set_slot", "ask_knowledge"]
        assert only(AskKnowledge, read).query == "mas quanto custa o frete?"
        assert not read.is_explained

    def test_a_correction_counts_and_not_what_was_corrected(self) -> None:
        assert only(SetSlot, understood("8 mil, quer dizer, 10 mil", ask="orcamento")).value["cents"] == 1_000_000

    def test_a_known_value_changes_only_by_a_correction(self) -> None:
        assert kinds(understood("R$ 10.000 é muito", known=EIGHT)) == []
        read = understood("na verdade são 10 mil", known=EIGHT)
        assert only(SetSlot, read).value["cents"] == 1_000_000

    def test_a_failed_check_is_refused(self) -> None:
        refused = only(RefuseSlot, understood("123.456.789-00", ask="cpf"))
        assert (refused.name, refused.reason, refused.quote.text) == ("cpf", "check_digits", "123.456.789-00")

    def test_of_two_values_none_is_taken(self) -> None:
        read = understood("sexta ou sábado às 9h", ask="quando")
        assert kinds(read) == []
        assert not read.is_explained

    @pytest.mark.parametrize("text", ["não sei ainda", "quanto custa?", "oi", "depois eu digo"])
    def test_an_evasion_is_no_text_that_was_asked_for(self, text: str) -> None:
        assert "set_slot" not in kinds(understood(text, ask="uso"))

    def test_values_in_passing_fill_the_slots_of_their_kind(self) -> None:
        read = understood("meu nome é Ana Lima e meu cpf é 529.982.247-25", ask="orcamento")
        assert {command.name for command in read.commands if isinstance(command, SetSlot)} == {"nome", "cpf"}

    def test_a_question_gives_no_amount_in_passing(self) -> None:
        assert "set_slot" not in kinds(understood("o frete é R$ 30?"))

    def test_a_denied_value_is_none(self) -> None:
        assert "set_slot" not in kinds(understood("meu email não é ana@exemplo.com"))

    def test_a_question_is_answered_once_by_several_messages(self) -> None:
        read = understood("8 mil", "ou melhor, 10 mil", ask="orcamento")
        assert [c.value["cents"] for c in read.commands if isinstance(c, SetSlot)] == [800_000, 1_000_000]
        assert [c.quote.message for c in read.commands if isinstance(c, SetSlot)] == [1, 2]


class TestConfirmations:
    @pytest.mark.parametrize(("text", "is_yes"), [("sim", True), ("👍", True), ("isso mesmo", True), ("não", False)])
    def test_yes_and_no_are_explained(self, text: str, is_yes: bool) -> None:  # noqa: FBT001 - a column of the table
        read = understood(text, ask="confirm:orcamento", known=EIGHT)
        assert only(Confirm, read).is_yes is is_yes
        assert read.is_explained

    def test_a_no_with_another_value_is_a_correction(self) -> None:
        read = understood("não, é 10 mil", ask="confirm:orcamento", known=EIGHT)
        assert kinds(read) == ["set_slot"]
        assert only(SetSlot, read).value["cents"] == 1_000_000

    def test_an_effect_is_confirmed_too(self) -> None:
        assert only(Confirm, understood("pode", ask="effect:agenda.criar")).is_yes

    def test_a_yes_to_nothing_means_nothing(self) -> None:
        assert kinds(understood("sim")) == []

    def test_a_doubt_is_no_answer(self) -> None:
        read = understood("sim, mas não agora", ask="confirm:orcamento", known=EIGHT)
        assert kinds(read) == []
        assert not read.is_explained


class TestButtons:
    def test_each_kind_is_read(self) -> None:
        assert only(SetSlot, understood("Básico", choice="slot:plano:basico")).source == "button"
        assert only(SetSlot, understood("Sim", choice="slot:tem_pet:yes")).value == {"yes": True}
        assert only(Confirm, understood("Sim", choice="confirm:yes")).is_yes
        assert only(SwitchGoal, understood("Agendar", choice="goal:agendar")).goal == "agendar"
        assert only(RequestHuman, understood("Falar", choice="human")).source == "button"

    def test_one_is_explained_by_itself(self) -> None:
        assert understood("Básico", choice="slot:plano:basico").is_explained

    @pytest.mark.parametrize(
        "choice", ["slot:plano:ouro", "slot:foo:bar", "goal:foo", "confirm:talvez", "human:x", "::", ""]
    )
    def test_one_that_the_persona_does_not_know_is_read_as_text(self, choice: str) -> None:
        assert kinds(understood("quero falar com um atendente", choice=choice)) == ["request_human"]


class TestWishes:
    @pytest.mark.parametrize(
        "text",
        [
            "quero falar com um atendente",
            "Oi! Quero falar com um atendente, por favor",
            "can I speak to a human?",
            "quero falar com o coordenador",
        ],
    )
    def test_a_request_with_courtesies_is_explained(self, text: str) -> None:
        read = understood(text)
        assert only(RequestHuman, read).source == "rule"
        assert read.is_explained

    @pytest.mark.parametrize(
        "text", ["I dont need to talk to a human", "no need to talk to a person", "unless I need an agent, go on"]
    )
    def test_what_is_not_needed_is_no_request(self, text: str) -> None:
        assert "request_human" not in kinds(understood(text))

    def test_a_request_beside_another_matter_is_not(self) -> None:
        read = understood("o sofá veio rasgado, quero falar com um atendente")
        assert only(RequestHuman, read).quote.text == "quero falar com um atendente"
        assert not read.is_explained

    def test_an_opt_out_is_explained_whatever_stands_beside_it(self) -> None:
        read = understood("gostei do produto, mas não me mandem mais promoção. quanto custa?")
        assert only(OptOut, read).source == "rule"
        assert read.is_explained

    def test_both_may_be_said(self) -> None:
        read = understood("não quero mais receber mensagens e quero falar com um atendente")
        assert {"opt_out", "request_human"} <= set(kinds(read))

    def test_a_wish_is_no_text_that_was_asked_for(self) -> None:
        assert kinds(understood("quero falar com um atendente", ask="uso")) == ["request_human"]


class TestMentions:
    @pytest.mark.parametrize(
        ("text", "mention"),
        [
            ("oi, bom dia", Mention.GREETING),
            ("obrigada!", Mention.THANKS),
            ("você é um robô?", Mention.ASKS_IF_BOT),
            ("are you a bot?", Mention.ASKS_IF_BOT),
            ("tem alguém aí?", Mention.STILL_THERE),
            ("pode repetir?", Mention.REPEAT),
            ("vou no procon", Mention.LEGAL_THREAT),
            ("vou processar vocês", Mention.LEGAL_THREAT),
            ("vou botar no Reclame Aqui, vou abrir uma reclamação no reclame aqui", Mention.LEGAL_THREAT),
            ("quero fazer uma reclamação", Mention.COMPLAINT),
            ("que atendimento péssimo", Mention.COMPLAINT),
        ],
    )
    def test_one_is_heard(self, text: str, mention: Mention) -> None:
        assert Say(mention=mention) in understood(text).commands

    @pytest.mark.parametrize("text", ["oi, bom dia", "obrigada!", "valeu, tchau"])
    def test_courtesies_alone_are_explained(self, text: str) -> None:
        assert understood(text).is_explained

    @pytest.mark.parametrize(
        "text", ["fazem processo seletivo?", "preciso de um advogado", "se fosse péssimo eu dizia", "não é reclamação"]
    )
    def test_what_only_sounds_like_a_threat_or_a_complaint_is_none(self, text: str) -> None:
        said = {command.mention for command in understood(text).commands if isinstance(command, Say)}
        assert not said & {Mention.LEGAL_THREAT, Mention.COMPLAINT}

    @pytest.mark.parametrize(
        ("text", "cancels"), [("deixa pra lá", True), ("esquece", True), ("cancela meu pedido", False)]
    )
    def test_never_mind_is_said_alone(self, text: str, cancels: bool) -> None:  # noqa: FBT001 - a column of the table
        assert ("cancel" in kinds(understood(text))) is cancels


class TestPhrasesOfThePersona:
    def test_evidence_is_given_by_its_phrase_with_the_customer_s_words(self) -> None:
        shown = only(GiveEvidence, understood("olha, É URGENTE viu"))
        assert (shown.name, shown.quote.text) == ("urgencia", "É URGENTE")

    @pytest.mark.parametrize("text", ["não é urgente", "é urgente?", "se é urgente custa mais"])
    def test_evidence_that_is_denied_or_asked_about_is_none(self, text: str) -> None:
        assert "evidence" not in kinds(understood(text))

    def test_a_goal_may_be_asked_for_by_a_question(self) -> None:
        assert only(SwitchGoal, understood("posso agendar uma visita?")).goal == "agendar"

    def test_a_goal_that_is_refused_is_none(self) -> None:
        assert "switch_goal" not in kinds(understood("não quero agendar uma visita"))


class TestQuestions:
    @pytest.mark.parametrize(
        "text", ["quanto custa o plano anual?", "qual o prazo de entrega", "vocês têm estacionamento?"]
    )
    def test_one_is_asked_in_the_customer_s_words(self, text: str) -> None:
        assert only(AskKnowledge, understood(text)).query.rstrip("?") == text.rstrip("?")

    @pytest.mark.parametrize("text", ["tudo bem?", "você é um robô?", "posso falar com um atendente?"])
    def test_what_was_understood_otherwise_is_none(self, text: str) -> None:
        assert "ask_knowledge" not in kinds(understood(text))

    def test_an_approved_question_is_explained_and_another_is_not(self) -> None:
        assert understood("qual o preço?").is_explained
        assert not understood("qual o prazo?").is_explained


class TestStaff:
    def test_a_line_may_fill_slots_and_nothing_else(self) -> None:
        read = understood(
            "ok, sexta às 9h. CPF 529.982.247-25. Não quero mais receber mensagens, atendente!", by_staff=True
        )
        assert {c.type for c in read.commands} == {"set_slot"}
        assert {c.source for c in read.commands if isinstance(c, SetSlot)} == {"staff"}
        assert not read.is_explained

    def test_a_price_or_an_address_of_the_house_is_not_the_customer_s(self) -> None:
        assert kinds(understood("custa R$ 500, escreva para loja@exemplo.com", by_staff=True)) == []


class TestLanguage:
    @pytest.mark.parametrize(
        ("text", "language"),
        [
            ("quero saber o preço", "pt-BR"),
            ("what is the price?", "en"),
            ("hola, cuánto cuesta el plan?", "es"),
            ("8k", "pt-BR"),
        ],
    )
    def test_it_is_the_message_s(self, text: str, language: str) -> None:
        assert understood(text).language == language


class TestAnyMessage:
    def test_every_quote_stands_in_its_message(self) -> None:
        for name in ("handoff", "opt_out", "negative"):
            for line in labelled(name):
                _quotes_stand(line.text)

    @given(
        st.text(max_size=200)
        | st.lists(
            st.sampled_from(
                ["não", "quero", "8 mil", "atendente", "sexta", "às 9h", "?", "ã", "SAIR", ",", "é urgente", "👍"]
            ),
            max_size=12,
        ).map(" ".join)
    )
    def test_any_text_is_read(self, text: str) -> None:
        _quotes_stand(text)

    @pytest.mark.parametrize("text", ["", "   ", "...", "\u200b"])
    def test_nothing_is_not_explained(self, text: str) -> None:
        assert not understood(text).is_explained
        assert not understood().is_explained

    @pytest.mark.parametrize(
        "seed",
        [
            "quero falar com ",
            "não ",
            "atendente ",
            "me tira da ",
            '"a ',
            "a? ",
            "1 ",
            "á",
            "não me mande mais ",
            "(11) 9",
            "sim ",
        ],
    )
    def test_ten_thousand_hostile_characters_hold_nobody_up(self, seed: str) -> None:
        start = time.process_time()
        understood((seed * 10_000)[:10_000], ask="orcamento")
        assert time.process_time() - start < 1


def _quotes_stand(text: str) -> None:
    for ask in (None, "orcamento", "quando", "uso", "confirm:orcamento"):
        for command in understood(text, ask=ask).commands:
            quote = getattr(command, "quote", None)
            assert quote is None or (quote.text in text and quote.text)
