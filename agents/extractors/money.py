"""Amounts of money: R$ 8.000,00, 8 mil, 8k, "uns 5 mil e quinhentos", US$ 30; a bare number only where asked for."""

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Final

from agents.extractors.found import Found, plain
from agents.extractors.numerals import Number, numbers

_MOST: Final = 10**14  # cents
_THOUSAND: Final = 1000


def find(text: str, *, asked: bool = False) -> list[Found]:
    """Those with a currency, "mil" or "k" first; bare numbers where there are none and one was asked for."""
    folded = plain(text)
    amounts = [amount for amount in _amounts(folded.text) if 0 <= amount.cents <= _MOST]
    certain = [amount for amount in amounts if amount.is_certain]
    chosen = certain or [amount for amount in amounts if asked and not amount.is_counted]
    return [
        Found({"cents": amount.cents, "currency": amount.currency}, *folded.span(amount.start, amount.end))
        for amount in chosen
    ]


class _Amount:
    def __init__(self, text: str, number: Number) -> None:
        before, behind = text[max(0, number.start - 6) : number.start], text[number.end : number.end + 48]
        sign = _SIGN.search(before)
        grown = _GROWN.match(behind)
        factor, more = _factor(grown)
        tail = behind[grown.end() :] if grown else behind
        unit = _UNIT.match(tail)
        self.start = number.start - len(sign[0]) if sign else number.start
        self.end = number.end + (grown.end() if grown else 0) + (unit.end() if unit else 0)
        self.cents = int((number.amount * factor + more) * 100)
        self.currency = _currency(sign[0] if sign else "", unit[0] if unit else "")
        self.is_counted = bool(_COUNTED.match(tail)) and not (sign or unit)
        is_large = bool(grown) or (not number.is_digits and number.amount >= _THOUSAND)
        self.is_certain = bool(sign or unit or (is_large and not self.is_counted))


def _amounts(text: str) -> Iterator[_Amount]:
    amounts = [_Amount(text, number) for number in numbers(text)]
    if amounts:
        yield amounts[0]
    for before, amount in pairwise(amounts):
        if amount.start >= before.end:  # "5 mil e quinhentos" is one
            yield amount


def _factor(grown: re.Match[str] | None) -> tuple[Decimal, Decimal]:
    """What "mil", "k" or "milhões" make of a number, and what "e quinhentos" or "e meio" adds."""
    if grown is None:
        return Decimal(1), Decimal(0)
    factor = Decimal(1000 if grown["thousand"] else 1_000_000)
    rest = grown["rest"]
    if not rest:
        return factor, Decimal(0)
    if rest in {"meio", "meia", "half"}:
        return factor, factor / 2
    return factor, next(numbers(rest)).amount


def _currency(*written: str) -> str:
    words = " ".join(written)
    if re.search(r"us|usd|dol|buck", words):
        return "USD"
    return "EUR" if re.search(r"€|eur", words) else "BRL"


_SIGN: Final = re.compile(r"(?:(?<![a-z])(?:r|us|u)? ?\$|€|(?<![a-z])(?:brl|usd|eur)) ?\Z")
_GROWN: Final = re.compile(
    r" ?(?:(?P<thousand>mil(?![a-z])|k(?![a-z])|thousand(?![a-z]))|(?:milhao|milhoes|mi|million|millions|mm)(?![a-z]))"
    r"(?: (?:e|and|y) (?P<rest>meio|meia|half|[0-9]{1,3}(?![0-9.,/h])|(?:cem|cento|duzentos|trezentos|"
    r"quatrocentos|quinhentos"
    r"|seiscentos|setecentos|oitocentos|novecentos)(?: e (?:vinte|trinta|quarenta|cinquenta|sessenta|setenta|"
    r"oitenta|noventa))?)"
    r"(?![a-z]))?"
)
_UNIT: Final = re.compile(
    r" ?(?:de )?(?:reais|real|conto|contos|pila|pilas|pau|paus|mangos|dolares|dolar|dollars|dollar|bucks|usd|"
    r"euros|euro|brl|reales)"
    r"(?![a-z])"
)
_COUNTED: Final = re.compile(
    r" ?(?:%|por ?cento|percent|/|:[0-9]|h(?![a-z])|hs|hrs?|[ao]s? (?:andar|parcela)|pessoas?|unidades?|un|km"
    r"|m2|m²|metros?|cm|mm|kg|"
    r"quilos?|g|ml|litros?|l|seguidores|pecas?|vezes|x(?![a-z])|horas?|minutos?|min|anos?|dias?|mes|meses|"
    r"semanas?|quartos?|"
    r"vagas?|people|days?|years?|months?|weeks?|hours?|times|pm|am|de (?:janeiro|fevereiro|marco|abril|maio|"
    r"junho|julho|"
    r"agosto|setembro|outubro|novembro|dezembro))(?![a-z])"
)
