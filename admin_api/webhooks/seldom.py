"""A line of the log for what may happen a thousand times a second."""

from typing import Final

from structlog.stdlib import BoundLogger

from core.clock import Deadline

_SECONDS: Final = 10.0


class Seldom:
    """Said at once, and then at most every ten seconds, with how often it happened meanwhile."""

    def __init__(self, log: BoundLogger, event: str) -> None:
        self._log = log
        self._event = event
        self._pause = Deadline.after(0)
        self._times = 0

    def warn(self, **fields: object) -> None:
        self._times += 1
        if self._pause.passed:
            self._log.warning(self._event, times=self._times, **fields)
            self._pause, self._times = Deadline.after(_SECONDS), 0
