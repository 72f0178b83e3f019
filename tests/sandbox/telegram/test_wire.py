"""What travels, to the byte: bodies of every kind, answers, refusals, and who may ask at all."""

import json
from contextlib import suppress
from typing import Any

import httpx
import pytest

from sandbox.ledger import Outcome
from sandbox.telegram.acts import Manner
from sandbox.telegram.book import Act
from tests.sandbox.telegram.scene import BIA, TOKEN, Scene


class TestAnswer:
    async def test_a_message_is_told_as_telegram_tells_it(self, scene: Scene) -> None:
        answer = await scene.ask("sendMessage", chat_id=scene.forum.id, text="Olá, Bia & Cia")

        [message] = [each for each in scene.forum.messages.values() if each.kind == "text"]
        chat = {"id": scene.forum.id, "title": "Equipe", "is_forum": True, "type": "supergroup"}
        sender = {"id": 7100000001, "is_bot": True, "first_name": "Equipe", "username": "EquipeBot"}
        told = {"message_id": message.id, "from": sender, "chat": chat, "date": message.date, "text": "Olá, Bia & Cia"}
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.content == json.dumps({"ok": True, "result": told}, separators=(",", ":")).encode()
        assert b"Ol\\u00e1" in answer.content

    async def test_a_refusal_has_its_number_three_times(self, scene: Scene) -> None:
        answer = await scene.ask("sendMessage", chat_id=-1, text="x")

        assert answer.status_code == 400
        assert answer.content == b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}'

    async def test_a_group_id_is_a_negative_number_of_thirteen_digits(self, scene: Scene) -> None:
        assert str(scene.forum.id).startswith("-100")
        assert len(str(scene.forum.id)) == 14
        assert scene.forum.id < -(2**31)

    async def test_a_message_in_a_topic_names_it_and_answers_its_first(self, scene: Scene) -> None:
        thread_id = await scene.open_topic()

        told = await scene.send("no tópico", message_thread_id=thread_id)

        assert told["message_thread_id"] == thread_id
        assert told["is_topic_message"] is True
        created = {"name": "Ana · 8765", "icon_color": 7322096}
        assert told["reply_to_message"]["forum_topic_created"] == created
        assert told["reply_to_message"]["message_id"] == thread_id

    async def test_what_staff_writes_in_a_topic_has_the_shape_of_the_sheet(self, scene: Scene) -> None:
        thread_id = await scene.open_topic()
        await scene.news()
        message = scene.says("pode confirmar amanhã às 10h", manner=Manner(thread_id=thread_id))

        [update] = await scene.news()

        told = update["message"]
        assert set(update) == {"update_id", "message"}
        assert told["message_id"] == message.id
        assert told["chat"] == {"id": scene.forum.id, "title": "Equipe", "is_forum": True, "type": "supergroup"}
        assert told["from"] == {"id": BIA.id, "is_bot": False, "first_name": "Bia", "language_code": "pt"}
        assert (told["message_thread_id"], told["is_topic_message"]) == (thread_id, True)
        assert told["text"] == "pode confirmar amanhã às 10h"
        assert told["reply_to_message"]["forum_topic_created"]["name"] == "Ana · 8765"


class TestBodies:
    @pytest.mark.parametrize("way", ["form", "json", "multipart", "query", "get"])
    async def test_every_way_of_asking_is_read_alike(self, scene: Scene, way: str) -> None:
        keyboard = {"inline_keyboard": [[{"text": "Assumir", "callback_data": "take:91"}]]}
        told: dict[str, Any] = {"chat_id": scene.forum.id, "text": "Olá ção"}
        path = f"/bot{TOKEN}/sendMessage"
        packed = {**{name: str(value) for name, value in told.items()}, "reply_markup": json.dumps(keyboard)}
        match way:
            case "form":
                answer = await scene.client.post(path, data=packed)
            case "json":
                answer = await scene.client.post(path, json={**told, "reply_markup": keyboard})
            case "multipart":
                answer = await scene.client.post(path, files={name: (None, value) for name, value in packed.items()})
            case "query":
                answer = await scene.client.post(path, params=packed)
            case _:
                answer = await scene.client.get(path, params=packed)

        assert answer.status_code == 200, answer.text
        assert answer.json()["result"]["text"] == "Olá ção"
        assert answer.json()["result"]["reply_markup"] == keyboard

    @pytest.mark.parametrize("method", ["sendmessage", "SENDMESSAGE", "sendMessage"])
    async def test_the_case_of_a_method_does_not_matter(self, scene: Scene, method: str) -> None:
        assert await scene.ok(method, chat_id=scene.forum.id, text="x")

    async def test_a_body_that_is_no_json_is_refused(self, scene: Scene) -> None:
        headers = {"Content-Type": "application/json"}
        for body in (b"{", b"[1]", b'"x"'):
            answer = await scene.client.post(f"/bot{TOKEN}/getMe", content=body, headers=headers)
            assert answer.status_code == 400
            assert answer.json()["description"] == "Bad Request: can't parse JSON object"

    async def test_json_inside_a_form_that_is_none_is_refused(self, scene: Scene) -> None:
        refused = await scene.refused("sendMessage", chat_id=scene.forum.id, text="x", reply_markup="{")
        assert refused == (400, "Bad Request: can't parse reply keyboard markup JSON object")

    async def test_a_file_beyond_fifty_megabytes_is_too_large(self, scene: Scene) -> None:
        file = {"document": ("a.bin", b"\0" * (50 * 1024 * 1024 + 1))}
        path = f"/bot{TOKEN}/sendDocument"
        refused: httpx.Response | None = None
        with suppress(httpx.WriteError):  # the answer may come before the whole file left
            refused = await scene.client.post(path, data={"chat_id": str(scene.forum.id)}, files=file)
        assert scene.done() == []
        assert await scene.ok("getMe")
        if refused is not None:
            assert (refused.status_code, refused.json()["description"]) == (413, "Request Entity Too Large")


class TestWhoAsks:
    async def test_an_unknown_token_is_unauthorized(self, scene: Scene) -> None:
        wrong = TOKEN[:-1] + "x"
        assert await scene.refused("getMe", token=wrong) == (401, "Unauthorized")

    async def test_a_token_that_is_none_is_not_found(self, scene: Scene) -> None:
        assert await scene.refused("getMe", token="nothing") == (404, "Not Found")

    async def test_a_revoked_token_is_unauthorized(self, scene: Scene) -> None:
        scene.bot.is_revoked = True
        assert await scene.refused("getMe") == (401, "Unauthorized")

    async def test_an_unknown_method_is_not_found(self, scene: Scene) -> None:
        assert await scene.refused("sendTelepathy") == (404, "Not Found: method not found")


class TestBook:
    async def test_everything_accepted_is_in_it_with_what_people_see(self, scene: Scene) -> None:
        thread_id = await scene.open_topic()
        keyboard = {"inline_keyboard": [[{"text": "Assumir", "callback_data": "t:1"}]]}
        told = await scene.send(
            "<b>Ana</b> espera", message_thread_id=thread_id, parse_mode="HTML", reply_markup=keyboard
        )

        [sent] = scene.done(Act.MESSAGE)
        done = sent.done
        assert (done.chat_id, done.thread_id, done.message_id) == (scene.forum.id, thread_id, told["message_id"])
        assert (done.text, done.kind) == ("Ana espera", "text")
        assert done.entities == ({"offset": 0, "length": 3, "type": "bold"},)
        assert done.reply_markup == keyboard
        assert [each.done.act for each in scene.done()] == [Act.TOPIC_CREATED, Act.MESSAGE]

    async def test_calls_tell_what_became_of_them_and_no_secret(self, scene: Scene) -> None:
        await scene.send("aceita")
        await scene.refused("sendMessage", chat_id=scene.forum.id)
        await scene.ok("getMe")
        await scene.ok("setWebhook", url="http://127.0.0.1:1/x", secret_token="segredo")

        calls = list(scene.telegram.book.calls)
        assert [call.outcome for call in calls] == [Outcome.ACCEPTED, Outcome.REFUSED, Outcome.READ, Outcome.ACCEPTED]
        assert (calls[1].code, calls[1].description) == (400, "Bad Request: message text is empty")
        assert calls[0].parameters["text"] == "aceita"
        assert "segredo" not in str(calls)
        assert TOKEN not in str(calls)

    async def test_asking_for_news_is_not_in_it(self, scene: Scene) -> None:
        await scene.ok("getUpdates")
        assert list(scene.telegram.book.calls) == []
