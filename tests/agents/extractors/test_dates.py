"""Days, read on a Saturday, 21 November 2026."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.extractors import dates
from agents.extractors.found import Found, Refused
from tests.agents.extractors.days import TODAY


def _read(text: str, *, asked: bool = False) -> list[str]:
    found = dates.find(text, TODAY, asked=asked)
    return [one.value["date"] if isinstance(one, Found) else one.reason for one in found]


class TestDates:
    @pytest.mark.parametrize(
        ("text", "day"),
        [
            ("hoje", "2026-11-21"),
            ("amanhã", "2026-11-22"),
            ("amanha\u0303", "2026-11-22"),
            ("depois de amanhã", "2026-11-23"),
            ("sexta", "2026-11-27"),
            ("na segunda", "2026-11-23"),
            ("próxima terça", "2026-11-24"),
            ("quinta-feira", "2026-11-26"),
            ("sábado", "2026-11-28"),
            ("dia 15", "2026-12-15"),
            ("dia 31", "2026-12-31"),
            ("15/12", "2026-12-15"),
            ("05/01", "2027-01-05"),
            ("29/02", "2028-02-29"),
            ("15 de dezembro", "2026-12-15"),
            ("1º de maio", "2027-05-01"),
            ("15/12/2025", "2025-12-15"),
            ("3-1-27", "2027-01-03"),
            ("2026-12-01", "2026-12-01"),
            ("daqui a 3 dias", "2026-11-24"),
            ("em duas semanas", "2026-12-05"),
            ("daqui a um mês", "2026-12-21"),
            ("tomorrow", "2026-11-22"),
            ("day after tomorrow", "2026-11-23"),
            ("next Friday", "2026-11-27"),
            ("Dec 15", "2026-12-15"),
            ("15th of December", "2026-12-15"),
            ("pasado mañana", "2026-11-23"),
        ],
    )
    def test_a_day_is_resolved_against_today(self, text: str, day: str) -> None:
        assert dates.find(text, TODAY) == [Found({"date": day}, 0, len(text))]

    @pytest.mark.parametrize("text", ["31/02", "30/2/2027", "32 de maio", "15/13/2026"])
    def test_a_day_that_no_calendar_has_is_refused(self, text: str) -> None:
        assert dates.find(text, TODAY) == [Refused(0, len(text), "no_such_day")]

    @pytest.mark.parametrize("text", ["a segunda opção", "quarta parcela", "aberto 24/7", "1/2 kg", "2ª via"])
    def test_what_only_looks_like_a_day_is_none(self, text: str) -> None:
        assert _read(text) == []

    def test_short_forms_count_where_a_day_was_asked_for(self) -> None:
        assert _read("15") == []
        assert _read("15", asked=True) == ["2026-12-15"]
        assert _read("a segunda", asked=True) == ["2026-11-23"]
        assert _read("5/1", asked=True) == ["2027-01-05"]

    def test_every_day_of_a_text_is_found_in_order(self) -> None:
        assert _read("sexta ou sábado, senão 15/12") == ["2026-11-27", "2026-11-28", "2026-12-15"]

    @given(st.dates(date(2024, 1, 1), date(2031, 1, 1)), st.integers(1, 31), st.integers(1, 12))
    def test_no_day_without_a_year_lies_behind(self, today: date, day: int, month: int) -> None:
        for text in (f"{day:02}/{month:02}", f"dia {day}", "sexta", "domingo"):
            for one in dates.find(text, today):
                assert isinstance(one, Refused) or date.fromisoformat(one.value["date"]) >= today
