"""What may be sent: each kind is checked as Meta checks it, and told to the ledger in one line."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sandbox.whatsapp.attachments import check_media
from sandbox.whatsapp.errors import GraphError
from sandbox.whatsapp.fields import (
    Json,
    boolean_if_any,
    inside,
    invalid,
    listed,
    missing,
    number,
    text,
    text_if_any,
)
from sandbox.whatsapp.interactive import interactive
from sandbox.whatsapp.media import Shelf
from sandbox.whatsapp.media_kinds import SENDABLE

_LONGEST_TEXT: Final = 4096
_LONGEST_CAPTION: Final = 1024
_LATITUDE: Final = 90
_LONGITUDE: Final = 180
_WITH_CAPTION: Final = frozenset({"image", "video", "document"})
_UNKNOWN_TYPE: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """`text` is what a person would read."""

    kind: str
    text: str
    has_voice: bool = False


def check_content(kind: str, payload: Json, shelf: Shelf) -> Checked:
    """Everything but templates."""
    if kind in SENDABLE:
        return _media(kind, inside(payload, kind), shelf)
    if kind == "interactive":
        return Checked(kind=kind, text=interactive(inside(payload, kind), shelf))
    if (check := _CHECKS.get(kind)) is None:
        raise GraphError(_UNKNOWN_TYPE, f'Param type must be one of {{{", ".join(KINDS)}}} - got "{kind[:40]}".')
    return Checked(kind=kind, text=check(payload))


def _text(payload: Json) -> str:
    content = inside(payload, "text")
    boolean_if_any(content, "preview_url", "text.")
    return text(content, "body", "text.", most=_LONGEST_TEXT)


def _reaction(payload: Json) -> str:
    content = inside(payload, "reaction")
    text(content, "message_id", "reaction.")
    return text(content, "emoji", "reaction.", least=0, most=32)


def _location(payload: Json) -> str:
    content = inside(payload, "location")
    latitude, longitude = (number(content, name, "location.") for name in ("latitude", "longitude"))
    if not (abs(latitude) <= _LATITUDE and abs(longitude) <= _LONGITUDE):
        raise invalid("Param location has a latitude or longitude out of range.")
    name = text_if_any(content, "name", "location.", most=1000)
    if text_if_any(content, "address", "location.", most=1000) and not name:
        raise missing("location.name")
    return name or f"{latitude},{longitude}"


def _contacts(payload: Json) -> str:
    names = []
    for contact in listed(payload, "contacts", most=257):
        name = inside(contact, "name", "contacts.")
        names.append(text(name, "formatted_name", "contacts.name."))
        if len([part for part in name.values() if part]) == 1:
            raise missing("contacts.name.first_name")
        for phone in listed(contact, "phones", "contacts.") if contact.get("phones") else ():
            text(phone, "phone", "contacts.phones.")
    return ", ".join(names)


def _media(kind: str, content: Json, shelf: Shelf) -> Checked:
    check_media(kind, content, shelf)
    caption = text_if_any(content, "caption", f"{kind}.", most=_LONGEST_CAPTION)
    if caption and kind not in _WITH_CAPTION:
        raise invalid(f"Param {kind}.caption is not allowed.")
    filename = text_if_any(content, "filename", f"{kind}.", most=240)
    if filename and kind != "document":
        raise invalid(f"Param {kind}.filename is not allowed.")
    voice = boolean_if_any(content, "voice", f"{kind}.")
    if voice and kind != "audio":
        raise invalid(f"Param {kind}.voice is not allowed.")
    return Checked(kind=kind, text=caption or filename or "", has_voice=voice)


_CHECKS: Final[dict[str, Callable[[Json], str]]] = {
    "text": _text,
    "reaction": _reaction,
    "location": _location,
    "contacts": _contacts,
}
KINDS: Final = (*sorted(SENDABLE), *_CHECKS, "interactive", "template")
