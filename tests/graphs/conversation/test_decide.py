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
from tests.graphs.conversation.acting import DOCUMENT, LIA, heard, lia, line, moment, quote, slot
from tests.graphs.conversation.theatre import PERSONAS

ASK: Final = AskKnowledge(query="preço do plano")
HUMAN: Final = RequestHuman(quote=quote("quero uma pessoa"), source="rule")
OUT: Final = OptOut(quote=quote("me tira da lista"), source="rule")
NOME: Final = Filled(value={"name": "Ana"}, quote=quote())
HORARIO: Final = Filled(value={"at": "2026-03-12T10:00"}, quote=quote())
MONEY: Final = Filled(value={"cents": 800000, "currency": "BRL"}, quote=quote("8 mil"))
BIA: Final = PERSONAS["agendamento"]
CAIO: Final = PERSONAS["suporte"]
NINA: Final = PERSONAS["cobranca"]
CONFIRM_DAY: Final = "confirm:data_pagamento"
QUALIFIED: Final = Dialogue(stage="qualificado", has_greeted=True, slots={"nome": NOME, "orcamento": MONEY})


def say(mention: Mention) -> Say:
    return Say(mention=mention)


class TestOrder:
    @pytest.mark.parametrize(
        ("commands", "route", "rule"),
        [
            ((OUT, ASK), Route.SILENCE, "consent.opt_out"),
            ((OUT, HUMAN, ASK), Route.HANDOFF, "consent.opt_out"),
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

    def test_who_wants_no_messages_and_a_person_gets_both(self) -> None:
        decision = decide(LIA, moment(), heard(OUT, HUMAN, ASK))
        assert (decision.opt_out, decision.rules) == (OUT.quote, ("consent.opt_out", "human.requested"))
        assert (decision.route, [text.name for text in decision.texts]) == (Route.HANDOFF, ["handoff"])
        assert decision.handover is not None

    def test_who_has_a_person_already_is_only_let_out(self) -> None:
        decision = decide(LIA, moment(control=Control.HUMAN), heard(OUT, HUMAN, ASK))
        assert (decision.route, decision.opt_out, decision.handover) == (Route.SILENCE, OUT.quote, None)

    def test_who_waits_is_told_so_when_they_ask(self) -> None:
        decision = decide(LIA, moment(control=Control.QUEUED), heard(say(Mention.STILL_THERE)))
        assert [text.name for text in decision.texts] == ["still_queued"]

    def test_what_we_would_start_is_not_said_to_who_opted_out(self) -> None:
        decision = decide(LIA, moment(trigger=Trigger.TIMER, is_opted_out=True, unanswered=[]), heard())
        assert (decision.route, decision.rules) == (Route.SILENCE, ("consent.opted_out",))


class TestCrisis:
    def test_a_life_comes_before_everything_and_an_opt_out_counts_all_the_same(self) -> None:
        decision = decide(LIA, moment(), heard(OUT, say(Mention.CRISIS), ASK))
        assert (decision.route, decision.opt_out, decision.rules) == (Route.HANDOFF, OUT.quote, ("safety.crisis",))
        assert [text.name for text in decision.texts] == ["crisis", "handoff"]
        assert decision.handover is not None

    def test_every_persona_has_the_words_and_names_who_listens(self) -> None:
        assert all("188" in one.text("crisis", language) for one in PERSONAS.values() for language in ("pt-BR", "en"))

    def test_who_waits_for_a_person_hears_them_too(self) -> None:
        decision = decide(LIA, moment(control=Control.QUEUED), heard(say(Mention.CRISIS)))
        assert [text.name for text in decision.texts] == ["crisis", "still_queued"]
        assert (decision.route, decision.handover) == (Route.CANNED, None)

    def test_where_a_person_has_it_nothing_is_said(self) -> None:
        decision = decide(LIA, moment(control=Control.HUMAN), heard(say(Mention.CRISIS)))
        assert (decision.route, decision.texts) == (Route.ABSORB, ())


class TestLoops:
    def test_a_machine_that_writes_to_us_is_left_to_a_person(self) -> None:
        decision = decide(LIA, moment(is_loop=True), heard(ASK))
        assert (decision.route, decision.rules) == (Route.HANDOFF, ("safety.bot_loop",))

    def test_one_that_waits_for_a_person_is_not_handed_over_again(self) -> None:
        persona = lia(handoff={"may_answer_while_queued": True})
        decision = decide(persona, moment(is_loop=True, control=Control.QUEUED), heard(ASK))
        assert (decision.route, decision.handover) == (Route.CANNED, None)


class TestGoals:
    ASKS: Final = SwitchGoal(goal="acompanhar_pedido")

    def test_on_the_way_to_one_only_what_the_way_needs_is_asked_for(self) -> None:
        here = Dialogue(stage="aberto", has_greeted=True)
        wanted, anything = decide(CAIO, moment(here), heard(self.ASKS)), decide(CAIO, moment(here), heard(ASK))
        assert (wanted.ask, anything.ask) == ("assunto", "nome")

    def test_what_the_way_waits_for_may_need_something_too(self) -> None:
        goals = [{"id": "comprar"}, {"id": "marcar", "stage": "ganho"}]
        first, second, *others = DOCUMENT["stages"]
        stages = [first, {**second, "collect": ["cpf", "horario"]}, *others]
        slots = {**DOCUMENT["slots"], "horario": {"type": "moment", "ask": "ask_nome"}}
        persona = lia(goals=goals, stages=stages, slots=slots)
        decision = decide(persona, moment(QUALIFIED), heard(SwitchGoal(goal="marcar")))
        assert decision.ask == "horario"

    def test_where_it_is_dealt_with_it_is_done_with(self) -> None:
        here = Dialogue(stage="aberto", has_greeted=True, agenda=("acompanhar_pedido", "resolver"))
        told = slot("assunto", value="entrega", label="Entrega")
        decision = decide(CAIO, moment(here), heard(told))
        assert "goal.reached:acompanhar_pedido" in decision.rules
        assert (decision.stage, decision.dialogue.agenda) == ("em_analise", ("resolver",))

    def test_it_leads_past_no_criterion(self) -> None:
        assert decide(CAIO, moment(Dialogue(stage="aberto")), heard(self.ASKS)).moves == ()


class TestPatience:
    def test_a_question_with_an_approved_answer_is_understood_whatever_else_is_made_of_it(self) -> None:
        decision = decide(LIA, moment(unanswered=[line(9, "Vocês entregam?")]), heard())
        assert (decision.route, decision.dialogue.repairs) == (Route.CANNED, 0)

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

    def test_what_is_put_right_in_the_same_breath_was_not_lost(self) -> None:
        here = Dialogue(stage="qualificado", has_greeted=True, slots={"nome": NOME})
        told = (slot("orcamento", cents=1, currency="BRL"), slot("orcamento", cents=2, currency="BRL"))
        decision = decide(LIA, moment(here), heard(*told))
        assert (decision.moves, decision.dialogue.slots["orcamento"].value["cents"]) == ((), 2)

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

    def test_what_was_declined_is_not_offered_again_until_it_is_spoken_of(self) -> None:
        before = replace(QUALIFIED, slots={**QUALIFIED.slots, "horario": HORARIO}, last_ask="effect:agenda.criar")
        no = decide(LIA, moment(before), heard(Confirm(is_yes=False, quote=quote("não"))))
        later = decide(LIA, moment(no.dialogue), heard(ASK))
        anew = decide(LIA, moment(later.dialogue), heard(slot("horario", at="2026-03-13T10:00")))
        assert [no.ask, later.ask, anew.ask] == [None, None, "effect:agenda.criar"]

    def test_a_no_that_names_another_time_is_asked_about_that(self) -> None:
        before = replace(QUALIFIED, slots={**QUALIFIED.slots, "horario": HORARIO}, last_ask="effect:agenda.criar")
        no = Confirm(is_yes=False, quote=quote("não"))
        assert decide(LIA, moment(before), heard(no, slot("horario", at="2026-03-13T10:00"))).ask == before.last_ask

    def test_what_was_said_yes_to_is_not_offered_while_it_is_being_done(self) -> None:
        before = replace(QUALIFIED, slots={**QUALIFIED.slots, "horario": HORARIO}, last_ask="effect:agenda.criar")
        yes = decide(LIA, moment(before), heard(Confirm(is_yes=True, quote=quote("sim"))))
        assert decide(LIA, moment(yes.dialogue), heard(ASK)).ask is None

    def test_what_failed_is_not_offered_again_as_it_was(self) -> None:
        before = replace(QUALIFIED, slots={**QUALIFIED.slots, "horario": HORARIO})
        news = EffectNews(tool="agenda.criar", state="failed", result={})
        told = moment(before, trigger=Trigger.ACTION_RESULT, effects=(news,), unanswered=[])
        failed = decide(LIA, told, heard())
        assert (failed.ask, decide(LIA, moment(failed.dialogue), heard(ASK)).ask) == (None, None)

    def test_whoever_says_neither_yes_nor_no_is_asked_twice_and_then_left_alone(self) -> None:
        dialogue = replace(QUALIFIED, slots={**QUALIFIED.slots, "horario": HORARIO})
        asks: list[str | None] = []
        for _ in range(4):
            decision = decide(LIA, moment(dialogue), heard(ASK))
            dialogue = decision.dialogue
            asks.append(decision.ask)
        assert asks == ["effect:agenda.criar", "effect:agenda.criar", None, None]

    def test_what_takes_no_slot_is_offered_to_those_alone_who_speak_of_it(self) -> None:
        here = Dialogue(stage="cancelamento", has_greeted=True)
        wish = GiveEvidence(name="quer_cancelar", quote=quote("quero desmarcar"))
        idle, wanted = decide(BIA, moment(here), heard(ASK)), decide(BIA, moment(here), heard(wish))
        by_goal = decide(BIA, moment(here), heard(SwitchGoal(goal="cancelar")))
        assert [idle.ask, wanted.ask, by_goal.ask] == [None, *["effect:agenda.cancelar"] * 2]

    def test_what_nobody_approves_is_planned_once_for_what_it_is_done_with(self) -> None:
        day = Filled(value={"date": "2026-03-20"}, quote=quote(), is_confirmed=False)
        open_ = Dialogue(stage="negociacao", has_greeted=True, slots={"data_pagamento": day}, last_ask=CONFIRM_DAY)
        yes = decide(NINA, moment(open_), heard(Confirm(is_yes=True, quote=quote("sim"))))
        later = decide(NINA, moment(yes.dialogue), heard(say(Mention.THANKS)))
        assert ([call.tool for call in yes.effects], later.effects) == (["retorno.prometer"], ())

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

    def test_the_time_of_a_promise_is_said_in_approved_words(self) -> None:
        rang = moment(trigger=Trigger.TIMER, payload={"promises": [{"at": "2026-03-13"}]}, unanswered=[])
        decision = decide(LIA, rang, heard())
        assert (decision.route, [text.name for text in decision.texts]) == (Route.CANNED, ["promise_due"])

    def test_a_promise_is_not_swallowed_by_words_that_were_answered_already(self) -> None:
        late = moment(trigger=Trigger.INBOUND, payload={"promises": [{"at": "2026-03-13"}]}, unanswered=[])
        assert [text.name for text in decide(LIA, late, heard()).texts] == ["promise_due"]

    @pytest.mark.parametrize("payload", [{}, {"kickoff": "não existe"}, {"promises": []}])
    def test_any_other_timer_says_nothing(self, payload: dict[str, Any]) -> None:
        assert decide(LIA, moment(trigger=Trigger.TIMER, payload=payload, unanswered=[]), heard()).texts == ()

    def test_after_a_person_it_says_that_it_is_back(self) -> None:
        back = moment(trigger=Trigger.STAFF_RETURN, unanswered=[])
        assert decide(LIA, back, heard()).texts[0].name == "returned"

    def test_all_that_was_said_is_heard(self) -> None:
        assert decide(LIA, moment(unanswered=[line(9), line(11)]), heard(ASK)).dialogue.heard_until == 11
