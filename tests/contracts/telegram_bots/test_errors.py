"""Every error that Telegram answers, as python-telegram-bot raises it."""

import asyncio
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
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from sandbox.faults import (
    AcceptThenDrop,
    AcceptThenServerError,
    AcceptThenSilence,
    BrokenJson,
    DropBefore,
    ServerError,
    SilenceBefore,
    SlowAccept,
    TooManyRequests,
)
from sandbox.recordings import picture
from sandbox.telegram.book import Act
from sandbox.telegram.chats import Kind
from sandbox.telegram.faults import UPDATES, BadGateway, FloodWait, Refused
from sandbox.telegram.flood import FloodSettings
from sandbox.telegram.members import USUAL_RIGHTS, Member, Right, Status
from sandbox.telegram.rooms import become, open_group, turn_topics, upgrade
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


class TestFlood:
    async def test_it_tells_how_long_to_wait_and_the_clock_frees(self, scene: Scene, bot: Bot) -> None:
        scene.telegram.office.flood.settings = FloodSettings(group_per_minute=2)
        for _ in range(2):
            await bot.send_message(scene.forum.id, "x")

        with pytest.raises(RetryAfter) as caught:
            await bot.send_message(scene.forum.id, "x")

        assert timedelta(seconds=58) <= _wait(caught.value) <= timedelta(seconds=60)
        assert str(caught.value).startswith("Flood control exceeded")
        await scene.sandbox.clock.turn(_wait(caught.value))
        await bot.send_message(scene.forum.id, "x")

    async def test_faults_ask_to_wait_too(self, scene: Scene, bot: Bot) -> None:
        scene.sandbox.faults.add(FloodWait(seconds=7, times=1), TooManyRequests(retry_after="9", times=1))
        for seconds in (7, 9):
            with pytest.raises(RetryAfter) as caught:
                await bot.send_message(scene.forum.id, "x")
            assert _wait(caught.value) == timedelta(seconds=seconds)
        assert scene.done(Act.MESSAGE) == []


class TestNetwork:
    @pytest.mark.parametrize("fault", [ServerError(status=502), BadGateway(), DropBefore(), DropBefore(reset=True)])
    async def test_what_strikes_before_leaves_nothing(self, scene: Scene, bot: Bot, fault: ServerError) -> None:
        scene.sandbox.faults.add(fault)
        with pytest.raises(NetworkError):
            await bot.send_message(scene.forum.id, "x")
        assert scene.done() == []

    @pytest.mark.parametrize("fault", [AcceptThenDrop(), AcceptThenServerError(), BrokenJson()])
    async def test_what_strikes_after_leaves_the_message(self, scene: Scene, bot: Bot, fault: AcceptThenDrop) -> None:
        scene.sandbox.faults.add(fault)
        with pytest.raises(TelegramError):
            await bot.send_message(scene.forum.id, "x")
        assert len(scene.done(Act.MESSAGE)) == 1

    @pytest.mark.parametrize(
        ("fault", "left"), [(SilenceBefore(), 0), (AcceptThenSilence(), 1), (SlowAccept(seconds=30), 0)]
    )
    async def test_silence_is_a_timeout_that_tells_nothing(
        self, scene: Scene, bot: Bot, fault: SilenceBefore, left: int
    ) -> None:
        scene.sandbox.faults.add(fault)
        with pytest.raises(TimedOut):
            await bot.send_message(scene.forum.id, "x", read_timeout=0.1)
        assert len(scene.done(Act.MESSAGE)) == left

    async def test_a_refusal_may_have_any_words(self, scene: Scene, bot: Bot) -> None:
        scene.sandbox.faults.add(Refused(code=403, description="Forbidden: user is deactivated", times=1))
        with pytest.raises(Forbidden, match="user is deactivated"):
            await bot.send_message(scene.forum.id, "x")

    async def test_what_is_refused_anyway_meets_no_fault(self, scene: Scene, bot: Bot) -> None:
        scene.sandbox.faults.add(AcceptThenDrop(times=1))
        with pytest.raises(BadRequest):
            await bot.send_message(-1, "x")
        with pytest.raises(NetworkError):
            await bot.send_message(scene.forum.id, "x")

    async def test_a_fault_may_be_of_one_method(self, scene: Scene, bot: Bot) -> None:
        scene.sandbox.faults.add(ServerError(path="/telegram/send/createForumTopic", times=1))
        await bot.send_message(scene.forum.id, "x")
        with pytest.raises(NetworkError):
            await bot.create_forum_topic(scene.forum.id, "x")


class TestRivals:
    async def test_a_second_poller_ends_the_first(self, scene: Scene, bot: Bot) -> None:
        first = asyncio.create_task(bot.get_updates(timeout=20))
        await _until_polled(scene)
        async with bot_of(scene) as other:
            second = asyncio.create_task(other.get_updates(timeout=20))
            with pytest.raises(Conflict, match=r"^Conflict: terminated by other getUpdates request"):
                await first
            scene.says("/fila")
            assert len(await second) == 1

    async def test_nobody_polls_beside_a_webhook(self, bot: Bot) -> None:
        await bot.set_webhook("http://127.0.0.1:1/hook")
        with pytest.raises(Conflict, match=r"^Conflict: can't use getUpdates method while webhook is active"):
            await bot.get_updates()
        await bot.delete_webhook()
        await bot.get_updates()

    async def test_a_webhook_ends_a_poll(self, scene: Scene, bot: Bot) -> None:
        poll = asyncio.create_task(bot.get_updates(timeout=20))
        await _until_polled(scene)
        await bot.set_webhook("http://127.0.0.1:1/hook")
        with pytest.raises(Conflict, match=r"^Conflict: terminated by setWebhook request$"):
            await poll

    async def test_a_poll_that_breaks_off_loses_nothing(self, scene: Scene, bot: Bot) -> None:
        scene.says("/fila")
        scene.sandbox.faults.add(AcceptThenDrop(path=UPDATES, times=1))
        with pytest.raises(NetworkError):
            await bot.get_updates()
        assert len(await bot.get_updates()) == 1


class TestToken:
    async def test_a_wrong_one_is_invalid(self, scene: Scene) -> None:
        for token in (TOKEN[:-1] + "x", "71:x"):
            with pytest.raises(InvalidToken):
                async with bot_of(scene, token):
                    pass


def _wait(error: RetryAfter) -> timedelta:
    assert isinstance(error.retry_after, timedelta)
    return error.retry_after


async def _until_polled(scene: Scene) -> None:
    async with asyncio.timeout(5):
        while not scene.telegram.polls:  # noqa: ASYNC110 - no event tells that a request arrived
            await asyncio.sleep(0.002)
