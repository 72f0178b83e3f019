"""What travels to Telegram for each thing that can be said or done: the method and its fields, as its manual has them.

The sender is ours over the real python-telegram-bot; who reads what came is the sandbox.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

import pytest

from channels.telegram_staff import setup
from channels.telegram_staff.client import Api, Client, open_client
from channels.telegram_staff.notes import Body, Button, Card, Change, Locate, React, Say, Show, Unsay
from channels.telegram_staff.rich import Rich, bold, code, italic, link, quote, strike
from channels.telegram_staff.sending import Target, Teller, plan
from channels.telegram_staff.updates import WANTED
from core.models.stream import MessageKind
from core.texts import Language
from sandbox.recordings import picture, voice_note
from sandbox.telegram.book import Call
from sandbox.telegram.bots import Account
from sandbox.telegram.chats import Chat, Message
from sandbox.telegram.contents import Text
from sandbox.telegram.flood import FloodSettings
from sandbox.telegram.people import User
from sandbox.world import Sandbox

TOKEN: Final = "7100000009:AAHcontractcontractcontractcontractcont"
FILES: Final = {"v": voice_note("oi"), "p": picture("oi"), "d": b"%PDF-1.7"}
BUTTONS: Final = (
    (Button(text="Aceitar", data="b:1"), Button(text="Ver", url="https://x.example/")),
    (Button(text="Copiar", copied="00020126"),),
)
KEYBOARD: Final = {
    "inline_keyboard": [
        [{"text": "Aceitar", "callback_data": "b:1"}, {"text": "Ver", "url": "https://x.example/"}],
        [{"text": "Copiar", "copy_text": {"text": "00020126"}}],
    ]
}


@dataclass(frozen=True, slots=True)
class Wire:
    sandbox: Sandbox
    chat: Chat
    client: Client
    line: Message

    @property
    def teller(self) -> Teller:
        return Teller(self.client, lambda show: _file(show.storage_key))

    async def thread(self) -> Target:
        return Target(chat=self.chat.id, thread=await self.teller.open_topic("Ana · 8765", self.chat.id))

    def last(self) -> Call:
        return list(self.sandbox.telegram.book.calls)[-1]

    async def of(self, work: Awaitable[object]) -> tuple[str, dict[str, Any]]:
        """The method that was called, with its fields."""
        await work
        call = self.last()
        return call.method, {name: _value(value) for name, value in call.parameters.items()}


async def _file(key: str) -> bytes:
    return FILES[key]


def _value(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


@pytest.fixture(scope="module")
async def wire() -> AsyncIterator[Wire]:
    async with Sandbox.open() as sandbox:
        telegram = sandbox.telegram
        bot = telegram.connect(Account(token=TOKEN, username="ContratoBot"))
        telegram.office.flood.settings = FloodSettings(overall_per_second=None, chat_burst=None, group_per_minute=None)
        owner = telegram.people.add(User(id=7_300_000_001, first_name="Olga"))
        chat = telegram.forum("Equipe", creator=owner, bot=bot)
        line = telegram.acts.write(chat, owner, Text(text="oi"))
        async with open_client(TOKEN, Api(base=sandbox.url)) as client:
            yield Wire(sandbox, chat, client, line)


NO_PREVIEW: Final = {"is_disabled": True}


class TestSaid:
    async def test_every_mark_buttons_and_an_answer(self, wire: Wire) -> None:
        text = bold("😀") + italic("b") + strike("c") + code("d") + quote("e") + link("f", "https://y.example/")
        target = await wire.thread()
        [step] = plan(Say(text=text, buttons=BUTTONS, reply_to=wire.line.id, is_silent=True))

        method, told = await wire.of(wire.teller.do(step, target))
        assert method == "sendMessage"
        assert told == {
            "chat_id": wire.chat.id,
            "message_thread_id": target.thread,
            "text": "😀bcdef",
            "entities": [
                {"type": "bold", "offset": 0, "length": 2},
                {"type": "italic", "offset": 2, "length": 1},
                {"type": "strikethrough", "offset": 3, "length": 1},
                {"type": "code", "offset": 4, "length": 1},
                {"type": "blockquote", "offset": 5, "length": 1},
                {"type": "text_link", "offset": 6, "length": 1, "url": "https://y.example/"},
            ],
            "reply_markup": KEYBOARD,
            "reply_parameters": {"message_id": wire.line.id, "allow_sending_without_reply": True},
            "disable_notification": True,
            "link_preview_options": NO_PREVIEW,
        }

    async def test_the_general_has_no_thread(self, wire: Wire) -> None:
        [step] = plan(Say(text=Rich("geral")))
        _, told = await wire.of(wire.teller.do(step, Target(chat=wire.chat.id)))
        assert "message_thread_id" not in told
        assert "parse_mode" not in told

    @pytest.mark.parametrize(
        ("body", "method", "field"),
        [
            (Show(storage_key="v", kind=MessageKind.VOICE, mime="audio/ogg", filename="v.ogg"), "sendVoice", "voice"),
            (Show(storage_key="p", kind=MessageKind.IMAGE, mime="image/png", filename="p.png"), "sendPhoto", "photo"),
            (
                Show(storage_key="d", kind=MessageKind.DOCUMENT, mime="application/pdf", filename="d.pdf"),
                "sendDocument",
                "document",
            ),
        ],
    )
    async def test_a_file_travels_in_parts_with_its_caption(
        self, wire: Wire, body: Show, method: str, field: str
    ) -> None:
        shown = Show(
            storage_key=body.storage_key, kind=body.kind, mime=body.mime, filename=body.filename, caption=bold("Ana")
        )
        [step] = plan(shown)
        called, told = await wire.of(wire.teller.do(step, Target(chat=wire.chat.id)))
        assert called == method
        assert (told["caption"], told["caption_entities"]) == ("Ana", [{"type": "bold", "offset": 0, "length": 3}])
        assert len(wire.last().files) == 1
        assert field in told or field in wire.last().files

    @pytest.mark.parametrize(
        ("body", "method", "told"),
        [
            (Locate(latitude=-23.5, longitude=-46.6), "sendLocation", {"latitude": -23.5, "longitude": -46.6}),
            (React(message_id=0, sign="👍"), "setMessageReaction", {"reaction": [{"type": "emoji", "emoji": "👍"}]}),
            (React(message_id=0, sign=""), "setMessageReaction", {}),
            (Unsay(message_ids=(999_999,)), "deleteMessages", {"message_ids": [999_999]}),
        ],
    )
    async def test_what_is_done_beside(self, wire: Wire, body: Body, method: str, told: dict[str, Any]) -> None:
        if isinstance(body, React):
            body = React(message_id=wire.line.id, sign=body.sign)
            told = told | {"message_id": wire.line.id}
        [step] = plan(body)
        assert await wire.of(wire.teller.do(step, Target(chat=wire.chat.id))) == (
            method,
            {"chat_id": wire.chat.id} | told,
        )

    async def test_a_card_is_words_and_a_change_edits_them(self, wire: Wire) -> None:
        [step] = plan(Card(text=bold("Ana"), buttons=BUTTONS))
        number = await wire.teller.do(step, Target(chat=wire.chat.id)) or 0
        change = Change(message_id=number, text=bold("Bea"))
        assert await wire.of(wire.teller.do(change, Target(chat=wire.chat.id))) == (
            "editMessageText",
            {
                "chat_id": wire.chat.id,
                "message_id": number,
                "text": "Bea",
                "entities": [{"type": "bold", "offset": 0, "length": 3}],
                "link_preview_options": NO_PREVIEW,
            },
        )
        assert await wire.of(wire.teller.pin(number, Target(chat=wire.chat.id))) == (
            "pinChatMessage",
            {"chat_id": wire.chat.id, "message_id": number, "disable_notification": True},
        )

    async def test_what_was_said_with_a_file_has_its_caption_changed(self, wire: Wire) -> None:
        [step] = plan(Show(storage_key="d", kind=MessageKind.DOCUMENT, mime="x/y", filename="a", caption=Rich("um")))
        number = await wire.teller.do(step, Target(chat=wire.chat.id)) or 0
        method, told = await wire.of(
            wire.teller.do(Change(message_id=number, text=Rich("dois")), Target(chat=wire.chat.id))
        )
        assert (method, told["caption"]) == ("editMessageCaption", "dois")


class TestTopics:
    async def test_the_life_of_one(self, wire: Wire) -> None:
        target = await wire.thread()
        assert (wire.last().method, wire.last().parameters["name"]) == ("createForumTopic", "Ana · 8765")
        place = {"chat_id": wire.chat.id, "message_thread_id": target.thread}
        assert await wire.of(wire.teller.close_topic(target)) == ("closeForumTopic", place)
        assert await wire.of(wire.teller.reopen_topic("Ana Maria", target)) == (
            "editForumTopic",
            place | {"name": "Ana Maria"},
        )
        assert await wire.of(wire.teller.delete_topic(target)) == ("deleteForumTopic", place)

    async def test_a_name_is_never_too_long_nor_empty(self, wire: Wire) -> None:
        for name in ("x" * 300, "  \n ", "😀" * 200):
            await wire.teller.open_topic(name, wire.chat.id)
            told = wire.last().parameters["name"]
            assert 0 < len(told.encode("utf-16-le")) // 2 <= 128


class TestAsked:
    async def test_updates_are_asked_for_with_all_that_is_wanted(self) -> None:
        heads: list[str] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heads.append((await reader.readline()).decode())
            body = b'{"ok":true,"result":[{"update_id":41,"odd":true},7]}'
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body))
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with open_client(TOKEN, Api(base=f"http://127.0.0.1:{port}")) as client:
                assert await client.updates(41, seconds=0) == [{"update_id": 41, "odd": True}]
        method, _, query = heads[0].split()[1].partition("?")
        assert method == f"/bot{TOKEN}/getUpdates"
        asked = parse_qs(query)
        assert {name: asked[name] for name in ("offset", "timeout", "limit")} == {
            "offset": ["41"],
            "timeout": ["0"],
            "limit": ["100"],
        }
        assert json.loads(asked["allowed_updates"][0]) == list(WANTED)

    @pytest.mark.parametrize(
        ("ask", "method"),
        [
            (lambda wire: setup.look(wire.client), "getMe"),
            (lambda wire: setup.look_at(wire.client, wire.chat.id, 7100000009), "getChatMember"),
            (lambda wire: setup.hook(wire.client), "getWebhookInfo"),
            (lambda wire: setup.fetch_instead(wire.client), "deleteWebhook"),
        ],
    )
    async def test_what_is_looked_at(self, wire: Wire, ask: Callable[[Wire], Awaitable[object]], method: str) -> None:
        await ask(wire)
        assert wire.last().method == method

    async def test_the_menu_is_portuguese_for_all_and_english_for_those_who_speak_it(self, wire: Wire) -> None:
        before = len(list(wire.sandbox.telegram.book.calls))
        await setup.set_menu(
            wire.client, {Language.PT: [("fila", "Quem espera")], Language.EN: [("queue", "Who waits")]}
        )
        calls = list(wire.sandbox.telegram.book.calls)[before:]
        told = [{name: _value(value) for name, value in call.parameters.items()} for call in calls]
        assert {call.method for call in calls} == {"setMyCommands"}
        assert [one.get("language_code") for one in told] == [None] * 3 + ["en"] * 3
        assert [one["scope"]["type"] for one in told[:3]] == ["default", "all_group_chats", "all_private_chats"]
        assert told[0]["commands"] == [{"command": "fila", "description": "Quem espera"}]

    async def test_a_webhook_brings_the_secret_and_one_call_at_a_time(self, wire: Wire) -> None:
        method, told = await wire.of(setup.be_called(wire.client, "http://127.0.0.1:1/x", "s" * 32))
        [bot] = wire.sandbox.telegram.bots
        webhook = bot.webhook
        await setup.fetch_instead(wire.client)
        assert webhook is not None
        assert (method, webhook.secret, told["max_connections"]) == ("setWebhook", "s" * 32, 1)
        assert told["allowed_updates"] == list(WANTED)
