"""The bytes between python-telegram-bot and the simulated Telegram, held against the fact sheet."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qsl

import httpx
import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from sandbox.recordings import picture
from sandbox.telegram.acts import Manner
from sandbox.telegram.chats import Kind
from sandbox.telegram.faults import FloodWait
from sandbox.telegram.members import Member
from sandbox.telegram.rooms import become, open_group, upgrade
from tests.sandbox.conftest import TLS
from tests.sandbox.telegram.scene import BIA, CAIO, TOKEN, Scene

KEYBOARD = InlineKeyboardMarkup([[InlineKeyboardButton("Assumir", callback_data="take:91")]])


@dataclass
class Traffic:
    asked: list[httpx.Request] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)

    async def keep_request(self, request: httpx.Request) -> None:
        await request.aread()
        self.asked.append(request)

    async def keep_answer(self, response: httpx.Response) -> None:
        self.answers.append(await response.aread())

    @property
    def last(self) -> httpx.Request:
        return self.asked[-1]

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.last.content.decode(), strict_parsing=True))


@pytest.fixture
def traffic() -> Traffic:
    return Traffic()


@pytest.fixture
async def bot(scene: Scene, traffic: Traffic) -> AsyncIterator[Bot]:
    hooks = {"request": [traffic.keep_request], "response": [traffic.keep_answer]}
    requests = [HTTPXRequest(httpx_kwargs={"verify": TLS, "event_hooks": hooks}) for _ in range(2)]
    url = f"{scene.sandbox.url}/bot"
    async with Bot(TOKEN, base_url=url, request=requests[0], get_updates_request=requests[1]) as bot:
        yield bot


class TestAsked:
    async def test_a_message_is_a_form_with_json_inside(self, scene: Scene, bot: Bot, traffic: Traffic) -> None:
        await bot.send_message(
            scene.forum.id,
            "Olá, Ana",
            reply_markup=KEYBOARD,
            reply_parameters=ReplyParameters(5, allow_sending_without_reply=True),
        )

        assert traffic.last.url.path == f"/bot{TOKEN}/sendMessage"
        assert traffic.last.headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert traffic.form["chat_id"] == str(scene.forum.id)
        assert traffic.form["text"] == "Olá, Ana"
        keyboard = '{"inline_keyboard": [[{"callback_data": "take:91", "text": "Assumir"}]]}'
        assert json.loads(traffic.form["reply_markup"]) == json.loads(keyboard)
        assert json.loads(traffic.form["reply_parameters"])["allow_sending_without_reply"] is True
        [call] = [each for each in scene.telegram.book.calls if each.method == "sendMessage"]
        assert call.parameters == traffic.form

    async def test_a_file_is_multipart(self, scene: Scene, bot: Bot, traffic: Traffic) -> None:
        await bot.send_photo(scene.forum.id, picture(), caption="a nota")
        assert traffic.last.headers["Content-Type"].startswith("multipart/form-data; boundary=")
        assert picture() in traffic.last.content
        assert b'name="caption"\r\n\r\na nota\r\n' in traffic.last.content

    async def test_sixty_five_bytes_behind_a_button_leave_unhindered(
        self, scene: Scene, bot: Bot, traffic: Traffic
    ) -> None:
        markup = InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="x" * 65)]])
        with pytest.raises(TelegramError):
            await bot.send_message(scene.forum.id, "x", reply_markup=markup)
        assert "x" * 65 in traffic.form["reply_markup"]
        assert traffic.answers[-1] == b'{"ok":false,"error_code":400,"description":"Bad Request: BUTTON_DATA_INVALID"}'

    async def test_a_poll_names_its_offset_and_its_kinds(self, bot: Bot, traffic: Traffic) -> None:
        await bot.get_updates(offset=7, allowed_updates=["message", "callback_query"])
        assert traffic.form["offset"] == "7"
        assert json.loads(traffic.form["allowed_updates"]) == ["message", "callback_query"]


class TestAnswered:
    async def test_a_flood_names_the_seconds(self, scene: Scene, bot: Bot, traffic: Traffic) -> None:
        scene.sandbox.faults.add(FloodWait(seconds=3, times=1))
        with pytest.raises(TelegramError):
            await bot.send_message(scene.forum.id, "x")
        told = '"error_code":429,"description":"Too Many Requests: retry after 3","parameters":{"retry_after":3}'
        assert traffic.answers[-1] == b'{"ok":false,' + told.encode() + b"}"

    async def test_a_migration_names_the_new_group(self, scene: Scene, bot: Bot, traffic: Traffic) -> None:
        office = scene.telegram.office
        group = open_group(office, "Básico", creator=BIA, kind=Kind.GROUP)
        become(office, group, Member(user=scene.bot.user), by=BIA)
        new = upgrade(office, group, by=BIA)
        with pytest.raises(TelegramError):
            await bot.send_message(group.id, "x")
        words = "Bad Request: group chat was upgraded to a supergroup chat"
        told = {"ok": False, "error_code": 400, "description": words, "parameters": {"migrate_to_chat_id": new.id}}
        assert traffic.answers[-1] == json.dumps(told, separators=(",", ":")).encode()

    async def test_updates_come_as_the_sheet_shows_them(self, scene: Scene, bot: Bot, traffic: Traffic) -> None:
        topic = await bot.create_forum_topic(scene.forum.id, "Ana · 8765")
        thread_id = topic.message_thread_id
        card = await bot.send_message(scene.forum.id, "novo", message_thread_id=thread_id, reply_markup=KEYBOARD)
        scene.says("pode confirmar amanhã às 10h", manner=Manner(thread_id=thread_id))
        press = scene.telegram.acts.press(scene.forum, CAIO, card.message_id, label="Assumir")
        await bot.get_updates(offset=-2)

        message, query = json.loads(traffic.answers[-1])["result"]

        keys = [
            "message_id",
            "from",
            "chat",
            "date",
            "message_thread_id",
            "reply_to_message",
            "text",
            "is_topic_message",
        ]
        assert list(message["message"]) == keys
        assert list(message["message"]["reply_to_message"])[-2:] == ["forum_topic_created", "is_topic_message"]
        assert list(query["callback_query"]) == ["id", "from", "message", "chat_instance", "data"]
        assert query["callback_query"]["id"] == press.id
        assert isinstance(query["callback_query"]["chat_instance"], str)
        assert query["callback_query"]["message"]["reply_markup"] == KEYBOARD.to_dict()
        assert query["update_id"] == message["update_id"] + 1

    async def test_dates_are_those_of_the_sandbox(self, scene: Scene, bot: Bot) -> None:
        before = await bot.send_message(scene.forum.id, "x")
        await scene.sandbox.clock.turn(timedelta(days=2))
        after = await bot.send_message(scene.forum.id, "x")
        assert timedelta(days=2) <= after.date - before.date < timedelta(days=2, minutes=1)
