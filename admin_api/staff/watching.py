"""Looks after a bot: its group as Telegram sees it, how updates reach us, and whether there was a gap."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from admin_api.staff import alarming
from admin_api.staff.binding import Binding
from admin_api.staff.bot import Bot
from admin_api.staff.polling import say_problem
from admin_api.staff.stores import bots, buttons, outgoing, updates
from channels.telegram_staff import setup
from channels.telegram_staff.failures import Failed
from channels.telegram_staff.problems import Problem
from core.clock import Deadline
from core.logging import get_logger

LOOK_SECONDS: Final = 60.0
DAY: Final = timedelta(hours=24)  # so long Telegram keeps what nobody fetches
_FORGET_SECONDS: Final = 3600.0
_UPDATES_KEPT: Final = timedelta(days=14)
_NOTES_KEPT: Final = timedelta(days=90)
_BUTTONS_KEPT: Final = timedelta(days=7)  # beyond their own time
_HOOK_TROUBLE: Final = timedelta(minutes=10)

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hook:
    """Where Telegram brings updates to, and the secret by which it is known. Without one they are fetched."""

    url: str
    secret: str = field(repr=False)


@dataclass(slots=True)
class Watcher:
    bot: Bot
    binding: Binding
    hook: Hook | None
    _forget: Deadline = field(default_factory=lambda: Deadline.after(0.0))

    async def begin(self) -> None:
        """How updates come is settled, a gap is told, and what was left half done is anybody's again."""
        if self.hook is None:
            await setup.fetch_instead(self.bot.client)
        else:
            await setup.be_called(self.bot.client, self.hook.url, self.hook.secret)
        async with self.bot.session() as session:
            row = await bots.get(session, self.bot.connection)
            if row is not None and row.heard_at is not None and await bots.world(session) - row.heard_at > DAY:
                await alarming.tell_chiefs(session, str(self.bot.connection), Problem.GAP)
                await alarming.tell_group(session, self.bot.connection, Problem.GAP)
            me = self.bot.me
            if await bots.introduce(session, self.bot.lease, telegram_id=me.id, username=me.username):
                await updates.take_over(session, self.bot.connection)
                await outgoing.take_over(session)
        await say_problem(self.bot.floor.database, self.bot.lease, None)

    async def once(self) -> float:
        try:
            await self.binding.check()
            if self.hook is not None:
                await self._look_at_hook(self.hook)
        except Failed as failed:
            log.warning("staff.not_looked_at", connection=str(self.bot.connection), kind=failed.kind)
        if self._forget.passed:
            self._forget = Deadline.after(_FORGET_SECONDS)
            async with self.bot.session() as session:
                await updates.forget_old(session, _UPDATES_KEPT)
                await outgoing.forget_old(session, _NOTES_KEPT)
                await buttons.forget_old(session, _BUTTONS_KEPT)
        return LOOK_SECONDS

    async def _look_at_hook(self, hook: Hook) -> None:
        """Somebody else may have set another address, or Telegram does not reach ours."""
        found = await setup.hook(self.bot.client)
        if found.url != hook.url:
            await setup.be_called(self.bot.client, hook.url, hook.secret)
        async with self.bot.session() as session:
            now = await bots.world(session)
            await bots.heard(session, self.bot.lease)
        fails = found.last_error_at is not None and now - found.last_error_at < _HOOK_TROUBLE and found.waiting > 0
        await say_problem(self.bot.floor.database, self.bot.lease, Problem.WEBHOOK if fails else None)
