"""Spans of time: "de manhã", "semana que vem", "fim do mês", "até sexta"; never one that lies behind."""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, Final

from agents.extractors import dates
from agents.extractors.calendar_words import MONTH, MONTHS
from agents.extractors.found import Found, Refused, plain, without

Span = tuple[date, date]
_MOST: Final = 32
_NEAR: Final = 24  # characters between a day and the part of it that is meant


def find(
    text: str, today: date, *, known: Mapping[str, Mapping[str, Any]], asked: bool = False
) -> list[Found | Refused]:
    """A part of a day belongs to the day beside it, to the day that is known, or to today.

    `words` stays what counts where somebody says only when in a day it suits them.
    """
    found: list[Found | Refused] = [*_parts_of_day(text, today, known), *_spans(text, today)]
    if asked and not found:
        found.extend(_whole_day(day, text) for day in dates.find(text, today, asked=True))
    return sorted(found, key=lambda one: one.start)


def _whole_day(day: Found | Refused, text: str) -> Found | Refused:
    if isinstance(day, Refused):
        return day
    return _found(day.value["date"], day.value["date"], text, (day.start, day.end))


def _parts_of_day(text: str, today: date, known: Mapping[str, Mapping[str, Any]]) -> list[Found]:
    folded = plain(text)
    parts = list(islice(_PART.finditer(folded.text), _MOST))
    days = [day for day in dates.find(text, today) if isinstance(day, Found)] if parts else []
    result = []
    for part in parts:
        span = folded.span(part.start(), part.end())
        day = next((day for day in days if day.end <= span[1] and span[0] - day.end <= _NEAR), None) or next(
            (day for day in days if 0 <= day.start - span[1] <= _NEAR), None
        )
        on = date.fromisoformat(day.value["date"] if day else _known_day(known) or today.isoformat())
        if day:
            span = min(day.start, span[0]), max(day.end, span[1])
        since, until = next(hours for words, hours in _HOURS if part["part"] in words)
        start, end = (datetime.combine(on, time(hour)).isoformat(timespec="minutes") for hour in (since, until))
        result.append(_found(start, end, text, span))
    return result


def _known_day(known: Mapping[str, Mapping[str, Any]]) -> str | None:
    days = {str(value["date"]) for value in known.values() if "date" in value}
    return days.pop() if len(days) == 1 else None


def _spans(text: str, today: date) -> list[Found]:
    folded = plain(text)
    result: list[Found] = []
    if not _HINT.search(folded.text):
        return result
    for shape, span_of in _SPANS:
        for found in list(shape.finditer(folded.text))[:_MOST]:
            span = folded.span(found.start(), found.end())
            since, until = span_of(found, today)
            one = _found(max(since, today).isoformat(), until.isoformat(), text, span)
            if without([(other.start, other.end) for other in result])(one):
                result.append(one)
    return result


def _found(since: str, until: str, text: str, span: tuple[int, int]) -> Found:
    return Found({"from": since, "until": until, "words": text[span[0] : span[1]]}, *span)


def _week(today: date, ahead: int) -> Span:
    monday = today - timedelta(days=today.weekday()) + timedelta(weeks=ahead)
    return monday, monday + timedelta(days=6)


def _month(today: date, ahead: int) -> Span:
    month = today.month - 1 + ahead
    first = date(today.year + month // 12, month % 12 + 1, 1)
    return first, first.replace(day=monthrange(first.year, first.month)[1])


def _end_of_month(today: date, ahead: int) -> Span:
    first, last = _month(today, ahead)
    return first.replace(day=21), last


def _start_of_month(today: date) -> Span:
    """Once it has begun, the next one's is meant."""
    first, _ = _month(today, 0 if today.day <= _START else 1)
    return first, first.replace(day=_START)


def _weekend(today: date, *, is_next: bool) -> Span:
    saturday = today + timedelta(days=(5 - today.weekday()) % 7 if today.weekday() != _SUNDAY else -1)
    saturday += timedelta(weeks=1 if is_next else 0)
    return saturday, saturday + timedelta(days=1)


def _named_month(found: re.Match[str], today: date) -> Span:
    return _month(today, (MONTHS[found["month"]] - today.month) % 12)


def _coming(found: re.Match[str], today: date) -> Span:
    return today, today + timedelta(days=min(int(found["count"] or found["count_en"]), 3650))


_START: Final = 10
_SUNDAY: Final = 6
_HOURS: Final = (
    (frozenset({"manha", "morning", "manana"}), (6, 12)),
    (frozenset({"tarde", "afternoon"}), (12, 18)),
    (frozenset({"noite", "evening", "noche"}), (18, 22)),
)


def _shape(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{pattern})(?!\w)")


_PART: Final = _shape(
    r"(?:de|pela|da|na|a|por la|por|in the) (?P<part>manha|tarde|noite|manana|noche|morning|afternoon|evening)"
)
# Every span has one of these: most messages, which have none, are done with here.
_HINT: Final = re.compile(
    rf"(?<!\w)(?:semana|weekend|fds|week|mes|month|ano|year|dias|days|(?:em|in|de|en) (?:{MONTH}))(?!\w)"
)
_SPANS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Span]], ...]] = (
    (
        _shape(r"(?:no )?(?:(?:fim|final) de semana que vem|proximo (?:fim|final) de semana|next weekend)"),
        lambda _, today: _weekend(today, is_next=True),
    ),
    (
        _shape(r"(?:(?:neste|nesse|este|esse|no|pro) )?(?:(?:fim|final) de semana|fds)|(?:this|the) weekend"),
        lambda _, today: _weekend(today, is_next=False),
    ),
    (
        _shape(r"(?:na |pra |para )?(?:semana que vem|proxima semana|outra semana|semana proxima)|next week"),
        lambda _, today: _week(today, 1),
    ),
    (_shape(r"(?:n?esta|n?essa|ainda essa|la) semana|this week"), lambda _, today: _week(today, 0)),
    (
        _shape(r"(?:n?o |ate o |pro )?(?:fim|final) do mes que vem|end of next month"),
        lambda _, today: _end_of_month(today, 1),
    ),
    (
        _shape(
            r"(?:n?o |ate o |pro )?(?:fim|final) d(?:o|este|esse) mes|fim de mes|(?:the )?end of (?:the|this) month"
        ),
        lambda _, today: _end_of_month(today, 0),
    ),
    (_shape(r"(?:n?o )?(?:comeco|inicio) d(?:o|e) mes"), lambda _, today: _start_of_month(today)),
    (_shape(r"(?:no )?(?:mes que vem|proximo mes)|next month|proximo mes"), lambda _, today: _month(today, 1)),
    (_shape(r"(?:ainda )?n?(?:este|esse) mes|this month"), lambda _, today: _month(today, 0)),
    (
        _shape(r"(?:ate )?(?:o )?(?:fim|final) d(?:o|este|esse) ano|(?:the )?end of (?:the|this) year"),
        lambda _, today: (date(today.year, 12, 1), date(today.year, 12, 31)),
    ),
    (_shape(r"(?:n?os )?proximos (?P<count>[0-9]{1,4}) dias|(?:the )?next (?P<count_en>[0-9]{1,4}) days"), _coming),
    (_shape(rf"(?:em|in|no mes de|en) (?P<month>{MONTH})(?! [0-9])"), _named_month),
)
