"""The inbox of an api process: who may post, what is kept of it, and the minutes in which it could be kept."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from admin_api.webhooks import store
from admin_api.webhooks.doors import Doors
from admin_api.webhooks.grouping import set_within
from admin_api.webhooks.incoming import Incoming
from admin_api.webhooks.keeping import Keeper
from admin_api.webhooks.quota import Quota
from admin_api.webhooks.seldom import Seldom
from admin_api.webhooks.store import Stray
from admin_api.webhooks.writing import SECONDS
from channels.stores.connections import CHANNEL
from core.db.away import AWAY
from core.db.listen import listen
from core.db.sessions import Database, Pool
from core.errors import Unavailable
from core.floor import Floor
from core.logging import get_logger
from core.probe import Beat, Pulse
from core.spool import Spool, SpoolRing
from core.telemetry import InboundOutcome

# Lines of its own: endpoints that use up theirs do not stop what comes in. One writes, one replays, one reads the
# doors, one marks the minutes, one keeps strays.
POOL: Final = Pool(size=2, overflow=3)
_MOST_STRAYS: Final = 60  # a minute, of one secret
_MOST_SIGNERS: Final = 1_000
_TICK_SECONDS: Final = 20.0
_CLOCK: Final = "clock"  # where the database tells that a rehearsal turned the time

log = get_logger(__name__)


class Inbox:
    def __init__(self, floor: Floor, spool: Spool) -> None:
        settings = floor.settings
        has_pooler = settings.database_listen_url is not None
        self._database = Database(
            settings.require("DATABASE_URL"), Pool(size=POOL.size, overflow=POOL.overflow, is_pooled=has_pooler)
        )
        self._listen_url = settings.require("DATABASE_LISTEN_URL" if has_pooler else "DATABASE_URL")
        self._keeper = Keeper(self._database, spool)
        self._stray = asyncio.Lock()
        self._strays: dict[bytes, Quota] = {}
        self._too_many = Seldom(log, "inbox.strays_not_kept")
        self._tick = asyncio.Event()
        self.doors = Doors(self._database, floor.ring)

    async def keep(self, rows: Sequence[Incoming]) -> InboundOutcome:
        return await self._keeper.keep(rows)

    async def keep_stray(self, stray: Stray) -> None:
        """One line for all of them, and so many of one secret: they are for looking at, and nobody waits for them."""
        if not self._quota_of(stray.signer).take():
            self._too_many.warn(kind=stray.address.kind)
            return
        try:
            async with asyncio.timeout(SECONDS), self._stray:
                await store.keep_stray(self._database, stray)
        except AWAY as error:
            log.warning("inbox.database_away", reason=type(error).__name__)
            raise Unavailable("O evento não foi guardado: envie de novo.", "It was not kept: send it again.") from error

    def _quota_of(self, signer: bytes) -> Quota:
        if signer not in self._strays and len(self._strays) >= _MOST_SIGNERS:
            del self._strays[next(iter(self._strays))]
        return self._strays.setdefault(signer, Quota(_MOST_STRAYS, seconds=60))

    async def run(self, beat: Beat) -> None:
        news = {CHANNEL: self.doors.hear, _CLOCK: lambda _: self._tick.set()}
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keeper.run(beat.beat))
            group.create_task(self.doors.run())
            group.create_task(self._keep_time())
            group.create_task(listen(self._listen_url, news))

    async def close(self) -> None:
        await self._database.close()

    async def _keep_time(self) -> None:
        """A minute without its mark is a gap, and after a gap a silence proves nothing."""
        while True:
            self._tick.clear()
            try:
                async with asyncio.timeout(SECONDS):
                    await store.mark_open(self._database)
                    await store.follow_clock(self._database)
            except AWAY as error:
                log.warning("inbox.unmarked", reason=type(error).__name__)
            await set_within(self._tick, _TICK_SECONDS)


@asynccontextmanager
async def open_inbox(floor: Floor, pulse: Pulse | None = None) -> AsyncIterator[Inbox]:
    """Refuses to open where the disk could not stand in for the database."""
    settings = floor.settings
    spool = Spool(settings.masteria_home / "spool", SpoolRing(floor.ring), max_bytes=settings.masteria_spool_bytes)
    await asyncio.to_thread(spool.check)
    if restored := await spool.restore():  # a key may be back, or what is missing in the database
        log.warning("inbox.spool_restored", records=restored)
    inbox = Inbox(floor, spool)
    try:
        await inbox.doors.load()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(inbox.run((pulse or Pulse()).loop("inbox")))
            yield inbox
            running.cancel()
    except BaseExceptionGroup as errors:
        raise _first_of(errors) from errors
    finally:
        await inbox.close()


def _first_of(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """What ended it, for whoever reads one line: a task of ours, or whoever held the inbox open."""
    first = errors.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first
