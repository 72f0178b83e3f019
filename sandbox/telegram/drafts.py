"""What a request to send holds: each message as it would stand in the chat, checked but not yet there."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sandbox.telegram.asking import Ask
from sandbox.telegram.attachments import CAPTIONED, Particulars, attached, kept_as, wire
from sandbox.telegram.chats import Chat, Message
from sandbox.telegram.entities import Formatted, caption_of, completed, formatted, length, told
from sandbox.telegram.errors import bad_request
from sandbox.telegram.files import Shelf
from sandbox.telegram.parameters import Parameters
from sandbox.telegram.wire import Json, packed

LONGEST_TEXT: Final = 4096
LONGEST_CAPTION: Final = 1024
MOST_IN_ALBUM: Final = 10
_ALBUM_KINDS: Final = frozenset({"photo", "video", "audio", "document"})
_OF_ONE_KIND: Final = frozenset({"audio", "document"})
_LATITUDE: Final = 90
_LONGITUDE: Final = 180


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    kind: str
    content: Json
    sha256: str | None = None


def text_of(ask: Ask, name: str = "text") -> Formatted:
    parameters = ask.told
    if not parameters.text(name):
        raise bad_request("message text is empty")
    shown = formatted(parameters.text(name), parameters.text("parse_mode"), parameters.json("entities", "entities"))
    if not shown.text:
        raise bad_request("text must be non-empty")
    if length(shown.text) > LONGEST_TEXT:
        raise bad_request("message is too long")
    return completed(shown)


def checked_caption(shown: Formatted) -> Formatted:
    if length(shown.text) > LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    return completed(shown)


def text_draft(ask: Ask) -> Draft:
    preview = ask.told.json("link_preview_options", "link preview options")
    options = {"link_preview_options": preview} if isinstance(preview, dict) else {}
    return Draft(kind="text", content=told(text_of(ask)) | options)


def media_draft(kind: str, ask: Ask, shelf: Shelf) -> Draft:
    source = attached(ask.told, kind, ask.told.text(kind))
    caption = checked_caption(caption_of(ask.told)) if kind in CAPTIONED else Formatted("")
    kept = kept_as(kind, source, shelf)
    content = wire(kept, _particulars(ask.told)) | told(caption, "caption")
    return Draft(kind=kept.kind, content=content, sha256=kept.sha256)


def location_draft(ask: Ask) -> Draft:
    latitude, longitude = ask.told.number("latitude"), ask.told.number("longitude")
    if latitude is None or longitude is None:
        raise bad_request(f"{'latitude' if latitude is None else 'longitude'} is empty")
    if abs(latitude) > _LATITUDE or abs(longitude) > _LONGITUDE:
        raise bad_request("wrong location specified")
    return Draft(kind="location", content={"location": {"latitude": latitude, "longitude": longitude}})


def contact_draft(ask: Ask) -> Draft:
    phone, first, last = (ask.told.text(name) for name in ("phone_number", "first_name", "last_name"))
    if not phone or not first:
        raise bad_request(f"{'phone number' if not phone else 'first name'} is empty")
    names = {"first_name": first} | ({"last_name": last} if last else {})
    return Draft(kind="contact", content={"contact": {"phone_number": phone.lstrip("+"), **names}})


def album_drafts(ask: Ask, shelf: Shelf) -> list[Draft]:
    items = ask.told.json("media", "media")
    if not isinstance(items, list):
        raise bad_request("expected an Array of InputMedia")
    if not items:
        raise bad_request("there are no messages to send")
    if len(items) > MOST_IN_ALBUM:
        raise bad_request("too many messages to send as an album")
    for item in items:
        if (kind := _kind_of(item)) not in _ALBUM_KINDS:
            raise bad_request(f"can't parse InputMedia: type \"{kind}\" can't be used in sendMediaGroup")
    _check_mixture({item["type"] for item in items})
    return [input_media(ask, item, shelf) for item in items]


def input_media(ask: Ask, item: Any, shelf: Shelf) -> Draft:
    """An `InputMedia`: its file came along under the name that it attaches, or is known by its id."""
    kind = _kind_of(item)
    if kind not in CAPTIONED:
        raise bad_request(f'can\'t parse InputMedia: type "{kind}" is unsupported')
    if not item.get("media"):
        raise bad_request("can't parse InputMedia: media not found")
    values = {name: packed(value) for name, value in item.items() if value is not None}
    inner = Parameters(values=values, files=ask.told.files)
    kept = kept_as(kind, attached(inner, "media", values["media"]), shelf)
    caption = checked_caption(caption_of(inner))
    content = wire(kept, _particulars(inner)) | told(caption, "caption")
    return Draft(kind=kept.kind, content=content, sha256=kept.sha256)


def copied(message: Message, ask: Ask) -> Draft:
    """The same content, of which only the caption may become another."""
    if message.is_service:
        raise bad_request("message can't be copied")
    content = dict(message.content)
    if "caption" in ask.told and message.kind in CAPTIONED:
        content = {name: value for name, value in content.items() if not name.startswith("caption")}
        content |= told(checked_caption(caption_of(ask.told)), "caption")
    return Draft(kind=message.kind, content=content)


def origin_of(chat: Chat, message: Message) -> Json:
    """Where a forwarded message says it comes from."""
    if message.origin is not None:
        return message.origin
    if message.is_anonymous:
        return {"type": "chat", "sender_chat": chat.wire(), "date": message.date}
    return {"type": "user", "sender_user": message.sender.wire(), "date": message.date}


def _kind_of(item: Any) -> str:
    if not isinstance(item, dict):
        raise bad_request("can't parse InputMedia: expected an Object")
    kind = item.get("type")
    if not isinstance(kind, str):
        raise bad_request("can't parse InputMedia: Can't find field \"type\"")
    return kind


def _check_mixture(kinds: Iterable[str]) -> None:
    found = set(kinds)
    if len(found) > 1 and found & _OF_ONE_KIND:
        lone = min(found & _OF_ONE_KIND)
        raise bad_request(f"{lone} can't be mixed with other media types")


def _particulars(parameters: Parameters) -> Particulars:
    return Particulars(
        duration=max(0, parameters.whole("duration")),
        width=max(0, parameters.whole("width")),
        height=max(0, parameters.whole("height")),
        title=parameters.text("title"),
        performer=parameters.text("performer"),
    )
