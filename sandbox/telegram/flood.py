"""How much a bot may send: in all, to one chat, and to one group; on the sandbox's clock, which may be turned."""

import math
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sandbox.clock import VirtualClock
from sandbox.strict import strict
from sandbox.telegram.chats import Chat, Kind
from sandbox.telegram.errors import too_many

_MINUTE: Final = 60.0
Key = tuple[str, int, int]


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class FloodSettings:
    """None of a kind: no limit of that kind. `chat_burst` messages may come at once, then one a second."""

    overall_per_second: int | None = 30
    chat_burst: int | None = 20
    group_per_minute: int | None = 20
    edits_count: bool = True

    def __post_init__(self) -> None:
        limits = (self.overall_per_second, self.chat_burst, self.group_per_minute)
        if any(each is not None and each < 1 for each in limits):
            raise ValueError("a limit is 1 or more, or none")


@dataclass(frozen=True, slots=True)
class _Window:
    key: Key
    most: int
    seconds: float


class Flood:
    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.settings = FloodSettings()
        self._taken: defaultdict[Key, deque[float]] = defaultdict(deque)
        self.refused = 0

    def reset(self) -> None:
        self.settings = FloodSettings()
        self._taken.clear()
        self.refused = 0

    def take(self, bot_id: int, chat: Chat, count: int = 1) -> None:
        """Counts them, or refuses all of them with the seconds until they would be let through."""
        now = self._clock.seconds()
        windows = list(self._windows(bot_id, chat))
        wait = max((self._wait(window, count, now) for window in windows), default=0.0)
        if wait > 0:
            self.refused += 1
            raise too_many(max(1, math.ceil(wait)))
        for window in windows:
            self._taken[window.key].extend([now] * count)

    def _windows(self, bot_id: int, chat: Chat) -> Iterator[_Window]:
        settings = self.settings
        if settings.overall_per_second is not None:
            yield _Window(("all", bot_id, 0), settings.overall_per_second, 1.0)
        if settings.chat_burst is not None:
            yield _Window(("chat", bot_id, chat.id), settings.chat_burst, float(settings.chat_burst))
        if settings.group_per_minute is not None and chat.kind is not Kind.PRIVATE:
            yield _Window(("group", bot_id, chat.id), settings.group_per_minute, _MINUTE)

    def _wait(self, window: _Window, count: int, now: float) -> float:
        taken = self._taken[window.key]
        while taken and not now - window.seconds < taken[0] <= now:  # also those of a clock that was turned back
            taken.popleft()
        over = min(len(taken), len(taken) + count - window.most)
        return taken[over - 1] + window.seconds - now if over > 0 else 0.0
