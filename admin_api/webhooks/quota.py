"""How much of something there may be in a while, or at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.clock import Deadline
from core.errors import Unavailable


class Quota:
    """So many in each while; what is over is not given."""

    def __init__(self, most: int, *, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._taken = 0
        self._end = Deadline.after(0)

    def take(self, count: int = 1) -> bool:
        if self._end.passed:
            self._end, self._taken = Deadline.after(self._seconds), 0
        is_given = self._taken + count <= self._most
        self._taken += count if is_given else 0
        return is_given


@dataclass(slots=True)
class Share:
    """What one holder has of a room."""

    _room: "Room"
    size: int = 0

    def grow(self, size: int) -> None:
        self._room.take(size)
        self.size += size


class Room:
    """Bytes that all who read may hold together."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0

    @contextmanager
    def share(self) -> Iterator[Share]:
        share = Share(self)
        try:
            yield share
        finally:
            self._held -= share.size

    def take(self, size: int) -> None:
        if self._held + size > self._most:
            raise Unavailable(
                "Há corpos demais chegando ao mesmo tempo: tente de novo em instantes.",
                "Too many bodies arrive at once: try again in a moment.",
            )
        self._held += size
