"""How fast a bot may speak: Telegram's limits, counted for all processes; where Valkey is away, by the slowest of them.

Telegram takes thirty a second in all, one a second to a chat and twenty a minute in a group. What may come at once and
what is given meanwhile make no more than that in any second, or minute.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from redis.exceptions import RedisError

from core import rate_limit
from core.clock import Deadline
from core.errors import Misconfigured, Unavailable
from core.floor import Floor
from core.ids import ConnectionId
from core.logging import get_logger
from core.rate_limit import Limit, Wait

_AWAY: Final = (Unavailable, Misconfigured, RedisError, OSError)
_MINUTE: Final = 60
_AWAY_SECONDS: Final = 5.0
_SLOWEST_SECONDS: Final = 4.0

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """Per second in all and to one chat, per minute to a group; each with what may come at once."""

    overall: int = 25
    overall_burst: int = 5
    chat: int = 1
    chat_burst: int = 3
    group: int = 12
    group_burst: int = 8

    def limits(self, chat: int) -> tuple[Limit, ...]:
        """Groups have negative numbers. Full where they are forgotten: Telegram counts them, too."""
        overall = Limit(name="staff.bot", count=self.overall, burst=self.overall_burst, is_full_when_forgotten=True)
        to_chat = _of(chat, "staff.chat", count=self.chat, burst=self.chat_burst)
        if chat > 0:
            return (overall, to_chat)
        return (overall, to_chat, _of(chat, "staff.group", count=self.group, burst=self.group_burst, period=_MINUTE))


def _of(chat: int, name: str, *, count: int, burst: int, period: int = 1) -> Limit:
    return Limit(name=name, of=str(chat), count=count, period=period, burst=burst, is_full_when_forgotten=True)


@dataclass(slots=True)
class Pace:
    floor: Floor
    connection: ConnectionId
    rates: Rates = field(default_factory=Rates)
    _alone: dict[int, Deadline] = field(default_factory=dict)
    _away: Deadline = field(default_factory=lambda: Deadline.after(0.0))

    async def wait_of(self, chat: int) -> float:
        """Zero: it may be done now, and counts. Else the seconds after which to ask again."""
        if not self._away.passed:
            return self._wait_alone(chat)
        try:
            taken = await rate_limit.take(self.floor.valkey, *self.rates.limits(chat), group=str(self.connection))
        except _AWAY as error:
            self._do_without(error)
            return self._wait_alone(chat)
        return taken.seconds if isinstance(taken, Wait) else 0.0

    async def next(self, chat: int) -> None:
        while True:
            seconds = await self.wait_of(chat)
            if not seconds:
                return
            await asyncio.sleep(seconds)

    async def slow_down(self, chat: int, seconds: float) -> None:
        """Telegram said for how long."""
        self._alone[chat] = Deadline.after(seconds)
        if not self._away.passed:
            return
        try:
            await rate_limit.push_back(
                self.floor.valkey, self.rates.limits(chat)[-1], group=str(self.connection), seconds=seconds
            )
        except _AWAY as error:
            self._do_without(error)

    def _do_without(self, error: BaseException) -> None:
        """One that hangs is not asked for every message."""
        log.warning("staff.limiter_away", reason=type(error).__name__)
        self._away = Deadline.after(_AWAY_SECONDS)

    def _wait_alone(self, chat: int) -> float:
        """Of one bot one process alone speaks, so that it can count for itself."""
        until = self._alone.get(chat)
        if until is not None and not until.passed:
            return until.remaining
        self._alone[chat] = Deadline.after(_SLOWEST_SECONDS)
        return 0.0
