"""Turns of a company that end at about the same time are committed together: sets cost hardly more than one does.

A commit that runs gathers the next ones. Whatever troubles a set is an affair of the one turn that brought it: nothing
of the set counts then, and each is committed by itself.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Final

from core.crashpoints import CrashPoint, crashpoint
from core.db.away import AWAY
from core.db.sessions import Database
from core.errors import AppError
from core.ids import CompanyId, TurnId
from core.logging import get_logger
from graphs.committing import Unfenced, commit, commit_together
from graphs.conversation.state import Committed
from graphs.stores.endings import Ended

MOST: Final = 25  # in one transaction

_Answer = asyncio.Future[Committed | None]

log = get_logger(__name__)


@dataclass(slots=True)
class _Queue:
    """Turns of one company that have ended, in that order, with the task that commits them."""

    waiting: dict[_Answer, Ended] = field(default_factory=dict)
    worker: "asyncio.Task[None] | None" = None  # nobody else keeps it

    def take(self) -> dict[_Answer, Ended]:
        """Of each contact one, for what is known of a contact is read once for all of them."""
        taken: dict[_Answer, Ended] = {}
        contacts = set()
        for answer, one in self.waiting.items():
            if len(taken) < MOST and one.contact not in contacts:
                contacts.add(one.contact)
                taken[answer] = one
        for answer in taken:
            del self.waiting[answer]
        return taken


@dataclass(slots=True)
class GroupCommit:
    """One for each process that takes turns. After `longest_seconds` each turn waits for itself for what is held."""

    database: Database
    longest_seconds: float = 20.0  # what is slow is not stuck
    _queues: dict[CompanyId, _Queue] = field(default_factory=dict)

    async def commit(self, ended: Ended) -> None:
        """Raises `Unfenced`, as a commit by itself does. An opt-out is one always: it locks in an order of its own."""
        together = ended.decision.opt_out is None
        committed = await self._commit_with_others(ended) if together else None
        if committed is None:
            await self._commit_alone(ended)
        elif committed is not Committed.DONE:
            raise Unfenced(committed)

    async def _commit_alone(self, ended: Ended) -> None:
        async with self.database.tenant_session(ended.begun.snapshot.company) as session:
            await commit(session, ended.begun, ended.outcome)
            crashpoint(CrashPoint.TURN_PRE_COMMIT)

    async def _commit_with_others(self, ended: Ended) -> Committed | None:
        """Whoever is cut off takes nobody along: it leaves the queue, but a commit that runs it sees to the end."""
        company = ended.begun.snapshot.company
        queue = self._queues.setdefault(company, _Queue())
        answer: _Answer = asyncio.get_running_loop().create_future()
        queue.waiting[answer] = ended
        if queue.worker is None:
            queue.worker = asyncio.create_task(self._work(company, queue), context=Context())
            queue.worker.add_done_callback(lambda _: self._end(company, queue))  # it may be cut off before it begins
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            if queue.waiting.pop(answer, None) is None:
                await asyncio.wait([answer])
            raise

    async def _work(self, company: CompanyId, queue: _Queue) -> None:
        """Until nobody waits. It belongs to none of the turns, and none of them ends before it has its answer."""
        taken: dict[_Answer, Ended] = {}
        try:
            while True:
                await asyncio.sleep(0)  # who is ready in this very moment comes along
                if not (taken := queue.take()):
                    return
                await self._answer(company, taken)
        finally:
            _tell(taken, {})
            self._end(company, queue)

    def _end(self, company: CompanyId, queue: _Queue) -> None:
        """Nobody waits for what is not run any more."""
        if self._queues.get(company) is queue:
            del self._queues[company]
        _tell(queue.waiting, {})

    async def _answer(self, company: CompanyId, taken: Mapping[_Answer, Ended]) -> None:
        [told] = await asyncio.gather(self._commit_set(company, list(taken.values())), return_exceptions=True)
        if isinstance(told, BaseException):
            bug = None if isinstance(told, (AppError, *AWAY)) else told
            log.warning("turns.committed_apart", reason=type(told).__name__, turns=len(taken), exc_info=bug)
            told = {}
        _tell(taken, {answer: told.get(one.turn) for answer, one in taken.items()})

    async def _commit_set(self, company: CompanyId, turns: Sequence[Ended]) -> Mapping[TurnId, Committed | None]:
        async with asyncio.timeout(self.longest_seconds), self.database.tenant_session(company) as session:
            told = await commit_together(session, turns)
            for committed in told.values():
                if committed is Committed.DONE:
                    crashpoint(CrashPoint.TURN_PRE_COMMIT)
        return told


def _tell(answers: Iterable[_Answer], told: Mapping[_Answer, Committed | None]) -> None:
    """Whoever is told nothing of its turn commits it by itself."""
    for answer in answers:
        if not answer.done():
            answer.set_result(told.get(answer))
