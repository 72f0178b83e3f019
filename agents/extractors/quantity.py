"""How many: in digits or in words, with what is counted where it is said."""

import re
from decimal import Decimal
from typing import Final

from agents.extractors.found import Found, plain
from agents.extractors.numerals import numbers

_MOST: Final = 10**9


def find(text: str) -> list[Found]:
    folded = plain(text)
    found = []
    for number in numbers(folded.text):
        thousand = _THOUSAND.match(folded.text, number.end)
        amount = number.amount * (1000 if thousand else 1)
        end = thousand.end() if thousand else number.end
        unit = _UNIT.match(folded.text, end)
        if amount > _MOST or _NOT_COUNTED.match(folded.text, end):
            continue
        value = {"number": _number(amount), **({"unit": unit["unit"]} if unit else {})}
        found.append(Found(value, *folded.span(number.start, unit.end() if unit else end)))
    return found


def _number(amount: Decimal) -> int | float:
    return int(amount) if amount == int(amount) else float(amount)


_THOUSAND: Final = re.compile(r" ?(?:mil|k)(?![a-z])")
_NOT_COUNTED: Final = re.compile(r" ?(?:%|/[0-9]|:[0-9]|h[0-9]|reais|dolares)")
_UNIT: Final = re.compile(
    r" ?(?P<unit>pessoas?|unidades?|caixas?|quartos?|vagas?|m2|metros?|km|kg|quilos?|litros?|pecas?|itens|"
    r"item|funcionarios?|usuarios?|"
    r"licencas?|lojas?|alunos?|criancas?|adultos?|dias?|noites?|diarias?|meses|mes|anos?|horas?|people|units?|users?|"
    r"personas?|seats?|rooms?|kids?|adults?|nights?)(?![a-z0-9])"
)
