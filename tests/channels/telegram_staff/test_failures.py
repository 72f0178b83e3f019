"""Telegram's refusals, told apart by its own words; the list is that of docs and of code that met them."""

from datetime import timedelta

import pytest
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

from channels.telegram_staff.failures import Failed, Kind, told, told_apart

TOKEN = "123456789:AAHsecretsecretsecretsecretsecretsecr"


@pytest.fixture(autouse=True)
def spans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


class TestTold:
    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            (BadRequest("Message thread not found"), Kind.GONE_TOPIC),
            (BadRequest("MESSAGE_THREAD_NOT_FOUND"), Kind.GONE_TOPIC),
            (BadRequest("TOPIC_ID_INVALID"), Kind.GONE_TOPIC),
            (BadRequest("TOPIC_CLOSED"), Kind.CLOSED_TOPIC),
            (BadRequest("TOPIC_NOT_MODIFIED"), Kind.NOTHING_NEW),
            (BadRequest("Message is not modified: specified new message content is the same"), Kind.NOTHING_NEW),
            (BadRequest("The chat is not a forum"), Kind.NO_FORUM),
            (BadRequest("not enough rights to create a topic"), Kind.NO_RIGHTS),
            (BadRequest("Not enough rights to send text messages to the chat"), Kind.NO_RIGHTS),
            (BadRequest("CHAT_ADMIN_REQUIRED"), Kind.NO_RIGHTS),
            (BadRequest("Chat not found"), Kind.GONE_CHAT),
            (Forbidden("Forbidden: bot was kicked from the supergroup chat"), Kind.GONE_CHAT),
            (Forbidden("Forbidden: bot was blocked by the user"), Kind.GONE_CHAT),
            (BadRequest("Message to edit not found"), Kind.GONE_MESSAGE),
            (BadRequest("MESSAGE_ID_INVALID"), Kind.GONE_MESSAGE),
            (BadRequest("File is too big"), Kind.TOO_LARGE),
            (NetworkError("Request Entity Too Large (413)"), Kind.TOO_LARGE),
            (BadRequest("Query is too old and response timeout expired or query ID is invalid"), Kind.TOO_LATE),
            (BadRequest("BUTTON_DATA_INVALID"), Kind.REFUSED),
            (BadRequest("Can't parse entities: unsupported start tag"), Kind.REFUSED),
            (InvalidToken(f"The token `{TOKEN}` was rejected by the server."), Kind.TOKEN),
            (Conflict("terminated by other getUpdates request"), Kind.CONFLICT),
            (TimedOut(), Kind.UNKNOWN),
            (NetworkError("Bad Gateway"), Kind.UNKNOWN),
            (TelegramError("whatever"), Kind.UNKNOWN),
        ],
    )
    def test_each_by_what_there_is_to_do(self, error: TelegramError, kind: Kind) -> None:
        assert told(error).kind is kind

    def test_a_flood_says_for_how_long(self) -> None:
        assert told(RetryAfter(7)).seconds == 7
        assert told(RetryAfter(timedelta(minutes=2))).seconds == 120

    def test_a_group_that_moved_says_where_to(self) -> None:
        failed = told(ChatMigrated(-1009))
        assert (failed.kind, failed.chat) == (Kind.MIGRATED, -1009)


class TestToldApart:
    def test_the_token_goes_nowhere_with_the_error(self) -> None:
        with pytest.raises(Failed) as failed, told_apart():
            raise NetworkError(f"https://api.telegram.org/bot{TOKEN}/sendMessage")
        assert TOKEN not in f"{failed.value} {failed.value.detail} {failed.value.said}"
        assert failed.value.__suppress_context__

    @pytest.mark.parametrize("kind", Kind)
    def test_every_kind_is_said_in_both_languages(self, kind: Kind) -> None:
        assert all(Failed(kind).detail)
