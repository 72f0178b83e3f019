"""Keeping what was posted before anyone is told "ok": in PostgreSQL, or sealed on disk while PostgreSQL refuses."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

from admin_api.webhooks.grouping import Grouping, Limits
from admin_api.webhooks.incoming import Incoming, pack, unpack
from admin_api.webhooks.seldom import Seldom
from admin_api.webhooks.writing import write
from core import telemetry
from core.clock import Deadline
from core.db.away import AWAY
from core.db.sessions import Database
from core.errors import Conflict, Unavailable
from core.logging import get_logger
from core.spool import Spool
from core.telemetry import InboundOutcome

Rows = Sequence[Incoming]

_LIMITS: Final = Limits(items=500, weight=8 << 20, waiting=64 << 20)
# Whether the database is back is found out by replaying; only where there is nothing to replay by trying, so seldom.
_PAUSE_SECONDS: Final = 10.0
_REPLAY_SECONDS: Final = 2.0
_NEXT_SECONDS: Final = 0.05
# How long what arrives goes behind what is on disk before it is tried without that: a record that never leaves is no
# reason to keep from the database what it would take.
_PATIENCE_SECONDS: Final = 30.0
_FEW: Final = 50  # records on disk that what arrives may wait for

log = get_logger(__name__)


class Keeper:
    """One writer per process: whoever posts meanwhile shares its next transaction."""

    def __init__(self, database: Database, spool: Spool) -> None:
        self._database = database
        self._spool = spool
        self._grouping = Grouping[Rows, InboundOutcome | None](self._keep_group, _LIMITS)
        self._pause = Deadline.after(0)
        self._patience = Deadline.after(0)
        self._is_behind = False  # there are older events on disk
        self._is_stopped = False  # the last replay came to no end
        self._order = asyncio.Lock()  # between the last of the replay and the first that goes past the disk
        self._away = Seldom(log, "inbox.database_away")
        self._not_kept = Seldom(log, "inbox.not_kept")
        self._unreadable = Seldom(log, "inbox.spool_unreadable")

    async def keep(self, rows: Rows) -> InboundOutcome:
        """Durable, all of them, when it returns. Asked again after a failure, each is kept once all the same."""
        outcome = await self._grouping.ask(rows, weight=sum(row.size for row in rows))
        if outcome is None:
            raise Unavailable("O evento não foi guardado: envie de novo.", "The event was not kept: send it again.")
        return outcome

    async def run(self, beat: Callable[[], None]) -> None:
        with suppress(Unavailable):  # the replay says so
            await self._look()  # before anyone is answered: what the last process left is older
        async with asyncio.TaskGroup() as group:
            group.create_task(self._grouping.run(beat))
            group.create_task(self._replay_when_possible())

    async def _keep_group(self, asked: list[Rows]) -> list[InboundOutcome | None]:
        """Behind what is on disk, if any: none overtakes an older one, or waits for a database just seen away."""
        rows = [row for part in asked for row in part]
        async with self._order:
            if self._belongs_behind() and (spooled := await self._spool_away(rows)):
                return [spooled] * len(asked)
            refused = await self._store(rows)
            if refused is None:
                return [await self._spool_away(rows)] * len(asked)
        return [None if refused & {row.id for row in part} else InboundOutcome.STORED for part in asked]

    def _belongs_behind(self) -> bool:
        return not self._patience.passed and (self._is_behind or not self._is_back())

    def _is_back(self) -> bool:
        return self._pause.passed

    async def _store(self, rows: Rows) -> set[UUID] | None:
        """None: PostgreSQL is not to be relied on for now."""
        try:
            return await write(self._database, rows)
        except AWAY as error:
            self._away.warn(reason=type(error).__name__)
            self._pause = Deadline.after(_PAUSE_SECONDS)
            self._patience = Deadline.after(_PATIENCE_SECONDS)
            return None

    async def _spool_away(self, rows: Rows) -> InboundOutcome | None:
        try:
            await self._spool.append(pack(rows))
        except Unavailable as error:
            self._not_kept.warn(events=len(rows), detail=error.detail.en)
            return None
        self._is_behind = True
        return InboundOutcome.SPOOLED

    async def _replay_when_possible(self) -> None:
        while True:
            try:
                await self._replay()
            except Unavailable as error:
                self._unreadable.warn(detail=error.detail.en)
            has_more = self._is_behind and self._is_back()
            await asyncio.sleep(_NEXT_SECONDS if has_more else _REPLAY_SECONDS)

    async def _replay(self) -> None:
        """First beside what arrives; then, of what arrived meanwhile, the last few while everybody else waits."""
        depth = await self._look()
        if depth:
            await self._pass_on()
            depth = await self._look()
        if self._is_behind and self._is_back() and depth <= _FEW:
            async with self._order:
                if (
                    self._pause.passed and await self._look()
                ):  # else it went away while we waited, and nobody else shall
                    await self._pass_on()
                self._is_behind = await self._look() > 0

    async def _look(self) -> int:
        status = await self._spool.status()
        telemetry.EVENT_LAG.set(status.oldest_seconds)
        if status.depth and not self._is_behind:
            self._is_behind, self._patience = True, Deadline.after(_PATIENCE_SECONDS)
        return status.depth

    async def _pass_on(self) -> None:
        replayed = await self._spool.replay(self._store_record)
        if replayed.handled and self._is_stopped:  # it is back: now the order is worth waiting for
            self._patience = Deadline.after(_PATIENCE_SECONDS)
        if replayed.stopped:
            self._pause = Deadline.after(_PAUSE_SECONDS)
        elif replayed.handled:
            self._pause = Deadline.after(0)
        self._is_stopped = replayed.stopped is not None
        if replayed.handled:
            log.info("inbox.replayed", records=replayed.handled)
        if replayed.set_aside:
            log.error("inbox.set_aside", records=replayed.set_aside, todo="masteria doctor")

    async def _store_record(self, record: bytes) -> None:
        """What PostgreSQL takes of it is kept; a record with a row that it refuses for good is set aside whole."""
        try:
            refused = await write(self._database, unpack(record))
        except AWAY as error:
            raise Unavailable("O PostgreSQL ainda recusa.", "PostgreSQL still refuses.") from error
        if refused:
            raise Conflict("O PostgreSQL recusou parte do registro.", "PostgreSQL refused a part of the record.")
