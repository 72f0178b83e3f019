"""Numbers as people write them: 8.000,00, 8,5, "duzentos e cinquenta", "two hundred"."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Final


@dataclass(frozen=True, slots=True)
class Number:
    amount: Decimal
    start: int
    end: int
    is_digits: bool


def numbers(text: str) -> Iterator[Number]:
    """The numbers of a plain text, in digits or in words up to 999 999; of a longer list its beginning."""
    for found in islice(_NUMERAL.finditer(text), _MOST):
        if found["digits"]:
            yield Number(_of_digits(found["digits"]), found.start(), found.end(), is_digits=True)
        else:
            yield Number(Decimal(of_words(found[0])), found.start(), found.end(), is_digits=False)


def of_words(text: str) -> int:
    """Of words that are all numerals, or join them."""
    total = part = 0
    for word in re.split(r"[\s-]+", text):
        if word in _THOUSAND:
            total, part = total + (part or 1) * 1000, 0
        elif word in _HUNDRED_AFTER:
            part = (part or 1) * 100
        else:
            part += _WORDS.get(word, 0)
    return total + part


def small(word: str) -> int | None:
    """One numeral, in digits or in words."""
    return int(word) if word.isascii() and word.isdecimal() else _WORDS.get(word)


def _of_digits(written: str) -> Decimal:
    """The last mark before one or two digits is the decimal one; any other groups thousands."""
    if found := _DECIMALS.search(written):
        whole = re.sub(r"[^0-9]", "", written[: found.start()])
        return Decimal(f"{whole or '0'}.{found[1]}")
    return Decimal(re.sub(r"[^0-9]", "", written))


def _table(*lines: str) -> Mapping[str, int]:
    return {word: int(number) for line in lines for number, word in (pair.split(":") for pair in line.split())}


_MOST: Final = 64
_WORDS: Final = _table(
    "0:zero 1:um 1:uma 2:dois 2:duas 3:tres 4:quatro 5:cinco 6:seis 6:meia 7:sete 8:oito 9:nove 10:dez 11:onze",
    "12:doze 13:treze 14:quatorze 14:catorze 15:quinze 16:dezesseis 17:dezessete 18:dezoito 19:dezenove 20:vinte",
    "30:trinta 40:quarenta 50:cinquenta 50:cincoenta 60:sessenta 70:setenta 80:oitenta 90:noventa 100:cem 100:cento",
    "200:duzentos 200:duzentas 300:trezentos 300:trezentas 400:quatrocentos 400:quatrocentas 500:quinhentos",
    "500:quinhentas 600:seiscentos 600:seiscentas 700:setecentos 700:setecentas 800:oitocentos 800:oitocentas",
    "900:novecentos 900:novecentas",
    "1:one 2:two 3:three 4:four 5:five 6:six 7:seven 8:eight 9:nine 10:ten 11:eleven 12:twelve 15:fifteen 20:twenty",
    "30:thirty 40:forty 50:fifty 60:sixty 70:seventy 80:eighty 90:ninety",
    "1:uno 1:una 2:dos 4:cuatro 5:cinco 7:siete 8:ocho 9:nueve 10:diez 20:veinte 30:treinta 100:cien",
)
_THOUSAND: Final = frozenset({"mil", "thousand"})
_HUNDRED_AFTER: Final = frozenset({"hundred"})
# "meia" is six on the telephone and a half at the clock: only by itself is it left to those who know.
_SAID: Final = "|".join(sorted((*set(_WORDS) - {"meia"}, *_THOUSAND, *_HUNDRED_AFTER), key=len, reverse=True))
_NUMERAL: Final = re.compile(
    r"(?<![\w.,:/-])(?P<digits>[0-9]{1,3}(?:[. ][0-9]{3}){1,4}(?:,[0-9]{1,2})?(?![0-9])|[0-9]{1,3}(?:,[0-9]{3}){1,4}"
    r"(?:\.[0-9]{1,2})?(?![0-9])|[0-9]{1,15}(?:[.,][0-9]{1,2})?(?![0-9]))(?!-[0-9]|[.][0-9]{3})"
    rf"|(?<!\w)(?:{_SAID})(?:(?: e | y | and |[ -])(?:{_SAID})){{0,11}}(?!\w)"
)
_DECIMALS: Final = re.compile(r"[.,]([0-9]{1,2})\Z")
