"""The personas that are shipped are as a company would use them: whole, in two languages, and honest."""

import re

import pytest

from agents.personas.definition import OWN_TEXTS, SPINE_TEXTS, Persona, StageEnd
from agents.personas.gsm7 import segment_room, strangers
from agents.personas.lint import check
from agents.personas.reading import read_persona
from agents.personas.shipped import shipped
from agents.tools.registry import TOOLS, Class
from core import lexicon

NAMES = ("agendamento", "cobranca", "suporte", "vendas-consultivas")
PERSONAS = {name: read_persona(text) for name, text in shipped().items()}


@pytest.fixture(params=NAMES)
def persona(request: pytest.FixtureRequest) -> Persona:
    return PERSONAS[request.param]


class TestShipped:
    def test_there_are_four(self) -> None:
        assert tuple(shipped()) == NAMES

    @pytest.mark.parametrize("name", NAMES)
    def test_each_is_named_as_its_file(self, name: str) -> None:
        assert PERSONAS[name].persona == name

    @pytest.mark.parametrize("name", NAMES)
    def test_the_linter_has_nothing_to_say(self, name: str) -> None:
        assert check(shipped()[name], bases=None, tools=TOOLS) == ()


class TestTexts:
    def test_each_is_written_in_both_languages(self, persona: Persona) -> None:
        assert [name for name, written in persona.texts.items() if set(written) != {"pt-BR", "en"}] == []

    def test_both_languages_have_the_same_places(self, persona: Persona) -> None:
        for name, written in persona.texts.items():
            assert len({frozenset(re.findall(r"\{\w+\}", text)) for text in written.values()}) == 1, name

    def test_the_spine_has_all_of_its_own(self, persona: Persona) -> None:
        assert set(SPINE_TEXTS) - OWN_TEXTS.keys() <= persona.texts.keys()
        assert all(persona.has_text(name) for name in SPINE_TEXTS)

    def test_each_fits_its_channels(self, persona: Persona) -> None:
        for channel, rules in persona.channels.items():
            room = rules.max_bubbles * min(rules.bubble_chars, segment_room(rules) if channel == "sms" else 9999)
            for name, written in persona.texts.items():
                assert max(map(len, written.values())) <= room, name

    def test_each_goes_into_a_plain_sms_where_one_is_sent(self, persona: Persona) -> None:
        if "sms" in persona.channels:
            assert {strangers(text) for written in persona.texts.values() for text in written.values()} == {""}

    def test_the_first_message_says_that_an_ai_writes_and_that_people_are_there(self, persona: Persona) -> None:
        pt, en = persona.text("greeting", "pt-BR"), persona.text("greeting", "en")
        assert "inteligência artificial" in pt
        assert "falar com uma pessoa" in pt
        assert " AI" in en
        assert "talk to a person" in en

    def test_the_greeting_leaves_the_question_to_the_one_that_follows(self, persona: Persona) -> None:
        assert "?" not in persona.text("greeting", "pt-BR")
        assert "?" not in persona.text("unclear", "pt-BR")


class TestPaths:
    def test_whoever_asks_for_a_person_complains_or_threatens_gets_one(self, persona: Persona) -> None:
        assert {"customer_asked", "complaint", "legal_threat"} <= set(persona.handoff.on)

    def test_there_is_a_good_end_and_a_bad_one(self, persona: Persona) -> None:
        assert [stage.end for stage in persona.stages[-2:]] == [StageEnd.WON, StageEnd.LOST]

    def test_everything_is_labelled_for_staff(self, persona: Persona) -> None:
        assert [stage.id for stage in persona.stages if not stage.label] == []
        assert [name for name, slot in persona.slots.items() if not slot.label] == []

    def test_what_people_say_is_recognised_as_it_is_written(self, persona: Persona) -> None:
        for evidence in persona.evidence.values():
            assert len(evidence.any_of) >= 5
            assert all(lexicon.normalise(phrase) for phrase in evidence.any_of)

    def test_no_evidence_is_found_in_its_own_denial(self, persona: Persona) -> None:
        """Evidence by phrase moves leads: a phrase must not stand in a sentence that says it is not so."""
        for evidence in persona.evidence.values():
            assert not {"gostei", "tenho interesse", "resolveu", "deu certo", "vou pagar"} & set(evidence.any_of)

    def test_an_effect_without_arguments_is_offered_only_where_it_was_asked_for(self, persona: Persona) -> None:
        """Such an effect is proposed as soon as its stage is entered."""
        for stage in persona.stages:
            for use in stage.tools:
                if TOOLS[use.tool].cls is Class.EFFECT and not use.arguments:
                    assert stage.enter is not None
                    assert "evidence:" in stage.enter.model_dump_json()


class TestCollection:
    def test_nothing_is_said_of_a_debt_before_the_person_is_known(self) -> None:
        persona = PERSONAS["cobranca"]
        first = persona.stages[0]
        said = ["greeting", "retomar_contato", "resposta_assunto", *(persona.slots[name].ask for name in first.collect)]
        words = re.compile(
            r"d[íi]vida|d[ée]bito|cobran|em aberto|pagamento|boleto|atras|debt|owe|payment|overdue", re.IGNORECASE
        )
        for name in said:
            assert name is not None
            assert [text for text in persona.texts[name].values() if words.search(text)] == []
        assert first.tools == ()

    def test_no_stage_leaves_words_to_a_model(self) -> None:
        persona = PERSONAS["cobranca"]
        assert [stage.id for stage in persona.stages if stage.end is StageEnd.OPEN and not stage.strict] == []

    def test_nothing_that_a_customer_says_makes_it_received(self) -> None:
        persona = PERSONAS["cobranca"]
        assert persona.stages[-2].enter is None
        assert {"pago", "paga", "quitado"} <= set(persona.tone.forbidden)

    def test_it_writes_in_decent_hours_only(self) -> None:
        quiet = PERSONAS["cobranca"].quiet_hours
        assert (quiet.allow, quiet.sunday) == ("08:00-20:00", "off")
