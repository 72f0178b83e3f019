"""The sender: takes the heads of conversations that are due, calls the provider once, and records what it learned.

Nothing here sends twice on a guess. A claim is committed before the call; the call reaches the socket within the start
window or not at all; and a process that dies in between leaves an attempt whose lease ends as unknown.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from channels.aftermath import AWAY_SECONDS, Recorder, is_our_fault
from channels.answers import deliver
from channels.errors import PairLimited
from channels.lines import Lines
from channels.pacing import Opened, Paced, Pacing
from channels.policy import Patience, Ruling
from channels.registry import Registry
from channels.stores.claims import Claim, Claimed, Due, Judged, claim, find_due, put_off
from channels.stores.connections import OpenedLine
from channels.stores.holds import Mark, hold_if_lost, why_held
from channels.stores.outbox import START_SECONDS
from channels.stores.results import BUG, Result, Unconfirmed
from channels.uploads import Uploads
from core import telemetry
from core.clock import Deadline
from core.crashpoints import CrashPoint, crashpoint
from core.db.away import AWAY
from core.errors import AppError
from core.floor import Floor
from core.ids import CompanyId, ConnectionId
from core.logging import get_logger
from core.models.outbox import Lane
from core.probe import Beat
from core.storage import Storage, open_storage
from core.telemetry import OutboundOutcome

SLOTS: Final = 128  # calls at the same time in one process
_MOST: Final = {Lane.REPLY: SLOTS, Lane.BULK: 96}  # the rest is kept for replies
_A_ROUND: Final = 32  # free slots for which it is worth looking for more
_OF_ONE_LINE: Final = 80  # a provider that hangs must not take the place of all others
_WRITE_SECONDS: Final = 0.5  # between our last look at the clock and what others count on
_IDLE_SECONDS: Final = 0.5
_GATHER_SECONDS: Final = 0.01  # what comes at the same time is claimed together
_STUCK_SECONDS: Final = 5.0

_OUTCOMES: Final = {
    Ruling.SUPPRESS: OutboundOutcome.SUPPRESSED,
    Ruling.EXPIRE: OutboundOutcome.EXPIRED,
    Ruling.FAIL: OutboundOutcome.FAILED,
}

log = get_logger(__name__)


@dataclass(slots=True)
class Sender:
    """One per engine process. `wake` says that something may be due."""

    floor: Floor
    registry: Registry
    lines: Lines
    patience: Patience = field(default_factory=Patience)
    storage: Storage | None = None  # of the files that messages carry; the installation's, unless told otherwise
    name: str = "outbox"
    channels: tuple[str, ...] = ("outbox", "clock")
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    last_begun: Mark | None = None  # the newest attempt, by which a restored database is recognised
    _calls: Counter[ConnectionId] = field(default_factory=Counter)
    _held_checked: Deadline = field(default_factory=lambda: Deadline(0.0))
    _is_held: bool = False
    _pacing: Pacing = field(init=False)
    _recorder: Recorder = field(init=False)
    _uploads: Uploads = field(init=False)

    def __post_init__(self) -> None:
        self._pacing = Pacing(self.floor, self.registry)
        self._recorder = Recorder(self.floor, self.lines, self._pacing, self._release)
        self._uploads = Uploads(self.floor, self.storage or open_storage(self.floor.settings.storage_url))

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Until told to stop: then no more is claimed, and what was begun is finished and recorded."""
        async with asyncio.TaskGroup() as group:
            recording = [group.create_task(work) for work in (self._recorder.write_down(), self._recorder.shut_gates())]
            while not stop.is_set():
                beat.beat()
                self.wake.clear()
                if not await self._try_round(group) or self._calls.total() > SLOTS - _A_ROUND:
                    await self._rest()
            while self._calls:
                beat.beat()
                self.wake.clear()
                await self._rest()
            await self._recorder.all_gates_shut()
            for task in recording:
                task.cancel()

    async def _rest(self) -> None:
        await asyncio.sleep(_GATHER_SECONDS)
        try:
            async with asyncio.timeout(min(_IDLE_SECONDS, self._pacing.next_end())):
                await self.wake.wait()
        except TimeoutError:
            return

    async def _try_round(self, group: asyncio.TaskGroup) -> bool:
        try:
            return await self._round(group)
        except AWAY as error:
            log.warning("outbox.database_away", reason=type(error).__name__)
            self._held_checked = Deadline(0.0)  # it may come back as an older one
            await asyncio.sleep(AWAY_SECONDS)
            return False

    async def _round(self, group: asyncio.TaskGroup) -> bool:
        """Whether there was anything to do."""
        if await self._sends_are_held():
            return False
        self._pacing.look_again()
        is_busy = False
        for lane, most in _MOST.items():
            free = most - self._calls.total()
            if free > 0:
                skipped = self._pacing.resting(lane) | self._full_lines()
                due = await find_due(self.floor.database, lane, most=free, skipped=skipped)
                for company, heads in _by_company(self._within_room(due)):
                    is_busy |= await self._start_safely(group, company, heads, lane)
        return is_busy

    async def _sends_are_held(self) -> bool:
        if self._held_checked.passed:
            if self.last_begun and await hold_if_lost(self.floor.database, self.last_begun):
                self.last_begun = None  # said once: who then releases the sends has looked
            self._is_held = await why_held(self.floor.database) is not None
            self._held_checked = Deadline.after(_IDLE_SECONDS)
        return self._is_held

    def _full_lines(self) -> set[ConnectionId]:
        return {connection for connection, calls in self._calls.items() if calls >= _OF_ONE_LINE}

    def _within_room(self, due: Iterable[Due]) -> list[Due]:
        begun, chosen = self._calls.copy(), []
        for head in due:
            if begun[head.connection] < _OF_ONE_LINE and not self._pacing.is_passed_over(head.outbound):
                begun[head.connection] += 1
                chosen.append(head)
        return chosen

    async def _start_safely(self, group: asyncio.TaskGroup, company: CompanyId, due: Sequence[Due], lane: Lane) -> bool:
        """What is wrong with one company must not stop the others."""
        try:
            return await self._start(group, company, due, lane)
        except (AppError, *AWAY) as error:
            if not isinstance(error, AppError) and not is_our_fault(error):
                raise
            log.exception("outbox.company_stuck", company=str(company))
            self._pacing.leave_alone({head.connection for head in due}, _STUCK_SECONDS)
            return False

    async def _start(self, group: asyncio.TaskGroup, company: CompanyId, due: Sequence[Due], lane: Lane) -> bool:
        """Rate first: an attempt that is claimed never waits, so that its start window can be short."""
        opened = await self.lines.of(company, {head.connection for head in due})
        paced = await self._pacing.take(company, due, opened, lane)
        if not (paced.go or paced.waits):
            return paced.has_rested
        crashpoint(CrashPoint.SEND_PRE_CLAIM)
        starts_by = Deadline.after(START_SECONDS - _WRITE_SECONDS)
        claimed = await self._claim(company, paced, opened)
        crashpoint(CrashPoint.SEND_POST_CLAIM)
        if claimed.closed:  # then what we know of the lines is old
            self._pacing.leave_alone(claimed.closed)
            self.lines.forget(str(company))
        self._pacing.pass_over(claimed.passed_over)
        _count(claimed.judged)
        for one in claimed.claims:
            self.last_begun = (company, one.attempt)
            self._calls[one.connection] += 1
            group.create_task(self._send(one, opened[one.connection], starts_by))
        return bool(claimed.claims or claimed.judged or paced.waits)

    async def _claim(self, company: CompanyId, paced: Paced, opened: Opened) -> Claimed:
        windows = {
            connection
            for connection, line in opened.items()
            if line.kind in self.registry.kinds and self.registry.get(line.kind).capabilities.has_window
        }
        claimed = Claimed()
        async with self.floor.database.tenant_session(company) as session:
            if paced.go:
                claimed = await claim(session, paced.go, window=windows, lease=self.patience.lease)
            waits = {head.outbound: seconds for head, seconds in paced.waits.items()}
            await put_off(session, waits, PairLimited.name)
        return claimed

    async def _send(self, claim: Claim, opened: OpenedLine, starts_by: Deadline) -> None:
        crashpoint(CrashPoint.SEND_PRE_HTTP)
        # A bug in an adapter proves nothing about the provider, and must not take the other calls along.
        [result] = await asyncio.gather(self._call(claim, opened, starts_by), return_exceptions=True)
        if isinstance(result, BaseException):
            log.error("outbox.send_broke", outbound=str(claim.outbound), exc_info=result)
            result = Unconfirmed(claim=claim, reason=BUG)
        crashpoint(CrashPoint.SEND_POST_ACCEPT)
        self._recorder.put(result)

    async def _call(self, claim: Claim, opened: OpenedLine, starts_by: Deadline) -> Result:
        adapter = self.registry.get(opened.kind)
        complete = self._uploads.complete(claim)
        if complete is None:
            return await self._uploads.give(claim, adapter, opened.line, self.patience)
        return await deliver(complete, adapter, opened.line, patience=self.patience, starts_by=starts_by)

    def _release(self, results: Sequence[Result]) -> None:
        self._calls.subtract(result.claim.connection for result in results)
        self._calls = +self._calls
        self.wake.set()


def _by_company(due: Iterable[Due]) -> list[tuple[CompanyId, list[Due]]]:
    ordered = sorted(due, key=lambda head: head.company)
    return [(company, list(heads)) for company, heads in groupby(ordered, key=lambda head: head.company)]


def _count(judged: Iterable[Judged]) -> None:
    for one in judged:
        if outcome := _OUTCOMES.get(one.verdict.ruling):
            telemetry.outbound(channel=one.kind, outcome=outcome).inc()
