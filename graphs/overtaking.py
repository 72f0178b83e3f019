"""Turns that are cut off because the customer wrote again: all is answered together then, and sooner.

Only a short cut. What makes it safe is the fence of the commit, which refuses such a turn in any case.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Final

from core.clock import Deadline
from core.db.sessions import Database
from core.ids import TurnId
from graphs import store
from graphs.committing import Unfenced
from graphs.conversation.state import Committed, Outcome
from graphs.stores import turns
from graphs.stores.commits import MOST_RESTARTS
from graphs.stores.snapshots import Begun

LOOK_SECONDS: Final = 0.25  # between two looks, however often somebody writes
_LONG_AGO: Final = Deadline(0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Thinking:
    begun: Begun
    scope: asyncio.Timeout


@dataclass(slots=True)
class Thinkers:
    """The turns of a process that have not begun to commit."""

    database: Database
    _turns: dict[TurnId, _Thinking] = field(default_factory=dict)
    _looked: Deadline = _LONG_AGO

    async def think(self, begun: Begun, work: Awaitable[Outcome]) -> Outcome:
        """Raises `Unfenced` where it was cut off. One that has been run again often enough is left in peace."""
        scope = asyncio.timeout(None)
        try:
            async with scope:
                if begun.snapshot.restarts < MOST_RESTARTS:
                    self._turns[begun.claim.turn] = _Thinking(begun=begun, scope=scope)
                return await work
        except TimeoutError:
            if not scope.expired():
                raise
            raise Unfenced(Committed.OVERTAKEN) from None
        finally:
            self.commits(begun)

    def commits(self, begun: Begun) -> None:
        """From here on it is not cut off: whoever writes now waits for the next turn."""
        self._turns.pop(begun.claim.turn, None)

    async def cut(self) -> int:
        """How many were: one look for all of them, and a second at each that may be meant."""
        if not self._turns or not self._looked.passed:
            return 0
        self._looked = Deadline.after(LOOK_SECONDS)
        claims = [thinking.begun.claim for thinking in self._turns.values()]
        return sum([await self._cut(turn) for turn in await store.overtaken(self.database, claims)])

    async def _cut(self, turn: TurnId) -> bool:
        """Unless what was written had been read before the turn began."""
        thinking = self._turns.get(turn)
        if thinking is None:
            return False
        snapshot = thinking.begun.snapshot
        async with self.database.tenant_session(snapshot.company) as session:
            has_more = await turns.has_more(session, snapshot.conversation, seen=snapshot.last_inbound_seq)
        if not has_more or turn not in self._turns:  # it may commit by now
            return False
        self.commits(thinking.begun)
        thinking.scope.reschedule(asyncio.get_running_loop().time())
        return True
