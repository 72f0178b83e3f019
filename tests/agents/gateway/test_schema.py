"""The check of answers, held to the verdicts of `jsonschema`."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agents.gateway.schema import Problem, UncheckedKeyword, is_strict, parsed, problem_of

CLOSED: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"type": ["string", "null"]}, "b": {"type": "array", "items": {"type": "integer"}}},
    "required": ["a", "b"],
    "additionalProperties": False,
}
SCHEMAS: tuple[dict[str, Any], ...] = (
    CLOSED,
    {"type": "object", "additionalProperties": {"type": "number", "minimum": 0, "maximum": 2}},
    {"type": "object", "properties": {"a": {"enum": ["x", 1, True, None]}}},
    {"type": "object", "properties": {"a": {"const": 1}, "b": {"type": "boolean"}}, "required": ["a"]},
    {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 2}, "minItems": 1, "maxItems": 2},
    {"anyOf": [{"type": "string", "pattern": "^a"}, {"type": "integer"}, CLOSED]},
    {"$defs": {"n": {"type": "number"}}, "type": "object", "properties": {"a": {"$ref": "#/$defs/n"}}},
)
NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | st.floats(-1, 3) | st.sampled_from(["", "a", "x", "ab", "abc"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


class TestProblemOf:
    @given(schema=st.sampled_from(SCHEMAS), value=VALUES)
    def test_the_verdict_is_that_of_jsonschema(self, schema: dict[str, Any], value: object) -> None:
        assert (problem_of(value, schema) is None) == Draft202012Validator(schema).is_valid(value)

    def test_a_problem_says_where_and_what(self) -> None:
        assert str(problem_of({"a": None, "b": [1, "x"]}, CLOSED)) == "$.b[1]: must be integer"
        assert str(problem_of({"a": None}, CLOSED)) == "$: lacks the key b"
        assert str(problem_of({"a": None, "b": [], "z": 1}, CLOSED)) == '$: has a key that is not allowed: "z"'

    def test_of_several_shapes_the_one_that_the_value_names_is_told(self) -> None:
        shapes = [
            {"type": "object", "properties": {"type": {"enum": [kind]}, "name": {"enum": [kind]}}}
            for kind in ("clear", "set", "cancel")
        ]
        problem = problem_of({"type": "set", "name": "x"}, {"anyOf": shapes})
        assert str(problem) == '$.name: must be one of ["set"], not "x"'

    @pytest.mark.parametrize(
        "schema",
        [{"oneOf": []}, {"type": "object", "patternProperties": {}}, {"type": "date"}, {"$ref": "#/$defs/none"}],
    )
    def test_a_keyword_that_nobody_checks_is_a_mistake_of_ours(self, schema: dict[str, Any]) -> None:
        with pytest.raises(UncheckedKeyword):
            problem_of({}, schema)

    def test_long_values_are_not_repeated(self) -> None:
        problem = problem_of("a" * 5000, {"enum": ["x"]})
        assert len(str(problem)) < 150


class TestParsed:
    @pytest.mark.parametrize("text", ['{"a": 1}', ' {"a": 1}\n', '```json\n{"a": 1}\n```', '```\n{"a": 1}\n```\n'])
    def test_an_object_is_found(self, text: str) -> None:
        assert parsed(text) == {"a": 1}

    @pytest.mark.parametrize("text", ["", "[1]", "1", '{"a": NaN}', '{"a": Infinity}', "x {}", "[" * 100_000])
    def test_anything_else_is_a_problem(self, text: str) -> None:
        assert isinstance(parsed(text), Problem)


class TestIsStrict:
    def test_a_schema_whose_objects_are_closed_is(self) -> None:
        assert is_strict(CLOSED)
        assert is_strict({**CLOSED, "properties": {"a": {"anyOf": [CLOSED]}, "b": {"type": "array", "items": CLOSED}}})

    @pytest.mark.parametrize(
        "schema",
        [
            {},
            CLOSED | {"required": ["a"]},
            CLOSED | {"additionalProperties": True},
            {"type": "array", "items": CLOSED | {"required": []}},
            {"anyOf": [CLOSED, {"type": "object"}]},
            {"$defs": {"x": {"type": "object"}}, "type": "string"},
        ],
    )
    def test_any_other_is_not(self, schema: dict[str, Any]) -> None:
        assert not is_strict(schema)
