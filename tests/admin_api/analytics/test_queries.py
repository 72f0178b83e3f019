"""Figures are what a recount of the rows gives, in the company's own days."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta

import pytest

from admin_api.analytics.figures import Period, Unit
from admin_api.analytics.queries import standings, today
from core import clock
from core.errors import Malformed
from core.floor import Floor
from core.models.answers import ApprovedAnswer, GapState, KnowledgeGap
from core.models.commerce import Appointment, Charge, Order, OrderState
from core.models.people import ConsentEvent, ConsentKind, ConsentSource
from core.models.personas import Cause, Lead, LeadStageEvent
from core.models.service import Handoff
from core.models.stream import (
    Author,
    Conversation,
    MediaFile,
    Message,
    Turn,
)
from tests.admin_api.analytics.books import FIRST, LAST, WEEK, ZONE, Books, Office, open_office


def day_of(at: datetime) -> date:
    return at.astimezone(ZONE).date()


def is_in(at: datetime | None, period: Period = WEEK) -> bool:
    return at is not None and period.begins <= day_of(at) <= period.ends


def said_at(row: Message) -> datetime:
    return row.provider_at or row.created_at


def quantile(values: Sequence[float], share: float) -> float:
    """As it is taught: between the two that it falls between."""
    ordered, place = sorted(values), share * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


@pytest.fixture(scope="module", params=[1, 2, 3])
async def office(request: pytest.FixtureRequest, floor: Floor) -> Office:
    return await open_office(floor, request.param)


@pytest.fixture
def books(office: Office) -> Books:
    return office.books


class TestRecount:
    async def test_messages_and_who_answered(self, books: Books, office: Office) -> None:
        talk = (await office.figures()).talk
        said = [row for row in books.said if is_in(said_at(row))]
        authors = Counter(row.author for row in said)
        assert (talk.received, talk.by_bot, talk.by_people, talk.by_system) == tuple(
            authors[author] for author in (Author.CUSTOMER, Author.BOT, Author.STAFF, Author.SYSTEM)
        )
        assert talk.conversations == sum(is_in(row.created_at) for row in books.of(Conversation))
        voices = [{row.author for row in said if row.conversation_id == talk.id} for talk in books.of(Conversation)]
        asked = [one for one in voices if Author.CUSTOMER in one]
        assert talk.people == len(asked)
        assert talk.answered_by_people == sum(Author.STAFF in one for one in asked)
        assert talk.answered_by_bot_alone == sum(Author.BOT in one and Author.STAFF not in one for one in asked)
        assert talk.unanswered == sum(one.isdisjoint({Author.BOT, Author.STAFF}) for one in asked)

    async def test_each_day_has_its_own(self, books: Books, office: Office) -> None:
        steps = (await office.figures()).steps
        assert [step.begins.date() for step in steps] == [FIRST + timedelta(days=number) for number in range(7)]
        for step in steps:
            authors = Counter(row.author for row in books.said if day_of(said_at(row)) == step.begins.date())
            assert (step.received, step.by_bot, step.by_people) == tuple(
                authors[author] for author in (Author.CUSTOMER, Author.BOT, Author.STAFF)
            )
            opened = sum(day_of(row.created_at) == step.begins.date() for row in books.of(Conversation))
            assert step.conversations == opened

    async def test_the_first_response_is_told_by_middle_and_slow_end(self, books: Books, office: Office) -> None:
        told = (await office.figures()).handoffs
        asked = [
            row
            for row in books.of(Handoff)
            if is_in(row.created_at) and (row.taken_at is None or row.taken_at > row.created_at)
        ]
        waits = []
        for row in asked:
            answers = [
                line.created_at
                for line in books.said
                if line.conversation_id == row.conversation_id
                and line.author is Author.STAFF
                and row.created_at <= line.created_at <= row.ended_at
            ]
            waits += [(min(answers) - row.created_at).total_seconds()] if answers else []
        assert (told.asked, told.answered) == (len(asked), len(waits))
        assert told.taken == sum(row.taken_at is not None for row in asked)
        if waits:
            assert told.median_response is not None
            assert told.median_response.total_seconds() == pytest.approx(statistics.median(waits))
            assert told.ninth_decile is not None
            assert told.ninth_decile.total_seconds() == pytest.approx(quantile(waits, 0.9))

    async def test_moves_and_what_was_undone_of_them(self, books: Books, office: Office) -> None:
        moves = (await office.figures()).moves
        undone = {row.undo_of for row in books.of(LeadStageEvent)}
        here = [row for row in books.of(LeadStageEvent) if is_in(row.created_at)]
        ruled = [row for row in here if row.cause is Cause.RULE and row.from_stage is not None]
        assert moves.new_leads == sum(is_in(row.created_at) for row in books.of(Lead))
        assert (moves.by_rule, moves.undone) == (len(ruled), sum(row.id in undone for row in ruled))
        stand = [row for row in here if row.cause is not Cause.UNDO and row.id not in undone]
        assert moves.won == sum(row.to_stage == "ganho" for row in stand)
        assert moves.lost == sum(row.to_stage == "perdido" for row in stand)

    async def test_what_stands_where_now(self, books: Books, office: Office) -> None:
        async with office.database.tenant_session(office.company) as session:
            found = await standings(session)
        assert [one.stage for one in found] == ["novo", "ganho", "perdido"]
        for one in found:
            there = [row for row in books.of(Lead) if row.stage == one.stage]
            values = [row.value_cents for row in there if row.value_cents is not None]
            assert (one.leads, one.value_cents) == (len(there), sum(values) if values else None)

    async def test_an_unknown_cost_is_not_nought(self, books: Books, office: Office) -> None:
        told = await office.figures()
        spent = [("vendas", row) for row in books.of(Turn) if is_in(row.ended_at) and row.model_calls]
        spent += [(row.words_model, row) for row in books.of(MediaFile) if is_in(row.heard_at)]
        for cost in told.costs:
            mine = [row for what, row in spent if what == cost.what]
            assert cost.calls == sum(row.model_calls for row in mine)
            assert cost.micros == sum(row.cost_micros or 0 for row in mine)
            assert cost.unknown == sum(row.model_calls for row in mine if row.cost_micros is None)
        assert {cost.what for cost in told.costs} == {what for what, _ in spent}
        assert told.unknown_calls == sum(row.model_calls for _, row in spent if row.cost_micros is None)

    async def test_all_else_that_is_counted(self, books: Books, office: Office) -> None:
        told = await office.figures()
        left = {
            row.contact_id
            for row in books.of(ConsentEvent)
            if row.kind is ConsentKind.OPTED_OUT and row.source is not ConsentSource.IMPORT and is_in(row.created_at)
        }
        assert told.opt_outs == len(left)
        gaps = books.of(KnowledgeGap)
        assert asdict(told.knowledge) == {
            "open_gaps": sum(row.state is GapState.OPEN for row in gaps),
            "new_gaps": sum(is_in(row.first_at) for row in gaps),
            "approved": sum(is_in(row.created_at) for row in books.of(ApprovedAnswer)),
        }
        booked = books.of(Appointment)
        assert asdict(told.appointments) == {
            "booked": sum(is_in(row.created_at) for row in booked),
            "cancelled": sum(is_in(row.cancelled_at) for row in booked),
            "due": sum(row.state == "booked" and is_in(row.starts_at) for row in booked),
        }
        good = {OrderState.PAID, OrderState.SHIPPED, OrderState.DELIVERED}
        for sales in told.sales:
            sold = [
                row
                for row in books.of(Order)
                if row.state in good and is_in(row.placed_at) and row.currency == sales.currency
            ]
            assert (sales.orders, sales.orders_cents) == (len(sold), 1990 * len(sold))
        paid = [row for row in books.of(Charge) if is_in(row.paid_at)]
        assert sum(sales.charges for sales in told.sales) == len(paid)
        assert sum(sales.charges_cents for sales in told.sales) == 700 * len(paid)


class TestPeriods:
    async def test_hours_of_one_day_and_weeks_of_a_year_hold_all_of_it(self, books: Books, office: Office) -> None:
        day = Period(begins=FIRST, ends=FIRST)
        year = Period(begins=LAST - timedelta(days=364), ends=LAST)
        for period, unit in ((day, Unit.HOUR), (year, Unit.WEEK)):
            told = await office.figures(period)
            assert period.unit is unit
            assert sum(step.received for step in told.steps) == told.talk.received
            received = [row for row in books.said if row.author is Author.CUSTOMER]
            assert told.talk.received == sum(is_in(said_at(row), period) for row in received)
        assert len((await office.figures(day)).steps) == 24

    async def test_a_company_in_which_nothing_happened_has_days_all_the_same(self, floor: Floor) -> None:
        """Whatever others of the installation did."""
        told = await (await open_office(floor, None)).figures()
        assert len(told.steps) == 7
        assert all(step.received == step.by_bot == step.conversations == 0 for step in told.steps)
        assert told.talk.received == 0
        assert told.moves.precision is None
        assert told.handoffs.median_response is None
        assert (told.costs, told.sales, told.unknown_calls) == ([], [], 0)

    async def test_today_is_the_company_s(self, office: Office) -> None:
        async with office.database.tenant_session(office.company) as session:
            before, found = clock.now(), await today(session)
        assert day_of(before) <= found <= day_of(clock.now())

    @pytest.mark.parametrize(("begins", "ends"), [(LAST, FIRST), (FIRST, FIRST + timedelta(days=731))])
    def test_days_that_make_no_period_are_refused(self, begins: date, ends: date) -> None:
        with pytest.raises(Malformed):
            Period(begins=begins, ends=ends)

    def test_the_last_days_end_today(self) -> None:
        assert Period.last(7, today=LAST) == WEEK
