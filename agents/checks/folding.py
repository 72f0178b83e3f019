"""Text as it is compared: one case, no accents, no look-alikes, and numbers that were written out in figures."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

KEPT: Final = 512  # texts: a draft and its pages are looked at from many sides, and pages by many turns
_ORDINAL: Final = re.compile(r"(\d)\s?[ºª°]")
_DASHES: Final = {ord(dash): "-" for dash in "‐‑‒–—―−"} | {ord(mark): "'" for mark in "’‘´`"}
_INVISIBLE: Final = frozenset({"Mn", "Me", "Cf"})
_TOKEN: Final = re.compile(r"[^\W_]+")


class _Visible(dict[int, int | None]):
    """What becomes of each character, found out once."""

    def __missing__(self, code: int) -> int | None:
        self[code] = found = None if unicodedata.category(chr(code)) in _INVISIBLE else code
        return found


_VISIBLE: Final = _Visible()

_ONES: Final = {
    **dict.fromkeys(("um", "uma", "one"), 1),
    **dict.fromkeys(("dois", "duas", "two"), 2),
    **dict.fromkeys(("tres", "three"), 3),
    **dict.fromkeys(("quatro", "four"), 4),
    **dict.fromkeys(("cinco", "five"), 5),
    **dict.fromkeys(("seis", "six"), 6),
    **dict.fromkeys(("sete", "seven"), 7),
    **dict.fromkeys(("oito", "eight"), 8),
    **dict.fromkeys(("nove", "nine"), 9),
    **dict.fromkeys(("dez", "ten"), 10),
    **dict.fromkeys(("onze", "eleven"), 11),
    **dict.fromkeys(("doze", "twelve"), 12),
    **dict.fromkeys(("treze", "thirteen"), 13),
    **dict.fromkeys(("catorze", "quatorze", "fourteen"), 14),
    **dict.fromkeys(("quinze", "fifteen"), 15),
    **dict.fromkeys(("dezesseis", "sixteen"), 16),
    **dict.fromkeys(("dezessete", "seventeen"), 17),
    **dict.fromkeys(("dezoito", "eighteen"), 18),
    **dict.fromkeys(("dezenove", "nineteen"), 19),
    **dict.fromkeys(("vinte", "twenty"), 20),
    **dict.fromkeys(("trinta", "thirty"), 30),
    **dict.fromkeys(("quarenta", "forty"), 40),
    **dict.fromkeys(("cinquenta", "fifty"), 50),
    **dict.fromkeys(("sessenta", "sixty"), 60),
    **dict.fromkeys(("setenta", "seventy"), 70),
    **dict.fromkeys(("oitenta", "eighty"), 80),
    **dict.fromkeys(("noventa", "ninety"), 90),
    **dict.fromkeys(("cem", "cento"), 100),
    **dict.fromkeys(("duzentos", "duzentas"), 200),
    **dict.fromkeys(("trezentos", "trezentas"), 300),
    **dict.fromkeys(("quatrocentos", "quatrocentas"), 400),
    **dict.fromkeys(("quinhentos", "quinhentas"), 500),
    **dict.fromkeys(("seiscentos", "seiscentas"), 600),
    **dict.fromkeys(("setecentos", "setecentas"), 700),
    **dict.fromkeys(("oitocentos", "oitocentas"), 800),
    **dict.fromkeys(("novecentos", "novecentas"), 900),
}
_SCALES: Final = {
    **dict.fromkeys(("hundred",), 100),
    **dict.fromkeys(("mil", "thousand"), 1000),
    **dict.fromkeys(("milhao", "milhoes", "million"), 1_000_000),
}
_ANY: Final = "|".join(sorted((*_ONES, *_SCALES), key=len, reverse=True))
_WRITTEN_OUT: Final = re.compile(rf"(?<!\d )(?<![\w-])(?:{_ANY})(?:(?: e | and | |-)(?:{_ANY}))*(?!\w)")
_WORD: Final = re.compile(r"[a-z]+")
_MEASURE: Final = re.compile(
    r"\s*(?:%|r\$|reais\b|real\b|dolares\b|dollars\b|euros?\b|por\s?cento\b|percent\b|dias?\b|days?\b|horas?\b|hours?\b"
    r"|semanas?\b|weeks?\b|mes\b|meses\b|months?\b|anos?\b|years?\b|minut\w+|parcelas?\b|vezes\b|times\b)"
)


@lru_cache(maxsize=KEPT)
def folded(text: str) -> str:
    """`1º` becomes `1th`, so that a place in a row is not taken for a number."""
    if text.isascii():
        return text.replace("`", "'").lower()
    marked = _ORDINAL.sub(r"\1th", text).translate(_DASHES).casefold()
    return unicodedata.normalize("NFKD", marked).translate(_VISIBLE)


def in_figures(text: str, *, measured_only: bool) -> str:
    """Of folded text. `measured_only`: where a measure follows, and never for one, which is also an article."""

    def figure(found: re.Match[str]) -> str:
        value = _value(found[0])
        if measured_only and (value == 1 or not _MEASURE.match(text, found.end())):
            return found[0]
        return str(value)

    return _WRITTEN_OUT.sub(figure, text)


@lru_cache(maxsize=KEPT)
def tokens(text: str) -> tuple[str, ...]:
    """The words and numbers of a text, as they are compared."""
    return tuple(_TOKEN.findall(folded(text)))


def _value(words: str) -> int:
    total, group = 0, 0
    for word in _WORD.findall(words):
        if word in _ONES:
            group += _ONES[word]
        elif word in _SCALES and _SCALES[word] == 100:  # noqa: PLR2004 - the one scale within a group
            group = max(1, group) * 100
        elif word in _SCALES:
            total, group = total + max(1, group) * _SCALES[word], 0
    return total + group
