"""What people do with their hands, and the rest of what bots do after them."""

import pytest

from sandbox.faults import AccountLocked, CallLimited, ErrorCode, PairLimited, RateLimited, TokenExpired
from sandbox.recordings import picture
from sandbox.telegram.acts import Impossible, Manner
from sandbox.telegram.chats import Kind
from sandbox.telegram.contents import Contact, Document, Location, Photo, Text, Video
from sandbox.telegram.rooms import open_group
from tests.sandbox.telegram.scene import BIA, CAIO, STRANGER, TOKEN, Scene


class TestWriting:
    async def test_captions_are_edited_as_texts_are(self, scene: Scene) -> None:
        acts = scene.telegram.acts
        photo = acts.write(scene.forum, BIA, Photo(words="nota", caption="antes /fila"))
        acts.edit(scene.forum, BIA, photo.id, "depois /caso")

        _, edited = await scene.news()

        told = edited["edited_message"]
        assert told["caption"] == "depois /caso"
        assert told["caption_entities"] == [{"offset": 7, "length": 5, "type": "bot_command"}]
        assert told["photo"][0]["file_unique_id"] == photo.content["photo"][0]["file_unique_id"]

    async def test_answers_quote_and_name_the_bot_they_came_by(self, scene: Scene) -> None:
        first = scene.says("😀 desconto de 10%")
        scene.says("até 15%", manner=Manner(reply_to=first.id, quote="desconto", via_bot_id=scene.bot.id))

        _, told = (update["message"] for update in await scene.news())

        assert told["quote"] == {"text": "desconto", "position": 3, "is_manual": True}
        assert told["via_bot"]["id"] == scene.bot.id
        with pytest.raises(Impossible):
            scene.says("x", manner=Manner(reply_to=first.id, quote="que não está lá"))
        with pytest.raises(Impossible):
            scene.says("x", manner=Manner(reply_to=4000))

    async def test_places_contacts_and_files_of_every_kind(self, scene: Scene) -> None:
        acts = scene.telegram.acts
        for content in (
            Location(latitude=-23.5, longitude=-46.6),
            Contact(phone_number="+551199", first_name="Ana"),
            Document(words="conta", file_name="a.txt"),
            Video(data=b"mp4", duration=3),
        ):
            acts.write(scene.forum, BIA, content)

        place, contact, document, video = (update["message"] for update in await scene.news())

        assert place["location"] == {"latitude": -23.5, "longitude": -46.6}
        assert contact["contact"] == {"phone_number": "551199", "first_name": "Ana"}
        assert (document["document"]["file_name"], document["document"]["file_size"]) == ("a.txt", 5)
        assert video["video"]["duration"] == 3

    async def test_what_was_written_a_while_ago_says_so(self, scene: Scene) -> None:
        now, before = scene.says("agora"), scene.says("antes", manner=Manner(age=60))
        assert 59 <= now.date - before.date <= 61

    async def test_a_group_that_is_gone_takes_nothing(self, scene: Scene) -> None:
        scene.forum.is_deleted = True
        with pytest.raises(Impossible):
            scene.says("oi")
        with pytest.raises(Impossible):
            scene.telegram.acts.press(scene.forum, BIA, 4000, data="x")

    async def test_topics_are_in_forums(self, scene: Scene) -> None:
        group = open_group(scene.telegram.office, "Básico", creator=BIA, kind=Kind.GROUP)
        scene.telegram.acts.write(group, BIA, Text(text="oi"))
        with pytest.raises(Impossible):
            scene.telegram.acts.write(group, BIA, Text(text="oi"), Manner(thread_id=5))


class TestCopies:
    async def test_a_copy_may_have_another_caption(self, scene: Scene) -> None:
        source = scene.telegram.acts.write(scene.forum, BIA, Photo(words="nota", caption="antes"))
        here = {"chat_id": scene.forum.id, "from_chat_id": scene.forum.id, "message_id": source.id}
        number = (await scene.ok("copyMessage", caption="depois", **here))["message_id"]
        copy = scene.forum.messages[number]
        assert (copy.text, copy.content["photo"]) == ("depois", source.content["photo"])
        assert copy.sender.id == scene.bot.id

    async def test_a_forward_keeps_its_first_origin_and_hides_the_anonymous(self, scene: Scene) -> None:
        acts = scene.telegram.acts
        hidden = scene.says("dela", manner=Manner(forwarded_from="Ana"))
        boss = scene.says("da casa", manner=Manner(is_anonymous=True))
        first, second = (acts.forward(each, scene.forum, scene.forum, CAIO) for each in (hidden, boss))
        assert first.origin is not None
        assert first.origin["sender_user_name"] == "Ana"
        assert second.origin is not None
        assert second.origin["type"] == "chat"
        told = scene.forum.told(second)
        assert told["forward_from_chat"]["id"] == scene.forum.id


class TestPins:
    async def test_all_are_taken_down_at_once(self, scene: Scene) -> None:
        for text in ("um", "dois"):
            number = (await scene.send(text))["message_id"]
            await scene.ok("pinChatMessage", chat_id=scene.forum.id, message_id=number)
        assert len(scene.forum.pinned) == 2
        assert await scene.ok("unpinAllChatMessages", chat_id=scene.forum.id)
        assert scene.forum.pinned == []

    async def test_what_is_not_pinned_is_not_taken_down(self, scene: Scene) -> None:
        refused = await scene.refused("unpinChatMessage", chat_id=scene.forum.id)
        assert refused == (400, "Bad Request: message to unpin not found")


class TestFaultsOfAllProviders:
    @pytest.mark.parametrize(
        ("fault", "told"),
        [
            (RateLimited(times=1), (429, "Too Many Requests: retry after 1")),
            (PairLimited(times=1), (429, "Too Many Requests: retry after 1")),
            (CallLimited(times=1), (429, "Too Many Requests: retry after 1")),
            (TokenExpired(times=1), (401, "Unauthorized")),
            (AccountLocked(times=1), (403, "Forbidden: bot was blocked by the user")),
            (ErrorCode(code=131000, times=1), (400, "Bad Request")),
            (ErrorCode(code=500, details="Internal Server Error: x", times=1), (500, "Internal Server Error: x")),
        ],
    )
    async def test_they_are_told_by_what_they_mean(self, scene: Scene, fault: ErrorCode, told: tuple[int, str]) -> None:
        scene.sandbox.faults.add(fault)
        assert await scene.refused("sendMessage", chat_id=scene.forum.id, text="x") == told
        await scene.send()

    async def test_a_fault_may_be_of_one_bot_and_of_one_chat(self, scene: Scene) -> None:
        scene.telegram.acts.start(scene.bot, CAIO)
        scene.sandbox.faults.add(TokenExpired(recipient=str(CAIO.id), phone_id=str(scene.bot.id)))
        await scene.send()
        assert (await scene.refused("sendMessage", chat_id=CAIO.id, text="x"))[0] == 401


class TestAgain:
    async def test_a_group_of_an_earlier_sandbox_is_opened_again(self, scene: Scene) -> None:
        panel = f"{scene.sandbox.url}/_sandbox/telegram/chats"
        told = {"title": "Equipe", "creator_id": BIA.id, "is_forum": True, "id": -1001234567890}
        first = await scene.client.post(panel, json=told)
        second = await scene.client.post(panel, json=told)
        other = await scene.client.post(panel, json={**told, "id": -55})

        assert (first.status_code, first.json()["id"]) == (201, -1001234567890)
        assert (second.status_code, other.status_code) == (409, 409)
        group = scene.telegram.office.chats.group(-1001234567890)
        assert group is not None
        assert scene.telegram.acts.write(group, BIA, Text(text="oi")).id > 900_000_000

    async def test_strangers_know_no_chat(self, scene: Scene) -> None:
        assert (await scene.refused("getChat", chat_id=STRANGER.id))[1] == "Bad Request: chat not found"
        files = {"photo": ("a.png", picture())}
        answer = await scene.client.post(f"/bot{TOKEN}/sendPhoto", data={"chat_id": str(STRANGER.id)}, files=files)
        assert answer.status_code == 400
