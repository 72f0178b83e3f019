"""Time as the people of a company count it: on weekdays, between opening and closing. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_SATURDAY: Final = 5
_SUNDAY: Final = 6
_DAY: Final = timedelta(days=1)
_MOST_DAYS: Final = 3660
_MORNING: Final = time(9)


def after(start: datetime, span: timedelta, *, hours: str, zone: str) -> datetime:
    """When so much time in which people answer has passed. Hours that end before they begin never close on weekdays."""
    left = span
    for opens, closes in _days(start, hours, ZoneInfo(zone)):
        begin = max(start, opens)
        if begin >= closes:
            continue
        if left <= closes - begin:
            return begin + left
        left -= closes - begin
    raise ValueError(f"{span} of office hours are years away")


def allowed(moment: datetime, *, hours: str, sundays: bool, zone: str) -> datetime:
    """This moment, or the next at which a person may be written to unasked."""
    place = ZoneInfo(zone)
    opens, closes = _bounds(hours)
    local = moment.astimezone(place)
    if opens >= closes:
        return moment
    for ahead in range(3):
        day = local.date() + ahead * _DAY
        if day.weekday() == _SUNDAY and not sundays:
            continue
        begin = max(moment, _at(day, opens, place))
        if begin < _at(day, closes, place):
            return begin
    raise AssertionError("three days without an allowed hour")


def morning_of(day: date, zone: str) -> datetime:
    """When something that is due on a day, at no hour in particular, is due."""
    return _at(day, _MORNING, ZoneInfo(zone))


def moment_of(local: datetime, zone: str) -> datetime:
    """What a clock on the wall there shows, as a moment."""
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _days(start: datetime, hours: str, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    opens, closes = _bounds(hours)
    first = start.astimezone(zone).date()
    for day in (first + number * _DAY for number in range(_MOST_DAYS)):
        if day.weekday() >= _SATURDAY:
            continue
        if opens < closes:
            yield _at(day, opens, zone), _at(day, closes, zone)
        else:
            yield _at(day, time(), zone), _at(day + _DAY, time(), zone)


def _bounds(hours: str) -> tuple[time, time]:
    opens, _, closes = hours.partition("-")
    return time.fromisoformat(opens), time.fromisoformat(closes)


def _at(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
