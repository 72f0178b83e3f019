"""When somebody wants something done: "amanhã às 9h", "em 30 minutos", "sexta 14:30", "24/11 10h". Pure."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from admin_api.staff.arguments import Misused
from agents.extractors import moments
from agents.extractors.found import Found, plain
from agents.extractors.numerals import small
from core.texts import Text

FURTHEST: Final = timedelta(days=366)
_HEAD: Final = 60  # characters in which the time has to stand
_COLON: Final = re.compile(r"^(?P<when>.{1,50}?):\s+(?P<text>.+)$", re.DOTALL)
_SPAN: Final = re.compile(
    r"(?<!\w)(?:em|daqui(?: a)?|in)\s+(?P<count>\d{1,4}|um|uma|dois|duas|tres|cinco|dez|quinze|vinte|meia)\s*"
    r"(?P<unit>minutos?|min|horas?|h|dias?|semanas?|hours?|minutes?|days?|weeks?)(?!\w)"
)
_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "s": timedelta(weeks=1)}
_HALF: Final = "meia"
_LEADS: Final = re.compile(r"^(?:para|pra|de|que|to|:|-|–|,)\s+", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """A moment, and what was said beside it."""

    at: datetime
    text: str


def read(words: str, now: datetime) -> Timed:
    """`now` is on the company's clock. A time without a day is the next such time."""
    parted = _COLON.match(words)
    if parted is not None and (found := _find(parted["when"], now)) is not None:
        return _sound(found, now, text=parted["text"])
    found = _find(words[:_HEAD], now)
    if found is None:
        raise Misused(Text("Não entendi para quando.", "The time was not understood."))
    return _sound(found, now, text=words[: found.start] + words[found.end :])


@dataclass(frozen=True, slots=True)
class _Place:
    at: datetime
    start: int
    end: int


def _find(words: str, now: datetime) -> _Place | None:
    return _span(words, now) or _moment(words, now)


def _span(words: str, now: datetime) -> _Place | None:
    folded = plain(words)
    found = _SPAN.search(folded.text)
    if found is None:
        return None
    count, unit = found["count"], found["unit"]
    size = _UNITS["s" if unit.startswith("w") else unit[0]]
    length = size / 2 if count == _HALF else size * (small(count) or 0)
    return _Place(now + length, *folded.span(found.start(), found.end()))


def _moment(words: str, now: datetime) -> _Place | None:
    """The first that is named; of today, where no day is."""
    today: dict[str, Any] = {"today": {"date": now.date().isoformat()}}
    found = [one for one in moments.find(words, now.date(), known=today, asked=True) if isinstance(one, Found)]
    if not found:
        return None
    first = min(found, key=lambda one: one.start)
    at = datetime.fromisoformat(str(first.value["at"])).replace(tzinfo=now.tzinfo)
    is_alone = at.date() == now.date() and not _names_today(words)
    return _Place(at + timedelta(days=1) if at <= now and is_alone else at, first.start, first.end)


def _names_today(words: str) -> bool:
    return re.search(r"(?<!\w)(?:hoje|hj|today)(?!\w)|\d/\d", plain(words).text) is not None


def _sound(found: _Place, now: datetime, *, text: str) -> Timed:
    if found.at <= now:
        raise Misused(Text("Esse horário já passou.", "That time has passed."))
    if found.at > now + FURTHEST:
        raise Misused(Text("Isso é daqui a mais de um ano.", "That is more than a year ahead."))
    return Timed(at=found.at, text=_tidy(text))


def _tidy(text: str) -> str:
    left = text.strip()
    while (shorter := _LEADS.sub("", left)) != left:
        left = shorter.strip()
    return left
