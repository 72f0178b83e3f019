"""Where a bot may look, write and act; what it may not is refused in Telegram's words."""

from dataclasses import dataclass
from typing import Final

from sandbox.telegram.asking import Ask
from sandbox.telegram.chats import GENERAL, Chat, Kind, Message
from sandbox.telegram.errors import bad_request, forbidden, migrated
from sandbox.telegram.members import Permission, Right, Status
from sandbox.telegram.office import Office
from sandbox.telegram.parameters import whole

_SENDING: Final = {
    "text": (Permission.SEND_MESSAGES, "text messages"),
    "location": (Permission.SEND_MESSAGES, "locations"),
    "contact": (Permission.SEND_MESSAGES, "contacts"),
    "photo": (Permission.SEND_PHOTOS, "photos"),
    "document": (Permission.SEND_DOCUMENTS, "documents"),
    "audio": (Permission.SEND_AUDIOS, "music"),
    "video": (Permission.SEND_VIDEOS, "videos"),
    "video_note": (Permission.SEND_VIDEO_NOTES, "video notes"),
    "voice": (Permission.SEND_VOICE_NOTES, "voice notes"),
    "animation": (Permission.SEND_OTHER, "animations"),
    "sticker": (Permission.SEND_OTHER, "stickers"),
}


@dataclass(frozen=True, slots=True)
class Place:
    chat: Chat
    thread_id: int | None


def opened(office: Office, ask: Ask, name: str = "chat_id") -> Chat:
    """A chat that this bot is in."""
    told = ask.told.text(name)
    if not told:
        raise bad_request("chat_id is empty")
    chat = _found(office, ask, whole(told))
    if chat.kind is Kind.PRIVATE:
        _check_private(chat)
    else:
        _check_group(chat, ask)
    return chat


def placed(office: Office, ask: Ask) -> Place:
    """A chat and a topic to write to. The General topic is meant by naming none, and cannot be named."""
    chat = opened(office, ask)
    thread_id = ask.told.whole("message_thread_id")
    if not thread_id:
        _check_closed(chat, ask, None)
        return Place(chat, None)
    if not chat.is_forum:
        if chat.kind is Kind.PRIVATE:
            raise bad_request("message thread not found")
        return Place(chat, None)
    if thread_id == GENERAL or chat.topic(thread_id) is None:
        raise bad_request("message thread not found")
    _check_closed(chat, ask, thread_id)
    return Place(chat, thread_id)


def may_send(place: Place, ask: Ask, kind: str) -> None:
    if place.chat.kind is Kind.PRIVATE:
        return
    permission, words = _SENDING[kind]
    if not place.chat.member(ask.bot.user).may(permission, place.chat.permissions):
        raise bad_request(f"not enough rights to send {words} to the chat")


def has_right(chat: Chat, ask: Ask, right: Right) -> bool:
    return chat.kind is not Kind.PRIVATE and chat.member(ask.bot.user).can(right)


def message_in(chat: Chat, ask: Ask, what: str, name: str = "message_id") -> Message:
    message = chat.find(ask.told.whole(name))
    if message is None:
        raise bad_request(f"{what} not found")
    return message


def _found(office: Office, ask: Ask, chat_id: int) -> Chat:
    if chat_id <= 0:
        chat = office.chats.group(chat_id)
        if chat is None or ask.bot.id not in chat.members:
            raise bad_request("chat not found")
        return chat
    chat = office.chats.find_private(ask.bot.id, chat_id)
    if chat is not None:
        return chat
    person = office.people.find(chat_id)
    if person is None or not _has_met(office, ask, chat_id):
        raise bad_request("chat not found")
    raise forbidden("bot can't initiate conversation with a user")


def _has_met(office: Office, ask: Ask, user_id: int) -> bool:
    return any(ask.bot.id in chat.members and user_id in chat.members for chat in office.chats)


def _check_private(chat: Chat) -> None:
    if chat.is_blocked:
        raise forbidden("bot was blocked by the user")
    if not chat.is_started:
        raise forbidden("bot can't initiate conversation with a user")


def _check_group(chat: Chat, ask: Ask) -> None:
    name = "supergroup" if chat.is_supergroup else "group"
    if chat.migrated_to is not None:
        raise migrated(chat.migrated_to)
    if chat.is_deleted:
        raise forbidden(f"the {name} chat was deleted")
    member = chat.member(ask.bot.user)
    if member.status is Status.KICKED:
        raise forbidden(f"bot was kicked from the {name} chat")
    if not member.is_here:
        raise forbidden(f"bot is not a member of the {name} chat")


def _check_closed(chat: Chat, ask: Ask, thread_id: int | None) -> None:
    topic = chat.topic(thread_id) if chat.is_forum else None
    if topic is None or not topic.is_closed or topic.creator_id == ask.bot.id:
        return
    if not chat.member(ask.bot.user).can(Right.MANAGE_TOPICS):
        raise bad_request("TOPIC_CLOSED")
