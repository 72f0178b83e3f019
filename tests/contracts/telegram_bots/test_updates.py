"""What a bot is told, as python-telegram-bot reads it."""

import pytest
from telegram import Bot, ChatMember, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.constants import MessageOriginType
from telegram.ext import filters

from sandbox.recordings import picture, voice_note
from sandbox.telegram.acts import Manner
from sandbox.telegram.chats import Kind
from sandbox.telegram.contents import Photo, Voice
from sandbox.telegram.members import Member, Status
from sandbox.telegram.people import ANONYMOUS_ID
from sandbox.telegram.rooms import become, open_group, turn_topics, upgrade
from tests.sandbox.telegram.scene import BIA, CAIO, STRANGER, Scene

EVERYTHING = Update.ALL_TYPES


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
