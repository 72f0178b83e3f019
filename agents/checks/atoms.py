"""What can be true or false in a text by itself: amounts, shares, dates, times, numbers, and data of people.

Everything is read from folded text, each character once, the longest shapes first.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from agents.checks.folding import folded, in_figures

OF_DATE: Final = "date"  # the unit of "dia 27"


class Kind(StrEnum):
    NUMBER = "number"
    MONEY = "money"
    PERCENT = "percent"
    DATE = "date"
    TIME = "time"
    EMAIL = "email"
    DIGITS = "digits"  # a telephone, a document, a code: what counts is each digit


@dataclass(frozen=True, kw_only=True, slots=True)
class Atom:
    """`values`: every way to read it, where 1,200 may be more than a thousand or little more than one."""

    kind: Kind
    text: str
    values: tuple[str | Decimal, ...] = ()
    unit: str | None = None  # of a number that measures time or parts: `day`, `part`


def atoms(text: str, *, is_ground: bool = False) -> Iterator[Atom]:
    """Those of a text. In what others were told, every number that was written out counts, in a draft the measured."""
    plain = in_figures(folded(text), measured_only=not is_ground)
    if not _IN_ANY.search(plain):
        return
    for found in _ATOM.finditer(plain):
        kind = str(found.lastgroup)
        yield from _READERS[kind](found)


def numbers(written: str) -> tuple[Decimal, ...]:
    """`1.200,50`, `1,200.50` and `1200.5` are what they look like; one separator before three digits is either."""
    digits = written.strip(".,")
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return (Decimal(digits),)
    whole, part = re.sub(r"[.,]", "", digits[:last]), digits[last + 1 :]
    grouped = Decimal(whole + part)
    if digits.count(digits[last]) > 1:
        return (grouped,)
    exact = Decimal(f"{whole}.{part}")
    is_group = len(part) == _GROUP
    if is_group and digits[last] == ".":
        return (grouped,) if len(whole) <= _GROUP else (exact,)
    return (grouped, exact) if is_group else (exact,)


_GROUP: Final = 3  # digits of a thousand
_NUMBER: Final = r"\d+(?:[.,]\d+)*"
_SCALE: Final = r"(?:\s?(?:mil(?:hao|hoes)?|k|mi|thousand|million)\b)?"
_DAY: Final = r"(?:0?[1-9]|[12]\d|3[01])"
_MONTH: Final = r"(?:0?[1-9]|1[0-2])"
_MONTHS: Final[Mapping[str, int]] = {
    name: number
    for number, names in enumerate(
        (
            "janeiro|jan|january",
            "fevereiro|fev|february|feb",
            "marco|mar|march",
            "abril|abr|april|apr",
            "maio|mai|may",
            "junho|jun|june",
            "julho|jul|july",
            "agosto|ago|august|aug",
            "setembro|set|september|sep|sept",
            "outubro|out|october|oct",
            "novembro|nov|november",
            "dezembro|dez|december|dec",
        ),
        start=1,
    )
    for name in names.split("|")
}
_NAMES: Final = "|".join(sorted(_MONTHS, key=len, reverse=True))
_UNITS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("dia", "dias", "day", "days"), "day"),
    **dict.fromkeys(("semana", "semanas", "week", "weeks"), "week"),
    **dict.fromkeys(("mes", "meses", "month", "months"), "month"),
    **dict.fromkeys(("ano", "anos", "year", "years"), "year"),
    **dict.fromkeys(("h", "hs", "hr", "hrs", "hora", "horas", "hour", "hours"), "hour"),
    **dict.fromkeys(("min", "mins", "minuto", "minutos", "minute", "minutes"), "minute"),
    **dict.fromkeys(("x", "vez", "vezes", "parcela", "parcelas", "installments", "times"), "part"),
}
_UNIT: Final = rf"(?:business\s|working\s)?(?:{'|'.join(sorted(_UNITS, key=len, reverse=True))})"
_HOUR: Final = r"(?:[01]?\d|2[0-4])"
_HALF: Final = (
    r"(?:\s?(?P<half>am|pm|a\.m\.|p\.m\.)(?![a-z])|\s(?:da|de|of|in the)\s(?P<part>manha|tarde|noite|madrugada))"
)
_HAS_HALF: Final = re.sub(r"\?P<\w+>", "?:", _HALF)
_TO: Final = r"\s?(?:as|a|ate|e|to|until|till|-)\s?"
_SHAPES: Final = {
    "email": r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "nothing": (  # looks like a number, and says nothing
        r"(?m:^\s*\d{1,2}[.)-](?=\s))|\b\d{1,3}(?:th|st|nd|rd)\b(?!\s(?:dia|de\s|day|of\s))"
        r"|(?<![\d.,])1 (?:minut\w+|segundo|instante|momento|second|moment)\b"
    ),
    "cents": r"\b\w*cents['\"]?\s?[:=]\s?(?P<cents>\d+)",
    "iso": r"\b(?P<iso_y>\d{4})-(?P<iso_m>\d\d)-(?P<iso_d>\d\d)(?:[t ](?P<iso_h>\d\d):(?P<iso_min>\d\d)(?::\d\d)?)?",
    "document": r"\b\d{3}\.\d{3}\.\d{3}-\d\d\b|\b\d{2}\.\d{3}\.\d{3}/\d{4}-\d\d\b|\b\d{5}-\d{3}\b",
    "date": (
        rf"(?<![\d.,/-])(?P<d>{_DAY})(?:/(?P<m>{_MONTH})(?:/(?P<y>\d{{4}}|\d\d))?"
        rf"|(?P<sep>[.-])(?P<m2>{_MONTH})(?P=sep)(?P<y2>\d{{4}}))(?![\d/])(?!,\d)"
    ),
    "worded": (
        rf"\b(?P<wd>{_DAY})(?:th|st|nd|rd)?\s?(?:de |of )?(?P<wm>{_NAMES})\b\.?(?:,?\s(?:de |of )?(?P<wy>\d{{4}})\b)?"
        rf"|\b(?P<vm>{_NAMES})\s(?P<vd>{_DAY})(?:th|st|nd|rd)?\b(?![\d:h%])(?:,?\s(?P<vy>\d{{4}})\b)?"
    ),
    "phone": (
        r"(?<![\w])(?!(?:19|20)\d\d-(?:19|20)\d\d\b)(?:\+\d{1,3}[\s.-]?)?(?:\(\d{2,3}\)\s?|\d{2}[\s.-])?9?[\s.]?\d{4}[\s.-]\d{4}\b(?!-\d)"
        r"|\b0[3589]00[\s.-]?\d{3}[\s.-]?\d{4}\b|\+\d[\d\s().-]{7,}\d|\b\d{8,}\b(?![.,]\d)"
    ),
    "span": rf"(?<![\d.,:/])(?P<span>{_HOUR})(?={_TO}{_HOUR}(?::\d\d|\s?h(?:oras?|s)?\b|h\d\d|\s?[ap]m\b))",
    "time": (
        rf"(?<![\d.,:/$])(?P<h>{_HOUR})(?::(?P<min>[0-5]\d)(?:\s?h(?:oras?|s)?\b)?|\s?h(?:oras?|s|rs?)?(?P<min2>[0-5]\d)?\b"
        rf"(?:\s?e\s(?P<min3>[0-5]\d)\b)?|(?={_HAS_HALF})){_HALF}?"
    ),
    "percent": rf"(?P<percent>{_NUMBER})\s?(?:%|por\s?cento\b|percent\b|pct\b)",
    "money": (
        rf"(?:r\$|us\$|[$€£]|\bbrl\b|\busd\b)\s?(?P<money>{_NUMBER}{_SCALE})"
        rf"|(?P<money2>{_NUMBER}{_SCALE})\s?(?:de\s)?(?:reais\b|real\b|dolares\b|dollars?\b|euros?\b|brl\b|usd\b|conto\b|pila\b)"
    ),
    "code": r"\b[a-z_]+-?\d\w*",  # B2B, Covid-19, p3
    "day": rf"\b(?:dia|day)\s(?P<day>{_DAY})\b(?![/\d]|\s?de\s(?:{_NAMES})\b|\s(?:{_NAMES})\b)",
    "number": (
        rf"(?P<number>{_NUMBER}{_SCALE})(?:\s?(?P<unit>{_UNIT})\b"
        rf"|(?=\s?(?:a|ate|ou|to|or|-)\s?{_NUMBER}\s?(?P<unit2>{_UNIT})\b))?"
    ),
}
_IN_ANY: Final = re.compile(r"[\d@]")  # each of the shapes has one of these
_ATOM: Final = re.compile("|".join(f"(?P<{name}_>{shape})" for name, shape in _SHAPES.items()))
_SCALED: Final = {
    "mil": 1000,
    "k": 1000,
    "thousand": 1000,
    "mi": 10**6,
    "milhao": 10**6,
    "milhoes": 10**6,
    "million": 10**6,
}


def _amounts(written: str) -> tuple[Decimal, ...]:
    figures, scale = re.match(rf"({_NUMBER})\s?([a-z]*)", written).groups()  # type: ignore[union-attr] # a number it is
    return tuple(value * _SCALED.get(scale, 1) for value in numbers(figures))


def _date(year: str | None, month: int, day: int) -> str:
    full = "" if not year else year if len(year) > 2 else f"20{year}"  # noqa: PLR2004 - a year of two digits
    return f"{full}-{month:02}-{day:02}"


def _time(hour: int, minute: int, half: str = "") -> str:
    is_afternoon = half[:1] == "p" or half in {"tarde", "noite"}
    return f"{hour + 12 if is_afternoon and hour < 12 else hour:02}:{minute:02}"  # noqa: PLR2004 - noon


def _of_iso(found: re.Match[str]) -> Iterator[Atom]:
    yield Atom(kind=Kind.DATE, text=found[0], values=(_date(found["iso_y"], int(found["iso_m"]), int(found["iso_d"])),))
    if found["iso_h"]:
        yield Atom(kind=Kind.TIME, text=found[0], values=(_time(int(found["iso_h"]), int(found["iso_min"])),))


def _of_date(found: re.Match[str]) -> Iterator[Atom]:
    value = _date(found["y"] or found["y2"], int(found["m"] or found["m2"]), int(found["d"]))
    yield Atom(kind=Kind.DATE, text=found[0], values=(value,))


def _of_worded(found: re.Match[str]) -> Iterator[Atom]:
    month = _MONTHS[found["wm"] or found["vm"]]
    yield Atom(
        kind=Kind.DATE,
        text=found[0],
        values=(_date(found["wy"] or found["vy"], month, int(found["wd"] or found["vd"])),),
    )


def _of_time(found: re.Match[str]) -> Iterator[Atom]:
    minute = int(found["min"] or found["min2"] or found["min3"] or 0)
    value = _time(int(found["h"]), minute, found.group("half") or found.group("part") or "")
    yield Atom(kind=Kind.TIME, text=found[0], values=(value,))


def _of_number(found: re.Match[str]) -> Iterator[Atom]:
    unit = _UNITS.get((found["unit"] or found["unit2"] or "").split(" ")[-1])
    yield Atom(kind=Kind.NUMBER, text=found[0], values=_amounts(found["number"]), unit=unit)


def _digits(found: re.Match[str]) -> Iterator[Atom]:
    yield Atom(kind=Kind.DIGITS, text=found[0], values=(re.sub(r"\D", "", found[0]),))


def _of_money(found: re.Match[str]) -> Iterator[Atom]:
    yield Atom(kind=Kind.MONEY, text=found[0], values=_amounts(found["money"] or found["money2"]))


def _of_cents(found: re.Match[str]) -> Iterator[Atom]:
    yield Atom(kind=Kind.MONEY, text=found[0], values=(Decimal(found["cents"]) / 100,))


_READERS: Final[Mapping[str, Callable[[re.Match[str]], Iterator[Atom]]]] = {
    "email_": lambda found: iter((Atom(kind=Kind.EMAIL, text=found[0], values=(found[0],)),)),
    "nothing_": lambda _: iter(()),
    "code_": lambda _: iter(()),
    "day_": lambda found: iter((Atom(kind=Kind.NUMBER, text=found[0], values=(Decimal(found["day"]),), unit=OF_DATE),)),
    "cents_": _of_cents,
    "iso_": _of_iso,
    "document_": _digits,
    "date_": _of_date,
    "worded_": _of_worded,
    "phone_": _digits,
    "span_": lambda found: iter((Atom(kind=Kind.TIME, text=found[0], values=(_time(int(found["span"]), 0),)),)),
    "time_": _of_time,
    "percent_": lambda found: iter((Atom(kind=Kind.PERCENT, text=found[0], values=numbers(found["percent"])),)),
    "money_": _of_money,
    "number_": _of_number,
}
