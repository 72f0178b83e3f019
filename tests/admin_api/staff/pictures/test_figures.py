"""Figures as a picture: every chart holds what was counted, and an empty day is drawn as well as a large year."""

from datetime import date, datetime, timedelta

import pytest

from admin_api.analytics.figures import (
    Appointments,
    Cost,
    Figures,
    Handoffs,
    Knowledge,
    Moves,
    Period,
    Sales,
    Standing,
    Step,
    Talk,
    Unit,
)
from admin_api.staff.pictures.canvas import BLUE, RUST, TEAL
from admin_api.staff.pictures.figures import png
from core.models.personas import StageKind
from core.texts import Language
from tests.admin_api.staff.pictures.looking import count_of, has_clean_margins, opened

TODAY = date(2026, 11, 22)
LENGTHS = {
    Unit.HOUR: (24, timedelta(hours=1)),
    Unit.DAY: (62, timedelta(days=1)),
    Unit.WEEK: (105, timedelta(weeks=1)),
}


def figures(days: int, each: int, *, bot: int | None = None) -> Figures:
    period = Period.last(days, today=TODAY)
    count, length = LENGTHS[period.unit]
    begins = datetime(2026, 1, 1)  # noqa: DTZ001 - a local time, as it is drawn
    answered = each if bot is None else bot
    steps = [
        Step(begins=begins + length * number, received=2 * each, by_bot=answered, by_people=each)
        for number in range(min(count, days) if period.unit is Unit.DAY else count)
    ]
    talk = Talk(
        conversations=each,
        people=each,
        received=each,
        by_bot=each,
        by_people=each,
        by_system=0,
        answered_by_bot_alone=each,
        answered_by_people=each,
        unanswered=0,
    )
    stage = Standing(board="🎉", stage="W" * 99, kind=StageKind.OPEN, leads=each, value_cents=each * 10**6)
    median = timedelta(seconds=each) if each else None
    waits = Handoffs(asked=1, taken=1, answered=1, median_response=median, ninth_decile=median, waiting_now=0)
    return Figures(
        period=period,
        steps=steps,
        talk=talk,
        handoffs=waits,
        standings=[stage] * min(each, 30),
        moves=Moves(new_leads=each, by_rule=each, undone=0, won=each, lost=0),
        opt_outs=0,
        costs=[Cost(what="vendas", calls=2, micros=each, unknown=1)],
        knowledge=Knowledge(open_gaps=0, new_gaps=0, approved=0),
        appointments=Appointments(booked=each, cancelled=0, due=0),
        sales=[Sales(currency="BRL", orders=each, orders_cents=each * 100, charges=0, charges_cents=0)],
    )


class TestPng:
    @pytest.mark.parametrize(("days", "each"), [(1, 0), (7, 1), (62, 987_654_321), (731, 987_654_321)])
    @pytest.mark.parametrize("language", Language)
    def test_nothing_runs_out_of_the_sheet(self, days: int, each: int, language: Language) -> None:
        assert has_clean_margins(opened(png(figures(days, each), company="Padaria " * 20, language=language)))

    def test_a_bar_is_as_high_as_what_it_counts(self) -> None:
        half, full = (count_of(opened(png(figures(7, 100, bot=bot), company="Ana")), TEAL) for bot in (50, 100))
        none = count_of(opened(png(figures(7, 100, bot=0), company="Ana")), TEAL)
        assert full - none == pytest.approx(2 * (half - none), rel=0.1)

    def test_who_said_it_is_seen_by_its_colour(self) -> None:
        image = opened(png(figures(7, 5), company="Ana"))
        assert min(count_of(image, colour) for colour in (TEAL, BLUE, RUST)) > 1000
