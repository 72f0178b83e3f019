"""Updates taken from the inbox, in order per place: acted on, tried again, or put aside for a person to look at."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

from admin_api.staff.acting import TRIES, Acting
from admin_api.staff.bot import Bot
from admin_api.staff.handling import Handling
from admin_api.staff.ordering import NONE, Order, order_of
from admin_api.staff.stores import updates
from admin_api.staff.stores.updates import Taken, Waiting
from channels.inbound import BROKEN
from channels.telegram_staff import reading
from channels.telegram_staff.updates import Update
from core.db.away import AWAY, is_trouble
from core.db.sessions import TenantSession
from core.logging import get_logger
from core.models.people import ConnectionKind
from core.telemetry import InboundOutcome, inbound
from graphs.stores import incoming
from graphs.stores.incoming import Claim

LEASE: Final = timedelta(seconds=120)
IDLE_SECONDS: Final = 2.0
AT_ONCE: Final = 8
_SLOW_AT_ONCE: Final = 5  # a press finds room beside all files and models that are waited for
_LAST_AT_ONCE: Final = 1  # one that ends the whole process must not use up the tries of its neighbours
_MOST: Final = 500  # looked through for what may begin
_FAILED: Final = (*BROKEN, *AWAY)
_CRASHED: Final = "crashed"
_UNREADABLE: Final = "unreadable"

log = get_logger(__name__)


Begin = Callable[[str, Callable[[], Awaitable[None]]], None]  # under a name of its own


@dataclass(kw_only=True, slots=True)
class Receiver:
    """What is known of the order is only remembered: the rows say what was acted on, and what somebody is at."""

    bot: Bot
    handling: Handling
    begin: Begin  # beside us, until it ends
    ended: asyncio.Event  # one of them has
    pause: timedelta = timedelta(seconds=1)  # times the tries, before the next one
    _orders: dict[UUID, Order] = field(default_factory=dict)
    _at_work: set[UUID] = field(default_factory=set)
    _owed: list[Claim] = field(default_factory=list)  # given back as soon as the database is there

    async def once(self) -> float:
        """Begins all that waits for nothing. The seconds after which to look again, if none ends before."""
        owed = tuple(self._owed)
        async with self.bot.session() as session:
            await self._give_back(session, owed)
            found = await updates.waiting(session, self.bot.connection, known=self._orders, most=_MOST)
            self._orders = {one.id: self._orders.get(one.id) or _order(one) for one in found}
            taken = await updates.take(session, self._free(found), LEASE)
        del self._owed[: len(owed)]
        for one in taken:
            self._at_work.add(one.claim.event)
            self.begin(f"update {one.claim.event}", partial(self._act, one))
        return IDLE_SECONDS

    def _free(self, found: Sequence[Waiting]) -> list[Waiting]:
        """As many as there is room for. Whatever is not done holds up what is behind it in its place."""
        busy = [one for one in found if one.id in self._at_work]
        room = AT_ONCE - len(self._at_work)
        slow = _SLOW_AT_ONCE - sum(self._orders[one.id].is_slow for one in busy)
        last = _LAST_AT_ONCE - sum(one.tries >= TRIES for one in busy)
        free: list[Waiting] = []
        held: set[object] = set()
        for one in found:
            order, is_last = self._orders[one.id], one.tries + 1 >= TRIES
            is_idle = one.id not in self._at_work and not one.is_held and order.waits_for.isdisjoint(held)
            is_too_many = len(free) >= room or (order.is_slow and slow <= 0) or (is_last and last <= 0)
            if is_idle and not is_too_many:
                free.append(one)
                slow -= order.is_slow
                last -= is_last
            held |= order.holds
        return free

    async def _act(self, taken: Taken) -> None:
        try:
            await self._judge(taken)
        finally:
            self._at_work.discard(taken.claim.event)
            self.ended.set()

    async def _judge(self, taken: Taken) -> None:
        update = None if taken.update is None else reading.read(taken.update)
        if update is None:
            await self._put_aside(taken, None, _UNREADABLE)
        elif taken.claim.tries > TRIES:
            await self._put_aside(taken, update, _CRASHED)
        else:
            await self._try(taken, update)

    async def _is_repeated(self, taken: Taken, update: Update) -> bool:
        async with self.bot.session() as session:
            is_known = await updates.is_known(session, self.bot.connection, update.id)
            if is_known:
                await incoming.finish(session, [taken.claim])
        return is_known

    async def _try(self, taken: Taken, update: Update) -> None:
        try:
            if await self._is_repeated(taken, update):
                return
            await self.handling.act(self._acting(taken, update), update.told)
        except _FAILED as error:
            if is_trouble(error):  # of ours, and no try of the update's
                log.warning("staff.update_waits", company=str(self.bot.company), cause=type(error).__name__)
                self._owed.append(taken.claim)
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

    async def _give_back(self, session: TenantSession, owed: Sequence[Claim]) -> None:
        if owed:
            await incoming.give_back(session, owed)
        for claim in owed:
            await updates.rest(session, claim, self.pause)

    async def _put_aside(self, taken: Taken, update: Update | None, reason: str) -> None:
        """Kept for a person to look at; whoever waits for it is told."""
        async with self.bot.session() as session:
            await incoming.quarantine(session, taken.claim, reason)
        inbound(channel=ConnectionKind.TELEGRAM, outcome=InboundOutcome.QUARANTINED).inc()
        log.error("staff.quarantined", company=str(self.bot.company), incoming=str(taken.claim.event), reason=reason)
        if update is not None:
            with suppress(*_FAILED):
                await self.handling.apologise(self._acting(taken, update), update.told)


def _order(waiting: Waiting) -> Order:
    """What cannot be read waits for nothing, and nothing for it."""
    update = None if waiting.update is None else reading.read(waiting.update)
    return NONE if update is None else order_of(update.told)
