"""How the values of slots are compared, and how they are read to people."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from agents.commands import Value
from agents.extractors.found import plain
from agents.personas.definition import SlotType


def same(type: SlotType, one: Value, other: Value) -> bool:  # noqa: A002 - a slot's type is called so everywhere
    """Whether both say the same, however it was written. A period's words do not count beside its days."""
    keys: Sequence[str] = _MEANING.get(type, ())
    if type in _WRITTEN:
        return _folded(one) == _folded(other)
    return all(one.get(key) == other.get(key) for key in keys) if keys else one == other


def in_words(type: SlotType, value: Value, language: str) -> str:  # noqa: A002 - see above
    """For the person it is about: a CPF is theirs, and still not repeated in full."""
    return _WORDS[type](value, language.lower().startswith("en"))


def _folded(value: Value) -> str:
    return " ".join(plain(str(value.get("name") or value.get("text") or "")).text.split())


def _money(value: Value, is_english: bool) -> str:  # noqa: FBT001 - all of a table have this shape
    amount = f"{value['cents'] / 100:,.2f}"
    currency = str(value["currency"])
    sign = _SIGNS.get(currency, currency)
    if is_english:
        return f"{sign}{amount}" if len(sign) == 1 else f"{sign} {amount}"
    return f"{sign} {amount.translate(_BRAZILIAN)}"


def _quantity(value: Value, is_english: bool) -> str:  # noqa: FBT001 - see above
    number = str(value["number"])
    written = number if is_english else number.replace(".", ",")
    return f"{written} {value['unit']}" if value.get("unit") else written


def _date(value: Value, is_english: bool) -> str:  # noqa: FBT001 - see above
    day = date.fromisoformat(value["date"])
    return f"{_weekday(day, is_english)}, {_day(day, is_english)}{', ' if is_english else '/'}{day.year}"


def _moment(value: Value, is_english: bool) -> str:  # noqa: FBT001 - see above
    at = datetime.fromisoformat(value["at"])
    start = f"{_weekday(at.date(), is_english)}, {_day(at.date(), is_english)}"
    if is_english:
        return f"{start} at {at.hour % 12 or 12}:{at.minute:02} {'AM' if at.hour < 12 else 'PM'}"  # noqa: PLR2004 - noon
    return f"{start} às {at.hour}h{f'{at.minute:02}' if at.minute else ''}"


def _weekday(day: date, is_english: bool) -> str:  # noqa: FBT001 - see above
    return _WEEKDAYS[is_english][day.weekday()]


def _day(day: date, is_english: bool) -> str:  # noqa: FBT001 - see above
    return f"{_MONTHS[day.month - 1]} {day.day}" if is_english else f"{day.day:02}/{day.month:02}"


def _phone(value: Value, _: bool) -> str:  # noqa: FBT001 - see above
    number = str(value["phone"])
    if not number.startswith("+55"):
        return number
    area, line = number[3:5], number[5:]
    return f"({area}) {line[:-4]}-{line[-4:]}"


def _cpf(value: Value, _: bool) -> str:  # noqa: FBT001 - see above
    number = str(value["number"])
    return f"***.{number[3:6]}.{number[6:9]}-**"


def _cnpj(value: Value, _: bool) -> str:  # noqa: FBT001 - see above
    number = str(value["number"])
    return f"{number[:2]}.{number[2:5]}.{number[5:8]}/{number[8:12]}-{number[12:]}"


def _cep(value: Value, _: bool) -> str:  # noqa: FBT001 - see above
    return f"{value['cep'][:5]}-{value['cep'][5:]}"


def _yes_no(value: Value, is_english: bool) -> str:  # noqa: FBT001 - see above
    return (("não", "sim"), ("no", "yes"))[is_english][bool(value["yes"])]


def _key(name: str) -> Callable[[Value, bool], str]:
    return lambda value, _: str(value[name])


_BRAZILIAN: Final = str.maketrans(",.", ".,")
_SIGNS: Final = {"BRL": "R$", "USD": "US$", "EUR": "€"}
_WEEKDAYS: Final = (
    ("segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo"),
    ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WRITTEN: Final = frozenset({SlotType.PERSON_NAME, SlotType.TEXT})
_MEANING: Final[Mapping[SlotType, tuple[str, ...]]] = {
    SlotType.CHOICE: ("value",),
    SlotType.PERIOD: ("from", "until"),
    SlotType.QUANTITY: ("number", "unit"),
}
_WORDS: Final[Mapping[SlotType, Callable[[Mapping[str, Any], bool], str]]] = {
    SlotType.PERSON_NAME: _key("name"),
    SlotType.TEXT: _key("text"),
    SlotType.CHOICE: _key("label"),
    SlotType.MONEY: _money,
    SlotType.QUANTITY: _quantity,
    SlotType.DATE: _date,
    SlotType.PERIOD: _key("words"),
    SlotType.MOMENT: _moment,
    SlotType.PHONE: _phone,
    SlotType.EMAIL: _key("email"),
    SlotType.CPF: _cpf,
    SlotType.CNPJ: _cnpj,
    SlotType.CEP: _cep,
    SlotType.YES_NO: _yes_no,
}
