"""What the definition of a persona refuses, said in words of ours, with the line and the name that was meant."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import reduce
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, StringConstraints, ValidationError

from agents.personas import definition
from agents.personas.definition import Persona
from agents.personas.problems import Lines, Path, Problem, dotted, meant, nearest
from core.texts import Text

_LONGEST_DAYS: Final = 366
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_DAYS: Final = {"s": 1 / 86_400, "m": 1 / 1440, "h": 1 / 24, "d": 1.0}
_MOST_SHOWN: Final = 40


def refusals(error: ValidationError, data: Any, lines: Lines) -> Iterator[Problem]:
    """One for each thing that is wrong: of the alternatives that a value fits none of, the one that was tried."""
    seen: set[Path] = set()
    for detail in error.errors(include_url=False):
        found = _found(detail["loc"], data)
        if found is None or found.path in seen:
            continue
        seen.add(found.path)
        message = _message(detail, found)
        yield Problem(line=lines.of(found.path), field=dotted(found.path), message=message)


def loose(data: Any, lines: Lines) -> Iterator[Problem]:
    """What the definition would take for something else: `24` for seconds, the word `inf` for a number."""
    for path in lines.places:
        message = _looseness(type_at(path), at(data, path))
        if message:
            yield Problem(line=lines.of(path), field=dotted(path), message=message)


def at(data: Any, path: Path) -> Any:
    return reduce(lambda inside, part: inside[part], path, data)


def type_at(path: Path) -> Any:
    """What the definition wants there; None where it knows nothing of the kind."""
    wanted: Any = Persona
    for part in path:
        wanted = next(filter(None, (_inside(one, part) for one in _alternatives(wanted))), None)
    return wanted


def names_at(path: Path) -> list[str]:
    """The names that may stand below."""
    models = [one for one in _alternatives(type_at(path)) if _is_model(one)]
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


class _Found:
    """Where in the document an error lies, and what stands there."""

    def __init__(self, path: Path, value: Any) -> None:
        self.path = path
        self.value = value


def _found(location: tuple[str | int, ...], data: Any) -> _Found | None:
    """A location without the names of alternatives in it; None for an alternative that nobody meant."""
    path: list[str | int] = []
    for place, part in enumerate(location):
        is_last = place == len(location) - 1
        if _has(data, part):
            path.append(part)
            data = data[part]
        elif is_last and isinstance(data, dict) and not _is_alternative(part):
            path.append(part)
            data = None
        elif part != "[key]" and _is_alternative(part) and str(part)[0].isupper() != isinstance(data, dict):
            return None
    return _Found(tuple(path), data)


def _has(data: Any, part: str | int) -> bool:
    return part in data if isinstance(data, dict) else isinstance(data, list) and isinstance(part, int)


def _is_alternative(part: str | int) -> bool:
    return isinstance(part, str) and (part[:1].isupper() or part in {"[key]", "constrained-str", "str"})


def _is_model(one: Any) -> bool:
    return isinstance(one, type) and issubclass(one, BaseModel)


def _alternatives(wanted: Any) -> tuple[Any, ...]:
    while get_origin(wanted) is Annotated:
        wanted = get_args(wanted)[0]
    if get_origin(wanted) in {Union, UnionType}:
        return tuple(one for member in get_args(wanted) for one in _alternatives(member))
    return (wanted,)


def _inside(one: Any, part: str | int) -> Any:
    if _is_model(one):
        return next(
            (field.annotation for name, field in one.model_fields.items() if (field.alias or name) == part), None
        )
    if get_origin(one) is tuple and isinstance(part, int):
        return get_args(one)[0]
    return get_args(one)[1] if get_origin(one) is Mapping else None


def _looseness(wanted: Any, value: Any) -> Text | None:
    kinds = _alternatives(wanted)
    if timedelta in kinds:
        found = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            return _A_DURATION
        if float(found[1]) * _DAYS[found[2]] > _LONGEST_DAYS:
            return Text("é mais de um ano", "is more than a year")
    if float in kinds and isinstance(value, str):
        return _A_NUMBER
    return _AN_INTEGER if int in kinds and isinstance(value, str | bool) else None


def _message(detail: Mapping[str, Any], found: _Found) -> Text:
    kind = detail["type"]
    if found.value is None and kind not in {"extra_forbidden", "missing"}:
        return Text("está vazio", "is empty")
    if kind in _TELLING:
        return _TELLING[kind](detail, found)
    if kind in _LIMITS:
        return _LIMITS[kind](detail["ctx"])
    return next((text for start, text in _KINDS if kind.startswith(start)), Text("valor inválido", detail["msg"]))


def _unknown(_: Mapping[str, Any], found: _Found) -> Text:
    name = found.path[-1]
    hint = meant(str(name), names_at(found.path[:-1]))
    return Text(f"não conheço `{name}` aqui{hint.pt}", f"`{name}` is not known here{hint.en}")


def _missing(_: Mapping[str, Any], found: _Found) -> Text:
    return Text(f"falta `{found.path[-1]}`", f"`{found.path[-1]}` is missing")


def _no_string(_: Mapping[str, Any], found: _Found) -> Text:
    value = found.value
    if isinstance(value, list | dict):
        return Text("esperava um texto", "expected a text")
    shown = str(value).lower() if isinstance(value, bool) else value
    return Text(f'esperava um texto: escreva "{shown}", entre aspas', f'expected a text: write "{shown}", in quotes')


def _shape(detail: Mapping[str, Any], found: _Found) -> Text:
    value = str(found.path[-1]) if "[key]" in detail["loc"] else str(found.value)
    shown = value if len(value) <= _MOST_SHOWN else f"{value[:_MOST_SHOWN]}…"
    pt, en = _SHAPES.get(str(detail["ctx"]["pattern"]), Text("outra forma", "another shape"))
    return Text(f"`{shown}` não tem a forma certa: {pt}", f"`{shown}` does not have the right shape: {en}")


def _no_member(detail: Mapping[str, Any], found: _Found) -> Text:
    value = found.path[-1] if "[key]" in detail["loc"] else found.value
    names = re.findall(r"'([^']*)'", str(detail["ctx"]["expected"]))
    known = ", ".join(names)
    near = nearest(str(value), names)
    did = Text(f" (você quis dizer `{near}`?)", f" (did you mean `{near}`?)") if near else Text("", "")
    return Text(f"`{value}` não é um destes: {known}{did.pt}", f"`{value}` is none of: {known}{did.en}")


def _pattern(annotated: Any) -> str:
    found = next(one.pattern for one in get_args(annotated) if isinstance(one, StringConstraints))
    return str(found)


_A_DURATION: Final = Text("esperava uma duração, como 90s, 5m, 24h ou 2d", "expected a duration, as 90s, 5m, 24h or 2d")
_A_NUMBER: Final = Text("esperava um número, sem aspas", "expected a number, without quotes")
_AN_INTEGER: Final = Text("esperava um número inteiro, sem aspas", "expected a whole number, without quotes")

_TELLING: Final[Mapping[str, Callable[[Mapping[str, Any], _Found], Text]]] = {
    "extra_forbidden": _unknown,
    "missing": _missing,
    "string_type": _no_string,
    "string_pattern_mismatch": _shape,
    "literal_error": _no_member,
    "enum": _no_member,
}

_KINDS: Final = (
    ("time_delta", _A_DURATION),
    ("float", _A_NUMBER),
    ("int", _AN_INTEGER),
    ("bool", Text("esperava true ou false", "expected true or false")),
    ("tuple", Text("esperava uma lista", "expected a list")),
    ("model", Text("esperava um grupo de `chave: valor`", "expected a group of `key: value`")),
    ("mapping", Text("esperava um grupo de `chave: valor`", "expected a group of `key: value`")),
    ("dict", Text("esperava um grupo de `chave: valor`", "expected a group of `key: value`")),
)

_LIMITS: Final[Mapping[str, Callable[[Mapping[str, Any]], Text]]] = {
    "string_too_short": lambda _: Text("está vazio", "is empty"),
    "string_too_long": lambda limit: Text(
        f"passa de {limit['max_length']} caracteres", f"is longer than {limit['max_length']} characters"
    ),
    "too_short": lambda limit: Text(f"precisa de ao menos {limit['min_length']}", f"needs {limit['min_length']}"),
    "greater_than": lambda limit: Text(f"precisa ser maior que {limit['gt']}", f"has to be over {limit['gt']}"),
    "greater_than_equal": lambda limit: Text(f"o mínimo é {limit['ge']}", f"the least is {limit['ge']}"),
    "less_than_equal": lambda limit: Text(f"o máximo é {limit['le']}", f"the most is {limit['le']}"),
}

_CAUSES: Final = "customer_asked, complaint, legal_threat, repair>=N, check_failed>=N"
_SHAPES: Final[Mapping[str, Text]] = {
    _pattern(definition.Name): Text(
        "letras minúsculas sem acento, números e _, começando por letra, até 40",
        "small letters, digits and _, a letter first, 40 at most",
    ),
    _pattern(definition.PersonaName): Text(
        "letras minúsculas sem acento, números e -, começando por letra", "small letters, digits and -, a letter first"
    ),
    _pattern(definition.Criterion): Text(
        "slot:NOME, evidence:NOME, fact:NOME ou effect:FERRAMENTA:succeeded",
        "slot:NAME, evidence:NAME, fact:NAME or effect:TOOL:succeeded",
    ),
    _pattern(definition.Loss): Text(
        "slot_lost:NOME ou effect:FERRAMENTA:failed, :succeeded ou :over",
        "slot_lost:NAME or effect:TOOL:failed, :succeeded or :over",
    ),
    _pattern(definition.Cause): Text(f"{_CAUSES} ou slot:NOME:invalid>=N", f"{_CAUSES} or slot:NAME:invalid>=N"),
    _pattern(definition.Hours): Text('"08:00-18:00"', '"08:00-18:00"'),
    _pattern(definition.Argument): Text("slot:NOME, fact:NOME ou const:TEXTO", "slot:NAME, fact:NAME or const:TEXT"),
    r"^\d+\.\d+$": Text('"1.0", entre aspas', '"1.0", in quotes'),
    r"^[a-z]+\.[a-z_]+$": Text("grupo.verbo, como agenda.criar", "group.verb, as agenda.criar"),
}
