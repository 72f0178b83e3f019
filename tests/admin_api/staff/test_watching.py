"""How updates reach us: fetched or brought, and what is done where Telegram cannot bring them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import pytest
from sqlalchemy import text

from admin_api.staff.binding import Binding
from admin_api.staff.bot import Bot
from admin_api.staff.stores import bots, updates
from admin_api.staff.strangers import Strangers
from admin_api.staff.watching import Hook, Watcher
from channels.telegram_staff import setup
from core.floor import Floor
from tests.admin_api.staff.transport import Desk, open_desk

# Nobody listens there.
HOOK: Final = Hook(url="http://127.0.0.1:1/webhooks/telegram/x", secret="s" * 32)


@dataclass(frozen=True, slots=True)
class Watch:
    desk: Desk
    bot: Bot

    def watcher(self, hook: Hook | None) -> Watcher:
        strangers = Strangers(floor=self.desk.floor, connection=self.desk.connection)
        return Watcher(self.bot, Binding(bot=self.bot, strangers=strangers), hook)

    async def problem(self) -> str | None:
        async with self.bot.session() as session:
            row = await bots.get(session, self.bot.connection)
        return None if row is None else row.problem


@pytest.fixture
async def watch(floor: Floor) -> AsyncIterator[Watch]:
    async with open_desk(floor) as desk:
        await desk.be_bound()
        async with desk.by_hand() as bot:
            yield Watch(desk, bot)


class TestHook:
    async def test_it_is_set_with_its_secret_one_call_at_a_time(self, watch: Watch) -> None:
        await watch.watcher(HOOK).begin()

        webhook = watch.desk.bot.webhook
        assert webhook is not None
        assert (webhook.url, webhook.secret, webhook.max_connections) == (HOOK.url, HOOK.secret, 1)
        assert watch.desk.bot.updates.wants("message_reaction")

    async def test_without_one_updates_are_fetched_and_none_is_dropped(self, watch: Watch) -> None:
        await watch.watcher(HOOK).begin()
        watch.desk.says("/antes")
        await watch.watcher(None).begin()

        assert watch.desk.bot.webhook is None
        found = await watch.bot.client.updates(0, seconds=0)
        assert "/antes" in [update["message"].get("text") for update in found if "message" in update]

    async def test_an_address_that_somebody_else_set_is_set_back(self, watch: Watch) -> None:
        watcher = watch.watcher(HOOK)
        await setup.be_called(watch.bot.client, "http://127.0.0.1:1/elsewhere", "x" * 32)
        await watcher.once()
        assert watch.desk.bot.webhook is not None
        assert watch.desk.bot.webhook.url == HOOK.url

    async def test_what_telegram_cannot_bring_is_a_problem_until_it_can(self, watch: Watch) -> None:
        watcher = watch.watcher(HOOK)
        await watcher.begin()
        watch.desk.says("/ninguem ouve")
        await watch.desk.until(lambda: watch.desk.bot.last_error)
        await watcher.once()
        assert await watch.problem() == "webhook"

        watch.desk.bot.updates.drop()
        await watcher.once()
        assert await watch.problem() is None


class TestTakingOver:
    @pytest.mark.parametrize("is_ours", [True, False])
    async def test_what_is_half_done_is_anybodys_again_for_whoever_holds_the_bot(
        self, watch: Watch, *, is_ours: bool
    ) -> None:
        await watch.desk.take()
        if not is_ours:
            await watch.desk.rows(text("UPDATE staff_bots SET fence = fence + 1 RETURNING fence"))
        await watch.watcher(None).begin()

        async with watch.bot.session() as session:
            [found] = await updates.waiting(session, watch.bot.connection, known=(), most=9)
        assert found.is_held is not is_ours
