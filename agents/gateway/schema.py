"""Whether an answer is what its schema asks for.

A check of our own, not `jsonschema`: that is five packages more in every process that asks a model, for the dozen
keywords which providers accept in structured outputs anyway. A schema with any other keyword is refused, so nothing
goes unchecked; tests hold the verdicts to those of `jsonschema`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

Body = Mapping[str, Any]

_ANNOTATIONS: Final = frozenset({"title", "description", "default", "examples", "$schema", "$defs", "$comment"})
_FENCED: Final = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL)
_SHOWN: Final = 60


class UncheckedKeyword(ValueError):
    """The schema asks for something that nobody here checks: a mistake of ours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Where an answer does not fit, in the words that the model gets to read."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


def parsed(text: str) -> Mapping[str, Any] | Problem:
    """The JSON object in a text; a fence of code around it is common, and harmless."""
    fenced = _FENCED.fullmatch(text)
    try:
        value = json.loads(fenced[1] if fenced else text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        return Problem(path="$", what=f"not valid JSON ({error})")
    return value if isinstance(value, dict) else Problem(path="$", what="not a JSON object")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def problem_of(value: object, schema: Body) -> Problem | None:
    """The first place where the value does not fit."""
    return next(_Check(schema).problems(value, schema, "$"), None)


class _Check:
    def __init__(self, root: Body) -> None:
        self._root = root
        self._keywords: Mapping[str, Callable[[Any, Any, Body, str], Iterator[Problem]]] = {
            "$ref": self._ref,
            "type": _type,
            "enum": _enum,
            "const": lambda value, told, schema, path: _enum(value, [told], schema, path),
            "properties": self._properties,
            "required": _required,
            "additionalProperties": self._additional,
            "items": self._items,
            "anyOf": self._any_of,
            "minItems": lambda value, told, _, path: _least(value, told, path, kind=list),
            "maxItems": lambda value, told, _, path: _most(value, told, path, kind=list),
            "minLength": lambda value, told, _, path: _least(value, told, path, kind=str),
            "maxLength": lambda value, told, _, path: _most(value, told, path, kind=str),
            "minimum": _minimum,
            "maximum": _maximum,
            "pattern": _pattern,
        }
        self._known = _ANNOTATIONS | self._keywords.keys()

    def problems(self, value: object, schema: Body, path: str) -> Iterator[Problem]:
        if not schema.keys() <= self._known:
            raise UncheckedKeyword(", ".join(sorted(schema.keys() - self._known)))
        for keyword, told in schema.items():
            if keyword not in _ANNOTATIONS:
                yield from self._keywords[keyword](value, told, schema, path)

    def _ref(self, value: object, told: str, _: Body, path: str) -> Iterator[Problem]:
        name = told.removeprefix("#/$defs/")
        if name not in self._root.get("$defs", {}):
            raise UncheckedKeyword(f"$ref {told}")
        yield from self.problems(value, self._root["$defs"][name], path)

    def _properties(self, value: object, told: Body, _: Body, path: str) -> Iterator[Problem]:
        if isinstance(value, dict):
            for name, schema in told.items():
                if name in value:
                    yield from self.problems(value[name], schema, f"{path}.{name}")

    def _additional(self, value: object, told: bool | Body, schema: Body, path: str) -> Iterator[Problem]:  # noqa: FBT001 - the keyword's own value
        if told is True or not isinstance(value, dict):
            return
        for name in value.keys() - schema.get("properties", {}).keys():
            if told is False:
                yield Problem(path=path, what=f"has a key that is not allowed: {_short(name)}")
            else:
                yield from self.problems(value[name], told, f"{path}.{name}")

    def _items(self, value: object, told: Body, _: Body, path: str) -> Iterator[Problem]:
        if isinstance(value, list):
            for number, item in enumerate(value):
                yield from self.problems(item, told, f"{path}[{number}]")

    def _any_of(self, value: object, told: list[Body], _: Body, path: str) -> Iterator[Problem]:
        """Of several that do not fit, the one whose `type` the value names tells more than the rest."""
        if any(next(self.problems(value, schema, path), None) is None for schema in told):
            return
        found = [list(self.problems(value, schema, path)) for schema in told]
        yield min(found, key=lambda problems: any(problem.path == f"{path}.type" for problem in problems))[0]


def _type(value: object, told: str | list[str], _: Body, path: str) -> Iterator[Problem]:
    names = [told] if isinstance(told, str) else told
    if not any(_is(value, name) for name in names):
        yield Problem(path=path, what=f"must be {' or '.join(names)}")


def _is(value: object, name: str) -> bool:
    if name not in _TYPES:
        raise UncheckedKeyword(f"type {name}")
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "null": type(None),
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "string": str,
    "array": list,
    "object": dict,
}


def _enum(value: object, told: list[Any], _: Body, path: str) -> Iterator[Problem]:
    # Compared as JSON, where true is no 1; but 1.0 is.
    if isinstance(value, str) and value in told:
        return
    if not any(one == value and isinstance(one, bool) == isinstance(value, bool) for one in told):
        choices = json.dumps(told, ensure_ascii=False)
        yield Problem(path=path, what=f"must be one of {choices}, not {_short(value)}")


def _required(value: object, told: list[str], _: Body, path: str) -> Iterator[Problem]:
    if isinstance(value, dict):
        yield from (Problem(path=path, what=f"lacks the key {name}") for name in told if name not in value)


def _least(value: object, told: int, path: str, *, kind: type) -> Iterator[Problem]:
    if isinstance(value, list | str) and isinstance(value, kind) and len(value) < told:
        yield Problem(path=path, what=f"must have at least {told}, has {len(value)}")


def _most(value: object, told: int, path: str, *, kind: type) -> Iterator[Problem]:
    if isinstance(value, list | str) and isinstance(value, kind) and len(value) > told:
        yield Problem(path=path, what=f"must have at most {told}, has {len(value)}")


def _minimum(value: object, told: float, _: Body, path: str) -> Iterator[Problem]:
    if isinstance(value, int | float) and not isinstance(value, bool) and value < told:
        yield Problem(path=path, what=f"must be {told} or more")


def _maximum(value: object, told: float, _: Body, path: str) -> Iterator[Problem]:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > told:
        yield Problem(path=path, what=f"must be {told} or less")


def _pattern(value: object, told: str, _: Body, path: str) -> Iterator[Problem]:
    if isinstance(value, str) and not _compiled(told).search(value):
        yield Problem(path=path, what=f"must match {told}")


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def is_strict(schema: Body) -> bool:
    """Whether OpenAI's strict mode takes it: each object is closed, and names every property as required."""
    if "type" not in schema and "anyOf" not in schema and "$ref" not in schema and "enum" not in schema:
        return False
    if schema.get("type") == "object" and not _is_closed(schema):
        return False
    return all(is_strict(inner) for inner in _inner(schema))


def _is_closed(schema: Body) -> bool:
    return schema.get("additionalProperties") is False and set(schema.get("required", [])) == set(
        schema.get("properties", {})
    )


def _inner(schema: Body) -> Iterator[Body]:
    yield from schema.get("properties", {}).values()
    yield from schema.get("$defs", {}).values()
    yield from schema.get("anyOf", [])
    if isinstance(schema.get("items"), dict):
        yield schema["items"]
