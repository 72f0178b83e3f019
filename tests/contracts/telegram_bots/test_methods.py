"""Every method that the staff group needs, asked by python-telegram-bot and answered so that it understands."""

import hashlib
import io
from datetime import timedelta

import pytest
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeChat,
    BotCommandScopeChatAdministrators,
    BotCommandScopeChatMember,
    ChatMemberAdministrator,
    ChatMemberOwner,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    LinkPreviewOptions,
    Message,
    MessageEntity,
    ReactionTypeEmoji,
    ReplyParameters,
)
from telegram.constants import ChatAction, ChatType, MessageOriginType, ParseMode

from sandbox.recordings import picture, voice_note
from sandbox.telegram.book import Act
from tests.sandbox.telegram.scene import BIA, CAIO, TOKEN, Scene

KEYBOARD = InlineKeyboardMarkup([[InlineKeyboardButton("Assumir", callback_data="take:91:3")]])


class TestAccount:
    async def test_the_bot_knows_itself(self, bot: Bot) -> None:
        me = await bot.get_me()

        assert (me.id, me.username, me.is_bot) == (7100000001, "EquipeBot", True)
        assert me.can_read_all_group_messages is False
        assert me.can_join_groups is True

    async def test_the_self_check_of_a_group_finds_what_it_needs(self, scene: Scene, bot: Bot) -> None:
        chat = await bot.get_chat(scene.forum.id)
        me = await bot.get_chat_member(scene.forum.id, bot.id)

        assert (chat.type, chat.title, chat.is_forum) == (ChatType.SUPERGROUP, "Equipe", True)
        assert isinstance(me, ChatMemberAdministrator)
        assert me.can_manage_topics is True
        assert me.can_promote_members is False

    async def test_members_are_told_with_what_they_are(self, scene: Scene, bot: Bot) -> None:
        owner = await bot.get_chat_member(scene.forum.id, BIA.id)
        member = await bot.get_chat_member(scene.forum.id, CAIO.id)
        administrators = await bot.get_chat_administrators(scene.forum.id)

        assert isinstance(owner, ChatMemberOwner)
        assert (member.status, member.user.username) == ("member", "caio")
        assert {each.user.id for each in administrators} == {BIA.id, bot.id}
        assert await bot.get_chat_member_count(scene.forum.id) == 3

    async def test_it_leaves(self, scene: Scene, bot: Bot) -> None:
        assert await bot.leave_chat(scene.forum.id)
        assert not scene.forum.member(scene.bot.user).is_here


class TestMessages:
    async def test_a_text_comes_back_as_it_was_sent(self, scene: Scene, bot: Bot) -> None:
        message = await bot.send_message(
            scene.forum.id,
            "<b>Ana</b> &lt;3",
            parse_mode=ParseMode.HTML,
            reply_markup=KEYBOARD,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )

        assert message.text == "Ana <3"
        assert message.entities == (MessageEntity(MessageEntity.BOLD, 0, 3),)
        assert message.reply_markup == KEYBOARD
        assert message.chat.id == scene.forum.id
        assert message.link_preview_options == LinkPreviewOptions(is_disabled=True)

    async def test_entities_that_are_built_arrive_as_built(self, bot: Bot, scene: Scene) -> None:
        entities = [
            MessageEntity(MessageEntity.BOLD, 0, 2),
            MessageEntity(MessageEntity.TEXT_LINK, 3, 4, url="https://a.com/"),
        ]

        message = await bot.send_message(scene.forum.id, "😀 link", entities=entities)

        assert message.entities == tuple(entities)
        assert message.parse_entity(entities[0]) == "😀"

    async def test_an_answer_quotes_what_it_answers(self, bot: Bot, scene: Scene) -> None:
        first = scene.says("o cliente pediu desconto")
        told = ReplyParameters(message_id=first.id, quote="pediu")

        message = await bot.send_message(scene.forum.id, "certo", reply_parameters=told)

        assert message.reply_to_message is not None
        assert message.reply_to_message.message_id == first.id
        assert message.quote is not None
        assert (message.quote.text, message.quote.position) == ("pediu", 10)

    async def test_an_answer_to_nothing_is_sent_where_that_is_allowed(self, bot: Bot, scene: Scene) -> None:
        told = ReplyParameters(message_id=4000, allow_sending_without_reply=True)
        message = await bot.send_message(scene.forum.id, "certo", reply_parameters=told)
        assert message.reply_to_message is None

    async def test_a_place_a_copy_and_a_forward(self, bot: Bot, scene: Scene) -> None:
        place = await bot.send_location(scene.forum.id, latitude=-23.55, longitude=-46.63)
        source = scene.says("o original", by=CAIO)
        copy = await bot.copy_message(scene.forum.id, scene.forum.id, source.id)
        forward = await bot.forward_message(scene.forum.id, scene.forum.id, source.id)

        assert place.location is not None
        assert place.location.latitude == -23.55
        assert scene.forum.messages[copy.message_id].text == "o original"
        assert forward.forward_origin is not None
        assert forward.forward_origin.type == MessageOriginType.USER
        assert await bot.send_chat_action(scene.forum.id, ChatAction.TYPING)

    async def test_edits_change_text_buttons_and_captions(self, bot: Bot, scene: Scene) -> None:
        message = await bot.send_message(scene.forum.id, "aberto", reply_markup=KEYBOARD)
        edited = await bot.edit_message_text("fechado", scene.forum.id, message.message_id, reply_markup=KEYBOARD)
        bare = await bot.edit_message_reply_markup(scene.forum.id, message.message_id, reply_markup=None)
        photo = await bot.send_photo(scene.forum.id, picture(), caption="antes")
        recaptioned = await bot.edit_message_caption(scene.forum.id, photo.message_id, caption="depois")
        replaced = await bot.edit_message_media(InputMediaPhoto(picture("outra")), scene.forum.id, photo.message_id)

        assert isinstance(edited, Message)
        assert (edited.text, edited.edit_date is not None) == ("fechado", True)
        assert isinstance(bare, Message)
        assert bare.reply_markup is None
        assert isinstance(recaptioned, Message)
        assert recaptioned.caption == "depois"
        assert isinstance(replaced, Message)
        assert replaced.photo[0].file_unique_id != photo.photo[0].file_unique_id
        [_, _, _, last] = scene.done(Act.EDIT)
        assert last.done.sha256 == hashlib.sha256(picture("outra")).hexdigest()

    async def test_deletions_pins_and_reactions(self, bot: Bot, scene: Scene) -> None:
        theirs, own = scene.says("oi"), await bot.send_message(scene.forum.id, "tchau")

        assert await bot.set_message_reaction(scene.forum.id, theirs.id, ReactionTypeEmoji("👍"))
        assert await bot.pin_chat_message(scene.forum.id, own.message_id)
        pinned = (await bot.get_chat(scene.forum.id)).pinned_message
        assert await bot.unpin_chat_message(scene.forum.id, own.message_id)
        assert await bot.delete_message(scene.forum.id, theirs.id)
        assert await bot.delete_messages(scene.forum.id, [own.message_id, 4000])

        assert isinstance(pinned, Message)
        assert pinned.message_id == own.message_id
        assert theirs.reactions == {bot.id: [{"type": "emoji", "emoji": "👍"}]}
        assert scene.forum.find(theirs.id) is None
        assert scene.forum.find(own.message_id) is None


class TestFiles:
    @pytest.mark.parametrize(
        ("kind", "data"),
        [
            ("photo", picture("uma nota")),
            ("document", b"%PDF-1.7"),
            ("voice", voice_note("bom dia", seconds=4)),
            ("audio", b"ID3"),
            ("video", b"mp4"),
            ("video_note", b"mp4"),
            ("animation", b"gif"),
            ("sticker", b"RIFF"),
        ],
    )
    async def test_a_file_goes_up_and_comes_down_the_same(self, bot: Bot, scene: Scene, kind: str, data: bytes) -> None:
        message = await getattr(bot, f"send_{kind}")(scene.forum.id, io.BytesIO(data))

        told = getattr(message, kind)
        file = await bot.get_file(told[-1] if kind == "photo" else told)
        assert bytes(await file.download_as_bytearray()) == data
        [sent] = scene.done(Act.MESSAGE)
        assert (sent.done.kind, sent.done.sha256) == (kind, hashlib.sha256(data).hexdigest())
        assert file.file_size == len(data)

    async def test_a_known_file_is_sent_again_by_its_id(self, bot: Bot, scene: Scene) -> None:
        first = await bot.send_document(scene.forum.id, b"%PDF", filename="conta.pdf")
        assert first.document is not None

        again = await bot.send_document(scene.forum.id, first.document.file_id)

        assert again.document == first.document
        assert again.document is not None
        assert (again.document.file_name, again.document.mime_type) == ("conta.pdf", "application/pdf")

    async def test_a_voice_note_tells_how_long_it_is(self, bot: Bot, scene: Scene) -> None:
        message = await bot.send_voice(scene.forum.id, voice_note(seconds=7))
        assert message.voice is not None
        assert message.voice.duration == timedelta(seconds=7)

    async def test_an_album_is_one_message_each_under_one_number(self, bot: Bot, scene: Scene) -> None:
        thread_id = await scene.open_topic()
        media = [InputMediaPhoto(picture("1"), caption="as fotos"), InputMediaPhoto(picture("2"))]

        messages = await bot.send_media_group(scene.forum.id, media, message_thread_id=thread_id)

        assert len({message.media_group_id for message in messages}) == 1
        assert [message.caption for message in messages] == ["as fotos", None]
        assert {message.message_thread_id for message in messages} == {thread_id}

    async def test_an_album_of_documents(self, bot: Bot, scene: Scene) -> None:
        media = [InputMediaDocument(b"a", filename="a.txt"), InputMediaDocument(b"b", filename="b.txt")]
        messages = await bot.send_media_group(scene.forum.id, media)
        assert [message.document.file_name for message in messages if message.document] == ["a.txt", "b.txt"]

    async def test_the_address_of_a_file_has_the_token_in_it(self, bot: Bot, scene: Scene) -> None:
        message = await bot.send_document(scene.forum.id, b"x")
        assert message.document is not None
        file = await bot.get_file(message.document)
        assert file.file_path is not None
        assert file.file_path.startswith(f"{scene.sandbox.url}/file/bot{TOKEN}/documents/file_")


class TestTopics:
    async def test_a_topic_is_opened_named_closed_and_deleted(self, bot: Bot, scene: Scene) -> None:
        chat_id = scene.forum.id
        topic = await bot.create_forum_topic(chat_id, "Ana · 8765", icon_color=16766590)
        thread_id = topic.message_thread_id

        assert (topic.name, topic.icon_color) == ("Ana · 8765", 16766590)
        assert await bot.edit_forum_topic(chat_id, thread_id, name="Ana · resolvida")
        assert await bot.close_forum_topic(chat_id, thread_id)
        assert await bot.reopen_forum_topic(chat_id, thread_id)
        message = await bot.send_message(chat_id, "oi", message_thread_id=thread_id)
        assert await bot.pin_chat_message(chat_id, message.message_id)
        assert await bot.unpin_all_forum_topic_messages(chat_id, thread_id)
        assert await bot.delete_forum_topic(chat_id, thread_id)
        assert (message.message_thread_id, message.is_topic_message) == (thread_id, True)
        assert scene.forum.find(message.message_id) is None

    async def test_the_general_topic_has_methods_of_its_own(self, bot: Bot, scene: Scene) -> None:
        chat_id = scene.forum.id
        assert await bot.edit_general_forum_topic(chat_id, "Recepção")
        assert await bot.close_general_forum_topic(chat_id)
        assert await bot.reopen_general_forum_topic(chat_id)
        assert await bot.hide_general_forum_topic(chat_id)
        assert await bot.unhide_general_forum_topic(chat_id)
        message = await bot.send_message(chat_id, "para todos")

        assert message.message_thread_id is None
        assert not message.is_topic_message
        assert await bot.get_forum_topic_icon_stickers() == ()


class TestCommands:
    async def test_lists_are_kept_by_scope_and_language(self, bot: Bot, scene: Scene) -> None:
        group = BotCommandScopeChat(scene.forum.id)
        portuguese = [BotCommand("fila", "Quem espera")]
        await bot.set_my_commands([BotCommand("ajuda", "Ajuda")])
        await bot.set_my_commands(portuguese, scope=group, language_code="pt")

        assert await bot.get_my_commands(scope=group, language_code="pt") == tuple(portuguese)
        assert await bot.get_my_commands(scope=group) == ()
        assert [each.command for each in await bot.get_my_commands()] == ["ajuda"]
        assert await bot.delete_my_commands(scope=group, language_code="pt")
        assert await bot.get_my_commands(scope=group, language_code="pt") == ()

    async def test_every_scope_is_taken(self, bot: Bot, scene: Scene) -> None:
        for scope in (
            BotCommandScopeAllGroupChats(),
            BotCommandScopeChatAdministrators(scene.forum.id),
            BotCommandScopeChatMember(scene.forum.id, CAIO.id),
        ):
            assert await bot.set_my_commands([BotCommand("x", "y")], scope=scope)
            assert len(await bot.get_my_commands(scope=scope)) == 1


class TestButtons:
    async def test_a_press_is_answered_once(self, bot: Bot, scene: Scene) -> None:
        message = await bot.send_message(scene.forum.id, "novo caso", reply_markup=KEYBOARD)
        press = scene.telegram.acts.press(scene.forum, CAIO, message.message_id, label="Assumir")

        [update] = await bot.get_updates()

        query = update.callback_query
        assert query is not None
        assert (query.id, query.data, query.from_user.id) == (press.id, "take:91:3", CAIO.id)
        assert isinstance(query.message, Message)
        assert query.message.message_id == message.message_id
        assert await bot.answer_callback_query(query.id, "É seu", show_alert=True)
        assert (press.text, press.is_alert) == ("É seu", True)
