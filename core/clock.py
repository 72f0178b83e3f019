"""The time of the business, which a rehearsal may turn, and the deadlines of this process, which nobody may.

`now()` agrees with `app_now()` in SQL: both are shifted by the one row of `clock_shift`, which only the sandbox writes.
Leases never use either: they live on the database's own clock.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_shift = timedelta(0)


def now() -> datetime:
    return datetime.now(UTC) + _shift


def follow_shift(shift: timedelta) -> bool:
    """Take over the shift that the database holds; true where it is another one than before."""
    global _shift  # one clock per process is the point
    is_new, _shift = shift != _shift, shift
    return is_new


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock: neither a turned clock nor a corrected one moves it."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        return cls(time.monotonic() + seconds)

    @property
    def remaining(self) -> float:
        return max(0.0, self.at - time.monotonic())

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self.at
