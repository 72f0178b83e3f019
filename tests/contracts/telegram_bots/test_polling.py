"""How a bot asks for news, and what disturbs it, through python-telegram-bot."""

import asyncio
from datetime import timedelta

import pytest
from telegram import Bot
from telegram.error import Conflict, NetworkError

from sandbox.faults import AcceptThenDrop
from sandbox.telegram.faults import UPDATES, UpdateDuplicated
from tests.contracts.telegram_bots.conftest import bot_of
from tests.sandbox.telegram.scene import BIA, Scene


class TestPolling:
    async def test_an_update_comes_again_until_it_is_confirmed(self, scene: Scene, bot: Bot) -> None:
        scene.says("um")
        scene.says("dois")
        first = await bot.get_updates()
        again = await bot.get_updates()
        rest = await bot.get_updates(offset=first[0].update_id + 1)
        none = await bot.get_updates(offset=first[1].update_id + 1)

        assert [update.update_id for update in again] == [update.update_id for update in first]
        assert first[1].update_id == first[0].update_id + 1
        assert [update.message.text for update in rest if update.message] == ["dois"]
        assert none == ()

    async def test_a_long_poll_answers_as_soon_as_there_is_news(self, scene: Scene, bot: Bot) -> None:
        poll = asyncio.create_task(bot.get_updates(timeout=30))
        await _until_polled(scene)
        scene.says("oi")
        async with asyncio.timeout(3):
            [update] = await poll
        assert update.message is not None

    async def test_a_long_poll_ends_with_nothing(self, bot: Bot) -> None:
        assert await bot.get_updates(timeout=1) == ()

    async def test_pages_are_as_long_as_asked_and_the_last_may_be_asked_for(self, scene: Scene, bot: Bot) -> None:
        for number in range(5):
            scene.says(str(number))

        page = await bot.get_updates(limit=2)
        last = await bot.get_updates(offset=-2)

        assert [update.message.text for update in page if update.message] == ["0", "1"]
        assert [update.message.text for update in last if update.message] == ["3", "4"]
        assert len(await bot.get_updates()) == 2

    async def test_what_is_asked_for_stays_asked_for(self, scene: Scene, bot: Bot) -> None:
        await bot.get_updates(allowed_updates=["message"])
        await bot.get_updates()
        message = scene.says("oi")
        scene.telegram.acts.edit(scene.forum, BIA, message.id, "olá")
        told = await bot.get_updates()
        await bot.get_updates(allowed_updates=[])
        scene.telegram.acts.edit(scene.forum, BIA, message.id, "opa")

        assert [update.edited_message for update in told] == [None]
        assert (await bot.get_updates(offset=told[-1].update_id + 1))[0].edited_message is not None

    async def test_news_of_more_than_a_day_ago_are_gone(self, scene: Scene, bot: Bot) -> None:
        scene.says("ontem")
        await scene.sandbox.clock.turn(timedelta(hours=25))
        scene.says("hoje")
        assert [update.message.text for update in await bot.get_updates() if update.message] == ["hoje"]

    async def test_an_update_may_come_twice_under_one_number(self, scene: Scene, bot: Bot) -> None:
        scene.sandbox.faults.add(UpdateDuplicated(times=1))
        scene.says("duas vezes")
        [first] = await bot.get_updates()
        [second] = await bot.get_updates(offset=first.update_id + 1)

        assert second.update_id == first.update_id
        assert await bot.get_updates(offset=first.update_id + 1) == ()


class TestRivals:
    async def test_a_second_poller_ends_the_first(self, scene: Scene, bot: Bot) -> None:
        first = asyncio.create_task(bot.get_updates(timeout=20))
        await _until_polled(scene)
        async with bot_of(scene) as other:
            second = asyncio.create_task(other.get_updates(timeout=20))
            with pytest.raises(Conflict, match=r"^Conflict: terminated by other getUpdates request"):
                await first
            scene.says("/fila")
            assert len(await second) == 1

    async def test_nobody_polls_beside_a_webhook(self, bot: Bot) -> None:
        await bot.set_webhook("http://127.0.0.1:1/hook")
        with pytest.raises(Conflict, match=r"^Conflict: can't use getUpdates method while webhook is active"):
            await bot.get_updates()
        await bot.delete_webhook()
        await bot.get_updates()

    async def test_a_webhook_ends_a_poll(self, scene: Scene, bot: Bot) -> None:
        poll = asyncio.create_task(bot.get_updates(timeout=20))
        await _until_polled(scene)
        await bot.set_webhook("http://127.0.0.1:1/hook")
        with pytest.raises(Conflict, match=r"^Conflict: terminated by setWebhook request$"):
            await poll

    async def test_a_poll_that_breaks_off_loses_nothing(self, scene: Scene, bot: Bot) -> None:
        scene.says("/fila")
        scene.sandbox.faults.add(AcceptThenDrop(path=UPDATES, times=1))
        with pytest.raises(NetworkError):
            await bot.get_updates()
        assert len(await bot.get_updates()) == 1


async def _until_polled(scene: Scene) -> None:
    async with asyncio.timeout(5):
        while not scene.telegram.polls:  # noqa: ASYNC110 - no event tells that a request arrived
            await asyncio.sleep(0.002)
