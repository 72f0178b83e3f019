"""Numbers, money, times and spans, as people of the company read them."""

from datetime import date, datetime, timedelta
from typing import Final

from core.texts import Language, Text

_SIGNS: Final = {"BRL": "R$", "USD": "US$", "EUR": "€"}
_MICROS: Final = 1_000_000
_THOUSAND: Final = 1000
_LEVELS: Final = (
    (1_000_000_000, Text("bi", "bn")),
    (1_000_000, Text("mi", "M")),
    (_THOUSAND, Text("mil", "k")),
)
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_UNITS: Final = ((2 * _DAY, _DAY, "d"), (_HOUR, _HOUR, "h"), (_MINUTE, _MINUTE, "min"))
_SOON: Final = Text("agora", "now")
_UNKNOWN: Final = Text("não se sabe", "unknown")


def number(value: float, language: Language, *, places: int = 0) -> str:
    """1.234,5 in Portuguese, 1,234.5 in English."""
    written = f"{value:,.{places}f}"
    if language is Language.EN:
        return written
    return written.translate(str.maketrans(",.", ".,"))


def short(value: float, language: Language) -> str:
    """For an axis: 950, 1,2 mil, 3 mi."""
    for size, name in _LEVELS:
        if abs(value) >= size:
            scaled = value / size
            places = 0 if scaled == int(scaled) else 1
            return f"{number(scaled, language, places=places)} {name.in_(language)}"
    return number(value, language)


def money(cents: int, language: Language, *, currency: str = "BRL") -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{_SIGNS.get(currency, currency)} {number(abs(cents) / 100, language, places=2)}"


def dollars(micros: int | None, language: Language) -> str:
    """What models cost. Unknown is not zero; what is less than a cent is not zero either."""
    if micros is None:
        return _UNKNOWN.in_(language)
    amount = micros / _MICROS
    places = 4 if 0 < amount < 1 else 2
    return f"US$ {number(amount, language, places=places)}"


def share(part: int, whole: int, language: Language) -> str | None:
    """None: there is nothing to have a share of."""
    return None if whole == 0 else f"{number(100 * part / whole, language)}%"


def moment(at: datetime, language: Language) -> str:
    """22/11 14:30; `at` is in the company's zone."""
    return f"{day(at.date(), language)} {at:%H:%M}"


def day(at: date, language: Language) -> str:
    return f"{at:%d/%m}" if language is Language.PT else f"{at:%b} {at.day}"


def span(length: timedelta) -> str:
    """The two largest units of it: 45 s, 12 min, 3 h 20 min, 2 d 4 h."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < _DAY:
        return _two(seconds, _HOUR, "h", _MINUTE, "min")
    return _two(seconds, _DAY, "d", _HOUR, "h")


def age(length: timedelta, language: Language) -> str:
    """How long something has stood, in its largest unit alone."""
    seconds = round(length.total_seconds())
    if seconds < _MINUTE:
        return _SOON.in_(language)
    _, size, name = next(unit for unit in _UNITS if seconds >= unit[0])
    return f"{seconds // size} {name}"


def _two(seconds: int, large: int, name: str, small: int, other: str) -> str:
    rest = seconds % large // small
    return f"{seconds // large} {name}" + (f" {rest} {other}" if rest else "")
