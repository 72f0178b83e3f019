"""What is wrong with a field, said in Portuguese, under the path that the caller knows."""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from admin_api.crm.schemas import FieldName, FieldValue, Name, Zone
from admin_api.field_errors import field_errors
from core.errors import FieldError


class Colour(StrEnum):
    RED = "red"


def _even(value: int) -> int:
    if value % 2:
        raise ValueError("an odd number")
    return value


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    amount: Annotated[int, Field(ge=1, lt=10)] = 1
    price: Annotated[float, Field(gt=0, le=9, allow_inf_nan=False)] = 1
    note: Annotated[str, Field(min_length=2, max_length=4, pattern="^[a-z]*$")] = "ab"
    colour: Colour = Colour.RED
    size: Literal["s", "m"] = "s"
    id: UUID | None = None
    is_gift: bool = False
    day: date | None = None
    hour: time | None = None
    at: datetime | None = None
    zoned: AwareDatetime | None = None
    lines: Annotated[list[int], Field(min_length=1, max_length=2)] = [1]
    even: Annotated[int, AfterValidator(_even)] = 2
    either: int | Annotated[str, Field(max_length=3)] | list[str] = 1
    fields: dict[FieldName, FieldValue | None] = {}
    name: Name | None = None
    zone: Zone | None = None


class Strict(BaseModel):
    needed: int


def wrong(told: dict[str, Any], model: type[BaseModel] = Order) -> tuple[FieldError, ...]:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(told)
    return field_errors([{**error, "loc": ("body", *error["loc"])} for error in refused.value.errors()])


class TestMessages:
    @pytest.mark.parametrize(
        ("told", "pt"),
        [
            ({"amount": "x"}, "deve ser um número inteiro"),
            ({"amount": 1.5}, "deve ser um número inteiro, sem decimais"),
            ({"amount": 0}, "deve ser no mínimo 1"),
            ({"amount": 10}, "deve ser menor que 10"),
            ({"price": 0}, "deve ser maior que 0.0"),
            ({"price": 10}, "deve ser no máximo 9.0"),
            ({"price": "x"}, "deve ser um número"),
            ({"price": float("nan")}, "deve ser um número finito"),
            ({"note": 1}, "deve ser um texto"),
            ({"note": "a"}, "curto demais: no mínimo 2 caracteres"),
            ({"note": "abcde"}, "longo demais: no máximo 4 caracteres"),
            ({"note": "AB"}, "não tem a forma esperada: ^[a-z]*$"),
            ({"colour": "blue"}, "deve ser um destes: 'red'"),
            ({"size": "x"}, "deve ser um destes: 's' or 'm'"),
            ({"id": "x"}, "não é um UUID válido"),
            ({"is_gift": "maybe"}, "deve ser true ou false"),
            ({"day": "x"}, "não é uma data válida, como 2026-01-31"),
            ({"hour": "x"}, "não é uma hora válida, como 08:30"),
            ({"at": "x"}, "não é data e hora, como 2026-01-31T08:30:00-03:00"),
            ({"zoned": "2026-01-31T08:30:00"}, "falta o fuso horário"),
            ({"lines": []}, "poucos itens: no mínimo 1"),
            ({"lines": [1, 2, 3]}, "itens demais: no máximo 2"),
            ({"lines": 1}, "deve ser uma lista"),
            ({"fields": 1}, "deve ser um objeto"),
            ({"surprise": 1}, "campo desconhecido"),
            ({"even": 3}, "valor inválido: an odd number"),
            ({"name": " Ana"}, "valor inválido: sem espaço nas pontas"),
            ({"name": "A\x00"}, "valor inválido: só caracteres visíveis"),
            ({"zone": "Mars"}, "valor inválido: não é um fuso horário como America/Sao_Paulo"),
            ({"fields": {"profile": 1}}, "valor inválido: profile é mantido pelos canais"),
        ],
    )
    def test_each_is_said_in_portuguese_and_keeps_its_english(self, told: dict[str, Any], pt: str) -> None:
        [error] = wrong(told)
        assert error.message.pt == pt
        assert error.message.en
        assert error.message.en != pt

    def test_what_is_missing_is(self) -> None:
        [error] = wrong({}, Strict)
        assert (error.field, error.message.pt) == ("body.needed", "falta")

    def test_a_kind_that_is_not_in_the_table_says_at_least_its_english(self) -> None:
        [error] = field_errors([{"type": "of_next_year", "loc": ("query", "x"), "msg": "Too new"}])
        assert error == FieldError(field="query.x", message=error.message)
        assert tuple(error.message) == ("valor inválido (Too new)", "Too new")

    def test_a_limit_that_is_not_told_breaks_nothing(self) -> None:
        [error] = field_errors([{"type": "less_than", "loc": ("query", "x"), "msg": "Too large"}])
        assert error.message.pt == "deve ser menor que …"


class TestPaths:
    @pytest.mark.parametrize(
        ("told", "field"),
        [
            ({"lines": [1, "x"]}, "body.lines.1"),
            ({"either": None}, "body.either"),
            ({"either": "long"}, "body.either"),
            ({"fields": {"note": "x" * 1001}}, "body.fields.note"),
            ({"fields": {"str": [1]}}, "body.fields.str"),
            ({"fields": {"1": 1}}, "body.fields.1"),
            ({"int": 1}, "body.int"),
            ({"x" * 500: 1}, f"body.{'x' * 80}"),
        ],
    )
    def test_no_branch_of_a_union_is_in_it(self, told: dict[str, Any], field: str) -> None:
        assert {error.field for error in wrong(told)} == {field}

    def test_what_several_branches_say_alike_is_said_once(self) -> None:
        said = wrong({"fields": {"note": [1]}})
        assert len({(error.field, error.message.en) for error in said}) == len(said)
