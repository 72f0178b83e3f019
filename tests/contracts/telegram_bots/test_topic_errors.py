"""What Telegram refuses in topics and without rights, as python-telegram-bot raises it."""

import pytest
from telegram import Bot
from telegram.error import BadRequest

from sandbox.recordings import picture
from sandbox.telegram.members import Right, Status
from sandbox.telegram.rooms import turn_topics
from tests.sandbox.telegram.scene import BIA, Scene


class TestTopics:
    async def test_a_deleted_topic_is_a_thread_that_is_not_found(self, scene: Scene, bot: Bot) -> None:
        thread_id = await scene.open_topic()
        await bot.delete_forum_topic(scene.forum.id, thread_id)

        with pytest.raises(BadRequest, match=r"^Message thread not found$"):
            await bot.send_message(scene.forum.id, "x", message_thread_id=thread_id)
        with pytest.raises(BadRequest, match=r"(?i)^topic_id_invalid$"):
            await bot.close_forum_topic(scene.forum.id, thread_id)

    async def test_the_general_topic_cannot_be_named(self, scene: Scene, bot: Bot) -> None:
        with pytest.raises(BadRequest, match=r"^Message thread not found$"):
            await bot.send_message(scene.forum.id, "x", message_thread_id=1)

    async def test_what_is_so_already_is_not_modified(self, scene: Scene, bot: Bot) -> None:
        thread_id = await scene.open_topic("Ana")
        for asked in (
            bot.reopen_forum_topic(scene.forum.id, thread_id),
            bot.edit_forum_topic(scene.forum.id, thread_id, name="Ana"),
            bot.reopen_general_forum_topic(scene.forum.id),
        ):
            with pytest.raises(BadRequest, match=r"(?i)^topic_not_modified$"):
                await asked

    async def test_a_name_has_1_to_128_characters(self, scene: Scene, bot: Bot) -> None:
        assert (await bot.create_forum_topic(scene.forum.id, "x" * 128)).name == "x" * 128
        with pytest.raises(BadRequest):
            await bot.create_forum_topic(scene.forum.id, "x" * 129)
        with pytest.raises(BadRequest):
            await bot.create_forum_topic(scene.forum.id, " ")

    async def test_a_closed_topic_is_closed_for_those_without_rights(self, scene: Scene, bot: Bot) -> None:
        hands = await scene.open_topic()
        await bot.close_forum_topic(scene.forum.id, hands)
        await bot.send_message(scene.forum.id, "administrador", message_thread_id=hands)
        scene.forum.topics[hands].creator_id = BIA.id
        scene.let(scene.bot.user, Status.MEMBER)

        with pytest.raises(BadRequest, match=r"(?i)^topic_closed$"):
            await bot.send_message(scene.forum.id, "membro", message_thread_id=hands)

    async def test_a_group_without_topics_is_no_forum(self, scene: Scene, bot: Bot) -> None:
        turn_topics(scene.telegram.office, scene.forum, by=BIA, are_on=False)
        with pytest.raises(BadRequest, match=r"^The chat is not a forum$"):
            await bot.create_forum_topic(scene.forum.id, "x")

    async def test_rights_that_were_taken_are_missed(self, scene: Scene, bot: Bot) -> None:
        thread_id, theirs = await scene.open_topic(), scene.says("x")
        scene.forum.topics[thread_id].creator_id = BIA.id
        scene.let(scene.bot.user, Status.ADMINISTRATOR, {Right.MANAGE_CHAT})

        for words, asked in (
            ("Not enough rights to create a topic", bot.create_forum_topic(scene.forum.id, "x")),
            ("Not enough rights to edit the topic", bot.edit_forum_topic(scene.forum.id, thread_id, name="y")),
            ("Not enough rights to close or open the topic", bot.close_forum_topic(scene.forum.id, thread_id)),
            ("Not enough rights to delete the topic", bot.delete_forum_topic(scene.forum.id, thread_id)),
            ("Not enough rights to manage pinned messages", bot.pin_chat_message(scene.forum.id, theirs.id)),
            ("Message can't be deleted", bot.delete_message(scene.forum.id, theirs.id)),
        ):
            with pytest.raises(BadRequest, match=f"^{words}"):
                await asked

    async def test_a_silenced_group_is_silent_for_members(self, scene: Scene, bot: Bot) -> None:
        scene.forum.permissions = frozenset()
        await bot.send_message(scene.forum.id, "administrador")
        scene.let(scene.bot.user, Status.MEMBER)

        with pytest.raises(BadRequest, match=r"^Not enough rights to send text messages to the chat$"):
            await bot.send_message(scene.forum.id, "membro")
        with pytest.raises(BadRequest, match=r"^Not enough rights to send photos to the chat$"):
            await bot.send_photo(scene.forum.id, picture())
