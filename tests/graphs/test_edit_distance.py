"""How much somebody changed, against the table that everybody knows."""

import random
import time
from typing import Final

import pytest

from graphs.edit_distance import edit_distance

SEED: Final = 4


def by_table(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for place, mine in enumerate(one, start=1):
        above, row[0] = row[0], place
        for column, theirs in enumerate(other, start=1):
            above, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, above + (mine != theirs))
    return row[-1]


class TestEditDistance:
    @pytest.mark.parametrize(
        ("one", "other", "distance"),
        [
            ("", "", 0),
            ("", "oi", 2),
            ("oi", "", 2),
            ("oi", "oi", 0),
            ("oi", "Oi!", 2),
            ("kitten", "sitting", 3),
            ("R$ 8.000", "R$ 9.000", 1),
            ("ação 🙂", "acao 🙃", 3),
        ],
    )
    def test_it_counts_what_was_put_in_taken_out_and_replaced(self, one: str, other: str, distance: int) -> None:
        assert edit_distance(one, other) == distance

    def test_it_is_what_the_table_says_whatever_the_texts(self) -> None:
        dice = random.Random(SEED)  # noqa: S311 - a test's dice
        for _ in range(300):
            one, other = ("".join(dice.choices("abc ", k=dice.randrange(0, 90))) for _ in range(2))
            assert edit_distance(one, other) == by_table(one, other), (one, other)

    def test_the_longest_that_can_be_sent_take_no_time(self) -> None:
        one, other = "a" * 4096 * 10, "ab" * 2048 * 10
        started = time.process_time()
        assert edit_distance(one, other) == 20480
        assert time.process_time() - started < 2
