"""A day and a time: "sexta às 9h", "amanhã 14:30"; a time alone is of the day that is known already."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, Final

from agents.extractors import dates
from agents.extractors.found import Found, Refused, plain
from agents.extractors.numerals import small

_EITHER: Final = re.compile(r"(?<!\w)(?:ou|or)(?!\w)")
_FURTHEST: Final = 40  # characters between the day and its time
_MOST_TIMES: Final = 32
_AFTERNOON: Final = range(1, 7)  # "às 3" is said of the afternoon; whoever means the night says so
_NOON: Final = 12
_LAST_HOUR: Final = 23
_LAST_MINUTE: Final = 59


@dataclass(frozen=True, slots=True)
class Time:
    at: str | None  # HH:MM; None where there is no such time
    start: int
    end: int


def find(
    text: str, today: date, *, known: Mapping[str, Mapping[str, Any]], asked: bool = False
) -> list[Found | Refused]:
    times = _times(text, asked=asked)
    if not times:
        return []
    days = dates.find(text, today, asked=True)  # with a time beside it, "segunda" is a day
    if len(days) > 1 and _EITHER.search(plain(text[days[0].start : days[-1].end]).text):
        return []  # "sexta ou sábado às 9h": nobody knows which
    return [one for time in times if (one := _moment(time, days, known, is_only=len(times) == 1)) is not None]


def _moment(
    time: Time, days: list[Found | Refused], known: Mapping[str, Mapping[str, Any]], *, is_only: bool
) -> Found | Refused | None:
    apart = [day for day in days if day.end <= time.start or time.end <= day.start]
    day = min(apart, key=lambda day: _gap(day, time), default=None)
    if day is not None and _gap(day, time) <= _FURTHEST:
        start, end = min(day.start, time.start), max(day.end, time.end)
        if isinstance(day, Refused):
            return Refused(start, end, day.reason)
        return _at(str(day.value["date"]), time, start, end)
    known_day = _known_day(known) if is_only else None
    return _at(known_day, time, time.start, time.end) if known_day else None


def _at(day: str, time: Time, start: int, end: int) -> Found | Refused:
    if time.at is None:
        return Refused(start, end, reason="no_such_time")
    return Found({"at": f"{day}T{time.at}"}, start, end)


def _gap(day: Found | Refused, time: Time) -> int:
    """What was said before its time is meant rather than what comes after."""
    return time.start - day.end if day.end <= time.start else day.start - time.end + 1


def _known_day(known: Mapping[str, Mapping[str, Any]]) -> str | None:
    days = {
        str(value.get("date") or value.get("at") or value.get("from"))[:10]
        for value in known.values()
        if "date" in value or "at" in value or ("from" in value and value["from"][:10] == value["until"][:10])
    }
    return days.pop() if len(days) == 1 else None


def _times(text: str, *, asked: bool) -> list[Time]:
    folded = plain(text)
    times: list[Time] = []
    taken: list[tuple[int, int]] = []
    for shape in (*_TIMES, _BARE) if asked else _TIMES:
        for found in islice(shape.finditer(folded.text), _MOST_TIMES):
            start, end = folded.span(found.start(), found.end())
            if all(end <= before or behind <= start for before, behind in taken):
                taken.append((start, end))
                times.append(Time(_clock(found.groupdict()), start, end))
    return sorted(times, key=lambda time: time.start)


def _clock(words: Mapping[str, str | None]) -> str | None:
    hour, minute = _hour(words), int(words.get("minute") or (30 if words.get("half") else 0))
    return f"{hour:02}:{minute:02}" if hour <= _LAST_HOUR and minute <= _LAST_MINUTE else None


def _hour(words: Mapping[str, str | None]) -> int:
    if noon := words.get("noon"):
        return 0 if (noon.startswith("mei") and noon.endswith("noite")) or noon == "midnight" else _NOON
    written, part, meridian = words["hour"] or "", words.get("part"), words.get("meridian")
    hour = small(written) or 0
    if meridian:
        return hour % _NOON + (_NOON if meridian == "p" else 0)
    if part in _LATE or (part is None and hour in _AFTERNOON and not written.startswith("0")):
        return hour + _NOON if hour < _NOON else hour
    return hour


_LATE: Final = frozenset({"tarde", "noite", "afternoon", "evening", "noche"})
_HOUR: Final = r"(?P<hour>[0-9]{1,2}|uma|duas|tres|quatro|cinco|seis|sete|oito|nove|dez|onze|doze)"
_HALF: Final = r"(?P<half> e meia)?"
_SAID_PART: Final = (
    r" (?:da|de|in the|de la) (?P<part>manha|madrugada|tarde|noite|morning|afternoon|evening|noche|manana)"
)
_PART: Final = rf"(?:{_SAID_PART})?"
_LEAD: Final = r"(?:(?:[ao]s?|at|around|las?|umas|pelas|depois das|a partir das) )?"
_NOT_COUNTED: Final = r"(?! ?(?:mil|k|reais|pessoas?|unidades?|dias?|caixas?|vezes|por cento|%|primeir|ultim)(?!\w))"


def _shape(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w:/.,]){pattern}(?![\w:/]|[.,][0-9])")


_TIMES: Final = (
    _shape(
        rf"{_LEAD}(?P<hour>[0-9]{{1,2}}) ?(?::|h|hs|hrs|h:) ?(?P<minute>[0-9]{{2}})(?:h|hs|min)?"
        rf"(?: ?(?P<meridian>[ap])\.?m\.?)?{_PART}"
    ),
    _shape(rf"{_LEAD}{_HOUR} ?(?:horas?|hrs?|hs|h|o'clock){_HALF}{_PART}"),
    _shape(rf"{_LEAD}(?P<hour>[0-9]{{1,2}}) ?(?P<meridian>[ap])\.?m\.?"),
    _shape(rf"{_LEAD}(?P<noon>meio[- ]?dia|meia[- ]?noite|noon|midnight|mediodia){_HALF}"),
    _shape(rf"{_LEAD}{_HOUR}{_HALF}{_SAID_PART}"),
    _shape(rf"(?:as|at|a las?|umas|pelas|depois das|a partir das) {_HOUR}{_NOT_COUNTED}{_HALF}"),
)
_BARE: Final = re.compile(r"\A\W*(?P<hour>[0-9]{1,2})\W*\Z")
