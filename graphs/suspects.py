"""Turns that were begun again and again and never ended: one of them may kill the process that runs it.

They are run one at a time, so that it takes none of the others along, and given up in the end, so that it cannot go on.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from core.clock import Deadline
from core.db.sessions import Database
from core.logging import get_logger
from core.models.stream import TurnState
from graphs import store
from graphs.stores import turns
from graphs.stores.turns import Claim

MOST_TRIES: Final = 20  # an engine that dies each few seconds takes turns along that did nothing: up to ten times
_LOOK_SECONDS: Final = 1.0

log = get_logger(__name__)


@dataclass(slots=True)
class Suspects:
    """Of one process."""

    database: Database
    _running: Claim | None = None
    _looks: Deadline | None = None

    async def claim(self, lease: timedelta) -> list[Claim]:
        """One at most, while none runs."""
        if self._running is not None or (self._looks is not None and not self._looks.passed):
            return []
        self._looks = Deadline.after(_LOOK_SECONDS)
        claims = await store.claim_turns(self.database, most=1, lease=lease, suspects=True)
        for claim in claims:
            if claim.tries > MOST_TRIES:
                await self._give_up(claim)
                return []
            self._running = claim
        return claims

    def ended(self, claim: Claim) -> None:
        if self._running == claim:
            self._running = None

    async def _give_up(self, claim: Claim) -> None:
        async with self.database.tenant_session(claim.company) as session:
            await turns.close(session, [claim], state=TurnState.FAILED, reason="crashed")
        log.error("turns.given_up", company=str(claim.company), turn=str(claim.turn), tries=claim.tries - 1)
