"""What Telegram's refusals mean to us, by what there is to do about them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from typing import Final

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from core.errors import AppError
from core.texts import Text


class Kind(StrEnum):
    FLOOD = "flood"  # again after so many seconds
    MIGRATED = "migrated"  # again, in the chat of another number
    NOTHING_NEW = "nothing_new"  # it is so already
    GONE_TOPIC = "gone_topic"
    CLOSED_TOPIC = "closed_topic"
    GONE_MESSAGE = "gone_message"
    GONE_CHAT = "gone_chat"  # kicked, blocked, or never there
    NO_FORUM = "no_forum"
    NO_RIGHTS = "no_rights"
    TOO_LARGE = "too_large"
    TOO_LATE = "too_late"  # whoever pressed waits no more
    REFUSED = "refused"  # it will be refused for ever
    TOKEN = "token"  # noqa: S105 - the name of a trouble, no token
    CONFLICT = "conflict"  # somebody else asks for this bot's updates
    UNKNOWN = "unknown"  # it may have been done


_WORDS: Final = {
    Kind.FLOOD: Text("O Telegram pediu para ir mais devagar.", "Telegram asked to slow down."),
    Kind.MIGRATED: Text("O grupo virou supergrupo.", "The group became a supergroup."),
    Kind.NOTHING_NEW: Text("Já estava assim.", "It was so already."),
    Kind.GONE_TOPIC: Text("O tópico foi apagado.", "The topic was deleted."),
    Kind.CLOSED_TOPIC: Text("O tópico está fechado.", "The topic is closed."),
    Kind.GONE_MESSAGE: Text("A mensagem não existe mais.", "The message is gone."),
    Kind.GONE_CHAT: Text(
        "O bot não está mais neste grupo ou conversa.", "The bot is not in this group or chat any more."
    ),
    Kind.NO_FORUM: Text("Os tópicos do grupo estão desligados.", "The group's topics are off."),
    Kind.NO_RIGHTS: Text("Falta uma permissão ao bot no grupo.", "The bot lacks a right in the group."),
    Kind.TOO_LARGE: Text("O arquivo é grande demais para o Telegram.", "The file is too large for Telegram."),
    Kind.TOO_LATE: Text("O botão foi apertado há tempo demais.", "The button was pressed too long ago."),
    Kind.REFUSED: Text("O Telegram recusou.", "Telegram refused."),
    Kind.TOKEN: Text("O Telegram recusou o token do bot.", "Telegram refused the bot's token."),
    Kind.CONFLICT: Text("Outro programa usa este bot.", "Another program uses this bot."),
    Kind.UNKNOWN: Text("O Telegram não respondeu.", "Telegram did not answer."),
}
# In the order in which they are looked for; Telegram's words, whatever their case.
_TELLING: Final = (
    (Kind.NOTHING_NEW, ("topic_not_modified", "message is not modified")),
    (Kind.GONE_TOPIC, ("message thread not found", "message_thread_not_found", "topic_id_invalid", "topic_deleted")),
    (Kind.CLOSED_TOPIC, ("topic_closed",)),
    (Kind.NO_FORUM, ("not a forum",)),
    (Kind.NO_RIGHTS, ("not enough rights", "have no rights", "chat_admin_required", "need administrator rights")),
    (Kind.GONE_CHAT, ("chat not found", "group chat was deactivated", "peer_id_invalid", "chat_write_forbidden")),
    (
        Kind.GONE_MESSAGE,
        (
            *("message to edit not found", "message to react not found", "message to delete not found"),
            *("message to pin not found", "message can't be edited", "message_id_invalid", "message not found"),
        ),
    ),
    (Kind.TOO_LARGE, ("file is too big", "entity too large", "too large")),
    (Kind.TOO_LATE, ("query is too old", "query id is invalid")),
)
_LEAST_SECONDS: Final = 1.0


class Failed(AppError):
    """A call that did not do what it was for. `said` are Telegram's words, which quote nothing of ours but numbers."""

    status = 502
    report = False
    title = Text("O Telegram não aceitou", "Telegram did not take it")

    def __init__(self, kind: Kind, said: str = "", *, seconds: float = 0.0, chat: int | None = None) -> None:
        words = _WORDS[kind]
        super().__init__(words.pt, words.en)
        self.kind = kind
        self.said = said
        self.seconds = seconds
        self.chat = chat


@contextmanager
def told_apart() -> Iterator[None]:
    """Whatever the library raises within is raised as ours."""
    try:
        yield
    except TelegramError as error:
        raise told(error) from None  # its text may quote the address that was called, and the token in it


def told(error: TelegramError) -> Failed:
    match error:
        case RetryAfter():
            return Failed(Kind.FLOOD, seconds=max(_LEAST_SECONDS, _seconds(error.retry_after)))
        case ChatMigrated():
            return Failed(Kind.MIGRATED, chat=error.new_chat_id)
        case InvalidToken() | EndPointNotFound():
            return Failed(Kind.TOKEN)
        case Conflict():
            return Failed(Kind.CONFLICT, error.message)
        case Forbidden():
            return Failed(Kind.GONE_CHAT, error.message)
        case _:
            return _by_words(error)


def _by_words(error: TelegramError) -> Failed:
    words = error.message.casefold()
    for kind, telling in _TELLING:
        if any(part in words for part in telling):
            return Failed(kind, error.message)
    return Failed(Kind.REFUSED, error.message) if isinstance(error, BadRequest) else Failed(Kind.UNKNOWN)


def _seconds(value: int | timedelta) -> float:
    """The library is about to change from one to the other."""
    return value.total_seconds() if isinstance(value, timedelta) else float(value)
