"""How fast a connection may send: its own rate, a share of it for bulk, and the pause between two to one person."""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from channels.base import Capabilities, Line
from core.ids import ConnectionId, ContactId
from core.models.outbox import Lane
from core.rate_limit import Limit

_BULK_SHARE: Final = 0.8  # a campaign leaves room for the replies it causes
_BURST_SECONDS: Final = 0.1
_COEXISTENCE_RATE: Final = 20  # a number that also lives in the owner's phone
_FASTEST: Final = 1_000_000
_A_FEW: Final = 8
_SWEPT_AT: Final = 1024


def rate_of(line: Line, capabilities: Capabilities) -> int:
    """Messages per second: what the connection's settings say, else what its channel is known to take."""
    chosen = line.settings.get("per_second")
    if isinstance(chosen, int) and 0 < chosen <= _FASTEST:
        return chosen
    usual = capabilities.per_second
    return min(usual, _COEXISTENCE_RATE) if line.settings.get("is_coexistence") else usual


def interval_of(line: Line, capabilities: Capabilities) -> timedelta:
    return timedelta(seconds=1) / rate_of(line, capabilities)


def limits_of(line: Line, capabilities: Capabilities, lane: Lane) -> tuple[Limit, ...]:
    """The first is the connection's own, which a provider's "slow down" pushes back."""
    rate = rate_of(line, capabilities)
    if lane is Lane.REPLY:
        return (connection_limit(rate),)
    share = max(1, int(rate * _BULK_SHARE))
    return connection_limit(rate), Limit(name="bulk", count=share, burst=_burst(share))


def connection_limit(rate: int) -> Limit:
    return Limit(name="connection", count=rate, burst=_burst(rate))


def _burst(rate: int) -> int:
    return max(1, int(rate * _BURST_SECONDS))


def pair_limit(capabilities: Capabilities, contact: ContactId) -> Limit | None:
    """None where the channel has no such limit."""
    if not capabilities.pair_seconds:
        return None
    return Limit(
        name="pair",
        of=str(contact),
        count=1,
        period=capabilities.pair_seconds,
        burst=capabilities.pair_burst,
        is_full_when_forgotten=True,
    )


@dataclass(slots=True)
class _Regular:
    count: int  # of messages
    until: float  # by then the limit has forgotten them all


@dataclass(slots=True)
class Regulars:
    """Who gets one message after another. Most people get one or two, and the shared limit need not be asked for them.

    From the ninth on it is, and told of the eight before: so much a process may exceed it by, where there are several.
    """

    _known: dict[tuple[ConnectionId, ContactId], _Regular] = field(default_factory=dict)
    _enough: int = _SWEPT_AT

    def cost(self, connection: ConnectionId, contact: ContactId, limit: Limit) -> int:
        """What to take from the shared limit for one more message; 0: nothing yet."""
        known = self._known.get((connection, contact))
        count = known.count if known and known.until > time.monotonic() else 0
        most = min(_A_FEW, limit.burst - 1)
        if count < most:
            return 0
        return count + 1 if count == most else 1

    def note(self, connection: ConnectionId, contact: ContactId, limit: Limit) -> None:
        """One more is on its way."""
        now = time.monotonic()
        known = self._known.get((connection, contact))
        if known is None or known.until <= now:
            known = self._known[connection, contact] = _Regular(0, now)
        known.count += 1
        known.until += limit.period / limit.count
        if len(self._known) >= self._enough:
            self._known = {key: one for key, one in self._known.items() if one.until > now}
            self._enough = max(_SWEPT_AT, 2 * len(self._known))
