"""Tests of how alike two questions are: slips of one letter, and long questions in a short time."""

import random
import time

import pytest

from knowledge.alike import SAME, Gist, is_slip, likeness
from knowledge.asking import distance


class TestIsSlip:
    @pytest.mark.parametrize(
        "other", ["garantia", "garantias", "garanta", "garamtia", "garatnia", "agarantia", "garanti", "graantia"]
    )
    def test_one_letter_is_forgiven(self, other: str) -> None:
        assert is_slip("garantia", other)
        assert is_slip(other, "garantia")

    @pytest.mark.parametrize("other", ["garantidas", "garotnia", "vigilancia", "granatia", "arantias"])
    def test_two_are_not(self, other: str) -> None:
        assert not is_slip("garantia", other)

    def test_it_says_what_the_distance_says(self) -> None:
        chance = random.Random(7)  # noqa: S311 - made-up words, the same each time
        words = ["".join(chance.choices("ab", k=chance.randint(1, 6))) for _ in range(60)]
        wrong = [
            (one, other) for one in words for other in words if is_slip(one, other) != (distance(one, other, 1) <= 1)
        ]
        assert wrong == []


class TestLikeness:
    @pytest.mark.parametrize(
        "slip", ["arantia", "agarantia", "agrantia", "garanti", "garantai", "graantia", "gerantia"]
    )
    def test_a_slip_anywhere_in_a_long_word_is_forgiven(self, slip: str) -> None:
        assert likeness(Gist.of("prazo da garantia"), Gist.of(f"prazo da {slip}")) > SAME


class TestGist:
    def test_a_long_question_is_compared_by_what_it_speaks_of(self) -> None:
        gist = Gist.of("gostaria de saber se a loja aceita vale-refeição da empresa", most=3)
        assert set(gist.words.values()) == {"loja", "aceita", "vale"}

    def test_the_longest_questions_are_compared_at_once(self) -> None:
        one, other = (
            " ".join("x" * 58 + f"{chr(97 + n // 26)}{chr(97 + n % 26)}{end}" for n in range(60)) for end in "ab"
        )
        started = time.process_time()
        assert likeness(Gist.of(one), Gist.of(other)) > SAME
        assert time.process_time() - started < 0.25
