"""The leases of the turns that run in this process: short, so that a death is soon made good, and renewed meanwhile."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from core.clock import Deadline
from core.db.away import AWAY
from core.db.sessions import Database
from core.ids import TurnId
from core.logging import get_logger
from graphs import store
from graphs.stores.turns import Claim

LEASE: Final = timedelta(seconds=8)
_RENEW_SECONDS: Final = 2.0  # most turns end sooner, and are never renewed
_AT_ONCE: Final = timedelta(0)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Held:
    claim: Claim
    renews: Deadline


@dataclass(slots=True)
class Holding:
    """Who does not renew is taken for dead: its turns are run by somebody else, and its own commits are refused."""

    database: Database
    lease: timedelta = LEASE
    renew_seconds: float = _RENEW_SECONDS
    _held: dict[TurnId, _Held] = field(default_factory=dict)

    def add(self, claims: Iterable[Claim]) -> None:
        renews = Deadline.after(self.renew_seconds)
        self._held |= {claim.turn: _Held(claim, renews) for claim in claims}

    def drop(self, claim: Claim) -> None:
        """Nobody works on it any more. It may have been claimed again since."""
        held = self._held.get(claim.turn)
        if held is not None and held.claim == claim:
            del self._held[claim.turn]

    async def renew(self) -> None:
        due = [held.claim for held in self._held.values() if held.renews.passed]
        if due:
            await store.hold_turns(self.database, due, self.lease)
            self.add(claim for claim in due if claim.turn in self._held)

    async def let_go(self) -> None:
        """Of all that was cut off: others need not wait until a lease ends."""
        claims = [held.claim for held in self._held.values()]
        self._held.clear()
        if not claims:
            return
        try:
            await store.hold_turns(self.database, claims, _AT_ONCE)
        except AWAY as error:
            log.warning("turns.left_to_lease", turns=len(claims), reason=type(error).__name__)
