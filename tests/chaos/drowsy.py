"""`python -m tests.chaos.drowsy`: an engine that falls asleep right before a call, which it has claimed already."""

import itertools
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from channels.base import Adapter, Line
from channels.envelope import Accepted, OutboundMessage
from core.clock import Deadline
from tests.chaos import altered

EVERY: Final = "MASTERIA_CHAOS_SLEEPS_EVERY"  # so many calls; without it, never
_NEVER: Final = "1000000000"


@dataclass(frozen=True, slots=True)
class Drowsy:
    """Whoever wakes it sends SIGCONT."""

    adapter: Adapter
    calls: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def send(self, message: OutboundMessage, line: Line, deadline: Deadline, *, starts_by: Deadline) -> Accepted:
        if next(self.calls) % int(os.environ.get(EVERY, _NEVER)) == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
        return await self.adapter.send(message, line, deadline, starts_by=starts_by)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.adapter, name)


if __name__ == "__main__":
    altered.main(sys.argv[1:], Drowsy)
