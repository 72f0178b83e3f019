"""Asks Telegram for a bot's updates, and keeps them before it says that they have arrived."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from admin_api.staff import alarming
from admin_api.staff.bot import Bot
from admin_api.staff.stores import bots, updates
from admin_api.staff.stores.bots import Lease
from channels.stores import connections
from channels.telegram_staff import setup
from channels.telegram_staff.failures import Failed, Kind
from channels.telegram_staff.problems import Problem
from core.clock import Deadline
from core.db.sessions import Database, TenantSession
from core.logging import get_logger
from core.models.people import ConnectionState

_NOW: Final = 0.0
_AGAIN_SECONDS: Final = 1.0
_LONGEST_PAUSE: Final = 15.0
_PATIENCE_SECONDS: Final = 30.0  # so long Telegram may be silent before it is a problem
_HEARD_SECONDS: Final = 30.0  # how often it is worth a write that it answered
_FORGOTTEN_SECONDS: Final = 6 * 24 * 3600.0  # after a week without any, Telegram numbers them anew

log = get_logger(__name__)


@dataclass(slots=True)
class Poller:
    bot: Bot
    arrived: asyncio.Event  # for whoever acts on them
    _failures: int = 0
    _has_kept: bool = False
    _silence: Deadline = field(default_factory=lambda: Deadline.after(_PATIENCE_SECONDS))
    _noted: Deadline = field(default_factory=lambda: Deadline.after(0.0))

    async def once(self) -> float:
        """The seconds after which to ask again."""
        try:
            found = await self.bot.client.updates(await self._first())
        except Failed as failed:
            return await self._failed(failed)
        self._failures, self._silence = 0, Deadline.after(_PATIENCE_SECONDS)
        numbers = [number for one in found if isinstance(number := one.get("update_id"), int)]
        if not numbers:
            await self._note_heard()
            return _NOW
        async with self.bot.session() as session:
            if not await bots.move_on(session, self.bot.lease, max(numbers) + 1):
                return _AGAIN_SECONDS
            await updates.keep(session, self.bot.connection, found)
            await bots.say_problem(session, self.bot.lease, None)
        self._has_kept = True
        self.arrived.set()
        return _NOW

    async def _first(self) -> int:
        """After a long silence from the beginning: the next number may be smaller than any before."""
        async with self.bot.session() as session:
            row = await bots.get(session, self.bot.connection)
            age = await updates.seconds_since_kept(session, self.bot.connection)
        is_old = not self._has_kept and (age is None or age > _FORGOTTEN_SECONDS)
        return 0 if row is None or is_old else row.next_update

    async def _note_heard(self) -> None:
        if not self._noted.passed:
            return
        self._noted = Deadline.after(_HEARD_SECONDS)
        async with self.bot.session() as session:
            await bots.heard(session, self.bot.lease)
            await bots.say_problem(session, self.bot.lease, None)

    async def _failed(self, failed: Failed) -> float:
        self._failures += 1
        if failed.kind is Kind.CONFLICT and await self._was_only_a_webhook():
            return _NOW
        problem = _PROBLEMS.get(failed.kind)
        if problem is not None or self._silence.passed:
            await say_problem(self.bot.floor.database, self.bot.lease, problem or Problem.UNREACHABLE)
        if failed.kind is Kind.FLOOD:
            return failed.seconds
        return min(_AGAIN_SECONDS * self._failures, _LONGEST_PAUSE)

    async def _was_only_a_webhook(self) -> bool:
        """Set by somebody else while we fetch: taken away it is no conflict any more."""
        try:
            found = await setup.hook(self.bot.client)
            if found.url:
                await setup.fetch_instead(self.bot.client)
        except Failed:
            return False
        return bool(found.url)


_PROBLEMS: Final = {Kind.TOKEN: Problem.TOKEN, Kind.CONFLICT: Problem.CONFLICT}


async def say_problem(database: Database, lease: Lease, problem: Problem | None) -> None:
    """Where people look: on the bot, on its connection where it is about the token, and to those who can mend it."""
    async with database.tenant_session(lease.company) as session:
        if not await bots.say_problem(session, lease, problem):
            return
        if problem is Problem.TOKEN:
            state = ConnectionState.CREDENTIAL_REFUSED
            await connections.set_state(session, lease.connection, state, _REFUSED)
        elif problem is None:
            await _give_back_state(session, lease)
        await alarming.tell_chiefs(session, str(lease.connection), problem)


async def _give_back_state(session: TenantSession, lease: Lease) -> None:
    """Only what a refused token took away."""
    row = await connections.get(session, lease.connection)
    if row.state is ConnectionState.CREDENTIAL_REFUSED:
        await connections.set_state(session, lease.connection, ConnectionState.ACTIVE, None)


_REFUSED: Final = "credential_refused"  # as the states of connections are explained
