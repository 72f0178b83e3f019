"""Keeping what was posted before anyone is told "ok": in PostgreSQL, or sealed on disk while PostgreSQL refuses."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from admin_api.webhooks.grouping import Grouping, Limits
from admin_api.webhooks.incoming import Incoming, pack, unpack
from admin_api.webhooks.seldom import Seldom
from admin_api.webhooks.writing import AWAY, write
from core import telemetry
from core.clock import Deadline
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

log = get_logger(__name__)


class Keeper:
    """One writer per process: whoever posts meanwhile shares its next transaction."""

    def __init__(self, database: Database, spool: Spool) -> None:
        self._database = database
        self._spool = spool
        self._grouping = Grouping[Rows, InboundOutcome | None](self._keep_group, _LIMITS)
        self._pause = Deadline.after(0)
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
        async with asyncio.TaskGroup() as group:
            group.create_task(self._grouping.run(beat))
            group.create_task(self._replay_when_possible())

    async def _keep_group(self, asked: list[Rows]) -> list[InboundOutcome | None]:
        """Where the database was away a moment ago, the disk is asked first, and nobody waits to see it away again."""
        rows = [row for part in asked for row in part]
        if not self._pause.passed and (spooled := await self._spool_away(rows)):
            return [spooled] * len(asked)
        refused = await self._store(rows)
        if refused is None:
            return [await self._spool_away(rows)] * len(asked)
        return [None if refused & {row.id for row in part} else InboundOutcome.STORED for part in asked]

    async def _store(self, rows: Rows) -> set[UUID] | None:
        """None: PostgreSQL is not to be relied on for now."""
        try:
            return await write(self._database, rows)
        except AWAY as error:
            self._away.warn(reason=type(error).__name__)
            self._pause = Deadline.after(_PAUSE_SECONDS)
            return None

    async def _spool_away(self, rows: Rows) -> InboundOutcome | None:
        try:
            await self._spool.append(pack(rows))
        except Unavailable as error:
            self._not_kept.warn(events=len(rows), detail=error.detail.en)
            return None
        return InboundOutcome.SPOOLED

    async def _replay_when_possible(self) -> None:
        while True:
            try:
                await self._replay()
            except Unavailable as error:
                self._unreadable.warn(detail=error.detail.en)
            await asyncio.sleep(_REPLAY_SECONDS)

    async def _replay(self) -> None:
        status = await self._spool.status()
        telemetry.EVENT_LAG.set(status.oldest_seconds)
        if status.depth:
            replayed = await self._spool.replay(self._store_record)
            if replayed.stopped:
                self._pause = Deadline.after(_PAUSE_SECONDS)
            elif replayed.handled:
                self._pause = Deadline.after(0)
            if replayed.handled or replayed.set_aside:
                log.info("inbox.replayed", records=replayed.handled, set_aside=replayed.set_aside)

    async def _store_record(self, record: bytes) -> None:
        """What PostgreSQL takes of it is kept; a record with a row that it refuses for good is set aside whole."""
        try:
            refused = await write(self._database, unpack(record))
        except AWAY as error:
            raise Unavailable("O PostgreSQL ainda recusa.", "PostgreSQL still refuses.") from error
        if refused:
            raise Conflict("O PostgreSQL recusou parte do registro.", "PostgreSQL refused a part of the record.")
