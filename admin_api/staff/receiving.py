"""Updates taken from the inbox one by one: acted on, tried again, or put aside for a person to look at."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from admin_api.staff.acting import TRIES, Acting
from admin_api.staff.bot import Bot
from admin_api.staff.handling import Handling
from admin_api.staff.stores import updates
from admin_api.staff.stores.updates import Taken
from channels.inbound import BROKEN
from channels.telegram_staff import reading
from channels.telegram_staff.updates import Update
from core.db.away import AWAY, is_trouble
from core.logging import get_logger
from core.models.people import ConnectionKind
from core.telemetry import InboundOutcome, inbound
from graphs.stores import incoming

LEASE: Final = timedelta(seconds=120)
IDLE_SECONDS: Final = 2.0
_NOW: Final = 0.0
_FAILED: Final = (*BROKEN, *AWAY)
_CRASHED: Final = "crashed"
_UNREADABLE: Final = "unreadable"

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Receiver:
    bot: Bot
    handling: Handling
    pause: timedelta = timedelta(seconds=1)  # times the tries, before the next one

    async def once(self) -> float:
        """The seconds after which to look again."""
        async with self.bot.session() as session:
            taken = await updates.take(session, self.bot.connection, LEASE)
        if taken is None:
            return IDLE_SECONDS
        update = None if taken.update is None else reading.read(taken.update)
        if update is None:
            await self._put_aside(taken, None, _UNREADABLE)
        elif taken.claim.tries > TRIES:
            await self._put_aside(taken, update, _CRASHED)
        elif not await self._is_repeated(taken, update):
            await self._try(taken, update)
        return _NOW

    async def _is_repeated(self, taken: Taken, update: Update) -> bool:
        async with self.bot.session() as session:
            is_known = await updates.is_known(session, self.bot.connection, update.id)
            if is_known:
                await incoming.finish(session, [taken.claim])
        return is_known

    async def _try(self, taken: Taken, update: Update) -> None:
        try:
            await self.handling.act(self._acting(taken, update), update.told)
        except _FAILED as error:
            if is_trouble(error):
                await self._give_back(taken, error)
            else:
                await self._left(taken, update, error)
        else:
            inbound(channel=ConnectionKind.TELEGRAM, outcome=InboundOutcome.STORED).inc()

    def _acting(self, taken: Taken, update: Update) -> Acting:
        return Acting(
            database=self.bot.floor.database,
            company=self.bot.company,
            connection=self.bot.connection,
            claim=taken.claim,
            update_id=update.id,
        )

    async def _left(self, taken: Taken, update: Update, error: BaseException) -> None:
        name = type(error).__name__
        log.error(
            "staff.update_failed",
            company=str(self.bot.company),
            tries=taken.claim.tries,
            cause=name,
            exc_info=error,
        )
        if taken.claim.tries >= TRIES:
            await self._put_aside(taken, update, name)
            return
        async with self.bot.session() as session:
            await updates.rest(session, taken.claim, self.pause * taken.claim.tries)

    async def _give_back(self, taken: Taken, error: BaseException) -> None:
        """Trouble of ours is no try of the update's."""
        log.warning("staff.update_waits", company=str(self.bot.company), cause=type(error).__name__)
        with suppress(*AWAY):
            async with self.bot.session() as session:
                await incoming.give_back(session, [taken.claim])
                await updates.rest(session, taken.claim, self.pause)

    async def _put_aside(self, taken: Taken, update: Update | None, reason: str) -> None:
        """Kept for a person to look at; whoever waits for it is told."""
        async with self.bot.session() as session:
            await incoming.quarantine(session, taken.claim, reason)
        inbound(channel=ConnectionKind.TELEGRAM, outcome=InboundOutcome.QUARANTINED).inc()
        log.error("staff.quarantined", company=str(self.bot.company), incoming=str(taken.claim.event), reason=reason)
        if update is not None:
            with suppress(*_FAILED):
                await self.handling.apologise(self._acting(taken, update), update.told)
