"""What a file may be sent as, and how a message with it is told."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sandbox.recordings import seconds_in
from sandbox.telegram.errors import bad_request
from sandbox.telegram.files import Kept, Shelf
from sandbox.telegram.parameters import Parameters, Upload
from sandbox.telegram.wire import Json

KINDS: Final = ("photo", "document", "voice", "audio", "video", "video_note", "animation", "sticker")
CAPTIONED: Final = frozenset(KINDS) - {"sticker", "video_note"}
_LARGEST_PHOTO: Final = 10 * 1024 * 1024
_LARGEST_VOICE: Final = 1024 * 1024
_MOST_SIDES: Final = 10_000
_MOST_RATIO: Final = 20
_SIDES: Final = (320, 320)  # of what does not tell its own
_ATTACHED: Final = "attach://"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_WEBP_HEAD: Final = 30
_WEBP_SIDE: Final = 0x3FFF
_FRAMES: Final = frozenset({*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)})
_MIME: Final = {"photo": "image/jpeg", "voice": "audio/ogg", "audio": "audio/mpeg", "sticker": "image/webp"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Particulars:
    """What may be told beside the file itself."""

    duration: int = 0
    width: int = 0
    height: int = 0
    title: str = ""
    performer: str = ""


def attached(parameters: Parameters, field: str, told: str) -> Upload | str:
    """The bytes that came along, or the id of a file that is known."""
    name = told.removeprefix(_ATTACHED) if told.startswith(_ATTACHED) else field
    if told and not told.startswith(_ATTACHED):
        return told
    if (upload := parameters.files.get(name)) is None:
        raise bad_request(f"there is no {field.replace('_', ' ')} in the request")
    return upload


def kept_as(kind: str, source: Upload | str, shelf: Shelf) -> Kept:
    if isinstance(source, str):
        return _known(source, shelf)
    if not source.data:
        raise bad_request("file must be non-empty")
    if kind == "photo":
        _check_photo(source.data)
    mime_type = source.mime_type or _MIME.get(kind, "application/octet-stream")
    return shelf.keep(source.data, kind=_shown_as(kind, source.data), name=source.name, mime_type=mime_type)


def wire(kept: Kept, about: Particulars) -> Json:
    """The keys of a message with this file."""
    told = _SHAPES[kept.kind](kept, about) | kept.wire()
    match kept.kind:
        case "photo":
            return {"photo": [told]}
        case "animation":
            return {"animation": told, "document": _named(kept, about) | kept.wire()}
    return {kept.kind: told}


def _photo(kept: Kept, _about: Particulars) -> Json:
    width, height = sides_of(kept.data) or _SIDES
    return {"width": width, "height": height}


def _named(kept: Kept, _about: Particulars) -> Json:
    return ({"file_name": kept.name} if kept.name else {}) | {"mime_type": kept.mime_type}


def _timed(kept: Kept, about: Particulars) -> Json:
    return {"duration": about.duration or round(seconds_in(kept.data) or 0)}


def _sized(about: Particulars) -> Json:
    return {"width": about.width or _SIDES[0], "height": about.height or _SIDES[1]}


def _voice(kept: Kept, about: Particulars) -> Json:
    return _timed(kept, about) | {"mime_type": kept.mime_type}


def _audio(kept: Kept, about: Particulars) -> Json:
    titles = {"title": about.title, "performer": about.performer}
    return _timed(kept, about) | _named(kept, about) | {name: value for name, value in titles.items() if value}


def _video(kept: Kept, about: Particulars) -> Json:
    return _timed(kept, about) | _sized(about) | _named(kept, about)


def _video_note(kept: Kept, about: Particulars) -> Json:
    return _timed(kept, about) | {"length": about.width or _SIDES[0]}


def _sticker(_kept: Kept, about: Particulars) -> Json:
    return _sized(about) | {"is_animated": False, "is_video": False, "type": "regular"}


_SHAPES: Final[dict[str, Callable[[Kept, Particulars], Json]]] = {
    "photo": _photo,
    "document": _named,
    "voice": _voice,
    "audio": _audio,
    "video": _video,
    "video_note": _video_note,
    "animation": _video,
    "sticker": _sticker,
}


def sides_of(data: bytes) -> tuple[int, int] | None:
    """Of a PNG, a WebP or a JPEG."""
    if data.startswith(_PNG) and len(data) >= 24:  # noqa: PLR2004 - the length of the header up to the sides
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp_sides(data)
    return _jpeg_sides(data) if data.startswith(b"\xff\xd8") else None


def _webp_sides(data: bytes) -> tuple[int, int] | None:
    """Each of its three kinds writes them in its own way."""
    if len(data) < _WEBP_HEAD:
        return None
    match data[12:16]:
        case b"VP8X":
            return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return (bits & _WEBP_SIDE) + 1, (bits >> 14 & _WEBP_SIDE) + 1
        case b"VP8 ":
            sides = struct.unpack("<HH", data[26:30])
            return sides[0] & _WEBP_SIDE, sides[1] & _WEBP_SIDE
    return None


def _jpeg_sides(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:  # noqa: PLR2004 - what begins every marker
        if data[at + 1] in _FRAMES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None


def _known(told: str, shelf: Shelf) -> Kept:
    if told.startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content")  # nothing of a sandbox leaves this machine
    if (kept := shelf.find(told)) is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    return kept


def _check_photo(data: bytes) -> None:
    if len(data) > _LARGEST_PHOTO:
        most = f"the maximum size is {_LARGEST_PHOTO} bytes"
        raise bad_request(f"file of size {len(data)} bytes is too big for a photo; {most}")
    if (sides := sides_of(data)) is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    if sum(sides) > _MOST_SIDES or max(sides) > _MOST_RATIO * max(1, min(sides)):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")


def _shown_as(kind: str, data: bytes) -> str:
    """A voice note that is too large, or no Opus in Ogg, is shown as a file."""
    is_note = data.startswith(b"OggS") and len(data) <= _LARGEST_VOICE
    return "document" if kind == "voice" and not is_note else kind
