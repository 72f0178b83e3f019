"""What falls due or was done elsewhere comes with a customer's words: both count, and neither swallows the other."""

from dataclasses import replace
from typing import Any, Final

import pytest

from agents.commands import AskKnowledge, Command, Mention, OptOut, RefuseSlot, RequestHuman, Say
from core.models.stream import Trigger
from graphs.conversation.decide import decide
from graphs.conversation.state import Dialogue, EffectNews, Filled, Route, Snapshot
from tests.graphs.conversation.acting import LIA, heard, line, moment, quote

ASK: Final = AskKnowledge(query="preço do plano")
HUMAN: Final = RequestHuman(quote=quote("quero uma pessoa"), source="rule")
OUT: Final = OptOut(quote=quote("me tira da lista"), source="rule")
BOOKED: Final = EffectNews(tool="agenda.criar", state="succeeded", result={})
QUALIFIED: Final = Dialogue(
    stage="qualificado",
    has_greeted=True,
    slots={
        "nome": Filled(value={"name": "Ana"}, quote=quote()),
        "orcamento": Filled(value={"cents": 800000, "currency": "BRL"}, quote=quote("8 mil")),
    },
    done=frozenset({"qualificado"}),
)


def booked(dialogue: Dialogue = QUALIFIED, **values: Any) -> Snapshot:
    """What led to the next stage was done meanwhile."""
    return moment(dialogue, effects=(BOOKED,), succeeded=frozenset({"agenda.criar"}), **values)


class TestNews:
    """They count for the stages, whatever the message that they come with asks for."""

    @pytest.mark.parametrize(
        ("commands", "dialogue"),
        [
            ((HUMAN,), QUALIFIED),
            ((Say(mention=Mention.COMPLAINT),), QUALIFIED),
            ((), replace(QUALIFIED, repairs=1)),
            ((ASK,), replace(QUALIFIED, failed_checks=2)),
            ((RefuseSlot(name="cpf", quote=quote("1"), reason="digits"),), replace(QUALIFIED, refused={"cpf": 1})),
        ],
    )
    def test_whoever_is_handed_over_hears_of_it_first(self, commands: tuple[Command, ...], dialogue: Dialogue) -> None:
        decision = decide(LIA, booked(dialogue), heard(*commands))
        assert (decision.route, decision.stage) == (Route.HANDOFF, "ganho")
        assert [text.name for text in decision.texts][-2:] == ["agenda_criar_done", "handoff"]
        assert decision.rules.count("effect.succeeded:agenda.criar") == 1

    def test_where_no_model_answers_too(self) -> None:
        decision = decide(LIA, booked(), replace(heard(), rejected=("model: ModelUnavailable",)))
        assert (decision.route, decision.stage) == (Route.HANDOFF, "ganho")

    def test_whoever_was_not_understood_hears_of_it(self) -> None:
        decision = decide(LIA, booked(), heard())
        assert (decision.route, decision.stage) == (Route.CLARIFY, "ganho")
        assert [text.name for text in decision.texts] == ["agenda_criar_done", "unclear"]

    @pytest.mark.parametrize("told", [{"is_opted_out": True, "trigger": Trigger.ACTION_RESULT, "unanswered": []}, {}])
    def test_whoever_opted_out_hears_nothing_and_it_counts(self, told: dict[str, Any]) -> None:
        decision = decide(LIA, booked(**told), heard() if told else heard(OUT))
        assert (decision.route, decision.stage, decision.texts) == (Route.SILENCE, "ganho", ())

    def test_next_to_a_life_they_are_not_worth_a_word(self) -> None:
        decision = decide(LIA, booked(), heard(Say(mention=Mention.CRISIS)))
        assert [text.name for text in decision.texts] == ["crisis", "handoff"]
        assert decision.stage == "ganho"


class TestPromises:
    def test_a_promise_is_said_along_with_the_answer_to_what_was_said_meanwhile(self) -> None:
        late = moment(payload={"promises": [{"at": "2026-03-13"}]}, unanswered=[line(9, "Vocês entregam?")])
        decision = decide(LIA, late, heard(ASK))
        assert [text.name for text in decision.texts] == ["promise_due", "entrega"]
        assert decision.rules[0] == "timer.promise_due"

    def test_it_is_said_even_where_what_was_said_meanwhile_is_not_understood(self) -> None:
        late = moment(payload={"promises": [{"at": "2026-03-13"}]})
        assert [text.name for text in decide(LIA, late, heard()).texts] == ["promise_due", "unclear"]

    def test_who_opted_out_and_writes_is_answered_and_not_reminded(self) -> None:
        late = moment(payload={"promises": [{"at": "2026-03-13"}]}, is_opted_out=True)
        assert "promise_due" not in [text.name for text in decide(LIA, late, heard(ASK)).texts]

    @pytest.mark.parametrize("trigger", [Trigger.TIMER, Trigger.ACTION_RESULT])
    def test_a_promise_is_said_along_with_news(self, trigger: Trigger) -> None:
        late = moment(
            QUALIFIED, trigger=trigger, payload={"promises": [{"at": "2026-03-13"}]}, effects=(BOOKED,), unanswered=[]
        )
        assert [text.name for text in decide(LIA, late, heard()).texts] == ["promise_due", "agenda_criar_done"]

    def test_a_follow_up_gives_way_to_news_and_to_words(self) -> None:
        rang = moment(QUALIFIED, trigger=Trigger.TIMER, payload={"kickoff": "seguimento"}, unanswered=[])
        news = decide(LIA, replace(rang, effects=(BOOKED,)), heard())
        words = decide(LIA, replace(rang, unanswered=[line(9, "Vocês entregam?")]), heard(ASK))
        assert [text.name for text in news.texts] == ["agenda_criar_done"]
        assert [text.name for text in words.texts][:1] == ["entrega"]
