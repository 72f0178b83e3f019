"""The control plane of Telegram: everything that people do there, over JSON, and everything that can be seen."""

import asyncio
import base64
from typing import Any

import httpx
import pytest

from sandbox.bell import Bell
from sandbox.recordings import voice_note
from sandbox.telegram.chats import GENERAL
from tests.sandbox.asking import get, post
from tests.sandbox.telegram.scene import BIA, CAIO, OTHER_TOKEN, STRANGER, TOKEN, Scene, account

T = "/telegram"


async def changed(panel: httpx.AsyncClient, way: str, path: str, told: dict[str, Any], status: int = 200) -> Any:
    answer = await panel.request(way, path, json=told)
    assert answer.status_code == status, answer.text
    return answer.json()


async def until_waited(bell: Bell) -> None:
    """Somebody looked there and found nothing."""
    async with asyncio.timeout(5):
        while not bell._waiting:  # noqa: ASYNC110 - no event tells that a request arrived
            await asyncio.sleep(0.002)


class TestFromNothing:
    async def test_a_staff_group_is_built_by_hand(self, sandbox: Any, panel: httpx.AsyncClient) -> None:
        """As `masteria chat --as staff` does it, in a process of its own."""
        bot = await post(panel, f"{T}/bots", {"token": TOKEN, "username": "EquipeBot"}, status=201)
        await post(panel, f"{T}/users", {"id": BIA.id, "first_name": "Bia"}, status=201)
        chat = await post(panel, f"{T}/chats", {"title": "Equipe", "creator_id": BIA.id, "kind": "group"}, status=201)
        forum = await changed(panel, "PATCH", f"{T}/chats/{chat['id']}", {"by": BIA.id, "is_forum": True})
        told = {"user_id": bot["id"], "by": BIA.id, "status": "administrator"}
        member = await post(panel, f"{T}/chats/{forum['id']}/members", told)

        seen = await get(panel, f"{T}/chats/{forum['id']}")

        assert (await get(panel, f"{T}/chats/{chat['id']}"))["migrated_to"] == forum["id"]
        assert (forum["is_forum"], forum["type"]) == (True, "supergroup")
        assert member["can_manage_topics"] is True
        assert [each["status"] for each in seen["members"]] == ["creator", "administrator"]
        assert [topic["name"] for topic in seen["topics"]] == ["General"]
        assert "token" not in bot
        assert sandbox.telegram.bots.find(bot["id"]) is not None


class TestMessages:
    async def test_people_write_edit_forward_and_delete(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        chat = {"chat_id": scene.forum.id, "user_id": BIA.id}
        text = {"type": "text", "text": "bom dia"}
        first = (await post(panel, f"{T}/messages", {**chat, "content": text}, status=201))["message_id"]
        await changed(panel, "PATCH", f"{T}/messages", {**chat, "message_id": first, "text": "boa tarde"})
        told = {**chat, "from_chat_id": scene.forum.id, "message_id": first}
        second = (await post(panel, f"{T}/forwards", told, status=201))["message_id"]
        await changed(panel, "DELETE", f"{T}/messages", {"chat_id": scene.forum.id, "message_ids": [first]})

        updates = await scene.news()

        assert [set(update) - {"update_id"} for update in updates] == [{"message"}, {"edited_message"}, {"message"}]
        assert updates[2]["message"]["forward_origin"]["sender_user"]["id"] == BIA.id
        assert updates[2]["message"]["message_id"] == second
        assert scene.forum.find(first) is None

    async def test_files_are_made_of_words_or_bytes(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        chat = {"chat_id": scene.forum.id, "user_id": CAIO.id}
        voice = {"type": "voice", "words": "pode fechar", "duration": 2}
        file = {
            "type": "document",
            "data": base64.b64encode(b"%PDF").decode(),
            "file_name": "a.pdf",
            "caption": "a conta",
        }
        await post(panel, f"{T}/messages", {**chat, "content": voice}, status=201)
        items = [{"type": "photo", "words": "um"}, {"type": "photo", "words": "dois"}]
        album = await post(panel, f"{T}/albums", {**chat, "items": items}, status=201)
        await post(panel, f"{T}/messages", {**chat, "content": file}, status=201)

        said, *_, told = (update["message"] for update in await scene.news())

        kept = await get(panel, f"{T}/files/{said['voice']['file_id']}")
        assert base64.b64decode(kept["data"]) == voice_note("pode fechar", seconds=2)
        assert (told["document"]["file_name"], told["caption"]) == ("a.pdf", "a conta")
        assert len(album["message_ids"]) == 2

    async def test_in_a_topic_as_an_answer_and_in_private(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        thread_id = await scene.open_topic()
        text = {"type": "text", "text": "oi"}
        told = {"chat_id": scene.forum.id, "user_id": BIA.id, "content": text}
        first = await post(panel, f"{T}/messages", {**told, "manner": {"thread_id": thread_id}}, status=201)
        await post(panel, f"{T}/messages", {**told, "manner": {"reply_to": first["message_id"]}}, status=201)
        await post(panel, f"{T}/starts", {"bot_id": scene.bot.id, "user_id": STRANGER.id, "payload": "x1"}, status=201)
        await post(panel, f"{T}/messages", {**told, "chat_id": STRANGER.id, "user_id": STRANGER.id}, status=201)

        _, one, two, start, private = (update["message"] for update in await scene.news())

        assert (one["message_thread_id"], two["message_thread_id"]) == (thread_id, thread_id)
        assert two["reply_to_message"]["message_id"] == one["message_id"]
        assert (start["text"], private["chat"]["id"]) == ("/start x1", STRANGER.id)

    async def test_what_the_application_would_not_do_is_refused(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        text = {"type": "text", "text": "oi"}
        own = await scene.send("da Bia não é")
        told = {"chat_id": scene.forum.id, "user_id": STRANGER.id, "content": text}
        await post(panel, f"{T}/messages", told, status=409)
        await post(panel, f"{T}/messages", {**told, "user_id": BIA.id, "manner": {"thread_id": 4000}}, status=409)
        await post(panel, f"{T}/messages", {**told, "user_id": 12345}, status=404)
        await post(panel, f"{T}/messages", {**told, "chat_id": -5}, status=404)
        await post(panel, f"{T}/messages", {**told, "content": {"type": "smell"}}, status=422)
        await post(panel, f"{T}/messages", {**told, "surprise": 1}, status=422)
        edit = {"chat_id": scene.forum.id, "user_id": BIA.id, "message_id": own["message_id"], "text": "x"}
        refused = await changed(panel, "PATCH", f"{T}/messages", edit, status=409)
        assert refused["error"]["pt"].startswith("O Telegram não deixa")

    async def test_a_closed_topic_is_open_for_those_who_manage_it(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        thread_id = await scene.open_topic()
        path = f"{T}/chats/{scene.forum.id}/topics/{thread_id}"
        await changed(panel, "PATCH", path, {"by": BIA.id, "is_closed": True})
        told = {"chat_id": scene.forum.id, "content": {"type": "text", "text": "x"}, "manner": {"thread_id": thread_id}}
        await post(panel, f"{T}/messages", {**told, "user_id": CAIO.id}, status=409)
        await post(panel, f"{T}/messages", {**told, "user_id": BIA.id}, status=201)


class TestPresses:
    async def test_a_press_is_answered_while_somebody_waits(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        keyboard = {"inline_keyboard": [[{"text": "Assumir", "callback_data": "take:1"}]]}
        told = await scene.send(reply_markup=keyboard)
        press = {"chat_id": scene.forum.id, "user_id": CAIO.id, "message_id": told["message_id"]}
        number = (await post(panel, f"{T}/presses", {**press, "label": "Assumir"}, status=201))["callback_query_id"]
        waiting = asyncio.create_task(get(panel, f"{T}/presses/{number}", wait=5))
        await scene.ok("answerCallbackQuery", callback_query_id=number, text="É seu", show_alert="true")

        answered = await waiting

        assert (answered["is_answered"], answered["text"], answered["is_alert"]) == (True, "É seu", True)
        await post(panel, f"{T}/presses", {**press, "label": "Outro"}, status=409)
        await post(panel, f"{T}/presses", press, status=422)
        assert (await panel.get(f"{T}/presses/1")).status_code == 404

    async def test_reactions_and_blocks(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        message = scene.says("oi")
        told = {"chat_id": scene.forum.id, "user_id": CAIO.id, "message_id": message.id}
        await post(panel, f"{T}/reactions", {**told, "emojis": ["👍"]})
        await post(panel, f"{T}/blocks", {"bot_id": scene.bot.id, "user_id": CAIO.id})

        seen = await get(panel, f"{T}/chats/{scene.forum.id}/messages")

        assert seen["items"][-1]["reactions"] == [{"user_id": CAIO.id, "reaction": [{"type": "emoji", "emoji": "👍"}]}]
        refused = await scene.refused("sendMessage", chat_id=CAIO.id, text="x")
        assert refused == (403, "Forbidden: bot was blocked by the user")


class TestGroups:
    async def test_topics_are_opened_renamed_hidden_and_deleted(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        path = f"{T}/chats/{scene.forum.id}/topics"
        topic = await post(panel, path, {"by": BIA.id, "name": "Avisos"}, status=201)
        one = f"{path}/{topic['message_thread_id']}"
        await changed(panel, "PATCH", one, {"by": BIA.id, "name": "Recados"})
        await changed(panel, "PATCH", f"{path}/{GENERAL}", {"by": BIA.id, "is_hidden": True})
        gone = await panel.delete(one, params={"by": BIA.id})

        kinds = [next(iter(set(update["message"]) & _NEWS)) for update in await scene.news()]
        assert kinds == ["forum_topic_created", "forum_topic_edited", "general_forum_topic_hidden"]
        assert gone.json()["is_deleted"] is True
        assert (await panel.delete(f"{path}/{GENERAL}", params={"by": BIA.id})).status_code == 409
        await changed(panel, "PATCH", one, {"by": BIA.id, "name": "x"}, status=404)
        await post(panel, path, {"by": BIA.id, "name": " "}, status=422)

    async def test_a_group_without_topics_says_so(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        told = {"by": BIA.id, "is_forum": False, "title": "Time", "permissions": ["can_send_messages"]}
        chat = await changed(panel, "PATCH", f"{T}/chats/{scene.forum.id}", told)
        assert ("is_forum" in chat, chat["title"]) == (False, "Time")
        await post(panel, f"{T}/chats/{scene.forum.id}/topics", {"by": BIA.id, "name": "x"}, status=409)
        await post(panel, f"{T}/chats/{scene.forum.id}/migrate", {"by": BIA.id}, status=409)

    async def test_a_forum_cannot_be_basic_nor_a_group_private(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        told = {"title": "x", "creator_id": scene.bot.id}
        await post(panel, f"{T}/chats", {**told, "kind": "group", "is_forum": True}, status=422)
        await post(panel, f"{T}/chats", {**told, "kind": "private"}, status=422)
        await post(panel, f"{T}/chats", {**told, "kind": "channel"}, status=422)

    async def test_what_a_person_sees_behind_a_slash(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        path = f"{T}/bots/{scene.bot.id}/menu"
        chat = {"type": "chat", "chat_id": scene.forum.id}
        bosses = {"type": "chat_administrators", "chat_id": scene.forum.id}
        for scope, name in ((None, "geral"), (chat, "grupo"), (bosses, "chefe")):
            told = {} if scope is None else {"scope": scope}
            await scene.ok("setMyCommands", commands=[{"command": name, "description": "x"}], **told)
        english = {"commands": [{"command": "boss", "description": "x"}], "scope": bosses, "language_code": "en"}
        await scene.ok("setMyCommands", **english)

        async def menu(user_id: int, **told: str) -> list[str]:
            seen = await get(panel, path, chat_id=scene.forum.id, user_id=user_id, **told)
            return [each["command"] for each in seen["commands"]]

        assert await menu(CAIO.id) == ["grupo"]
        assert await menu(BIA.id) == ["chefe"]
        assert await menu(BIA.id, language="en") == ["boss"]
        private = await get(panel, path, chat_id=CAIO.id, user_id=CAIO.id)
        assert [each["command"] for each in private["commands"]] == ["geral"]


class TestLooking:
    async def test_the_ledger_comes_in_pages_by_place_and_kind(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        thread_id = await scene.open_topic()
        for number in range(3):
            await scene.send(str(number), message_thread_id=thread_id)
        await scene.send("fora")

        page = await get(panel, f"{T}/accepted", thread_id=thread_id, act="message", limit=2)
        rest = await get(panel, f"{T}/accepted", thread_id=thread_id, act="message", after=page["next"])
        calls = await get(panel, f"{T}/calls", limit=1)

        assert [item["text"] for item in page["items"]] == ["0", "1"]
        assert [item["text"] for item in rest["items"]] == ["2"]
        assert (rest["next"], rest["forgotten"]) == (None, 0)
        assert set(page["items"][0]) == _ENTRY
        assert calls["items"][0]["method"] == "createForumTopic"
        assert (await get(panel, f"{T}/accepted", bot_id=5))["items"] == []

    async def test_somebody_may_wait_for_the_next(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        waiting = asyncio.create_task(get(panel, f"{T}/accepted", wait=5, chat_id=scene.forum.id))
        await until_waited(scene.telegram.book._bell)
        await scene.send("chegou")
        assert [item["text"] for item in (await waiting)["items"]] == ["chegou"]

    async def test_a_chat_is_watched_as_people_see_it(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        path = f"{T}/chats/{scene.forum.id}/messages"
        told = await scene.send("aberto")
        before = await get(panel, path)
        waiting = asyncio.create_task(get(panel, path, after=before["version"], wait=5))
        await until_waited(scene.telegram.office.chats._bell)
        await scene.ok("editMessageText", chat_id=scene.forum.id, message_id=told["message_id"], text="fechado")
        [edited] = (await waiting)["items"]
        await scene.ok("deleteMessage", chat_id=scene.forum.id, message_id=told["message_id"])
        [gone] = (await get(panel, path, after=edited["version"]))["items"]

        assert before["items"][-1]["message"]["text"] == "aberto"
        assert edited["message"]["text"] == "fechado"
        assert (gone["is_deleted"], gone["message"]) == (True, {"message_id": told["message_id"]})

    async def test_topics_are_watched_alone(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        thread_id = await scene.open_topic()
        await scene.send("dentro", message_thread_id=thread_id)
        await scene.send("fora")
        path = f"{T}/chats/{scene.forum.id}/messages"
        inside, outside = [await get(panel, path, thread_id=number) for number in (thread_id, 0)]
        assert [item["message"].get("text") for item in inside["items"]][-1] == "dentro"
        assert [item["message"].get("text") for item in outside["items"]][-1] == "fora"

    async def test_counters_limits_and_faults(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        flood = await changed(panel, "PUT", f"{T}/flood", {"group_per_minute": 1, "chat_burst": None})
        await scene.send()
        await scene.ask("sendMessage", chat_id=scene.forum.id, text="x")
        scene.says("oi")
        counters = await get(panel, f"{T}/counters")
        fault = await post(panel, f"{T}/faults", {"name": "FloodWait", "seconds": 5, "times": 1})
        await changed(panel, "PUT", f"{T}/flood", {"group_per_minute": 0}, status=422)
        await post(panel, f"{T}/faults", {"name": "Gremlin"}, status=422)

        assert flood == {"overall_per_second": 30, "chat_burst": None, "group_per_minute": 1, "edits_count": True}
        assert counters["flood"] == {"refused": 1}
        assert counters["ledger"] == {"calls": 2, "accepted": 1, "forgotten": 0}
        assert counters["updates"][str(scene.bot.id)]["pending"] == 1
        assert fault["faults"][0]["path"] == "/telegram/send/"

    async def test_webhooks_have_settings(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        told = await changed(panel, "PUT", f"{T}/webhooks", {"keeps_order": False, "timeout": 1})
        assert told["settings"] == {"timeout": 1.0, "first_retry": 1.0, "longest_retry": 60.0, "keeps_order": False}
        assert scene.telegram.office.deliveries.settings.keeps_order is False
        await changed(panel, "PUT", f"{T}/webhooks", {"timeout": 0}, status=422)


class TestBots:
    async def test_tokens_are_revoked_and_replaced(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        one = f"{T}/bots/{scene.bot.id}"
        told = await changed(panel, "PATCH", one, {"is_revoked": True, "has_privacy": False})
        assert told["can_read_all_group_messages"] is True
        assert (await scene.ask("getMe")).status_code == 401
        scene.telegram.connect(account())
        assert (await scene.ask("getMe")).status_code == 401
        await post(panel, f"{T}/bots", {"token": f"{scene.bot.id}:novo", "username": "EquipeBot"}, status=201)

        assert (await scene.ask("getMe", token=f"{scene.bot.id}:novo")).status_code == 200
        assert (await scene.ask("getMe")).status_code == 401
        assert [bot["id"] for bot in (await get(panel, f"{T}/bots"))["bots"]] == [scene.bot.id]

    async def test_with_several_bots_a_private_chat_names_its_own(self, scene: Scene, panel: httpx.AsyncClient) -> None:
        other = await post(panel, f"{T}/bots", {"token": OTHER_TOKEN, "username": "OutroBot"}, status=201)
        told = {"chat_id": CAIO.id, "user_id": CAIO.id, "content": {"type": "text", "text": "oi"}}
        await post(panel, f"{T}/messages", told, status=422)
        await post(panel, f"{T}/messages", {**told, "bot_id": other["id"]}, status=201)
        await changed(panel, "DELETE", f"{T}/bots/{other['id']}", {})
        assert (await scene.ask("getMe", token=OTHER_TOKEN)).status_code == 401

    @pytest.mark.parametrize("token", ["", "abc", "12", "12:", ":x"])
    async def test_a_token_that_is_none_is_refused(self, sandbox: Any, panel: httpx.AsyncClient, token: str) -> None:
        await post(panel, f"{T}/bots", {"token": token, "username": "x"}, status=422)
        assert list(sandbox.telegram.bots) == []

    async def test_a_bot_is_no_person(self, sandbox: Any, panel: httpx.AsyncClient) -> None:
        await post(panel, f"{T}/users", {"id": 5, "first_name": "x", "is_bot": True}, status=422)
        await post(panel, f"{T}/users", {"id": -5, "first_name": "x"}, status=422)
        assert (await get(panel, f"{T}/users"))["users"] == []
        assert list(sandbox.telegram.people) == []


class TestReset:
    async def test_everything_is_forgotten_but_the_bots_and_how_far_numbers_went(
        self, scene: Scene, panel: httpx.AsyncClient
    ) -> None:
        scene.says("oi")
        [before] = await scene.ok("getUpdates")
        await post(panel, "/reset")
        telegram = scene.telegram
        assert [bot.id for bot in telegram.bots] == [scene.bot.id]
        assert (list(telegram.office.chats), list(telegram.people), scene.done()) == ([], [], [])
        telegram.people.add(BIA)
        forum = telegram.forum("Nova", creator=BIA, bot=scene.bot)
        assert forum.id != scene.forum.id
        assert min(update["update_id"] for update in await scene.ok("getUpdates")) > before["update_id"]


_NEWS = {"forum_topic_created", "forum_topic_edited", "general_forum_topic_hidden", "forum_topic_closed"}
_ENTRY = {
    *("number", "monotonic_ns", "wall_ns", "call", "bot_id", "method", "act", "chat_id", "thread_id", "message_id"),
    *("kind", "text", "entities", "reply_markup", "sha256", "details"),
}
