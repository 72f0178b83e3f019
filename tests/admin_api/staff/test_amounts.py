"""Numbers as Brazilians and as others write them; what is unknown is not nought."""

from datetime import UTC, date, datetime, timedelta

import pytest

from admin_api.staff import amounts
from core.texts import Language

PT, EN = Language.PT, Language.EN


class TestNumbers:
    @pytest.mark.parametrize(
        ("value", "places", "pt", "en"),
        [
            (0, 0, "0", "0"),
            (999, 0, "999", "999"),
            (1234, 0, "1.234", "1,234"),
            (1234567.5, 2, "1.234.567,50", "1,234,567.50"),
            (-1234.5, 1, "-1.234,5", "-1,234.5"),
        ],
    )
    def test_points_and_commas_stand_where_the_reader_expects_them(
        self, value: float, places: int, pt: str, en: str
    ) -> None:
        assert amounts.number(value, PT, places=places) == pt
        assert amounts.number(value, EN, places=places) == en

    @pytest.mark.parametrize(
        ("value", "written"),
        [(0, "0"), (950, "950"), (1000, "1 mil"), (1200, "1,2 mil"), (3_000_000, "3 mi"), (2.5e9, "2,5 bi")],
    )
    def test_an_axis_is_short(self, value: float, written: str) -> None:
        assert amounts.short(value, PT) == written

    def test_a_share_of_nothing_is_none(self) -> None:
        assert amounts.share(0, 0, PT) is None
        assert amounts.share(1, 3, PT) == "33%"


class TestMoney:
    def test_cents_are_written_out(self) -> None:
        assert amounts.money(123456, PT) == "R$ 1.234,56"
        assert amounts.money(-5, PT) == "-R$ 0,05"
        assert amounts.money(123456, EN, currency="USD") == "US$ 1,234.56"
        assert amounts.money(100, PT, currency="CLP") == "CLP 1,00"

    def test_what_nobody_knows_is_not_nought_and_little_is_not_either(self) -> None:
        assert amounts.dollars(None, PT) == "não se sabe"
        assert amounts.dollars(0, PT) == "US$ 0,00"
        assert amounts.dollars(123, PT) == "US$ 0,0001"
        assert amounts.dollars(1_500_000, EN) == "US$ 1.50"


class TestTimes:
    def test_a_moment_has_its_day_first(self) -> None:
        at = datetime(2026, 11, 2, 9, 5, tzinfo=UTC)
        assert amounts.moment(at, PT) == "02/11 09:05"
        assert amounts.moment(at, EN) == "Nov 2 09:05"
        assert amounts.day(date(2026, 1, 31), PT) == "31/01"

    @pytest.mark.parametrize(
        ("length", "written", "old"),
        [
            (timedelta(seconds=-3), "0 s", "agora"),
            (timedelta(seconds=45), "45 s", "agora"),
            (timedelta(minutes=12, seconds=59), "12 min", "12 min"),
            (timedelta(hours=3), "3 h", "3 h"),
            (timedelta(hours=3, minutes=20), "3 h 20 min", "3 h"),
            (timedelta(hours=26), "1 d 2 h", "26 h"),
            (timedelta(days=9, hours=4), "9 d 4 h", "9 d"),
        ],
    )
    def test_a_span_is_told_in_its_largest_units(self, length: timedelta, written: str, old: str) -> None:
        assert amounts.span(length) == written
        assert amounts.age(length, PT) == old
