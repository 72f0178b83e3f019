"""What Telegram refuses, as python-telegram-bot raises it."""

from datetime import timedelta

import pytest
from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    LinkPreviewOptions,
    ReactionTypeEmoji,
)
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, TelegramError

from sandbox.recordings import picture
from sandbox.telegram.chats import Kind
from sandbox.telegram.members import USUAL_RIGHTS, Member, Status
from sandbox.telegram.rooms import become, open_group, upgrade
from tests.contracts.telegram_bots.conftest import bot_of
from tests.sandbox.telegram.scene import BIA, CAIO, STRANGER, TOKEN, Scene


def button(data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data=data)]])


class TestBadRequest:
    async def test_a_chat_that_nobody_knows(self, bot: Bot) -> None:
        with pytest.raises(BadRequest, match=r"^Chat not found$"):
            await bot.send_message(-1001, "x")

    async def test_a_text_of_4096_units_is_the_longest(self, scene: Scene, bot: Bot) -> None:
        for text in ("x" * 4096, "😀" * 2048, f"<b>{'x' * 4096}</b>"):
            await bot.send_message(scene.forum.id, text, parse_mode="HTML")
        for text in ("x" * 4097, "😀" * 2048 + "x", f"<b>{'x' * 4097}</b>"):
            with pytest.raises(BadRequest, match=r"^Message is too long$"):
                await bot.send_message(scene.forum.id, text, parse_mode="HTML")

    async def test_a_caption_of_1024_units_is_the_longest(self, scene: Scene, bot: Bot) -> None:
        await bot.send_photo(scene.forum.id, picture(), caption="x" * 1024)
        with pytest.raises(BadRequest, match=r"^Message caption is too long$"):
            await bot.send_photo(scene.forum.id, picture(), caption="x" * 1025)

    @pytest.mark.parametrize(("text", "words"), [("", "Message text is empty"), (" \n", "Text must be non-empty")])
    async def test_a_text_without_words(self, scene: Scene, bot: Bot, text: str, words: str) -> None:
        with pytest.raises(BadRequest, match=f"^{words}$"):
            await bot.send_message(scene.forum.id, text)

    async def test_markup_that_is_none(self, scene: Scene, bot: Bot) -> None:
        words = r"^Can't parse entities: can't find end tag corresponding to start tag \"b\"$"
        with pytest.raises(BadRequest, match=words):
            await bot.send_message(scene.forum.id, "<b>Ana", parse_mode="HTML")

    async def test_data_of_64_bytes_is_the_most_behind_a_button(self, scene: Scene, bot: Bot) -> None:
        for data in ("x" * 64, "ã" * 32):
            await bot.send_message(scene.forum.id, "x", reply_markup=button(data))
        for data in ("x" * 65, "ã" * 33):
            with pytest.raises(BadRequest, match=r"(?i)^button_data_invalid$"):
                await bot.send_message(scene.forum.id, "x", reply_markup=button(data))

    async def test_an_edit_that_changes_nothing(self, scene: Scene, bot: Bot) -> None:
        bare = LinkPreviewOptions(is_disabled=True)
        message = await bot.send_message(scene.forum.id, "igual", link_preview_options=bare)
        with pytest.raises(BadRequest, match=r"^Message is not modified: specified new message content"):
            await bot.edit_message_text("igual", scene.forum.id, message.message_id, link_preview_options=bare)

    async def test_what_is_not_there_or_not_ours_to_change(self, scene: Scene, bot: Bot) -> None:
        theirs = scene.says("meu")
        for words, asked in (
            ("Message to edit not found", bot.edit_message_text("x", scene.forum.id, 4000)),
            ("Message can't be edited", bot.edit_message_text("x", scene.forum.id, theirs.id)),
            ("Message to delete not found", bot.delete_message(scene.forum.id, 4000)),
            ("Message to pin not found", bot.pin_chat_message(scene.forum.id, 4000)),
            ("Message to unpin not found", bot.unpin_chat_message(scene.forum.id)),
            ("Message to react not found", bot.set_message_reaction(scene.forum.id, 4000, "👍")),
            ("Message to copy not found", bot.copy_message(scene.forum.id, scene.forum.id, 4000)),
            ("Message to forward not found", bot.forward_message(scene.forum.id, scene.forum.id, 4000)),
            ("Message to be replied not found", bot.send_message(scene.forum.id, "x", reply_to_message_id=4000)),
            ("Wrong file_id or the file is temporarily unavailable", bot.get_file("AgACnothing")),
            ("Wrong file identifier/http url specified", bot.send_photo(scene.forum.id, "AgACnothing")),
        ):
            with pytest.raises(BadRequest, match=f"^{words}$"):
                await asked

    async def test_a_reaction_that_is_not_free(self, scene: Scene, bot: Bot) -> None:
        message = scene.says("oi")
        with pytest.raises(BadRequest, match=r"(?i)^reaction_invalid$"):
            await bot.set_message_reaction(scene.forum.id, message.id, ReactionTypeEmoji("✅"))
        with pytest.raises(BadRequest, match=r"(?i)^reactions_too_many$"):
            await bot.set_message_reaction(
                scene.forum.id, message.id, [ReactionTypeEmoji("👍"), ReactionTypeEmoji("🔥")]
            )

    async def test_a_press_is_answered_late_twice_or_by_a_guess(self, scene: Scene, bot: Bot) -> None:
        words = "^Query is too old and response timeout expired or query id is invalid$"
        message = await bot.send_message(scene.forum.id, "x", reply_markup=button("a"))
        press, late = (scene.telegram.acts.press(scene.forum, CAIO, message.message_id, data="a") for _ in range(2))
        await bot.answer_callback_query(press.id)
        await scene.sandbox.clock.turn(timedelta(seconds=31))

        for callback_query_id in (press.id, late.id, "123"):
            with pytest.raises(BadRequest, match=r"(?i)" + words):
                await bot.answer_callback_query(callback_query_id)

    async def test_a_command_list_of_a_hundred_is_the_longest(self, bot: Bot) -> None:
        await bot.set_my_commands([BotCommand(f"c{number}", "x") for number in range(100)])
        for commands, words in (
            ([BotCommand(f"c{number}", "x") for number in range(101)], "bot_commands_too_much"),
            ([BotCommand("ação", "x")], "bot_command_invalid"),
            ([BotCommand("x" * 33, "x")], "bot_command_invalid"),
            ([BotCommand("x", "y" * 257)], "bot_command_description_invalid"),
        ):
            with pytest.raises(BadRequest, match=rf"(?i)^{words}$"):
                await bot.set_my_commands(commands)

    async def test_files_that_telegram_does_not_take(self, scene: Scene, bot: Bot) -> None:
        large = picture() + b"\0" * (10 * 1024 * 1024)
        for words, asked in (
            ("Image_process_failed", bot.send_photo(scene.forum.id, b"%PDF")),
            (r"File of size \d+ bytes is too big for a photo; the maximum size", bot.send_photo(scene.forum.id, large)),
            ("File must be non-empty", bot.send_document(scene.forum.id, b"")),
            ("Failed to get HTTP URL content", bot.send_photo(scene.forum.id, "https://example.org/a.png")),
            ("Too many messages to send", bot.send_media_group(scene.forum.id, [InputMediaPhoto(picture())] * 11)),
        ):
            with pytest.raises(BadRequest, match=f"(?i)^{words}"):
                await asked

    async def test_a_download_of_more_than_20_megabytes(self, scene: Scene, bot: Bot) -> None:
        message = await bot.send_document(scene.forum.id, b"\0" * (20 * 1024 * 1024 + 1))
        assert message.document is not None
        with pytest.raises(BadRequest, match=r"^File is too big$"):
            await bot.get_file(message.document)

    async def test_an_address_is_over_after_an_hour_and_renewed_by_asking(self, scene: Scene, bot: Bot) -> None:
        message = await bot.send_document(scene.forum.id, b"conta")
        assert message.document is not None
        file = await bot.get_file(message.document)
        await scene.sandbox.clock.turn(timedelta(hours=1, seconds=1))

        with pytest.raises(TelegramError, match=r"Not Found"):
            await file.download_as_bytearray()
        await bot.get_file(message.document)
        assert bytes(await file.download_as_bytearray()) == b"conta"


class TestForbidden:
    async def test_a_kicked_bot(self, scene: Scene, bot: Bot) -> None:
        scene.let(scene.bot.user, Status.KICKED)
        with pytest.raises(Forbidden, match=r"^Forbidden: bot was kicked from the supergroup chat$"):
            await bot.send_message(scene.forum.id, "x")

    async def test_a_bot_that_left(self, scene: Scene, bot: Bot) -> None:
        await bot.leave_chat(scene.forum.id)
        with pytest.raises(Forbidden, match=r"^Forbidden: bot is not a member of the supergroup chat$"):
            await bot.get_chat(scene.forum.id)

    async def test_a_bot_never_writes_first(self, scene: Scene, bot: Bot) -> None:
        with pytest.raises(Forbidden, match=r"^Forbidden: bot can't initiate conversation with a user$"):
            await bot.send_message(CAIO.id, "oi")
        with pytest.raises(BadRequest, match=r"^Chat not found$"):
            await bot.send_message(STRANGER.id, "oi")

        scene.telegram.acts.start(scene.bot, CAIO)
        await bot.send_message(CAIO.id, "oi")

    async def test_a_blocked_bot(self, scene: Scene, bot: Bot) -> None:
        scene.telegram.acts.start(scene.bot, CAIO)
        scene.telegram.acts.block(scene.bot, CAIO, is_blocked=True)
        with pytest.raises(Forbidden, match=r"^Forbidden: bot was blocked by the user$"):
            await bot.send_message(CAIO.id, "oi")

    async def test_a_group_that_was_deleted(self, scene: Scene, bot: Bot) -> None:
        scene.forum.is_deleted = True
        with pytest.raises(Forbidden, match=r"deleted$"):
            await bot.send_message(scene.forum.id, "x")


class TestMigrated:
    async def test_a_group_that_became_a_supergroup_names_its_new_id(self, scene: Scene, bot: Bot) -> None:
        office = scene.telegram.office
        group = open_group(office, "Básico", creator=BIA, kind=Kind.GROUP)
        become(office, group, Member(user=scene.bot.user, status=Status.ADMINISTRATOR, rights=USUAL_RIGHTS), by=BIA)
        await bot.send_message(group.id, "antes")
        new = upgrade(office, group, by=BIA)

        with pytest.raises(ChatMigrated) as caught:
            await bot.send_message(group.id, "depois")

        assert caught.value.new_chat_id == new.id
        assert str(new.id).startswith("-100")
        await bot.send_message(new.id, "depois")


class TestToken:
    async def test_a_wrong_one_is_invalid(self, scene: Scene) -> None:
        for token in (TOKEN[:-1] + "x", "71:x"):
            with pytest.raises(InvalidToken):
                async with bot_of(scene, token):
                    pass
