"""What a turn decides, rule by rule: a table of moments, what was claimed in each, and what follows."""

from dataclasses import replace
from typing import Any, Final

import pytest

from agents.commands import (
    AskKnowledge,
    Cancel,
    ClearSlot,
    Command,
    Confirm,
    GiveEvidence,
    Mention,
    OptOut,
    Promise,
    RefuseSlot,
    RequestHuman,
    Say,
    SwitchGoal,
)
from core.models.stream import Control, Trigger
from graphs.conversation.decide import decide
from graphs.conversation.state import Dialogue, EffectNews, Filled, Route
from tests.graphs.conversation.acting import LIA, heard, lia, line, moment, quote, slot

ASK: Final = AskKnowledge(query="preço do plano")
HUMAN: Final = RequestHuman(quote=quote("quero uma pessoa"), source="rule")
OUT: Final = OptOut(quote=quote("me tira da lista"), source="rule")
NOME: Final = Filled(value={"name": "Ana"}, quote=quote())
HORARIO: Final = Filled(value={"at": "2026-03-12T10:00"}, quote=quote())
MONEY: Final = Filled(value={"cents": 800000, "currency": "BRL"}, quote=quote("8 mil"))
QUALIFIED: Final = Dialogue(stage="qualificado", has_greeted=True, slots={"nome": NOME, "orcamento": MONEY})


def say(mention: Mention) -> Say:
    return Say(mention=mention)


class TestOrder:
    @pytest.mark.parametrize(
        ("commands", "route", "rule"),
        [
            ((OUT, HUMAN, ASK), Route.SILENCE, "consent.opt_out"),
            ((HUMAN, ASK, slot("nome", name="Ana")), Route.HANDOFF, "human.requested"),
            ((say(Mention.COMPLAINT), ASK), Route.HANDOFF, "safety.complaint"),
            ((ASK,), Route.STAGE, "answer.knowledge"),
            ((slot("nome", name="Ana"),), Route.CANNED, "slot.set:nome"),
            ((say(Mention.UNCLEAR),), Route.CLARIFY, "patience.clarify"),
            ((), Route.CLARIFY, "patience.clarify"),
        ],
    )
    def test_the_most_important_decides(self, commands: tuple[Command, ...], route: Route, rule: str) -> None:
        decision = decide(LIA, moment(), heard(*commands))
        assert decision.route is route
        assert rule in decision.rules

    @pytest.mark.parametrize("control", [Control.HUMAN, Control.CLOSED, Control.QUEUED])
    @pytest.mark.parametrize("commands", [(ASK,), (slot("nome", name="Ana"),), ()])
    def test_while_a_person_has_it_the_bot_is_silent(self, control: Control, commands: tuple[Command, ...]) -> None:
        decision = decide(LIA, moment(control=control), heard(*commands))
        assert decision.route is Route.ABSORB
        assert (decision.texts, decision.moves, decision.effects) == ((), (), ())

    def test_an_opt_out_counts_in_every_control_state(self) -> None:
        for control in Control:
            assert decide(LIA, moment(control=control), heard(OUT)).opt_out == OUT.quote

    def test_who_waits_is_told_so_when_they_ask(self) -> None:
        decision = decide(LIA, moment(control=Control.QUEUED), heard(say(Mention.STILL_THERE)))
        assert [text.name for text in decision.texts] == ["still_queued"]

    def test_what_we_would_start_is_not_said_to_who_opted_out(self) -> None:
        decision = decide(LIA, moment(trigger=Trigger.TIMER, is_opted_out=True, unanswered=[]), heard())
        assert (decision.route, decision.rules) == (Route.SILENCE, ("consent.opted_out",))


class TestPatience:
    def test_the_second_time_in_a_row_a_person_is_called(self) -> None:
        first = decide(LIA, moment(), heard(say(Mention.UNCLEAR)))
        second = decide(LIA, moment(first.dialogue), heard(say(Mention.UNCLEAR)))
        assert (first.dialogue.repairs, second.route) == (1, Route.HANDOFF)

    def test_something_that_is_understood_begins_the_count_again(self) -> None:
        before = Dialogue(stage="novo", has_greeted=True, repairs=1)
        assert decide(LIA, moment(before), heard(ASK)).dialogue.repairs == 0

    def test_two_drafts_that_could_not_be_sent_call_a_person(self) -> None:
        before = Dialogue(stage="novo", has_greeted=True, failed_checks=2)
        assert decide(LIA, moment(before), heard(ASK)).handover is not None

    def test_a_number_that_fails_its_check_is_asked_for_again_and_then_left_to_a_person(self) -> None:
        wrong = RefuseSlot(name="cpf", quote=quote("123.456.789-00"), reason="digits")
        first = decide(LIA, moment(), heard(wrong))
        second = decide(LIA, moment(first.dialogue), heard(wrong))
        assert "invalid_cpf" in [text.name for text in first.texts]
        assert (second.route, second.rules[-1]) == (Route.HANDOFF, "slot.invalid_limit")


class TestSlots:
    def test_the_next_question_is_for_what_the_stage_lacks(self) -> None:
        decision = decide(LIA, moment(), heard(slot("nome", name="Ana")))
        assert (decision.ask, decision.dialogue.last_ask) == ("orcamento", "orcamento")

    def test_nothing_is_asked_more_often_than_the_persona_says(self) -> None:
        before = Dialogue(stage="novo", has_greeted=True, asked={"nome": 2, "orcamento": 2})
        assert decide(LIA, moment(before), heard(ASK)).ask is None

    def test_one_that_must_be_confirmed_counts_after_its_yes(self) -> None:
        given = decide(LIA, moment(), heard(slot("cpf", number="52998224725")))
        assert (given.ask, given.dialogue.slots["cpf"].is_confirmed) == ("confirm:cpf", False)
        for is_yes in (True, False):
            answer = Confirm(is_yes=is_yes, quote=quote("sim" if is_yes else "não"))
            after = decide(LIA, moment(given.dialogue), heard(answer)).dialogue.slots
            assert ("cpf" in after and after["cpf"].is_confirmed) is is_yes

    def test_the_newest_value_holds_and_the_same_is_no_news(self) -> None:
        changed = decide(LIA, moment(QUALIFIED), heard(slot("orcamento", cents=600000, currency="BRL")))
        same = decide(LIA, moment(QUALIFIED), heard(slot("orcamento", cents=800000, currency="BRL")))
        assert changed.dialogue.slots["orcamento"].value["cents"] == 600000
        assert "slot.corrected:orcamento" in changed.rules
        assert not any(rule.startswith("slot.") for rule in same.rules)

    def test_a_slot_that_the_persona_does_not_know_is_no_slot(self) -> None:
        assert decide(LIA, moment(), heard(slot("segredo", text="x"))).dialogue.slots == {}


class TestStages:
    def test_it_moves_when_every_criterion_holds_and_says_by_which_words(self) -> None:
        before = Dialogue(stage="novo", has_greeted=True, slots={"nome": NOME})
        decision = decide(LIA, moment(before), heard(GiveEvidence(name="urgencia", quote=quote("é para amanhã"))))
        [move] = decision.moves
        assert (move.source, move.target, decision.stage) == ("novo", "qualificado", "qualificado")
        assert [criterion["quote"] for criterion in move.criteria] == ["sou a Ana", "é para amanhã"]

    def test_what_is_lost_leads_back(self) -> None:
        decision = decide(LIA, moment(QUALIFIED), heard(ClearSlot(name="orcamento", quote=quote())))
        assert [(move.source, move.target) for move in decision.moves] == [("qualificado", "novo")]

    def test_no_claim_moves_past_a_stage_whose_criteria_do_not_hold(self) -> None:
        claims = (GiveEvidence(name="urgencia", quote=quote()), SwitchGoal(goal="marcar"), ASK)
        assert decide(LIA, moment(), heard(*claims)).stage == "novo"

    def test_the_last_stage_needs_what_was_really_done(self) -> None:
        done = decide(LIA, moment(QUALIFIED, succeeded=frozenset({"agenda.criar"})), heard(ASK))
        assert (done.stage, decide(LIA, moment(QUALIFIED), heard(ASK)).stage) == ("ganho", "qualificado")


class TestEffects:
    def test_nothing_is_done_without_the_customers_yes(self) -> None:
        before = replace(QUALIFIED, slots={**QUALIFIED.slots, "horario": HORARIO})
        asked = decide(LIA, moment(before), heard(ASK))
        assert (asked.effects, asked.ask) == ((), "effect:agenda.criar")
        yes = decide(LIA, moment(asked.dialogue), heard(Confirm(is_yes=True, quote=quote("sim"))))
        no = decide(LIA, moment(asked.dialogue), heard(Confirm(is_yes=False, quote=quote("não"))))
        assert [(call.tool, call.arguments) for call in yes.effects] == [("agenda.criar", {"at": HORARIO.value})]
        assert no.effects == ()

    def test_a_yes_out_of_nowhere_does_nothing(self) -> None:
        assert decide(LIA, moment(QUALIFIED), heard(Confirm(is_yes=True, quote=quote("sim")))).effects == ()

    def test_cancelling_takes_the_question_back(self) -> None:
        before = replace(QUALIFIED, last_ask="effect:agenda.criar")
        assert decide(LIA, moment(before), heard(Cancel())).dialogue.last_ask is None

    @pytest.mark.parametrize(("state", "name"), [("succeeded", "agenda_criar_done"), ("failed", "agenda_criar_failed")])
    def test_what_became_of_it_is_said(self, state: Any, name: str) -> None:
        news = EffectNews(tool="agenda.criar", state=state, result={})
        told = moment(QUALIFIED, trigger=Trigger.ACTION_RESULT, effects=(news,), unanswered=[])
        assert name in [text.name for text in decide(LIA, told, heard()).texts]

    def test_news_of_nothing_is_silence(self) -> None:
        told = moment(trigger=Trigger.ACTION_RESULT, unanswered=[])
        assert decide(LIA, told, heard()).route is Route.SILENCE


class TestAnswers:
    def test_an_approved_answer_needs_no_model(self) -> None:
        decision = decide(LIA, moment(unanswered=[line(9, "Vocês entregam?")]), heard(ASK))
        assert (decision.route, decision.query) == (Route.CANNED, None)
        assert "entrega" in [text.name for text in decision.texts]

    def test_in_a_strict_stage_only_approved_texts_are_said(self) -> None:
        stages = [{"id": "novo", "objective": "cobrar", "strict": True, "end": "won"}]
        strict = lia(stages=stages)
        decision = decide(strict, moment(), heard(ASK))
        assert (decision.route, [text.name for text in decision.texts]) == (Route.CANNED, ["not_found"])

    def test_the_first_message_is_greeted_once(self) -> None:
        first = decide(LIA, moment(Dialogue(stage="novo")), heard(say(Mention.GREETING)))
        again = decide(LIA, moment(first.dialogue), heard(say(Mention.GREETING)))
        assert [text.name for text in first.texts] == ["greeting"]
        assert "greeting" not in [text.name for text in again.texts]

    def test_thanks_are_returned_once_and_then_there_is_silence(self) -> None:
        asked = {"nome": 2, "orcamento": 2}
        before = Dialogue(stage="novo", has_greeted=True, asked=asked)
        first = decide(LIA, moment(before), heard(say(Mention.THANKS)))
        second = decide(LIA, moment(first.dialogue), heard(say(Mention.THANKS)))
        assert [text.name for text in first.texts] == ["goodbye"]
        assert second.route is Route.SILENCE

    def test_a_promise_is_kept_with_its_words(self) -> None:
        decision = decide(LIA, moment(), heard(Promise(quote=quote("pago sexta"), when="2026-03-13")))
        assert decision.promise == {"when": "2026-03-13", "quote": "pago sexta", "message": 9}


class TestOtherTriggers:
    def test_a_follow_up_is_said_as_it_was_written(self) -> None:
        rang = moment(trigger=Trigger.TIMER, payload={"kickoff": "seguimento"}, unanswered=[])
        assert [text.name for text in decide(LIA, rang, heard()).texts] == ["seguimento"]

    @pytest.mark.parametrize("payload", [{}, {"kickoff": "não existe"}, {"promises": [{"at": "2026-03-13"}]}])
    def test_any_other_timer_says_nothing(self, payload: dict[str, Any]) -> None:
        assert decide(LIA, moment(trigger=Trigger.TIMER, payload=payload, unanswered=[]), heard()).texts == ()

    def test_after_a_person_it_says_that_it_is_back(self) -> None:
        back = moment(trigger=Trigger.STAFF_RETURN, unanswered=[])
        assert decide(LIA, back, heard()).texts[0].name == "returned"

    def test_all_that_was_said_is_heard(self) -> None:
        assert decide(LIA, moment(unanswered=[line(9), line(11)]), heard(ASK)).dialogue.heard_until == 11
