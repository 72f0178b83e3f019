"""Numbers of a sheet as its reader sees them: a date is a date, a price has two places, a code keeps its digits."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

# The built-in formats that are dates or times; others are told by their letters.
_DATES: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_LITERAL: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.')
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet's day has no time zone
_EPOCH_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001 - a sheet's day has no time zone
_LAST_DAY: Final = 2_958_466
_DAY_SECONDS: Final = 86_400
_LONGEST: Final = 40
_PLACES: Final = re.compile(r"0\.(0{1,6})")


class Styles:
    """Cell formats by their number."""

    def __init__(self, formats: Sequence[int], codes: dict[int, str], *, is_1904: bool = False) -> None:
        self._formats = formats
        self._codes = codes
        self._epoch = _EPOCH_1904 if is_1904 else _EPOCH

    def show(self, written: str, style: str) -> str:
        number = _decimal(written)
        if number is None:
            return written
        known = self._formats[int(style)] if style.isdigit() and int(style) < len(self._formats) else 0
        code = self._codes.get(known, "")
        if known in _DATES or _is_date(code):
            return self._date(number) or _plain(number)
        if known in {9, 10} or "%" in _LITERAL.sub("", code):
            return f"{_plain(number * 100)}%"
        places = 2 if known in {2, 4} else _places(code)
        shown = f"{number:.{places}f}".replace(".", ",") if places else _plain(number)
        return f"R$ {shown}" if "R$" in code else shown

    def _date(self, number: Decimal) -> str | None:
        if not 0 <= number < _LAST_DAY:
            return None
        moment = self._epoch + timedelta(seconds=round(float(number) * _DAY_SECONDS))
        if number < 1:
            return f"{moment:%H:%M}"
        return f"{moment:%d/%m/%Y}" if number == int(number) else f"{moment:%d/%m/%Y %H:%M}"


def _decimal(written: str) -> Decimal | None:
    if len(written) > _LONGEST:
        return None
    try:
        number = Decimal(written)
    except InvalidOperation:
        return None
    is_sane = number.is_finite() and -_LONGEST < number.adjusted() < _LONGEST
    return number if is_sane else None


def _plain(number: Decimal) -> str:
    """Sheets keep 0.1 + 0.2 with seventeen digits; nobody sees more than fifteen."""
    shown = f"{float(number):.15g}"
    if "e" in shown:
        shown = f"{number:f}"
    return shown.replace(".", ",")


def _places(code: str) -> int:
    found = _PLACES.search(_LITERAL.sub("", code.split(";", maxsplit=1)[0]))
    return len(found[1]) if found else 0


def _is_date(code: str) -> bool:
    letters = _LITERAL.sub("", code.split(";", maxsplit=1)[0]).lower()
    return bool(set(letters) & set("dyhs")) and "general" not in letters
