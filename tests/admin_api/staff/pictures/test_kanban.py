"""A board as a picture: whatever people are called, all of it lies on the sheet."""

from datetime import datetime, timedelta

import pytest

from admin_api.staff.pictures.canvas import GREEN, GREY, RUST, TEAL
from admin_api.staff.pictures.kanban import SHOWN, Column, Drawn, Standing, png
from core.errors import TooLarge
from core.models.personas import StageKind
from tests.admin_api.staff.pictures.looking import count_of, has_clean_margins, opened

NOW = datetime(2026, 11, 22, 14, 30)  # noqa: DTZ001 - a local time, as it is drawn
HOSTILE = ["Maria Antonieta de Albuquerque e Silva", "🎉" * 50, "م" * 90, "W" * 300, "a\nb", ""]


def column(count: int, *, names: list[str], kind: StageKind = StageKind.OPEN, days: int = 1) -> Column:
    leads = [Standing(name=name, value_cents=10**12, since=NOW - timedelta(days=days)) for name in names]
    return Column(name="Qualificação " * 9, kind=kind, count=count, value_cents=10**13, leads=leads)


def drawn(*columns: Column) -> Drawn:
    return Drawn(board="Vendas " * 30, at=NOW, columns=columns)


class TestPng:
    @pytest.mark.parametrize("columns", [0, 1, 2, 3, 12])
    def test_nothing_runs_out_of_the_sheet(self, columns: int) -> None:
        image = opened(png(drawn(*(column(10**6, names=HOSTILE) for _ in range(columns)))))
        assert has_clean_margins(image)

    def test_ends_are_seen_by_their_colour(self) -> None:
        image = opened(png(drawn(*(column(0, names=[], kind=kind) for kind in StageKind))))
        assert min(count_of(image, colour) for colour in (TEAL, GREEN, GREY)) > 1000

    def test_who_has_stood_for_long_stands_out(self) -> None:
        fresh, old = (count_of(opened(png(drawn(column(1, names=["Ana"], days=days)))), RUST) for days in (1, 30))
        assert fresh == 0
        assert old > 0

    def test_of_many_names_a_few_are_shown(self) -> None:
        few, many = (opened(png(drawn(column(50, names=["Ana"] * count)))) for count in (SHOWN, 50))
        assert few.height == many.height

    def test_it_is_the_same_each_time(self) -> None:
        board = drawn(column(2, names=["Ana", "Beto"]))
        assert png(board) == png(board)

    def test_more_columns_than_a_picture_holds_are_refused(self) -> None:
        with pytest.raises(TooLarge):
            png(drawn(*(column(0, names=[]) for _ in range(41))))
