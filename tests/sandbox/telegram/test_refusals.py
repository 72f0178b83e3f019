"""What Telegram refuses, row by row in its own words; and that nothing that is asked breaks it."""

import json
import random
from typing import Any

import pytest

from sandbox.recordings import picture
from sandbox.telegram.acts import Manner
from sandbox.telegram.chats import Kind
from sandbox.telegram.members import Member, Permission, Status
from sandbox.telegram.rooms import become, open_group
from tests.sandbox.telegram.scene import BIA, CAIO, TOKEN, Scene

HERE = "HERE"  # stands for the chat of the scene
OWN = "OWN"  # for a message of the bot


def keys(*buttons: Any) -> dict[str, Any]:
    return {"inline_keyboard": [list(buttons)]}


def told_with(markup: Any) -> dict[str, Any]:
    return {"chat_id": HERE, "text": "x", "reply_markup": markup}


ROWS: list[tuple[str, dict[str, Any], str]] = [
    ("getChat", {}, "chat_id is empty"),
    ("getChat", {"chat_id": "@equipe"}, "chat not found"),
    ("getChatMember", {"chat_id": HERE}, "invalid user_id specified"),
    ("getChatMember", {"chat_id": HERE, "user_id": 5}, "user not found"),
    ("getChatMember", {"chat_id": HERE, "user_id": 7_000_000_003}, "PARTICIPANT_ID_INVALID"),
    ("sendChatAction", {"chat_id": HERE, "action": "thinking"}, "wrong parameter action in request"),
    ("sendMessage", told_with("[]"), "object expected as reply markup"),
    ("sendMessage", told_with({"inline_keyboard": "x"}), 'field "inline_keyboard" must be an Array of Arrays'),
    ("sendMessage", told_with(keys("x")), "can't parse inline keyboard button: InlineKeyboardButton must be an Object"),
    ("sendMessage", told_with(keys({})), "can't parse inline keyboard button: Can't find field \"text\""),
    (
        "sendMessage",
        told_with(keys({"text": "x"})),
        "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
    ),
    (
        "sendMessage",
        told_with(keys({"text": "x", "callback_data": "y", "style": "loud"})),
        "can't parse inline keyboard button: invalid button style specified",
    ),
    ("sendMessage", told_with(keys({"text": " ", "callback_data": "y"})), "BUTTON_TEXT_INVALID"),
    ("sendMessage", told_with(keys({"text": "x", "callback_data": ""})), "BUTTON_DATA_INVALID"),
    ("sendMessage", told_with(keys({"text": "x", "callback_data": 5})), "BUTTON_DATA_INVALID"),
    ("sendMessage", told_with(keys({"text": "x", "url": "http://["})), "BUTTON_URL_INVALID"),
    ("sendMessage", told_with(keys({"text": "x", "url": "javascript:x"})), "BUTTON_URL_INVALID"),
    ("sendMessage", told_with(keys({"text": "x", "copy_text": {}})), "BUTTON_COPY_TEXT_INVALID"),
    ("sendMessage", told_with(keys({"text": "x", "web_app": {"url": "https://a.com"}})), "BUTTON_TYPE_INVALID"),
    ("sendMessage", told_with(keys(*[{"text": "x", "callback_data": "y"}] * 101)), "reply markup is too long"),
    ("sendMessage", {"chat_id": HERE, "text": "x", "reply_parameters": "5"}, "object expected as reply parameters"),
    ("sendMessage", {"chat_id": HERE, "text": "x", "reply_to_message_id": 5000}, "message to be replied not found"),
    (
        "sendMessage",
        {"chat_id": HERE, "text": "x", "reply_parameters": {"message_id": OWN, "quote": "z"}},
        "QUOTE_TEXT_INVALID",
    ),
    ("sendPhoto", {"chat_id": HERE}, "there is no photo in the request"),
    ("sendVideoNote", {"chat_id": HERE}, "there is no video note in the request"),
    ("sendLocation", {"chat_id": HERE, "longitude": 1}, "latitude is empty"),
    ("sendLocation", {"chat_id": HERE, "latitude": 1}, "longitude is empty"),
    ("sendLocation", {"chat_id": HERE, "latitude": 91, "longitude": 0}, "wrong location specified"),
    ("sendContact", {"chat_id": HERE, "first_name": "Ana"}, "phone number is empty"),
    ("sendContact", {"chat_id": HERE, "phone_number": "+55"}, "first name is empty"),
    ("sendMediaGroup", {"chat_id": HERE, "media": {}}, "expected an Array of InputMedia"),
    ("sendMediaGroup", {"chat_id": HERE, "media": []}, "there are no messages to send"),
    ("sendMediaGroup", {"chat_id": HERE, "media": [1]}, "can't parse InputMedia: expected an Object"),
    ("sendMediaGroup", {"chat_id": HERE, "media": [{}]}, "can't parse InputMedia: Can't find field \"type\""),
    (
        "sendMediaGroup",
        {"chat_id": HERE, "media": [{"type": "animation", "media": "x"}]},
        "can't parse InputMedia: type \"animation\" can't be used in sendMediaGroup",
    ),
    ("sendMediaGroup", {"chat_id": HERE, "media": [{"type": "photo"}]}, "can't parse InputMedia: media not found"),
    (
        "sendMediaGroup",
        {"chat_id": HERE, "media": [{"type": "photo", "media": "x"}, {"type": "document", "media": "x"}]},
        "document can't be mixed with other media types",
    ),
    ("editMessageText", {"message_id": OWN, "text": "x"}, "message identifier is not specified"),
    ("editMessageCaption", {"chat_id": HERE, "message_id": OWN}, "there is no caption in the message to edit"),
    ("editMessageMedia", {"chat_id": HERE, "message_id": OWN}, "there is no media in the message to edit"),
    ("deleteMessage", {"chat_id": HERE}, "message identifier is not specified"),
    ("deleteMessages", {"chat_id": HERE, "message_ids": []}, "message identifiers are not specified"),
    ("deleteMessages", {"chat_id": HERE, "message_ids": list(range(101))}, "too many message identifiers specified"),
    ("setMessageReaction", {"chat_id": HERE, "message_id": OWN, "reaction": {}}, "expected an Array of ReactionType"),
    (
        "setMessageReaction",
        {"chat_id": HERE, "message_id": OWN, "reaction": [{"type": "x"}]},
        "can't parse ReactionType: invalid reaction type specified",
    ),
    ("createForumTopic", {"chat_id": HERE, "name": "x", "icon_color": 5}, "TOPIC_ICON_COLOR_INVALID"),
    ("editForumTopic", {"chat_id": HERE, "message_thread_id": 1, "name": "x"}, "TOPIC_ID_INVALID"),
    ("deleteForumTopic", {"chat_id": HERE}, "TOPIC_ID_INVALID"),
    ("editGeneralForumTopic", {"chat_id": HERE}, "title must be non-empty"),
    ("editGeneralForumTopic", {"chat_id": HERE, "name": "General"}, "TOPIC_NOT_MODIFIED"),
    ("unhideGeneralForumTopic", {"chat_id": HERE}, "TOPIC_NOT_MODIFIED"),
    ("getFile", {}, "file_id not specified"),
    ("setMyCommands", {"commands": {}}, "expected an Array of BotCommand"),
    ("setMyCommands", {"commands": [1]}, "can't parse BotCommand: expected an Object"),
    ("setMyCommands", {"commands": [{"command": "x"}]}, "can't parse BotCommand: Can't find field \"description\""),
    ("getMyCommands", {"language_code": "pt-BR"}, "invalid language code specified"),
    ("getMyCommands", {"scope": []}, "can't parse BotCommandScope: BotCommandScope must be an Object"),
    ("getMyCommands", {"scope": {"type": "moon"}}, "can't parse BotCommandScope: Unsupported type specified"),
    ("getMyCommands", {"scope": {"type": "chat"}}, "can't parse BotCommandScope: Empty chat_id specified"),
    ("getMyCommands", {"scope": {"type": "chat", "chat_id": -5}}, "chat not found"),
    (
        "getMyCommands",
        {"scope": {"type": "chat_member", "chat_id": HERE}},
        "can't parse BotCommandScope: Invalid user_id specified",
    ),
    ("answerCallbackQuery", {"callback_query_id": "1", "text": "x" * 201}, "MESSAGE_TOO_LONG"),
]


def _filled(value: Any, scene: Scene, own: int) -> Any:
    if isinstance(value, dict):
        return {name: _filled(each, scene, own) for name, each in value.items()}
    return scene.forum.id if value == HERE else own if value == OWN else value


class TestWords:
    @pytest.mark.parametrize(("method", "told", "words"), ROWS)
    async def test_it_says_why(self, scene: Scene, method: str, told: dict[str, Any], words: str) -> None:
        own = (await scene.send("meu"))["message_id"]
        before = scene.telegram.book.taken

        refused = await scene.refused(method, **_filled(told, scene, own))

        assert refused == (400, f"Bad Request: {words}")
        assert scene.telegram.book.taken == before

    async def test_a_message_of_telegram_itself_is_nobodys_to_take(self, scene: Scene) -> None:
        thread_id = await scene.open_topic()
        told = {"chat_id": scene.forum.id, "from_chat_id": scene.forum.id, "message_id": thread_id}
        assert (await scene.refused("copyMessage", **told))[1] == "Bad Request: message can't be copied"
        assert (await scene.refused("forwardMessage", **told))[1] == "Bad Request: message can't be forwarded"

    async def test_a_photo_has_sides_that_a_photo_has(self, scene: Scene) -> None:
        wide = bytearray(picture())
        wide[16:24] = (4000).to_bytes(4) + (10).to_bytes(4)
        jpeg = b"\xff\xd8\xff\xe0\x00\x04xx\xff\xc0\x00\x0b\x08" + (60).to_bytes(2) + (80).to_bytes(2) + b"rest"
        for data, words in ((bytes(wide), "PHOTO_INVALID_DIMENSIONS"), (b"\xff\xd8\xff", "IMAGE_PROCESS_FAILED")):
            answer = await _photo(scene, data)
            assert answer["description"] == f"Bad Request: {words}"
        webp = b"RIFF\x00\x00\x00\x00WEBP"
        lossless = (79 | 59 << 14).to_bytes(4, "little")
        extended = (79).to_bytes(3, "little") + (59).to_bytes(3, "little")
        for data in (
            jpeg,
            webp + b"VP8X" + bytes(8) + extended,
            webp + b"VP8L" + bytes(4) + b"\x2f" + lossless + bytes(8),
            webp + b"VP8 " + bytes(10) + (80).to_bytes(2, "little") + (60).to_bytes(2, "little"),
        ):
            told = (await _photo(scene, data))["result"]["photo"][0]
            assert (told["width"], told["height"]) == (80, 60)

    async def test_a_voice_note_that_is_none_is_shown_as_a_file(self, scene: Scene) -> None:
        path = f"/bot{TOKEN}/sendVoice"
        answer = await scene.client.post(
            path, data={"chat_id": str(scene.forum.id)}, files={"voice": ("a.mp3", b"ID3")}
        )
        assert "document" in answer.json()["result"]


class TestRestricted:
    async def test_a_restricted_bot_may_what_it_was_left(self, scene: Scene) -> None:
        permissions = frozenset({Permission.SEND_MESSAGES})
        member = Member(user=scene.bot.user, status=Status.RESTRICTED, permissions=permissions)
        become(scene.telegram.office, scene.forum, member, by=BIA)
        told = await scene.ok("getChatMember", chat_id=scene.forum.id, user_id=scene.bot.id)
        await scene.send("texto")

        answer = await _photo(scene, picture())

        assert answer["description"] == "Bad Request: not enough rights to send photos to the chat"
        assert (told["status"], told["can_send_messages"], told["can_send_photos"]) == ("restricted", True, False)
        assert (told["is_member"], told["until_date"]) == (True, 0)

    async def test_one_that_is_restricted_and_gone_is_gone(self, scene: Scene) -> None:
        member = Member(user=scene.bot.user, status=Status.RESTRICTED, is_restricted_member=False)
        become(scene.telegram.office, scene.forum, member, by=BIA)
        refused = await scene.refused("sendMessage", chat_id=scene.forum.id, text="x")
        assert refused == (403, "Forbidden: bot is not a member of the supergroup chat")


class TestPlainGroups:
    async def test_answers_hang_together_without_topics(self, scene: Scene) -> None:
        office = scene.telegram.office
        group = open_group(office, "Sem tópicos", creator=BIA, kind=Kind.SUPERGROUP)
        become(office, group, Member(user=scene.bot.user), by=BIA)
        first = scene.says("oi", chat=group)
        second = scene.says("olá", chat=group, manner=Manner(reply_to=first.id))
        told = await scene.send("certo", chat_id=group.id, reply_to_message_id=second.id)

        assert (second.thread_id, second.is_topic) == (first.id, False)
        assert told["message_thread_id"] == first.id
        assert "is_topic_message" not in told
        alone = await scene.send("x", chat_id=group.id, message_thread_id=99)
        assert "message_thread_id" not in alone

    async def test_a_basic_group_has_rights_without_topics(self, scene: Scene) -> None:
        office = scene.telegram.office
        group = open_group(office, "Básico", creator=BIA, kind=Kind.GROUP)
        become(office, group, Member(user=scene.bot.user), by=BIA)
        refused = await scene.refused("createForumTopic", chat_id=group.id, name="x")
        chat = await scene.ok("getChat", chat_id=group.id)
        assert refused == (400, "Bad Request: the chat is not a forum")
        assert (chat["type"], chat["all_members_are_administrators"]) == ("group", False)

    async def test_private_chats_have_two_members_and_no_administrators(self, scene: Scene) -> None:
        scene.telegram.acts.start(scene.bot, CAIO)
        told = {"chat_id": CAIO.id}
        member = await scene.ok("getChatMember", user_id=CAIO.id, **told)
        assert (member["status"], await scene.ok("getChatMemberCount", **told)) == ("member", 2)
        for method, words in (
            ("getChatAdministrators", "there are no administrators in the private chat"),
            ("leaveChat", "chat member status can't be changed in private chats"),
            ("getChatMember", "member not found"),
        ):
            assert await scene.refused(method, user_id=BIA.id, **told) == (400, f"Bad Request: {words}")
        refused = await scene.refused("sendMessage", text="x", message_thread_id=5, **told)
        assert refused == (400, "Bad Request: message thread not found")


class TestNothingBreaksIt:
    @pytest.mark.parametrize("seed", range(3))
    async def test_whatever_is_asked_is_answered_in_telegrams_form(self, scene: Scene, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - the same questions with the same seed
        own = (await scene.send("meu"))["message_id"]
        methods = sorted({method for method, _, _ in ROWS} | {"sendMessage", "copyMessage", "forwardMessage"})
        names = sorted({name for _, told, _ in ROWS for name in told} | {"from_chat_id", "scope", "offset", "limit"})
        values = [scene.forum.id, own, 0, -1, 10**30, "", "x", "ç😀", "{", "[]", "{}", "null", "true", "1.5", "[[1]]"]
        values += [json.dumps(_filled(each, scene, own)) for _, told, _ in ROWS for each in told.values()]
        for _ in range(300):
            told = {name: str(chance.choice(values)) for name in chance.sample(names, chance.randrange(8))}
            told |= {"chat_id": str(scene.forum.id)} if chance.random() < 0.8 else {}
            answer = await scene.client.post(f"/bot{TOKEN}/{chance.choice(methods)}", data=told)
            body = answer.json()
            assert answer.status_code in {200, 400, 403, 404}, (answer.text, told)
            assert body["ok"] is (answer.status_code == 200)


async def _photo(scene: Scene, data: bytes) -> dict[str, Any]:
    path = f"/bot{TOKEN}/sendPhoto"
    answer = await scene.client.post(path, data={"chat_id": str(scene.forum.id)}, files={"photo": ("a.png", data)})
    told: dict[str, Any] = answer.json()
    return told
