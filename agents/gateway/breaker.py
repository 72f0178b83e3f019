"""When a model is left alone: after failures in a row, or because its provider asked for it."""

import time
from collections.abc import Callable
from typing import Final

FAILURES: Final = 5
REST: Final = 30.0  # seconds
LONGEST_HOLD: Final = 60.0


class Breaker:
    """After its rest one caller may try; the others wait for what comes of it, or for another rest."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._until = 0.0

    @property
    def wait(self) -> float:
        """Seconds until it may be asked again."""
        return max(0.0, self._until - self._clock())

    def begin(self) -> None:
        """Somebody asks now."""
        if self._failures >= FAILURES:
            self._until = self._clock() + REST

    def succeeded(self) -> None:
        self._failures = 0
        self._until = 0.0

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= FAILURES:
            self._until = self._clock() + REST

    def hold(self, seconds: float) -> None:
        """Never shortens a longer one."""
        self._until = max(self._until, self._clock() + min(max(seconds, 0.0), LONGEST_HOLD))
