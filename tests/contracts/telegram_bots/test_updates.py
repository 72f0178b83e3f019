"""What a bot is told, by polls and by webhooks, as python-telegram-bot reads it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from telegram import Bot, ChatMember, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.constants import MessageOriginType
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, ContextTypes, filters
from telegram.request import HTTPXRequest

from sandbox.recordings import picture, voice_note
from sandbox.telegram.acts import Manner
from sandbox.telegram.chats import Kind
from sandbox.telegram.contents import Photo, Voice
from sandbox.telegram.faults import UpdateDuplicated
from sandbox.telegram.members import Member, Status
from sandbox.telegram.people import ANONYMOUS_ID
from sandbox.telegram.rooms import become, open_group, turn_topics, upgrade
from tests.sandbox.conftest import TLS
from tests.sandbox.telegram.hook import hooked
from tests.sandbox.telegram.scene import BIA, CAIO, STRANGER, TOKEN, Scene

EVERYTHING = Update.ALL_TYPES


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
        await asyncio.sleep(0)
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


class TestMessages:
    async def test_commands_are_marked_as_such(self, scene: Scene, bot: Bot) -> None:
        scene.says("/fila@EquipeBot agora")
        [update] = await bot.get_updates()
        assert update.message is not None
        assert update.message.parse_entities(["bot_command"]).popitem()[1] == "/fila@EquipeBot"
        assert filters.COMMAND.check_update(update)

    async def test_edits_and_topics(self, scene: Scene, bot: Bot) -> None:
        thread_id = await scene.open_topic()
        message = scene.says("oi", manner=Manner(thread_id=thread_id))
        scene.telegram.acts.edit(scene.forum, BIA, message.id, "olá")

        created, told, edited = await bot.get_updates()

        assert created.message is not None
        assert created.message.forum_topic_created is not None
        assert filters.IS_TOPIC_MESSAGE.check_update(told)
        assert edited.edited_message is not None
        assert (edited.edited_message.text, edited.edited_message.message_thread_id) == ("olá", thread_id)
        assert edited.edited_message.edit_date is not None

    async def test_an_anonymous_administrator_is_nobody(self, scene: Scene, bot: Bot) -> None:
        scene.says("/pausar", manner=Manner(is_anonymous=True))
        [update] = await bot.get_updates()
        assert update.message is not None
        assert update.message.from_user is not None
        assert update.message.from_user.id == ANONYMOUS_ID
        assert update.message.sender_chat is not None
        assert update.message.sender_chat.id == scene.forum.id

    async def test_forwards_say_whose_words_they_are(self, scene: Scene, bot: Bot) -> None:
        original = scene.says("/pago", by=CAIO)
        scene.telegram.acts.forward(original, scene.forum, scene.forum, BIA)
        scene.says("/pago", manner=Manner(forwarded_from="Ana"))

        _, forward, hidden = await bot.get_updates()

        assert forward.message is not None
        assert forward.message.forward_origin is not None
        assert forward.message.forward_origin.type == MessageOriginType.USER
        assert hidden.message is not None
        assert hidden.message.forward_origin is not None
        assert hidden.message.forward_origin.type == MessageOriginType.HIDDEN_USER

    async def test_files_of_people_can_be_had(self, scene: Scene, bot: Bot) -> None:
        scene.telegram.acts.write(scene.forum, BIA, Voice(words="pode confirmar", duration=4))
        scene.telegram.acts.send_album(scene.forum, BIA, [Photo(words="um", caption="veja"), Photo(words="dois")])

        voice, one, two = await bot.get_updates()

        assert voice.message is not None
        assert voice.message.voice is not None
        data = await (await bot.get_file(voice.message.voice)).download_as_bytearray()
        assert bytes(data) == voice_note("pode confirmar", seconds=4)
        assert voice.message.voice.mime_type == "audio/ogg"
        assert one.message is not None
        assert two.message is not None
        assert (one.message.caption, two.message.caption) == ("veja", None)
        assert one.message.media_group_id == two.message.media_group_id is not None
        assert bytes(await (await bot.get_file(two.message.photo[-1])).download_as_bytearray()) == picture("dois")

    async def test_a_deleted_topic_is_told_to_nobody(self, scene: Scene, bot: Bot) -> None:
        await scene.open_topic()
        message = scene.says("oi")
        await scene.news()
        scene.telegram.acts.delete(scene.forum, [message.id])
        await bot.delete_forum_topic(scene.forum.id, next(number for number in scene.forum.topics if number != 1))
        assert await bot.get_updates(allowed_updates=EVERYTHING) == ()


class TestPrivate:
    async def test_a_link_starts_a_chat_with_its_payload(self, scene: Scene, bot: Bot) -> None:
        scene.telegram.acts.start(scene.bot, STRANGER, "codigo-123")
        [update] = await bot.get_updates()
        assert update.message is not None
        assert (update.message.text, update.message.chat.type) == ("/start codigo-123", "private")
        assert update.message.chat.id == STRANGER.id

    async def test_a_block_is_told(self, scene: Scene, bot: Bot) -> None:
        scene.telegram.acts.start(scene.bot, STRANGER)
        scene.telegram.acts.block(scene.bot, STRANGER, is_blocked=True)
        _, update = await bot.get_updates()
        assert update.my_chat_member is not None
        assert update.my_chat_member.new_chat_member.status == ChatMember.BANNED


class TestMembers:
    async def test_a_bot_hears_what_becomes_of_itself(self, scene: Scene, bot: Bot) -> None:
        scene.let(scene.bot.user, Status.ADMINISTRATOR)
        scene.let(scene.bot.user, Status.KICKED)

        demoted, farewell, kicked = await bot.get_updates()

        assert demoted.my_chat_member is not None
        assert demoted.my_chat_member.from_user.id == BIA.id
        assert isinstance(demoted.my_chat_member.new_chat_member.to_dict()["can_manage_topics"], bool)
        assert farewell.message is not None
        assert farewell.message.left_chat_member is not None
        assert kicked.my_chat_member is not None
        assert kicked.my_chat_member.new_chat_member.status == ChatMember.BANNED

    async def test_others_are_told_to_administrators_who_ask(self, scene: Scene, bot: Bot) -> None:
        scene.let(STRANGER, Status.MEMBER)
        plain = await bot.get_updates()
        await bot.get_updates(offset=plain[-1].update_id + 1, allowed_updates=EVERYTHING)
        scene.let(STRANGER, Status.LEFT)

        told = [update.chat_member for update in await bot.get_updates() if update.chat_member]

        assert [update.chat_member for update in plain] == [None]
        assert plain[0].message is not None
        assert [user.id for user in plain[0].message.new_chat_members] == [STRANGER.id]
        assert [each.new_chat_member.status for each in told] == [ChatMember.LEFT]

    async def test_reactions_come_to_administrators_who_ask(self, scene: Scene, bot: Bot) -> None:
        await bot.get_updates(allowed_updates=EVERYTHING)
        message = await bot.send_message(scene.forum.id, "resolvido")
        scene.telegram.acts.react(scene.forum, CAIO, message.message_id, ("👍",))

        [update] = await bot.get_updates()

        reaction = update.message_reaction
        assert reaction is not None
        assert (reaction.user, reaction.message_id) == (update.effective_user, message.message_id)
        assert [each.to_dict() for each in reaction.new_reaction] == [{"type": "emoji", "emoji": "👍"}]

    async def test_turning_topics_on_migrates_a_basic_group(self, scene: Scene, bot: Bot) -> None:
        office = scene.telegram.office
        group = open_group(office, "Básico", creator=BIA, kind=Kind.GROUP)
        become(office, group, Member(user=scene.bot.user), by=BIA)
        await scene.news()
        new = turn_topics(office, group, by=BIA, are_on=True)

        gone, come = await bot.get_updates()

        assert gone.message is not None
        assert come.message is not None
        assert (gone.message.chat.id, gone.message.migrate_to_chat_id) == (group.id, new.id)
        assert (come.message.chat.id, come.message.migrate_from_chat_id) == (new.id, group.id)
        assert (await bot.get_chat(new.id)).is_forum
        with pytest.raises(ValueError, match="once"):
            upgrade(office, group, by=BIA)


class TestPresses:
    async def test_a_press_under_a_message_that_is_gone_says_so(self, scene: Scene, bot: Bot) -> None:
        markup = InlineKeyboardMarkup([[InlineKeyboardButton("Assumir", callback_data="take:91")]])
        message = await bot.send_message(scene.forum.id, "x", reply_markup=markup)
        scene.telegram.acts.delete(scene.forum, [message.message_id])
        scene.telegram.acts.press(scene.forum, CAIO, message.message_id, label="Assumir")

        [update] = await bot.get_updates()

        assert update.callback_query is not None
        assert update.callback_query.message is not None
        assert not update.callback_query.message.is_accessible

    async def test_forged_data_arrives_as_it_was_sent(self, scene: Scene, bot: Bot) -> None:
        message = await bot.send_message(scene.forum.id, "x")
        scene.telegram.acts.press(scene.forum, CAIO, message.message_id, data="approve:everything")
        [update] = await bot.get_updates()
        assert update.callback_query is not None
        assert update.callback_query.data == "approve:everything"
        assert not scene.telegram.acts.is_on(scene.forum, message.message_id, "approve:everything")


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


class TestApplication:
    async def test_a_program_of_python_telegram_bot_runs_on_it(self, scene: Scene) -> None:
        heard: list[str] = []
        done = asyncio.Event()

        async def queue(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
            assert update.effective_message is not None
            heard.append(f"fila {context.args}")
            markup = InlineKeyboardMarkup([[InlineKeyboardButton("Assumir", callback_data="take:1")]])
            await update.effective_message.reply_text("1 espera", reply_markup=markup)

        async def take(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
            assert update.callback_query is not None
            heard.append(str(update.callback_query.data))
            await update.callback_query.answer("É seu")
            await update.callback_query.edit_message_text("Bia assumiu")
            done.set()

        async with _application(scene, [CommandHandler("fila", queue), CallbackQueryHandler(take)]):
            scene.says("/fila@EquipeBot urgente")
            [card] = [each async for each in _messages(scene, "1 espera")]
            press = scene.telegram.acts.press(scene.forum, BIA, card, label="Assumir")
            async with asyncio.timeout(5):
                await done.wait()

        assert heard == ["fila ['urgente']", "take:1"]
        assert press.text == "É seu"
        assert scene.forum.messages[card].text == "Bia assumiu"


async def _messages(scene: Scene, text: str) -> AsyncIterator[int]:
    async with asyncio.timeout(5):
        seen = await scene.telegram.office.chats.seen(scene.forum, after=0, seconds=0, limit=100)
        while not (found := [each.id for each in seen if each.text == text]):
            last = seen[-1].version
            seen = await scene.telegram.office.chats.seen(scene.forum, after=last, seconds=5, limit=100)
    for number in found:
        yield number


@asynccontextmanager
async def _application(scene: Scene, handlers: list[Any]) -> AsyncIterator[None]:
    url = scene.sandbox.url
    builder = Application.builder().token(TOKEN).base_url(f"{url}/bot").base_file_url(f"{url}/file/bot")
    requests = [HTTPXRequest(httpx_kwargs={"verify": TLS}) for _ in range(2)]
    application = builder.request(requests[0]).get_updates_request(requests[1]).build()
    application.add_handlers(handlers)
    async with application:
        await application.start()
        assert application.updater is not None
        await application.updater.start_polling(allowed_updates=EVERYTHING)
        try:
            yield
        finally:
            await application.updater.stop()
            await application.stop()


async def _until_failed(scene: Scene, count: int = 1) -> None:
    async with asyncio.timeout(5):
        while scene.telegram.office.deliveries.counters.failed < count:  # noqa: ASYNC110 - no event tells it
            await asyncio.sleep(0.002)
