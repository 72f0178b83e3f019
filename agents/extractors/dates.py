"""Days: hoje, sexta, dia 15, 15/12, daqui a 3 dias; always of the future, unless written with a year.

A weekday by itself, "próximo" or "que vem" is its next occurrence after today: people differ about the week meant, and
what waits for a yes is read back to them with its date.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Final

from agents.extractors.calendar_words import MONTH, MONTHS, WEEKDAY, WEEKDAYS
from agents.extractors.found import Found, Refused, plain, without
from agents.extractors.numerals import small

Reading = Callable[[re.Match[str], date], date | None]
_CENTURY: Final = 100
_MOST_AHEAD: Final = 3650
_YEARS: Final = range(1900, 2200)
_LEAP_CYCLE: Final = 9  # years within which every day of the calendar comes again


def find(text: str, today: date, *, asked: bool = False) -> list[Found | Refused]:
    """In the order of the text. Where two readings overlap, the one that says more counts."""
    folded = plain(text)
    found: list[Found | Refused] = []
    taken: list[tuple[int, int]] = []
    for start, end, day in _readings(folded.text, today, asked=asked):
        span = folded.span(start, end)
        one = Found({"date": day.isoformat()}, *span) if day else Refused(*span, reason="no_such_day")
        if without(taken)(one):
            found.append(one)
            taken.append(span)
        if len(found) == _MOST_DAYS:
            break
    return sorted(found, key=lambda one: one.start)


def _readings(text: str, today: date, *, asked: bool) -> Iterator[tuple[int, int, date | None]]:
    if not _HINT.search(text):
        return
    forms = (*_FORMS, *_WHEN_ASKED) if asked else _FORMS
    for shape, reading in forms:
        for found in shape.finditer(text):
            yield found.start(), found.end(), reading(found, today)


def _spoken(found: re.Match[str], today: date) -> date | None:
    return today + timedelta(days=_DAYS_AHEAD.get(found[0], 2))


def _ahead(found: re.Match[str], today: date) -> date | None:
    count = small(found["count"]) or 0
    unit = found["unit"]
    if unit.startswith(("mes", "month")):
        month = today.month - 1 + count
        year, month = today.year + month // 12, month % 12 + 1
        return date(year, month, min(today.day, monthrange(year, month)[1])) if year in _YEARS else None
    days = count * (7 if unit.startswith(("sem", "week")) else 1)
    return today + timedelta(days=days) if days <= _MOST_AHEAD else None


def _weekday(found: re.Match[str], today: date) -> date | None:
    ahead = (WEEKDAYS[found["weekday"].removesuffix("feira").strip(" -")] - today.weekday()) % 7
    return today + timedelta(days=ahead or 7)


def _of_month(found: re.Match[str], today: date) -> date | None:
    day = 1 if found["day"].startswith("prim") else small(found["day"]) or 0
    return _next(day, MONTHS[found["month"]], _year(found["year"]), today)


def _of_numbers(found: re.Match[str], today: date) -> date | None:
    return _next(int(found["day"]), int(found["month"]), _year(found.groupdict().get("year")), today)


def _of_day(found: re.Match[str], today: date) -> date | None:
    """The next month that has it."""
    day = small(found["day"]) or 0
    for ahead in range(_LEAP_CYCLE):
        month = today.month - 1 + ahead
        one = _day(today.year + month // 12, month % 12 + 1, day)
        if one and one >= today:
            return one
    return None


def _next(day: int, month: int, year: int | None, today: date) -> date | None:
    if year is not None:
        return _day(year, month, day)
    years = range(today.year, today.year + _LEAP_CYCLE)
    return next((one for year in years if (one := _day(year, month, day)) and one >= today), None)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year in _YEARS else None
    except ValueError:
        return None


def _year(written: str | None) -> int | None:
    if not written:
        return None
    return int(written) + 2000 if int(written) < _CENTURY else int(written)


_MOST_DAYS: Final = 64
_DAYS_AHEAD: Final = {"hoje": 0, "hj": 0, "today": 0, "hoy": 0, "amanha": 1, "amnh": 1, "tomorrow": 1, "tmrw": 1}
_COUNT: Final = (
    r"(?P<count>[0-9]{1,4}|uma?|dois|duas|tres|quatro|cinco|seis|sete|oito|nove|dez|quinze|vinte|"
    r"one|two|three|four|five|six|seven|ten|una?|dos)"
)
_UNIT: Final = r"(?P<unit>dias?|semanas?|mes(?:es)?|days?|weeks?|months?)"
# "segunda" and its like are ordinals too.
_ORDINALS: Final = (
    r"(?! (?:opcao|via|vez|parcela|parte|linha|unidade|mao|alternativa|pessoa|loja|filial|dose|etapa|fase|serie|rodada|"
    r"metade|quinzena|semana|compra|aula|turma|edicao|geracao|marcha|classe|maior|melhor|mais))"
)
_BEFORE: Final = r"(?:proxim[ao]|next|coming|nest[ae]|ness[ae]|est[ae]|na|no|pra|para|ate|on|el|this)"
_FEIRA: Final = r"(?:[- ]?feira)"


def _shape(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w/.,])(?:{pattern})(?!\w)")


# Every form has one of these: most messages, which have none, are done with here.
_HINT: Final = re.compile(
    rf"[0-9]|primeiro|depois d|(?<!\w)(?:{WEEKDAY}|amanha|tomorrow|tmrw|amnh|hoje|today|hoy|hj|pasado manana|"
    r"(?:dias?|semanas?|mes(?:es)?|days?|weeks?|months?)(?!\w))"
)
_FORMS: Final[tuple[tuple[re.Pattern[str], Reading], ...]] = (
    (_shape(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"), _of_numbers),
    (
        _shape(r"(?P<day>[0-9]{1,2})(?P<mark>[/.-])(?P<month>[0-9]{1,2})(?P=mark)(?P<year>[0-9]{4}|[0-9]{2})"),
        _of_numbers,
    ),
    (
        _shape(
            r"(?P<day>[0-9]{1,2}|primeiro)(?:o|th|st|nd|rd)? ?(?:de |of |/)?"
            rf"(?P<month>{MONTH})(?:(?: de | del |,? |/)(?P<year>20[0-9]{{2}}|19[0-9]{{2}}))?"
        ),
        _of_month,
    ),
    (
        _shape(
            rf"(?P<month>{MONTH}) (?:the )?(?P<day>[0-9]{{1,2}})(?:th|st|nd|rd)?(?![:/h])(?:,? (?P<year>20[0-9]{{2}}))?"
        ),
        _of_month,
    ),
    (_shape(r"dia (?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})(?![/.,][0-9])"), _of_numbers),
    (_shape(r"(?!24/07)(?P<day>[0-9]{2})/(?P<month>[0-9]{2})(?![/.,][0-9])"), _of_numbers),
    (_shape(rf"(?:daqui (?:a |ha )?|dentro de |em |in |en |within ){_COUNT} {_UNIT}"), _ahead),
    (_shape(r"depois d(?:e |')?amanha|day after tomorrow|pasado manana"), _spoken),
    (_shape(r"amanha|tomorrow|tmrw|amnh|hoje|today|hoy|hj"), _spoken),
    (_shape(rf"{_BEFORE} (?P<weekday>{WEEKDAY}){_FEIRA}?{_ORDINALS}(?: que vem| proxim[ao])?"), _weekday),
    (_shape(rf"(?P<weekday>segunda|terca|quarta|quinta|sexta){_FEIRA}(?: que vem| proxim[ao])?"), _weekday),
    (
        _shape(r"(?P<weekday>segunda|terca|quarta|quinta)(?= (?:que vem|as |de manha|a tarde|a noite))(?: que vem)?"),
        _weekday,
    ),
    (
        _shape(
            rf"(?P<weekday>(?!(?:segunda|quarta|quinta|terca)(?!\w))(?:{WEEKDAY})){_ORDINALS}(?: que vem| proxim[ao])?"
        ),
        _weekday,
    ),
    (_shape(rf"(?P<weekday>terca|quarta|quinta){_ORDINALS}(?=[,;!?.]| as? [0-9]| [0-9]|\Z)"), _weekday),
    (_shape(r"dia (?P<day>[0-9]{1,2})(?![/:,.][0-9])"), _of_day),
    (_shape(r"(?:on )?the (?P<day>[0-9]{1,2})(?:th|st|nd|rd)"), _of_day),
)
_WHEN_ASKED: Final[tuple[tuple[re.Pattern[str], Reading], ...]] = (
    (_shape(r"(?P<day>[0-9]{1,2})[/-](?P<month>[0-9]{1,2})(?![/.,-][0-9])"), _of_numbers),
    (_shape(rf"(?P<weekday>segunda|terca|quarta|quinta){_ORDINALS}"), _weekday),
    (re.compile(r"\A\W*(?P<day>[0-9]{1,2})\W*\Z"), _of_day),
)
