"""Which bot hears what: privacy, rights, several bots in one group, and a bot's own news."""

import asyncio

import pytest

from sandbox.telegram.acts import Impossible, Manner
from sandbox.telegram.bots import Bot
from sandbox.telegram.members import USUAL_RIGHTS, Member, Status
from sandbox.telegram.rooms import become
from tests.sandbox.telegram.scene import BIA, CAIO, OTHER_TOKEN, STRANGER, Scene, account


@pytest.fixture
def other(scene: Scene) -> Bot:
    """A second bot, a plain member with privacy."""
    bot = scene.telegram.connect(account(token=OTHER_TOKEN, username="OutroBot"))
    become(scene.telegram.office, scene.forum, Member(user=bot.user), by=BIA)
    bot.updates.drop()
    scene.bot.updates.drop()
    return bot


def texts(bot: Bot) -> list[str]:
    return [update.value.get("text", "") for update in bot.updates.waiting() if update.kind == "message"]


class TestPrivacy:
    async def test_an_administrator_hears_everything_a_member_what_concerns_it(self, scene: Scene, other: Bot) -> None:
        mine = await scene.ok("sendMessage", token=OTHER_TOKEN, chat_id=scene.forum.id, text="sou o outro")
        answer = Manner(reply_to=mine["message_id"])
        for words in ("oi", "/fila", "/fila@EquipeBot", "/fila@outrobot", "oi @OutroBot", "oi @EquipeBot"):
            scene.says(words)
        scene.says("certo", manner=answer)

        assert texts(other) == ["/fila", "/fila@outrobot", "oi @OutroBot", "certo"]
        assert len(texts(scene.bot)) == 7

    async def test_without_privacy_a_member_hears_everything(self, scene: Scene, other: Bot) -> None:
        scene.telegram.connect(account(token=OTHER_TOKEN, username="OutroBot", has_privacy=False))
        scene.says("oi")
        assert texts(other) == ["oi"]

    async def test_no_bot_hears_a_bot(self, scene: Scene, other: Bot) -> None:
        await scene.send("/fila")
        await scene.ok("sendMessage", token=OTHER_TOKEN, chat_id=scene.forum.id, text="/fila")
        assert texts(other) == texts(scene.bot) == []

    async def test_a_button_is_told_to_the_bot_that_made_it(self, scene: Scene, other: Bot) -> None:
        keyboard = {"inline_keyboard": [[{"text": "x", "callback_data": "y"}]]}
        told = await scene.send(reply_markup=keyboard)
        scene.telegram.acts.press(scene.forum, CAIO, told["message_id"], label="x")

        assert [update.kind for update in scene.bot.updates.waiting()] == ["callback_query"]
        assert len(other.updates) == 0
        press = scene.bot.updates.waiting()[0].value["id"]
        refused = await scene.refused("answerCallbackQuery", token=OTHER_TOKEN, callback_query_id=press)
        assert refused[0] == 400

    async def test_what_somebody_becomes_is_told_to_administrators(self, scene: Scene, other: Bot) -> None:
        for bot in (scene.bot, other):
            bot.updates.allow('["chat_member"]')
        scene.let(CAIO, Status.RESTRICTED)
        assert (len(scene.bot.updates), len(other.updates)) == (1, 0)


class TestOwnNews:
    async def test_a_bot_hears_that_its_own_topics_open_and_close(self, scene: Scene) -> None:
        thread_id = await scene.open_topic()
        await scene.ok("closeForumTopic", chat_id=scene.forum.id, message_thread_id=thread_id)
        told = await scene.send(message_thread_id=thread_id)
        await scene.ok("pinChatMessage", chat_id=scene.forum.id, message_id=told["message_id"])

        opened, closed, pinned = (update["message"] for update in await scene.news())

        assert opened["forum_topic_created"]["name"] == "Ana · 8765"
        assert opened["message_thread_id"] == opened["message_id"] == thread_id
        assert closed["forum_topic_closed"] == {}
        assert pinned["pinned_message"]["message_id"] == told["message_id"]
        assert {each["message_thread_id"] for each in (opened, closed, pinned)} == {thread_id}

    async def test_a_bot_that_comes_hears_of_itself_first_hand(self, scene: Scene) -> None:
        scene.let(scene.bot.user, Status.LEFT)
        await scene.news()
        member = Member(user=scene.bot.user, status=Status.ADMINISTRATOR, rights=USUAL_RIGHTS)
        become(scene.telegram.office, scene.forum, member, by=CAIO)

        joined, changed = await scene.news()

        assert [user["id"] for user in joined["message"]["new_chat_members"]] == [scene.bot.id]
        assert changed["my_chat_member"]["from"]["id"] == CAIO.id
        assert changed["my_chat_member"]["old_chat_member"]["status"] == "left"
        assert changed["my_chat_member"]["new_chat_member"]["can_manage_topics"] is True

    async def test_what_was_said_before_it_came_is_not_told(self, scene: Scene, other: Bot) -> None:
        become(scene.telegram.office, scene.forum, Member(user=other.user, status=Status.LEFT), by=BIA)
        other.updates.drop()
        scene.says("/fila")
        become(scene.telegram.office, scene.forum, Member(user=other.user), by=BIA)
        assert "/fila" not in texts(other)


class TestWaiting:
    async def test_a_reset_and_an_end_answer_those_who_wait(self, scene: Scene) -> None:
        poll = asyncio.create_task(scene.ok("getUpdates", timeout=50))
        async with asyncio.timeout(5):
            while not scene.telegram.polls:  # noqa: ASYNC110 - no event tells that a request arrived
                await asyncio.sleep(0.002)
            await scene.sandbox.reset()
            assert await poll == []

    async def test_rivals_do_not_chase_each_other(self, scene: Scene) -> None:
        """The first refusal is at once, the next ones are not."""
        await scene.ok("setWebhook", url="http://127.0.0.1:1/x")
        assert await scene.refused("getUpdates")
        second = asyncio.create_task(scene.ask("getUpdates"))
        done, _ = await asyncio.wait({second}, timeout=0.1)
        second.cancel()
        assert done == set()

    async def test_anybody_may_try_any_data_but_only_members_press(self, scene: Scene) -> None:
        told = await scene.send(reply_markup={"inline_keyboard": [[{"text": "x", "callback_data": "y"}]]})
        acts = scene.telegram.acts
        with pytest.raises(Impossible):
            acts.press(scene.forum, STRANGER, told["message_id"], label="x")
        acts.press(scene.forum, STRANGER, told["message_id"], data="y")
        [update] = await scene.news()
        assert update["callback_query"]["from"]["id"] == STRANGER.id
