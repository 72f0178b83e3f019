"""Text that fits, and that has a shape for each of its letters."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_api.staff.pictures.canvas import fitted, legible, steps, wide
from agents.personas.drawing_type import Style


class TestFitted:
    @given(st.text(max_size=60), st.integers(min_value=40, max_value=500))
    def test_whatever_is_cut_fits(self, text: str, width: int) -> None:
        assert wide(fitted(legible(text), Style.BODY, width), Style.BODY) <= width

    def test_what_fits_is_left_as_it_is(self) -> None:
        assert fitted("Ana", Style.BODY, 500) == "Ana"
        assert fitted("Maria Antonieta de Albuquerque", Style.BODY, 300).endswith("…")


class TestLegible:
    @pytest.mark.parametrize(
        ("said", "shown"),
        [
            ("João Conceição", "João Conceição"),
            ("Ana ❤️ 🎉 Souza", "Ana Souza"),
            ("a\u0303b", "ãb"),
            ("Владимир", "Владимир"),
            ("李小龙", "???"),
            ("  dois \n espaços ", "dois espaços"),
            ("\u202eana\u200b", "ana"),
            ("👨‍👩‍👧", "–"),
            ("", "–"),
        ],
    )
    def test_only_what_the_face_has_is_drawn(self, said: str, shown: str) -> None:
        assert legible(said, "–") == shown


class TestSteps:
    @given(st.integers(min_value=0, max_value=10**9))
    def test_a_grid_reaches_above_the_highest_bar_in_a_few_even_steps(self, most: int) -> None:
        grid = steps(most)
        assert grid[0] == 0
        assert most <= grid[-1] <= max(2 * most, 1) + 4
        assert 2 <= len(grid) <= 6
        assert len({round(after - before, 6) for before, after in pairwise(grid)}) == 1
