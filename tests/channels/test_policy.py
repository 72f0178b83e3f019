"""The gates at the moment of sending, as tables: every rule, its exceptions, and which comes first."""

import math
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from channels.policy import (
    SEND,
    Candidate,
    QuietHours,
    Reason,
    Ruling,
    Settlement,
    Silence,
    asked_for,
    backoff,
    judge,
    settle_silence,
    window_is_open,
)
from core.models.outbox import BatchState, Purpose
from core.models.people import ConnectionState
from core.models.stream import Control

NOON: Final = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)  # noon in São Paulo
HOUR: Final = timedelta(hours=1)
NIGHT: Final = QuietHours(start=time(21), end=time(8))
SAO_PAULO: Final = ZoneInfo("America/Sao_Paulo")

REPLY: Final = Candidate(
    purpose=Purpose.REPLY,
    is_template=False,
    control_epoch=3,
    answers_at=NOON - HOUR,
    expires_at=None,
    conversation_epoch=3,
    control=Control.BOT,
    last_inbound_at=NOON - HOUR,
    opted_out_at=None,
    zone=SAO_PAULO,
    connection=ConnectionState.ACTIVE,
    has_window=True,
    batch=None,
    quiet=NIGHT,
    now=NOON,
)
CAMPAIGN: Final = replace(REPLY, purpose=Purpose.MARKETING, is_template=True, answers_at=None, batch=BatchState.RUNNING)


def ruling(one: Candidate, **changes: Any) -> tuple[Ruling, Reason | None]:
    verdict = judge(replace(one, **changes))
    return verdict.ruling, verdict.reason


class TestJudge:
    @pytest.mark.parametrize("one", [REPLY, CAMPAIGN], ids=["reply", "campaign"])
    def test_nothing_in_the_way_is_sent(self, one: Candidate) -> None:
        assert judge(one) == SEND

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"purpose": Purpose.NOTICE}, Ruling.SEND),
            ({"purpose": Purpose.MARKETING, "is_template": True}, Ruling.SUPPRESS),
            ({"purpose": Purpose.UTILITY, "is_template": True}, Ruling.SUPPRESS),
            ({"purpose": Purpose.REPLY, "answers_at": NOON - HOUR}, Ruling.SUPPRESS),
            ({"purpose": Purpose.REPLY, "answers_at": None}, Ruling.SUPPRESS),
            ({"purpose": Purpose.REPLY, "answers_at": NOON - HOUR / 2}, Ruling.SUPPRESS),
            ({"purpose": Purpose.REPLY, "answers_at": NOON - HOUR / 4}, Ruling.SEND),
            ({"purpose": Purpose.STAFF, "answers_at": NOON - HOUR / 4}, Ruling.SEND),
            ({"purpose": Purpose.STAFF, "answers_at": None}, Ruling.SUPPRESS),
            ({"purpose": Purpose.UTILITY, "answers_at": NOON - HOUR / 4, "is_template": True}, Ruling.SUPPRESS),
        ],
    )
    def test_after_an_opt_out_only_its_confirmation_and_answers_to_what_came_later_leave(
        self, changes: dict[str, Any], expected: Ruling
    ) -> None:
        assert judge(replace(REPLY, opted_out_at=NOON - HOUR / 2, **changes)).ruling is expected

    @pytest.mark.parametrize("purpose", [Purpose.REPLY, Purpose.UTILITY, Purpose.MARKETING])
    def test_what_a_bot_wrote_before_the_control_changed_is_withdrawn(self, purpose: Purpose) -> None:
        assert ruling(REPLY, purpose=purpose, conversation_epoch=4) == (Ruling.SUPPRESS, Reason.CONTROL_CHANGED)

    @pytest.mark.parametrize("purpose", [Purpose.STAFF, Purpose.NOTICE])
    def test_what_a_person_wrote_is_not(self, purpose: Purpose) -> None:
        assert ruling(REPLY, purpose=purpose, conversation_epoch=4, control=Control.HUMAN) == (Ruling.SEND, None)

    def test_a_campaign_does_not_barge_in_on_a_person(self) -> None:
        assert ruling(CAMPAIGN, control=Control.HUMAN) == (Ruling.SUPPRESS, Reason.CONTROL_CHANGED)

    def test_a_paused_batch_holds_and_an_ended_one_ends(self) -> None:
        assert ruling(CAMPAIGN, batch=BatchState.PAUSED) == (Ruling.HOLD, Reason.PAUSED)
        assert ruling(CAMPAIGN, batch=BatchState.ENDED) == (Ruling.SUPPRESS, Reason.ENDED)

    def test_what_came_too_late_expires(self) -> None:
        assert ruling(REPLY, expires_at=NOON) == (Ruling.EXPIRE, Reason.TOO_LATE)
        assert ruling(REPLY, expires_at=NOON + HOUR) == (Ruling.SEND, None)

    def test_free_text_outside_the_window_expires_and_a_template_leaves(self) -> None:
        closed = NOON - timedelta(hours=24)
        assert ruling(REPLY, last_inbound_at=closed) == (Ruling.EXPIRE, Reason.WINDOW_CLOSED)
        assert ruling(REPLY, last_inbound_at=None) == (Ruling.EXPIRE, Reason.WINDOW_CLOSED)
        assert ruling(REPLY, last_inbound_at=closed, is_template=True) == (Ruling.SEND, None)
        assert ruling(REPLY, last_inbound_at=closed, has_window=False) == (Ruling.SEND, None)

    @pytest.mark.parametrize(
        ("state", "reason"),
        [
            (ConnectionState.CREDENTIAL_REFUSED, Reason.CONNECTION_BLOCKED),
            (ConnectionState.ACCOUNT_BLOCKED, Reason.CONNECTION_BLOCKED),
            (ConnectionState.NEEDS_PAIRING, Reason.CONNECTION_BLOCKED),
            (ConnectionState.DISABLED, Reason.DISABLED),
        ],
    )
    def test_f25_a_blocked_connection_keeps_its_messages_queued(self, state: ConnectionState, reason: Reason) -> None:
        assert ruling(REPLY, connection=state) == (Ruling.HOLD, reason)

    def test_people_come_before_what_merely_waits(self) -> None:
        everything = {"opted_out_at": NOON, "conversation_epoch": 9, "batch": BatchState.PAUSED, "expires_at": NOON}
        assert ruling(CAMPAIGN, **everything) == (Ruling.SUPPRESS, Reason.OPTED_OUT)


class TestQuietHours:
    @pytest.mark.parametrize(
        ("zone", "utc", "ends"),
        [
            # 23:00 in São Paulo is 21:00 in Acre, and both wait for eight o'clock where the person lives.
            ("America/Sao_Paulo", "2026-11-22T02:00", "2026-11-22T11:00"),
            ("America/Rio_Branco", "2026-11-22T02:00", "2026-11-22T13:00"),
            ("America/Rio_Branco", "2026-11-22T01:59", None),  # a minute to nine there
            ("America/Sao_Paulo", "2026-11-22T10:59", "2026-11-22T11:00"),
            ("America/Sao_Paulo", "2026-11-22T11:00", None),
            ("America/Noronha", "2026-11-22T10:30", None),
            ("Europe/Lisbon", "2026-03-29T00:30", "2026-03-29T07:00"),  # the night that loses an hour
            ("Europe/Lisbon", "2026-10-25T00:30", "2026-10-25T08:00"),  # the night that gains one
        ],
    )
    def test_f46_they_are_those_of_the_place_where_the_person_lives(
        self, zone: str, utc: str, ends: str | None
    ) -> None:
        moment = datetime.fromisoformat(utc).replace(tzinfo=UTC)
        verdict = judge(replace(CAMPAIGN, zone=ZoneInfo(zone), now=moment, last_inbound_at=moment))

        assert verdict.until == (None if ends is None else datetime.fromisoformat(ends).replace(tzinfo=UTC))
        assert verdict.ruling is (Ruling.SEND if ends is None else Ruling.HOLD)

    def test_an_answer_never_waits_for_the_morning(self) -> None:
        night = datetime(2026, 11, 22, 4, tzinfo=UTC)
        assert judge(replace(REPLY, now=night, last_inbound_at=night, answers_at=night)) == SEND
        assert judge(replace(REPLY, now=night, last_inbound_at=night, purpose=Purpose.STAFF, answers_at=None)) == SEND

    def test_an_answer_to_nothing_is_one_that_we_start(self) -> None:
        night = datetime(2026, 11, 22, 4, tzinfo=UTC)
        assert ruling(REPLY, now=night, last_inbound_at=night, answers_at=None) == (Ruling.HOLD, Reason.QUIET_HOURS)

    def test_equal_times_are_never_quiet(self) -> None:
        assert QuietHours(start=time(9), end=time(9)).end_after(NOON, SAO_PAULO) is None

    def test_they_may_lie_within_a_day(self) -> None:
        siesta = QuietHours(start=time(11), end=time(14))
        assert siesta.end_after(NOON, SAO_PAULO) == NOON + 2 * HOUR


class TestWindow:
    def test_it_is_open_for_a_day_and_no_longer(self) -> None:
        assert window_is_open(NOON, NOON + timedelta(hours=24) - timedelta(microseconds=1))
        assert not window_is_open(NOON, NOON + timedelta(hours=24))
        assert not window_is_open(None, NOON)


PROVED: Final = Silence(
    purpose=Purpose.REPLY,
    is_template=False,
    inbox_had_no_gap=True,
    inbox_was_reached=True,
    later_ones_were_sent=True,
    successor_may_be_there=False,
    templates_are_held=False,
    echoes_tag=True,
)


class TestSilence:
    def test_it_is_proof_where_the_news_would_have_reached_us(self) -> None:
        assert settle_silence(PROVED) is Settlement.RESEND
        assert settle_silence(replace(PROVED, purpose=Purpose.UTILITY, is_template=True)) is Settlement.RESEND

    @pytest.mark.parametrize(
        "doubt",
        [
            {"inbox_had_no_gap": False},
            {"inbox_was_reached": False},
            {"later_ones_were_sent": False},
            {"successor_may_be_there": True},
            {"is_template": True, "templates_are_held": True},
            {"echoes_tag": False},
            {"purpose": Purpose.MARKETING},
            {"purpose": Purpose.NOTICE},
        ],
    )
    def test_in_doubt_it_is_listed_and_never_sent_again(self, doubt: dict[str, Any]) -> None:
        assert settle_silence(replace(PROVED, **doubt)) is Settlement.LIST


class TestBackoff:
    def test_each_refusal_waits_four_times_as_long_up_to_a_bound(self) -> None:
        assert [backoff(step).total_seconds() for step in range(8)] == [1, 4, 16, 64, 256, 1024, 1024, 1024]


class TestAskedFor:
    @pytest.mark.parametrize(
        ("asked", "seconds"),
        [(3.0, 3.0), (0.5, 0.5), (3600.0, 3600.0), (1e9, 3600.0), (math.inf, 3600.0)],
    )
    def test_f23_a_pause_is_obeyed_for_an_hour_at_most(self, asked: float, seconds: float) -> None:
        assert asked_for(asked) == timedelta(seconds=seconds)

    @pytest.mark.parametrize("asked", [None, 0.0, -1.0, math.nan, -math.inf])
    def test_f23_what_is_no_pause_asks_for_nothing(self, asked: float | None) -> None:
        assert asked_for(asked) is None
