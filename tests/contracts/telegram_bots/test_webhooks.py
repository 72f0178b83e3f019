"""What a bot is told at a webhook, set and read through python-telegram-bot."""

import asyncio
import json

import pytest
from telegram import Bot, Update

from sandbox.telegram.faults import UpdateDuplicated
from tests.sandbox.telegram.hook import hooked
from tests.sandbox.telegram.scene import CAIO, Scene


class TestWebhook:
    async def test_each_update_comes_with_the_secret(self, scene: Scene, bot: Bot) -> None:
        async with hooked() as hook:
            assert await bot.set_webhook(hook.url, secret_token="segredo_1", max_connections=3)
            scene.says("oi")
            [post] = await hook.until(1)
            info = await bot.get_webhook_info()

        update = Update.de_json(json.loads(post.body), bot)
        assert update.message is not None
        assert update.message.text == "oi"
        assert post.headers["X-Telegram-Bot-Api-Secret-Token"] == "segredo_1"
        assert post.headers["Content-Type"] == "application/json"
        assert (info.url, info.max_connections, info.ip_address) == (hook.url, 3, "127.0.0.1")

    async def test_a_failed_post_is_tried_again_and_told(self, scene: Scene, bot: Bot) -> None:
        async with hooked() as hook:
            hook.answers += [500, 302]
            await bot.set_webhook(hook.url)
            scene.says("oi")
            await hook.until(1)
            await _until_failed(scene)
            info = await bot.get_webhook_info()
            scene.sandbox.ground.agenda.hurry()
            await hook.until(2)
            await _until_failed(scene, 2)
            scene.sandbox.ground.agenda.hurry()
            posts = await hook.until(3)
            await scene.sandbox.settle()

        assert info.pending_update_count == 1
        assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"
        assert len({post.body for post in posts}) == 1

    async def test_what_one_chat_says_comes_in_its_order(self, scene: Scene, bot: Bot) -> None:
        async with hooked() as hook:
            hook.answers += [500]
            await bot.set_webhook(hook.url)
            for number in range(4):
                scene.says(str(number))
            scene.telegram.acts.start(scene.bot, CAIO)
            await hook.until(2)
            await _until_failed(scene)
            scene.sandbox.ground.agenda.hurry()
            posts = await hook.until(6)

        texts = [json.loads(post.body)["message"]["text"] for post in posts]
        assert [text for text in texts if text != "/start"] == ["0", "0", "1", "2", "3"]
        assert texts[1] == "/start"

    async def test_what_waited_comes_when_it_is_set_unless_it_is_dropped(self, scene: Scene, bot: Bot) -> None:
        async with hooked() as hook:
            scene.says("esperou")
            await bot.set_webhook(hook.url, drop_pending_updates=True)
            scene.says("depois")
            [post] = await hook.until(1)
            assert json.loads(post.body)["message"]["text"] == "depois"
            await bot.delete_webhook()
            scene.says("sem webhook")
            await bot.set_webhook(hook.url)
            assert json.loads((await hook.until(2))[1].body)["message"]["text"] == "sem webhook"

    async def test_an_update_may_be_posted_twice(self, scene: Scene, bot: Bot) -> None:
        async with hooked() as hook:
            scene.sandbox.faults.add(UpdateDuplicated(times=1))
            await bot.set_webhook(hook.url)
            scene.says("duas vezes")
            first, second = await hook.until(2)
            await scene.sandbox.settle()
        assert first.body == second.body
        assert len(hook.posts) == 2

    @pytest.mark.parametrize(
        ("told", "words"),
        [
            ({"url": "http://example.org/x"}, "bad webhook: An HTTPS URL must be provided for webhook"),
            ({"url": "https://example.org/x"}, "bad webhook: Failed to resolve host: Name or service not known"),
            ({"url": "ftp://127.0.0.1/x"}, "invalid webhook URL specified"),
            ({"url": "http://127.0.0.1/x", "secret_token": "á"}, "secret token contains unallowed characters"),
            ({"url": "http://127.0.0.1/x", "secret_token": "x" * 257}, "secret token is too long"),
        ],
    )
    async def test_addresses_and_secrets_that_are_refused(self, scene: Scene, told: dict[str, str], words: str) -> None:
        assert await scene.refused("setWebhook", **told) == (400, f"Bad Request: {words}")

    async def test_setting_and_deleting_say_what_was_so_already(self, scene: Scene) -> None:
        told = {"url": "http://127.0.0.1:1/x"}
        words = [
            (await scene.ask(method, **asked)).json()["description"]
            for method, asked in (
                ("setWebhook", told),
                ("setWebhook", told),
                ("deleteWebhook", {}),
                ("deleteWebhook", {}),
            )
        ]
        assert words == [
            "Webhook was set",
            "Webhook is already set",
            "Webhook was deleted",
            "Webhook is already deleted",
        ]


async def _until_failed(scene: Scene, count: int = 1) -> None:
    async with asyncio.timeout(5):
        while scene.telegram.office.deliveries.counters.failed < count:  # noqa: ASYNC110 - no event tells it
            await asyncio.sleep(0.002)
