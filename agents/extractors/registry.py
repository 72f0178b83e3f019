"""Which extractor belongs to a slot, and how it is used: for an answer to its question, or for a value in passing."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, Protocol

from agents.commands import Value
from agents.extractors import answers, choices, contacts, dates, documents, moments, money, names, periods, quantity
from agents.extractors.found import Found, Refused
from agents.personas.definition import Slot, SlotType

# Their shape alone says what they are; the others need their question.
TELLING: Final = (
    SlotType.EMAIL,
    SlotType.CNPJ,
    SlotType.CPF,
    SlotType.CEP,
    SlotType.PHONE,
    SlotType.MOMENT,
    SlotType.DATE,
    SlotType.PERIOD,
    SlotType.MONEY,
    SlotType.PERSON_NAME,
    SlotType.CHOICE,
)


def extract(slot: Slot, text: str, *, today: date, known: Mapping[str, Value]) -> Found | Refused | None:
    """The first value in a text for a slot, as if it had just been asked for; else the first that fails its check."""
    found = find(slot, text, today=today, known=known, asked=True)
    if slot.type is SlotType.CHOICE and len({str(one.value["value"]) for one in found if isinstance(one, Found)}) > 1:
        return None  # two options were named: which one is meant is for others to understand
    good = next((one for one in found if isinstance(one, Found)), None)
    return good or next(iter(found), None)


def find(
    slot: Slot, text: str, *, today: date, known: Mapping[str, Value], asked: bool = False
) -> Sequence[Found | Refused]:
    """All of a slot's kind in a text. `asked`: forms that could be something else count too."""
    match slot.type:
        case SlotType.CHOICE:
            return choices.find(text, slot.options, asked=asked)
        case SlotType.DATE:
            return dates.find(text, today, asked=asked)
        case SlotType.MOMENT:
            return moments.find(text, today, known=known, asked=asked)
        case SlotType.PERIOD:
            return periods.find(text, today, known=known, asked=asked)
        case SlotType.QUANTITY | SlotType.TEXT | SlotType.YES_NO:
            return _of_question(slot.type, text) if asked else ()
        case _:
            return _of_shape(slot.type, text, asked=asked)


def _of_question(kind: SlotType, text: str) -> Sequence[Found]:
    finders = {
        SlotType.QUANTITY: quantity.find,
        SlotType.TEXT: answers.find_text,
        SlotType.YES_NO: answers.find_yes_no,
    }
    return finders[kind](text)


def _of_shape(kind: SlotType, text: str, *, asked: bool) -> Sequence[Found | Refused]:
    if kind is SlotType.EMAIL:
        return contacts.find_email(text)
    return _SHAPES[kind](text, asked=asked)


class _Finder(Protocol):
    def __call__(self, text: str, *, asked: bool = False) -> Sequence[Found | Refused]: ...


_SHAPES: Final[Mapping[SlotType, _Finder]] = {
    SlotType.PERSON_NAME: names.find,
    SlotType.MONEY: money.find,
    SlotType.PHONE: contacts.find_phone,
    SlotType.CPF: documents.find_cpf,
    SlotType.CNPJ: documents.find_cnpj,
    SlotType.CEP: documents.find_cep,
}
