"""Each rule of the oracle objects to what it is for: a world in which nothing can be wrong shows nothing."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.models.outbox import OutboundState, Purpose
from tests.chaos.facts import ALL, Attempt, Facts, Gate, GateKind, Row, Said, Waiting
from tests.chaos.oracle import check_world, doubled, lost, settled
from tests.chaos.panel import Call, Taken

CONVERSATION, CONTACT, BATCH = uuid4(), uuid4(), uuid4()
COUNTS = dict.fromkeys(("queued", "sending", "unknown", "failed", "suppressed", "expired", "ambiguous"), 0)


def row(intent: str = "a", **values: Any) -> Row:
    told: dict[str, Any] = {
        "id": UUID(int=ord(intent)),
        "conversation": CONVERSATION,
        "contact": CONTACT,
        "batch": BATCH,
        "seq": ord(intent),
        "lane": "bulk",
        "purpose": Purpose.UTILITY,
        "state": OutboundState.SENT,
        "reason": None,
        "attempt": 1,
        "provider_id": f"wamid.{intent}",
        "has_lease": False,
        "is_dated": False,
        "answers_later": False,
    }
    return Row(intent=intent, **told | values)


def attempt(intent: str = "a", number: int = 1, **values: Any) -> Attempt:
    told = {"was_unknown": False, "is_open": False} | values
    return Attempt(outbound=UUID(int=ord(intent)), number=number, tag=f"{intent}.{number}.0", **told)


def call(intent: str = "a", number: int = 1, **values: Any) -> Call:
    told: dict[str, Any] = {"at_ns": number * 1000, "tag": f"{intent}.1.0", "outcome": "accepted"} | values
    return Call(number=number, recipient="55", fault=None, code=None, **told)


def taken(intent: str = "a", number: int = 1) -> Taken:
    return Taken(
        number=number,
        at_ns=number * 1000,
        call=number,
        wamid=f"wamid.{intent}",
        recipient="55",
        tag=f"{intent}.1.0",
        intent=intent,
    )


def said(name: str = "m", **values: Any) -> Said:
    told = {"is_owed": True, "has_turn": True, "has_reason": False} | values
    return Said(provider_id=name, conversation=CONVERSATION, **told)


@pytest.fixture
def world() -> Facts:
    """Two messages that were sent, one after the other, and one that came in."""
    return Facts(
        rows=[row("a"), row("b")],
        attempts=[attempt("a"), attempt("b")],
        said=[said()],
        calls=[call("a", 1), call("b", 2)],
        accepted=[taken("a", 1), taken("b", 2)],
        acknowledged=["m"],
        counts={BATCH: COUNTS | {"requested": 2, "accepted": 2}},
    )


def rules(facts: Facts) -> set[str]:
    return {finding.rule for finding in check_world(facts)}


class TestPromises:
    def test_a_good_world_has_no_findings(self, world: Facts) -> None:
        assert check_world(world) == []

    def test_twice_accepted_is_found(self, world: Facts) -> None:
        twice = replace(world, accepted=[*world.accepted, taken("a", 3)])
        assert rules(twice) == {"accepted_once_or_listed"}
        assert doubled(twice) == ["a"]

    def test_twice_accepted_and_listed_is_reported(self, world: Facts) -> None:
        listed = replace(
            world,
            rows=[row("a", state=OutboundState.AMBIGUOUS), row("b")],
            accepted=[*world.accepted, taken("a", 3)],
            counts={},
        )
        assert check_world(listed) == []

    @pytest.mark.parametrize("state", [OutboundState.QUEUED, OutboundState.SUPPRESSED, OutboundState.EXPIRED])
    def test_accepted_and_shown_as_never_sent_is_found(self, world: Facts, state: OutboundState) -> None:
        assert rules(replace(world, rows=[row("a", state=state), row("b")], counts={})) == {"accepted_is_known"}

    def test_accepted_and_asked_for_by_nobody_is_found(self, world: Facts) -> None:
        assert rules(replace(world, accepted=[*world.accepted, taken("c", 3)])) == {"accepted_is_known"}

    def test_shown_as_sent_and_never_accepted_is_found(self, world: Facts) -> None:
        missing = replace(world, accepted=[taken("a", 1)])
        assert rules(missing) == {"shown_as_accepted_was"}
        assert len(lost(missing)) == 1

    def test_an_unknown_at_the_end_is_found(self, world: Facts) -> None:
        unsettled = replace(world, rows=[row("a", state=OutboundState.UNKNOWN, is_dated=True), row("b")], counts={})
        assert rules(unsettled) == {"unknowns_are_settled"}

    def test_a_row_that_nobody_has_is_found(self, world: Facts) -> None:
        for state in (OutboundState.UNKNOWN, OutboundState.SENDING):
            owned = replace(world, rows=[row("a", state=state), row("b")], counts={})
            assert rules(owned) == {"nothing_waits_for_nobody", "unknowns_are_settled"}

    def test_a_call_without_an_attempt_on_record_is_found(self, world: Facts) -> None:
        assert rules(replace(world, attempts=[attempt("a")])) == {"calls_were_recorded_before"}

    def test_an_inversion_is_found(self, world: Facts) -> None:
        assert rules(replace(world, accepted=[taken("b", 1), taken("a", 2)])) == {"order_is_kept"}

    def test_a_reply_may_overtake_a_campaign(self, world: Facts) -> None:
        overtaken = replace(
            world, rows=[row("a"), row("b", lane="reply")], accepted=[taken("b", 1), taken("a", 2)], counts={}
        )
        assert check_world(overtaken) == []

    def test_two_confirmations_are_found(self, world: Facts) -> None:
        notices = [row("a", purpose=Purpose.NOTICE), row("b", purpose=Purpose.NOTICE)]
        assert rules(replace(world, rows=notices)) == {"one_confirmation"}

    def test_counters_that_do_not_add_up_are_found(self, world: Facts) -> None:
        counts = COUNTS | {"requested": 3, "accepted": 2}
        assert rules(replace(world, counts={BATCH: counts})) == {"counters_add_up"}

    def test_counters_of_something_else_are_found(self, world: Facts) -> None:
        counts = COUNTS | {"requested": 2, "accepted": 1, "failed": 1}
        assert rules(replace(world, counts={BATCH: counts})) == {"counters_add_up"}

    def test_what_was_acknowledged_and_is_not_kept_once_is_found(self, world: Facts) -> None:
        assert rules(replace(world, said=[])) == {"said_is_kept_once"}
        assert rules(replace(world, said=[said(), said()])) == {"said_is_kept_once"}

    def test_a_message_without_turn_or_reason_is_found(self, world: Facts) -> None:
        assert rules(replace(world, said=[said(has_turn=False)])) == {"said_is_answered"}
        assert rules(replace(world, said=[said(has_turn=False, has_reason=True)])) == set()

    def test_what_is_left_is_found(self, world: Facts) -> None:
        for name in ("incoming", "quarantined", "turns", "media", "parked"):
            assert rules(replace(world, waiting=Waiting(**{name: 1}))) == {"nothing_is_left"}


class TestGates:
    @pytest.mark.parametrize("of", [CONTACT, CONVERSATION, BATCH])
    def test_a_call_after_the_commit_is_found(self, world: Facts, of: UUID) -> None:
        gate = Gate(kind=GateKind.PAUSE, of=of, shut_ns=1500)
        [finding] = check_world(replace(world, gates=[gate]))
        assert finding.rule == "gates_held"
        assert "b (utility)" in finding.what

    def test_a_call_before_it_or_after_it_was_opened_again_is_fine(self, world: Facts) -> None:
        gates = [
            Gate(kind=GateKind.PAUSE, of=BATCH, shut_ns=2000),
            Gate(kind=GateKind.PAUSE, of=BATCH, shut_ns=500, opened_ns=900),
            Gate(kind=GateKind.PAUSE, of=uuid4(), shut_ns=0),
        ]
        assert check_world(replace(world, gates=gates)) == []

    def test_what_it_does_not_stop_is_fine(self, world: Facts) -> None:
        gate = Gate(kind=GateKind.TAKEOVER, of=CONVERSATION, shut_ns=0, stops=ALL - {Purpose.UTILITY})
        assert check_world(replace(world, gates=[gate])) == []

    def test_an_answer_to_what_was_written_after_the_opt_out_is_fine(self, world: Facts) -> None:
        gate = Gate(kind=GateKind.OPT_OUT, of=CONTACT, shut_ns=1500)
        answers = replace(world, rows=[row("a"), row("b", answers_later=True)], gates=[gate])
        assert check_world(answers) == []


class TestSettled:
    def test_each_unknown_is_counted_by_how_it_ended(self) -> None:
        facts = Facts(
            rows=[row("a"), row("b", attempt=2), row("c", state=OutboundState.AMBIGUOUS)],
            attempts=[
                attempt("a", was_unknown=True),
                attempt("b", was_unknown=True),
                attempt("b", number=2),
                attempt("c", was_unknown=True),
            ],
        )
        found = settled(facts)
        assert (found.unknown, found.by_tag, found.by_silence, found.listed) == (3, 1, 1, 1)
