"""Recall and false alarms of the two rules that must not fail, on sets written before them."""

from collections.abc import Callable
from functools import cache
from typing import Final

import pytest

from agents.commands import OptOut, RequestHuman
from tests.agents.fast_rules.labelled import Labelled, fresh, labelled, unusual, varied, wilson_lower
from tests.agents.fast_rules.persona import understood

_KINDS: Final = {"handoff": RequestHuman, "opt_out": OptOut}
_GOAL: Final = 0.981  # the lower bound of 200 out of 200
_HELD_GOAL: Final = 0.97
_MOST_FALSE: Final = 0.02


def _hit(kind: str, line: Labelled) -> bool:
    return _is_heard(kind, line.text)


def _is_heard(kind: str, text: str) -> bool:
    return _KINDS[kind] in _heard(text)


@cache
def _heard(text: str) -> frozenset[type]:
    return frozenset(type(command) for command in understood(text).commands)


@pytest.mark.parametrize("kind", list(_KINDS))
class TestRecall:
    def test_every_explicit_one_is_heard(self, kind: str, record_property: Callable[[str, object], None]) -> None:
        lines = labelled(kind)
        missed = [line.text for line in lines if not _hit(kind, line)]
        lower = wilson_lower(len(lines) - len(missed), len(lines))
        record_property(f"{kind}_wilson_lower", round(lower, 4))
        assert missed == []
        assert lower >= _GOAL

    def test_the_held_half_is_heard_too(self, kind: str) -> None:
        lines = [line for line in labelled(kind) if line.is_held]
        assert sum(_hit(kind, line) for line in lines) / len(lines) >= _HELD_GOAL

    def test_nothing_in_a_message_suppresses_it(self, kind: str) -> None:
        lines = [line for line in labelled(kind) if line.kind == "suppression"]
        assert len(lines) >= 4
        assert [line.text for line in lines if not _hit(kind, line)] == []

    def test_the_set_is_as_large_and_as_brazilian_as_it_should_be(self, kind: str) -> None:
        lines = labelled(kind)
        assert len({line.text for line in lines}) == len(lines) >= 200
        assert 0.6 <= sum(line.language == "pt" for line in lines) / len(lines) <= 0.77


@pytest.mark.parametrize("kind", list(_KINDS))
class TestFalseAlarms:
    def test_they_are_rare_in_each_half(self, kind: str) -> None:
        for is_held in (False, True):
            lines = [line for line in labelled("negative") if line.is_held is is_held]
            wrong = [line.text for line in lines if _hit(kind, line)]
            assert len(wrong) / len(lines) <= _MOST_FALSE, wrong

    def test_the_set_is_large_enough(self, kind: str) -> None:
        del kind
        lines = labelled("negative")
        assert len({line.text for line in lines}) == len(lines) >= 600

    def test_one_wish_is_not_taken_for_the_other(self, kind: str) -> None:
        other = "opt_out" if kind == "handoff" else "handoff"
        assert [line.text for line in labelled(other) if _hit(kind, line)] == []


@pytest.mark.parametrize("kind", list(_KINDS))
class TestUnusualWords:
    def test_every_one_is_heard(self, kind: str) -> None:
        lines = [line for line in unusual() if line.wants == kind]
        assert len(lines) >= 120
        assert [line.text for line in lines if not _is_heard(kind, line.text)] == []

    def test_nothing_else_is_taken_for_it(self, kind: str) -> None:
        others = [line for line in unusual() if line.wants != kind]
        wrong = [line.text for line in others if _is_heard(kind, line.text)]
        assert len(wrong) / len(others) <= _MOST_FALSE, wrong


@pytest.mark.parametrize("kind", list(_KINDS))
class TestFreshWords:
    def test_nearly_every_one_is_heard(self, kind: str) -> None:
        lines = [line for line in fresh() if line.wants == kind]
        assert len(lines) >= 260
        missed = [line.text for line in lines if not _is_heard(kind, line.text)]
        assert len(missed) / len(lines) <= 1 - _HELD_GOAL, missed

    def test_nothing_else_is_taken_for_it(self, kind: str) -> None:
        others = [line for line in fresh() if line.wants != kind]
        wrong = [line.text for line in others if _is_heard(kind, line.text)]
        assert len(wrong) / len(others) <= _MOST_FALSE, wrong


@pytest.mark.parametrize("kind", list(_KINDS))
class TestVariedWords:
    """Of twenty writers, none of whom knew the rules, or what another wrote."""

    def test_nearly_every_one_is_heard(self, kind: str) -> None:
        lines = [line for line in varied() if line.wants == kind]
        assert len(lines) >= 1700
        missed = [line.text for line in lines if not _is_heard(kind, line.text)]
        assert len(missed) / len(lines) <= 1 - _HELD_GOAL, missed

    def test_nothing_else_is_taken_for_it(self, kind: str) -> None:
        others = [line for line in varied() if line.wants != kind]
        wrong = [line.text for line in others if _is_heard(kind, line.text)]
        assert len(wrong) / len(others) <= _MOST_FALSE, wrong


class TestWilson:
    def test_two_hundred_of_two_hundred_show_no_more_than_the_goal(self) -> None:
        assert wilson_lower(200, 200) == pytest.approx(0.9812, abs=1e-4)
        assert wilson_lower(60, 63) == pytest.approx(0.869, abs=1e-3)
