"""Tests of what a turn leaves to be learnt: what a company does not know, and nothing of what we could not do."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.models.stream import Trigger, TurnOutcome
from graphs.conversation.state import Decision, Dialogue, Outcome, Route, ToolCall
from graphs.learning import missed_question
from graphs.stores.endings import Ended
from graphs.stores.snapshots import Begun

QUESTION = "aceitam vale-refeição?"


def missed(
    trace: Mapping[str, Any],
    *,
    route: Route = Route.STAGE,
    trigger: Trigger = Trigger.INBOUND,
    reads: Sequence[ToolCall] = (),
) -> str | None:
    decision = Decision(
        route=route, stage="inicio", dialogue=Dialogue(stage="inicio"), rules=(), query=QUESTION, reads=tuple(reads)
    )
    begun = SimpleNamespace(snapshot=SimpleNamespace(trigger=trigger))
    outcome = Outcome(decision=decision, outcome=TurnOutcome.REPLIED, trace=trace)
    return missed_question(Ended(begun=cast("Begun", begun), outcome=outcome))


class TestMissedQuestion:
    @pytest.mark.parametrize("trigger", [Trigger.INBOUND, Trigger.VOICE_UTTERANCE])
    def test_what_nothing_answered_was_missed(self, trigger: Trigger) -> None:
        assert missed({"cited": [], "passages": []}, trigger=trigger) == QUESTION

    @pytest.mark.parametrize(
        "trace",
        [
            {"fallback": ["model: TimedOut"]},
            {"fallback": ["ground.number: 12"]},
            {"search_failed": True},
            {"cited": ["p1"]},
        ],
    )
    def test_what_we_failed_to_find_or_to_say_and_what_was_answered_was_not(self, trace: Mapping[str, Any]) -> None:
        assert missed(trace) is None

    def test_what_a_tool_answered_or_nobody_was_asked_was_not(self) -> None:
        assert missed({}, reads=[ToolCall(tool="orders")]) is None
        assert missed({}, route=Route.HANDOFF) is None
        assert missed({}, trigger=Trigger.TIMER) is None
