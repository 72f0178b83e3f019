"""What a customer meets turn by turn: greeted first, told who writes, answered once, never left with silence."""

from dataclasses import replace
from typing import Any, Final

import pytest

from agents.commands import AskKnowledge, Confirm, GiveEvidence, Mention, Say, SetSlot, SwitchGoal, Understood
from agents.gateway.port import BudgetSpent, ModelError, ModelGarbage, ModelUnavailable, Purpose
from core.models.stream import Trigger
from graphs.conversation import memory
from graphs.conversation.decide import decide
from graphs.conversation.state import Decision, Dialogue, EffectNews, Filled, Route
from tests.graphs.conversation.acting import LIA, heard, lia, line, moment, quote, slot
from tests.graphs.conversation.theatre import PERSONAS, Dialogues, Played, say

UNCLEAR: Final = Say(mention=Mention.UNCLEAR)
NEW: Final = Dialogue(stage="novo")
IDLE: Final = Dialogue(stage="novo", has_greeted=True, asked={"nome": 2, "orcamento": 2})
BIA: Final = PERSONAS["agendamento"]
NINA: Final = PERSONAS["cobranca"]
ANA: Final = Filled(value={"name": "Ana"}, quote=quote())
RETURN: Final = Filled(value={"value": "retorno", "label": "Retorno"}, quote=quote("retorno"))
BOOKING: Final = Dialogue(stage="pedido", has_greeted=True, slots={"nome": ANA, "servico": RETURN})


def texts(decision: Decision) -> list[str]:
    return [text.name for text in decision.texts]


def failed(name: str) -> Understood:
    return Understood(rejected=(f"model:{name}",))


async def talk(persona: str, *lines: str, dialogue: Dialogue | None = None) -> Played:
    """The last turn of it."""
    dialogues = Dialogues.of(PERSONAS[persona], dialogue)
    return [await dialogues.turn(say(words)) for words in lines][-1]


class TestFirstContact:
    def test_what_is_not_understood_is_greeted_and_asked_on(self) -> None:
        decision = decide(LIA, moment(NEW), heard(UNCLEAR))
        assert (texts(decision), decision.ask, decision.dialogue.repairs) == (["greeting"], "nome", 0)

    def test_the_second_time_it_is_said_that_nothing_was_understood(self) -> None:
        first = decide(LIA, moment(NEW), heard(UNCLEAR))
        assert texts(decide(LIA, moment(first.dialogue), heard(UNCLEAR))) == ["unclear"]

    def test_a_recording_that_nobody_could_hear_is_said_to_be_one(self) -> None:
        spoken = replace(line(9, ""), was_spoken=True)
        decision = decide(LIA, moment(unanswered=[spoken]), heard())
        assert (texts(decision), decision.rules) == (["unheard"], ("patience.unheard",))
        assert texts(decide(LIA, moment(NEW, unanswered=[spoken]), heard())) == ["greeting", "unheard"]

    def test_a_turn_with_nothing_left_to_hear_is_silent_whatever_waits(self) -> None:
        decision = decide(LIA, moment(NEW, unanswered=[]), heard())
        assert (decision.route, decision.rules) == (Route.SILENCE, ("turn.nothing_new",))


class TestWhoWrites:
    def test_whoever_asks_is_told_before_the_next_question(self) -> None:
        decision = decide(LIA, moment(), heard(Say(mention=Mention.ASKS_IF_BOT)))
        assert (texts(decision), decision.ask) == (["greeting"], "nome")

    def test_whoever_asks_something_else_as_well_is_told_too(self) -> None:
        decision = decide(LIA, moment(), heard(Say(mention=Mention.ASKS_IF_BOT), AskKnowledge(query="prazo")))
        assert (texts(decision), decision.query) == (["greeting"], "prazo")

    def test_in_the_first_message_it_is_said_once(self) -> None:
        assert texts(decide(LIA, moment(NEW), heard(Say(mention=Mention.ASKS_IF_BOT)))) == ["greeting"]


class TestNoted:
    def test_what_is_told_where_nothing_is_left_to_say_is_noted(self) -> None:
        decision = decide(LIA, moment(IDLE), heard(GiveEvidence(name="urgencia", quote=quote("é para já"))))
        assert (texts(decision), decision.rules[-1]) == (["noted"], "close.noted")

    def test_a_choice_that_is_told_again_is_understood(self) -> None:
        dialogue = replace(IDLE, slots={"nome": ANA})
        decision = decide(LIA, moment(dialogue), heard(slot("nome", name="Ana")))
        assert (texts(decision), decision.dialogue.repairs) == (["noted"], 0)

    def test_every_persona_has_the_words(self) -> None:
        assert {one.text("noted", "pt-BR") for one in PERSONAS.values()} == {"Anotado."}

    def test_news_of_what_was_done_need_no_more_words(self) -> None:
        news = EffectNews(tool="agenda.criar", state="succeeded", result={})
        told = moment(
            BOOKING,
            trigger=Trigger.ACTION_RESULT,
            effects=(news,),
            unanswered=[],
            succeeded=frozenset({"agenda.criar"}),
        )
        decision = decide(BIA, told, heard())
        assert (decision.stage, decision.route, texts(decision)) == ("marcado", Route.CANNED, ["agenda_criar_done"])


class TestLookingUp:
    DAY: Final = SetSlot(
        name="dia", value={"from": "2026-03-17", "until": "2026-03-17"}, quote=quote("terça"), source="rule"
    )

    def ask(self, dialogue: Dialogue = BOOKING, **changes: Any) -> Decision:
        words = "tem horário na terça?"
        return decide(
            BIA, moment(dialogue, unanswered=[line(9, words)], **changes), heard(self.DAY, AskKnowledge(query=words))
        )

    def test_a_question_that_a_look_answers_is_not_asked_of_the_knowledge(self) -> None:
        decision = self.ask()
        assert ([call.tool for call in decision.reads], decision.query) == (["agenda.livre"], None)
        assert "answer.read" in decision.rules

    def test_what_was_shown_is_shown_again_only_to_who_asks(self) -> None:
        shown = self.ask().dialogue
        told = decide(BIA, moment(shown, unanswered=[line(9, "na terça")]), heard(self.DAY))
        assert (told.reads, len(self.ask(shown).reads)) == ((), 1)

    def test_a_list_that_stands_further_up_is_not_repeated_in_the_next_stage(self) -> None:
        here = Dialogue(stage="contato", has_greeted=True)
        known = decide(NINA, moment(here), heard(slot("cpf", number="52998224725")))
        wish = GiveEvidence(name="quer_pagar", quote=quote("quero pagar"))
        later = decide(NINA, moment(known.dialogue, unanswered=[line(9, "quero pagar")]), heard(wish))
        assert ([call.tool for call in known.reads], later.stage, later.reads) == (
            ["cobrancas.consultar"],
            "negociacao",
            (),
        )

    def test_memory_keeps_what_was_shown(self) -> None:
        shown = self.ask().dialogue
        assert memory.from_json(memory.to_json(shown), first_stage="pedido").shown == shown.shown != {}

    def test_a_goal_that_is_asked_for_in_its_own_words_is_no_question_to_the_knowledge(self) -> None:
        words = "cadê meu pedido?"
        asked = heard(SwitchGoal(goal="acompanhar_pedido"), AskKnowledge(query=words))
        here = Dialogue(stage="aberto", has_greeted=True)
        decision = decide(PERSONAS["suporte"], moment(here, unanswered=[line(9, words)]), asked)
        assert (decision.query, decision.ask) == (None, "assunto")

    async def test_that_nothing_was_found_is_not_said_before_the_number_is_asked_for(self) -> None:
        played = await talk("suporte", "oi, meu pedido não chegou")
        assert "pedido" in played.outcome.bubbles[-1].text


class TestTwoQuestions:
    def test_both_are_answered_where_one_has_an_approved_answer(self) -> None:
        both = line(9, "Vocês entregam? E qual o prazo de troca?")
        decision = decide(LIA, moment(unanswered=[both]), heard(AskKnowledge(query="prazo de troca")))
        assert (texts(decision), decision.query) == (["entrega"], "E qual o prazo de troca?")

    def test_what_was_only_told_before_it_does_not_hide_a_question(self) -> None:
        asked = line(9, "vi o anúncio, vocês entregam?")
        decision = decide(LIA, moment(unanswered=[asked]), heard(AskKnowledge(query="entrega")))
        assert (texts(decision), decision.query) == (["entrega"], None)


class TestConfirming:
    def test_a_no_that_brings_another_value_is_about_the_old_one(self) -> None:
        old = Filled(value={"date": "2026-12-05"}, quote=quote("dia 5"), is_confirmed=False)
        before = Dialogue(
            stage="negociacao",
            has_greeted=True,
            slots={"data_pagamento": old},
            last_ask="confirm:data_pagamento",
        )
        no = Confirm(is_yes=False, quote=quote("não"))
        decision = decide(NINA, moment(before), heard(slot("data_pagamento", date="2026-12-10"), no))
        assert decision.dialogue.slots["data_pagamento"].value == {"date": "2026-12-10"}
        assert decision.ask == "confirm:data_pagamento"


class TestNoModel:
    @pytest.mark.parametrize(
        ("name", "reason"),
        [("ModelUnavailable", "model_away"), ("ModelGarbage", "model_refused"), ("BudgetSpent", "model_away")],
    )
    def test_a_person_is_told_at_once_and_what_the_rules_read_is_kept(self, name: str, reason: str) -> None:
        understood = replace(failed(name), commands=(slot("nome", name="Ana"),))
        decision = decide(LIA, moment(NEW), understood)
        assert decision.handover is not None
        assert (decision.handover.reason, texts(decision)) == (reason, ["greeting", "handoff"])
        assert "nome" in decision.dialogue.slots

    def test_a_persona_may_make_do_with_approved_texts(self) -> None:
        canned = lia(model={"degrade": "canned"})
        assert decide(canned, moment(), failed("ModelUnavailable")).route is Route.CLARIFY
        assert decide(canned, moment(), failed("BudgetSpent")).route is Route.HANDOFF
        frugal = lia(budget={"on_exceed": "canned"})
        assert decide(frugal, moment(), failed("BudgetSpent")).route is Route.CLARIFY

    def test_a_timer_or_news_hand_nothing_over(self) -> None:
        rang = moment(trigger=Trigger.TIMER, payload={"kickoff": "seguimento"}, unanswered=[])
        assert decide(LIA, rang, failed("ModelUnavailable")).handover is None

    @pytest.mark.parametrize(
        ("error", "rule"),
        [(ModelUnavailable, "model.away"), (ModelGarbage, "model.refused"), (BudgetSpent, "model.away")],
    )
    async def test_where_there_are_no_words_a_person_is_called_too(self, error: type[ModelError], rule: str) -> None:
        dialogues = Dialogues.of(LIA, Dialogue(stage="novo", has_greeted=True))
        cue = say("vocês atendem em Recife?", fails={Purpose.RESPOND: error("nada", "nothing")})
        outcome = (await dialogues.turn(cue)).outcome
        assert outcome.decision.handover is not None
        assert (outcome.decision.rules[-1], outcome.outcome) == (rule, "handed_off")
        assert [bubble.text for bubble in outcome.bubbles] == ["[handoff]"]
