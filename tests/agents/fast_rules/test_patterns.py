"""Patterns of wishes are held against words in which no letter is doubled: one that asks for two is never met."""

import re
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import pytest

from agents.rules import human, human_parts, leaning, leaving, leaving_parts, phrasing
from agents.rules.sentences import clauses, squeezed


def patterns_in(value: Any) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Mapping):
        yield from (pattern for one in value.values() for pattern in patterns_in(one))
    elif isinstance(value, tuple):
        yield from (pattern for one in value for pattern in patterns_in(one))


@pytest.mark.parametrize(
    "module", [human, human_parts, leaning, leaving, leaving_parts, phrasing], ids=lambda module: module.__name__
)
class TestPatterns:
    def test_none_asks_for_a_doubled_letter(self, module: ModuleType) -> None:
        every = {pattern.pattern for pattern in patterns_in(vars(module))}
        assert every
        assert [pattern for pattern in every if squeezed(pattern) != pattern] == []


def test_words_have_none() -> None:
    assert [clause.words for clause in clauses("I need a coordenador, call me")] == ["i ned a cordenador ", "cal me "]
