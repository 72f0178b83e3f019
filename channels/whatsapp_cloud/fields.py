"""Reading values out of JSON that somebody else wrote: whatever is there, what comes back can be used and stored."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from core import clock

DEEPEST: Final = 64
LONGEST_TEXT: Final = 65_536
LONGEST_NAME: Final = 512
LONGEST_ID: Final = 512
_MOST_KEPT: Final = 200_000  # characters and values of what is kept as it came; the raw event has the rest
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT: Final = "\ufffd"
_EARLIEST: Final = 1_000_000_000  # seconds; before WhatsApp, so it is no moment but a mistake
_AHEAD: Final = timedelta(days=1)
_WORD: Final = re.compile(r"[^A-Za-z0-9_.:-]+")
_LARGEST: Final = 2**63 - 1


def mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def objects(value: object) -> list[dict[str, Any]]:
    return [item for item in items(value) if isinstance(item, dict)]


def text(value: object, longest: int = LONGEST_TEXT) -> str | None:
    """A string as it can be stored, or none: also a number stands for its digits, for ids come in both ways."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return str(value)
    return storable(value[:longest]) if isinstance(value, str) else None


def filled(value: object, longest: int = LONGEST_TEXT) -> str | None:
    """The same, where an empty string says no more than none."""
    return text(value, longest) or None


def identifier(value: object) -> str | None:
    """Whole or not at all: a shortened id is the id of something else."""
    found = filled(value, LONGEST_ID + 1)
    return found if found and len(found) <= LONGEST_ID else None


def number(value: object) -> float | None:
    """Finite, also where it was written as a string."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value[:LONGEST_NAME] if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def word(value: object) -> str:
    """A name that a stranger chose, harmless in a log, a metric or a column."""
    return _WORD.sub("_", text(value, 64) or "")[:64] or "none"


def moment(value: object, *others: object) -> datetime:
    """Seconds since 1970 as a number or a string; the first that is a moment, else the present.

    A day ahead at most: the window of 24 hours counts from it.
    """
    latest = clock.now() + _AHEAD
    for candidate in (value, *others):
        seconds = number(candidate)
        if seconds is not None and _EARLIEST <= seconds <= latest.timestamp():
            return datetime.fromtimestamp(seconds, UTC)
    return clock.now()


def storable(value: str) -> str:
    """Without what PostgreSQL refuses in a text."""
    return _UNSTORABLE.sub(_REPLACEMENT, value)


def cleaned(value: object) -> Any:
    """A copy fit for a JSON column, of a whole body."""
    return _Copy(room=_LARGEST, longest_text=_LARGEST).of(value, DEEPEST)


def kept(value: object) -> dict[str, Any]:
    """A copy of a part, of bounded size, to be stored beside a message."""
    return mapping(_Copy(room=_MOST_KEPT, longest_text=LONGEST_TEXT).of(mapping(value), DEEPEST // 2))


def without_nothing(value: Mapping[str, object]) -> dict[str, Any]:
    return {name: part for name, part in value.items() if part is not None}


class _Copy:
    def __init__(self, *, room: int, longest_text: int) -> None:
        self._room = room
        self._longest_text = longest_text

    def of(self, value: object, depth: int) -> Any:
        self._room -= 1
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict | list):
            return self._container(value, depth - 1)
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return value if isinstance(value, bool | int | float) else None

    def _text(self, value: str) -> str:
        found = storable(value[: max(0, min(self._longest_text, self._room))])
        self._room -= len(found)
        return found

    def _container(self, value: dict[Any, Any] | list[Any], depth: int) -> Any:
        if depth < 0:
            return None
        if isinstance(value, list):
            return [self.of(item, depth) for item in value if self._room > 0]
        return {self._text(str(name)): self.of(item, depth) for name, item in value.items() if self._room > 0}
