"""Telegram's updates, read: pure, and without raising, whatever shape comes."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from channels.telegram_staff.updates import (
    ANONYMOUS,
    Edited,
    File,
    Migrated,
    Nothing,
    OurStanding,
    Person,
    Pressed,
    Reacted,
    Renamed,
    Replied,
    Room,
    RoomKind,
    Said,
    Spot,
    Standing,
    Told,
    TopicChange,
    TopicChanged,
    Typed,
    Update,
)
from core.models.stream import MessageKind

Json = Mapping[str, Any]

_LARGEST: Final = 2**63
_EMPTY: Final[Json] = {}
_POLE: Final = 90
_DATE_LINE: Final = 180
_ACCENTED: Final = re.compile(r"/(?=\w*[^\W\x00-\x7f])(\w{1,64})(?:@(\w+))?(?!\S)")
_LAST_MOMENT: Final = 253_402_300_799  # of the year 9999
# An animation comes with a document of the same file beside it, so it is looked for first.
_FILES: Final[Mapping[str, MessageKind]] = {
    "voice": MessageKind.VOICE,
    "audio": MessageKind.AUDIO,
    "video": MessageKind.VIDEO,
    "video_note": MessageKind.VIDEO,
    "animation": MessageKind.VIDEO,
    "sticker": MessageKind.STICKER,
    "document": MessageKind.DOCUMENT,
}
_OTHERS: Final = ("poll", "dice", "game", "contact", "story", "invoice", "checklist", "paid_media", "giveaway")
_TOPIC_CHANGES: Final = {
    "forum_topic_created": TopicChange.CREATED,
    "forum_topic_edited": TopicChange.RENAMED,
    "forum_topic_closed": TopicChange.CLOSED,
    "forum_topic_reopened": TopicChange.REOPENED,
}


def read(update: Json) -> Update | None:
    """None: it has no number, so it is no update."""
    number = _whole(update.get("update_id"))
    return None if number is None else Update(id=number, told=_told(update))


def _told(update: Json) -> Told:
    for name, reader in _READERS.items():
        if isinstance(value := update.get(name), Mapping):
            return reader(value) or Nothing(why=f"{name} of an unknown shape")
    kinds = ", ".join(sorted(str(name)[:40] for name in update if name != "update_id")) or "nothing"
    return Nothing(why=f"an update of {kinds[:120]}")


def _message(message: Json) -> Told | None:
    room, number = _room(message), _whole(message.get("message_id"))
    if room is None or number is None:
        return None
    if (to := _whole(message.get("migrate_to_chat_id"))) is not None:
        return Migrated(room=room, to=to)
    if title := _text(message.get("new_chat_title")):
        return Renamed(room=room, title=title)
    change = next((name for name in _TOPIC_CHANGES if name in message), None)
    if change is not None:
        named = _text(_map(message.get(change)).get("name"))
        kind = _TOPIC_CHANGES[change]
        return TopicChanged(room=room, sender=_sender(message), message_id=number, change=kind, name=named)
    return _said(message, room, number)


def _said(message: Json, room: Room, number: int) -> Told:
    text = _text(message.get("text") or message.get("caption"))
    marks = _maps(message.get("entities") or message.get("caption_entities"))
    said = Said(
        room=room,
        sender=_sender(message),
        message_id=number,
        at=_moment(message.get("date")),
        text=text,
        typed=_typed(text, marks),
        mentions=tuple(_mentions(text, marks)),
        file=_file(message),
        spot=_spot(message),
        reply=_replied(message),
        album=_text(message.get("media_group_id")) or None,
        other=next((name for name in _OTHERS if name in message), None),
        is_forwarded=any(name in message for name in ("forward_origin", "forward_from", "forward_date")),
        via_bot="via_bot" in message,
    )
    is_something = said.text or said.file or said.spot or said.other
    return said if is_something else Nothing(why="a service message")


def _edited(message: Json) -> Told | None:
    told = _message(message)
    return Edited(said=told) if isinstance(told, Said) else told


def _pressed(query: Json) -> Told | None:
    identity, sender = _text(query.get("id")), _person(query.get("from"))
    if not identity or sender is None:
        return None
    message = _map(query.get("message"))
    return Pressed(
        query=identity,
        sender=sender,
        data=_text(query.get("data")),
        room=_room(message),
        message_id=_whole(message.get("message_id")),
    )


def _reacted(reaction: Json) -> Told | None:
    room, number = _room(reaction), _whole(reaction.get("message_id"))
    if room is None or number is None:
        return None
    sender = _person(reaction.get("user"))
    if "actor_chat" in reaction:
        sender = Person(id=_whole(_map(reaction["actor_chat"]).get("id")) or 0, name="", is_anonymous=True)
    signs = (_text(sign.get("emoji")) for sign in _maps(reaction.get("new_reaction")))
    return Reacted(room=room, sender=sender, message_id=number, signs=tuple(filter(None, signs)))


def _our_standing(change: Json) -> Told | None:
    room, by = _room(change), _person(change.get("from"))
    was, now = _standing(change.get("old_chat_member")), _standing(change.get("new_chat_member"))
    if room is None or by is None or now is None:
        return None
    return OurStanding(room=room, by=by, was=was or Standing.LEFT, now=now)


_READERS: Final[Mapping[str, Callable[[Json], Told | None]]] = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _pressed,
    "my_chat_member": _our_standing,
    "message_reaction": _reacted,
}


def _standing(member: Any) -> Standing | None:
    told = _map(member)
    status = _text(told.get("status"))
    if status == Standing.RESTRICTED and told.get("is_member") is False:
        return Standing.LEFT
    return Standing(status) if status in set(Standing) else None


def _room(message: Json) -> Room | None:
    """Replies carry a thread outside of topics, too: only what says that it is in a topic is."""
    chat = _map(message.get("chat"))
    number, kind = _whole(chat.get("id")), _text(chat.get("type"))
    if number is None or kind not in set(RoomKind):
        return None
    topic = _whole(message.get("message_thread_id")) if message.get("is_topic_message") is True else None
    return Room(
        id=number,
        kind=RoomKind(kind),
        title=_text(chat.get("title")),
        is_forum=chat.get("is_forum") is True,
        topic=topic,
    )


def _sender(message: Json) -> Person | None:
    person = _person(message.get("from"))
    if "sender_chat" not in message:
        return person
    chat = _map(message["sender_chat"])
    return Person(id=_whole(chat.get("id")) or ANONYMOUS, name=_text(chat.get("title")), is_anonymous=True)


def _person(user: Any) -> Person | None:
    told = _map(user)
    number = _whole(told.get("id"))
    if number is None:
        return None
    names = (_text(told.get("first_name")), _text(told.get("last_name")))
    return Person(
        id=number,
        name=" ".join(filter(None, names)),
        is_bot=told.get("is_bot") is True,
        is_anonymous=number == ANONYMOUS,
        language=_text(told.get("language_code")),
    )


def _file(message: Json) -> File | None:
    for name, kind in _FILES.items():
        if isinstance(value := message.get(name), Mapping):
            return _one_file(value, MessageKind.DOCUMENT if _is_moving_sticker(name, value) else kind)
    sizes = _maps(message.get("photo"))
    largest = max(sizes, key=lambda size: _whole(size.get("file_size")) or _whole(size.get("width")) or 0, default=None)
    return None if largest is None else _one_file({"mime_type": "image/jpeg", **largest}, MessageKind.IMAGE)


def _is_moving_sticker(name: str, value: Json) -> bool:
    """Drawn by Telegram alone: anywhere else it is a file of its own kind."""
    return name == "sticker" and value.get("is_animated") is True


def _one_file(value: Json, kind: MessageKind) -> File | None:
    identity = _text(value.get("file_id"))
    if not identity:
        return None
    return File(
        id=identity,
        unique=_text(value.get("file_unique_id")) or identity,
        kind=kind,
        mime=_text(value.get("mime_type")) or _USUAL_TYPES.get(kind),
        size=_whole(value.get("file_size")),
        name=_text(value.get("file_name")) or None,
        seconds=_whole(value.get("duration")),
    )


_USUAL_TYPES: Final = {
    MessageKind.VOICE: "audio/ogg",
    MessageKind.STICKER: "image/webp",
    MessageKind.VIDEO: "video/mp4",
}


def _spot(message: Json) -> Spot | None:
    place = _map(message.get("location"))
    latitude, longitude = place.get("latitude"), place.get("longitude")
    if not (isinstance(latitude, int | float) and isinstance(longitude, int | float)):
        return None
    if abs(latitude) > _POLE or abs(longitude) > _DATE_LINE:
        return None
    return Spot(latitude=float(latitude), longitude=float(longitude))


def _replied(message: Json) -> Replied | None:
    """In a topic all that answers nothing else answers the message that made it: that is no answer."""
    answered = _map(message.get("reply_to_message"))
    number = _whole(answered.get("message_id"))
    if number is None or any(name in answered for name in _TOPIC_CHANGES):
        return None
    sender = _person(answered.get("from"))
    return Replied(
        message_id=number,
        sender=None if sender is None else sender.id,
        text=_text(answered.get("text") or answered.get("caption")),
        quote=_text(_map(message.get("quote")).get("text")),
    )


def _typed(text: str, marks: Sequence[Json]) -> Typed | None:
    """A command is what begins the message, and is told so by Telegram: a quoted one is neither.

    A word with an accent is none to Telegram, but to whoever writes Portuguese: /saúde.
    """
    first = [mark for mark in marks if mark.get("offset") == 0]
    if (accented := _ACCENTED.match(text)) and all(mark.get("type") == "bot_command" for mark in first):
        return Typed(
            word=accented[1], rest=text[accented.end() :].strip(), addressee=(accented[2] or "").lower() or None
        )
    mark = next((mark for mark in first if mark.get("type") == "bot_command"), None)
    length = None if mark is None else _whole(mark.get("length"))
    if length is None or length < len("/x") or not text.startswith("/"):
        return None
    word, _, addressee = text[1:length].partition("@")
    return Typed(word=word, rest=text[length:].strip(), addressee=addressee.lower() or None) if word else None


def _mentions(text: str, marks: Sequence[Json]) -> list[str]:
    units = text.encode("utf-16-le")
    found = []
    for mark in marks:
        start, length = _whole(mark.get("offset")), _whole(mark.get("length"))
        if mark.get("type") == "mention" and start is not None and length is not None and 0 <= start < len(units):
            named = units[2 * start : 2 * (start + max(0, length))].decode("utf-16-le", "replace")
            found.append(named.removeprefix("@").lower())
    return found


def _moment(value: Any) -> datetime:
    seconds = _whole(value) or 0
    return datetime.fromtimestamp(min(max(seconds, 0), _LAST_MOMENT), UTC)


def _map(value: Any) -> Json:
    return value if isinstance(value, Mapping) else _EMPTY


def _maps(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, Sequence) else []


def _whole(value: Any) -> int | None:
    """As large as a column takes; true is no number."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and -_LARGEST <= value < _LARGEST else None


def _text(value: Any) -> str:
    """What a column can hold: no NUL, and no half of a pair."""
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
