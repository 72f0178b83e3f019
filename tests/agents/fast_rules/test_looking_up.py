"""What a question gives by which something is looked up, in a shipped persona that looks up free times."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from agents.commands import Confirm, GiveEvidence, Heard, SetSlot, Understood
from agents.fast_rules import RuleContext, read
from agents.personas.reading import read_persona
from agents.personas.shipped import shipped
from tests.agents.extractors.days import TODAY

BIA: Final = read_persona(shipped()["agendamento"])
LIA: Final = read_persona(shipped()["vendas-consultivas"])
RETURN: Final = {"servico": {"value": "retorno", "label": "Retorno"}}


def said(words: str, *, persona: Any = BIA, stage: str = "pedido", **more: Any) -> Understood:
    context = {"stage": stage, "last_ask": None, "known": {}, "today": TODAY, **more}
    return read([Heard(message=1, text=words)], persona, RuleContext(**context))


def slots(read: Understood) -> Mapping[str, Any]:
    return {one.name: one.value for one in read.commands if isinstance(one, SetSlot)}


class TestQuestions:
    @pytest.mark.parametrize("words", ["tem na terça de manhã?", "tem horário segunda?", "vocês têm vaga amanhã?"])
    def test_a_day_that_is_asked_for_is_the_day_to_look_at(self, words: str) -> None:
        assert slots(said(words)).keys() == {"dia"}
        assert slots(said(words, stage="marcado")) == {}

    def test_another_day_takes_the_place_of_the_one_before(self) -> None:
        known = slots(said("tem na terça?"))
        assert slots(said("e na quarta?", known=known))["dia"] != known["dia"]

    def test_of_two_slots_for_a_day_the_one_that_is_looked_up_by_is_meant(self) -> None:
        assert slots(said("tem horário terça?", persona=LIA, stage="proposta")).keys() == {"dia"}
        assert slots(said("tem horário terça?", persona=LIA, stage="novo")) == {}

    def test_what_a_thing_costs_is_no_wish_for_it(self) -> None:
        assert slots(said("quanto custa a consulta?")) == {}

    def test_evidence_that_is_a_question_by_its_nature_may_be_asked(self) -> None:
        assert any(isinstance(one, GiveEvidence) for one in said("qual é o meu horário?").commands)
        assert not any(isinstance(one, GiveEvidence) for one in said("e se eu não puder: quero desmarcar?").commands)


class TestAgain:
    def test_a_choice_that_is_known_may_be_told_again(self) -> None:
        assert slots(said("retorno", known=RETURN)) == RETURN
        assert slots(said("avaliação", known=RETURN)).keys() <= {"servico"}


class TestGoAhead:
    @pytest.mark.parametrize(
        ("ask", "words", "is_yes"),
        [
            ("effect:agenda.cancelar", "pode cancelar", True),
            ("effect:agenda.criar", "pode marcar", True),
            ("effect:agenda.criar", "pode cancelar", False),
            ("effect:agenda.cancelar", "não pode cancelar", False),
            ("effect:agenda.cancelar", "pode cancelar depois?", False),
        ],
    )
    def test_it_says_yes_to_what_was_asked_alone(self, ask: str, words: str, is_yes: bool) -> None:  # noqa: FBT001 - of a table
        answers = [one.is_yes for one in said(words, last_ask=ask).commands if isinstance(one, Confirm)]
        assert (answers == [True]) is is_yes
