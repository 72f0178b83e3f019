"""What is wrong with a field, in both languages, and its path in the words of whoever sent it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from core.errors import FieldError
from core.texts import Text

UNREADABLE: Final = FieldError(field="body", message=Text("não é um JSON válido", "not valid JSON"))
_LONGEST_PART: Final = 80
# How pydantic names the branch of a union that it tried: nothing that a caller has sent.
_BRANCH: Final = re.compile(r"[a-z]+(-[a-z]+)+(\[.*\])?|[a-z-]*\[.*\]", re.DOTALL)
_LAST_BRANCH: Final = frozenset({"bool", "bytes", "date", "datetime", "float", "int", "none", "str", "uuid"})
_SHORTEST: Final = 2  # `body.int` is a field of that name


def field_errors(found: Iterable[Mapping[str, Any]]) -> tuple[FieldError, ...]:
    """Each once, in the order in which they were found: the branches of a union often say the same."""
    told: dict[tuple[str, str], FieldError] = {}
    for wrong in found:
        field, message = _path(wrong), _message(wrong)
        told.setdefault((field, message.en), FieldError(field=field, message=message))
    return tuple(told.values())


def _path(wrong: Mapping[str, Any]) -> str:
    if wrong["type"] == "json_invalid":
        return UNREADABLE.field  # what follows is only how far it was read
    where = [part for part in wrong["loc"] if isinstance(part, int) or not _BRANCH.fullmatch(part)]
    if len(where) == len(wrong["loc"]) > _SHORTEST and where[-1] in _LAST_BRANCH:
        where.pop()
    return ".".join(str(part)[:_LONGEST_PART] for part in where)


def _message(wrong: Mapping[str, Any]) -> Text:
    """An unknown kind is told in English too, so that nobody is left without a reason."""
    kind, said = str(wrong["type"]), str(wrong["msg"])
    if kind == "json_invalid":
        return UNREADABLE.message
    words = _WORDS.get(kind)
    if words is None:
        return Text(f"valor inválido ({said})", said)
    values = {name: str(value) for name, value in wrong.get("ctx", {}).items()}
    values |= {"error": _OURS[error]} if (error := values.get("error", "")) in _OURS else {}
    return Text(words.format_map(_Told(values)), said)


class _Told(dict[str, str]):
    """A limit that pydantic does not tell is left out instead of failing the answer."""

    def __missing__(self, key: str) -> str:
        return "…"


# What the schemas of this package say themselves.
_OURS: Final[Mapping[str, str]] = {
    "only visible characters": "só caracteres visíveis",
    "no space at the ends": "sem espaço nas pontas",
    "not a time zone such as America/Sao_Paulo": "não é um fuso horário como America/Sao_Paulo",
    "profile is kept by the channels": "profile é mantido pelos canais",
}
# By pydantic's own names of what can be wrong.
_WORDS: Final[Mapping[str, str]] = {
    "missing": "falta",
    "extra_forbidden": "campo desconhecido",
    "none_required": "deve ser null",
    "string_type": "deve ser um texto",
    "string_too_short": "curto demais: no mínimo {min_length} caracteres",
    "string_too_long": "longo demais: no máximo {max_length} caracteres",
    "string_pattern_mismatch": "não tem a forma esperada: {pattern}",
    "string_unicode": "não é um texto Unicode válido",
    "string_sub_type": "deve ser um texto",
    "int_type": "deve ser um número inteiro",
    "int_parsing": "deve ser um número inteiro",
    "int_parsing_size": "número grande demais",
    "int_from_float": "deve ser um número inteiro, sem decimais",
    "float_type": "deve ser um número",
    "float_parsing": "deve ser um número",
    "finite_number": "deve ser um número finito",
    "decimal_type": "deve ser um número decimal",
    "decimal_parsing": "deve ser um número decimal",
    "greater_than": "deve ser maior que {gt}",
    "greater_than_equal": "deve ser no mínimo {ge}",
    "less_than": "deve ser menor que {lt}",
    "less_than_equal": "deve ser no máximo {le}",
    "multiple_of": "deve ser múltiplo de {multiple_of}",
    "bool_type": "deve ser true ou false",
    "bool_parsing": "deve ser true ou false",
    "enum": "deve ser um destes: {expected}",
    "literal_error": "deve ser um destes: {expected}",
    "uuid_type": "deve ser um UUID",
    "uuid_parsing": "não é um UUID válido",
    "uuid_version": "não é um UUID da versão {expected_version}",
    "value_error": "valor inválido: {error}",
    "assertion_error": "valor inválido: {error}",
    "date_type": "deve ser uma data, como 2026-01-31",
    "date_parsing": "não é uma data válida, como 2026-01-31",
    "date_from_datetime_parsing": "não é uma data válida, como 2026-01-31",
    "time_type": "deve ser uma hora, como 08:30",
    "time_parsing": "não é uma hora válida, como 08:30",
    "datetime_type": "deve ser data e hora, como 2026-01-31T08:30:00-03:00",
    "datetime_parsing": "não é data e hora, como 2026-01-31T08:30:00-03:00",
    "datetime_from_date_parsing": "não é data e hora, como 2026-01-31T08:30:00-03:00",
    "datetime_object_invalid": "não é data e hora, como 2026-01-31T08:30:00-03:00",
    "timezone_aware": "falta o fuso horário",
    "timezone_naive": "não deve ter fuso horário",
    "list_type": "deve ser uma lista",
    "set_type": "deve ser uma lista sem repetições",
    "tuple_type": "deve ser uma lista",
    "dict_type": "deve ser um objeto",
    "model_type": "deve ser um objeto",
    "model_attributes_type": "deve ser um objeto",
    "dataclass_type": "deve ser um objeto",
    "too_short": "poucos itens: no mínimo {min_length}",
    "too_long": "itens demais: no máximo {max_length}",
    "url_type": "deve ser um endereço",
    "url_parsing": "não é um endereço válido",
    "url_scheme": "o endereço deve começar por {expected_schemes}",
    "union_tag_invalid": "tipo desconhecido: {tag}; existem {expected_tags}",
    "union_tag_not_found": "falta dizer o tipo em {discriminator}",
    "json_type": "deve ser um texto com JSON",
}
