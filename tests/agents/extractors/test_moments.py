"""Days with a time, and spans of time, read on a Saturday, 21 November 2026."""

import pytest

from agents.extractors import moments, periods
from agents.extractors.found import Found, Refused
from tests.agents.extractors.days import TODAY

FRIDAY = {"dia": {"date": "2026-11-27"}}


class TestMoments:
    @pytest.mark.parametrize(
        ("text", "at"),
        [
            ("sexta às 9h", "2026-11-27T09:00"),
            ("amanhã 14:30", "2026-11-22T14:30"),
            ("amanhã, às 14h30", "2026-11-22T14:30"),
            ("às 3 da tarde de sexta", "2026-11-27T15:00"),
            ("segunda 9h30 da manhã", "2026-11-23T09:30"),
            ("terça meio-dia", "2026-11-24T12:00"),
            ("dia 15 as 9 e meia", "2026-12-15T09:30"),
            ("nove horas da noite amanhã", "2026-11-22T21:00"),
            ("sexta às 2", "2026-11-27T14:00"),
            ("tomorrow at 3 pm", "2026-11-22T15:00"),
        ],
    )
    def test_a_day_and_its_time_are_one_moment(self, text: str, at: str) -> None:
        assert moments.find(text, TODAY, known={}) == [Found({"at": at}, 0, len(text))]

    def test_a_time_alone_is_of_the_day_that_is_known(self) -> None:
        assert moments.find("às 10", TODAY, known={}) == []
        assert moments.find("às 10", TODAY, known=FRIDAY) == [Found({"at": "2026-11-27T10:00"}, 0, 5)]

    def test_of_two_days_none_is_taken(self) -> None:
        assert moments.find("sexta ou sábado às 9h", TODAY, known={}) == []

    @pytest.mark.parametrize(("text", "reason"), [("amanhã às 25:00", "no_such_time"), ("31/02 às 9h", "no_such_day")])
    def test_what_neither_clock_nor_calendar_has_is_refused(self, text: str, reason: str) -> None:
        assert moments.find(text, TODAY, known={}) == [Refused(0, len(text), reason)]

    def test_a_day_without_a_time_is_no_moment(self) -> None:
        assert moments.find("sexta", TODAY, known=FRIDAY) == []


class TestPeriods:
    @pytest.mark.parametrize(
        ("text", "since", "until"),
        [
            ("de manhã", "2026-11-21T06:00", "2026-11-21T12:00"),
            ("amanhã à tarde", "2026-11-22T12:00", "2026-11-22T18:00"),
            ("sexta de manhã", "2026-11-27T06:00", "2026-11-27T12:00"),
            ("semana que vem", "2026-11-23", "2026-11-29"),
            ("este mês", "2026-11-21", "2026-11-30"),
            ("fim do mês", "2026-11-21", "2026-11-30"),
            ("mês que vem", "2026-12-01", "2026-12-31"),
            ("fim de semana", "2026-11-21", "2026-11-22"),
            ("fim de semana que vem", "2026-11-28", "2026-11-29"),
            ("em janeiro", "2027-01-01", "2027-01-31"),
            ("próximos 15 dias", "2026-11-21", "2026-12-06"),
            ("next week", "2026-11-23", "2026-11-29"),
        ],
    )
    def test_a_span_has_both_its_ends_and_its_words(self, text: str, since: str, until: str) -> None:
        value = {"from": since, "until": until, "words": text}
        assert periods.find(text, TODAY, known={}) == [Found(value, 0, len(text))]

    def test_a_part_of_a_day_is_of_the_day_that_is_known(self) -> None:
        (found,) = periods.find("à tarde", TODAY, known=FRIDAY)
        assert isinstance(found, Found)
        assert found.value["from"] == "2026-11-27T12:00"

    def test_a_day_is_a_period_only_where_one_was_asked_for(self) -> None:
        assert periods.find("sexta", TODAY, known={}) == []
        (found,) = periods.find("sexta", TODAY, known={}, asked=True)
        assert isinstance(found, Found)
        assert (found.value["from"], found.value["until"]) == ("2026-11-27", "2026-11-27")

    def test_a_greeting_is_no_time_of_day(self) -> None:
        assert periods.find("boa tarde", TODAY, known={}) == []
