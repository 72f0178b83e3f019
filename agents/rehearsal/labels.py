"""What a file says of itself: the transcript in a recording's comments, the description in a picture's."""

import base64
import binascii
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from agents.recordings import comments_of
from agents.rehearsal.replies import Messages

MOST: Final = 2_000  # characters
_OF_RECORDINGS: Final = ("TRANSCRIPT", "TITLE")
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8"
_DESCRIPTION: Final = "description"
_LONGEST_CHUNK: Final = 64 * 1024
_JPEG_COMMENT: Final = 0xFE
_JPEG_SCAN: Final = 0xDA
_PLAIN_TEXT: Final = b"tEXt"
_WIDE_TEXT: Final = b"iTXt"
_DATA: Final = "data:"


def told_by(content: bytes) -> str:
    """Empty where it says nothing: what it sounds or looks like nobody here can tell."""
    if content.startswith(_PNG):
        said = next(_in_png(content), "")
    elif content.startswith(_JPEG):
        said = next(_in_jpeg(content), "")
    else:
        comments = comments_of(content)
        said = next((comments[name] for name in _OF_RECORDINGS if comments.get(name)), "")
    return " ".join(said.split())[:MOST]


def pictures_in(messages: Messages) -> Iterator[bytes]:
    """Those that stand in the messages themselves; an address is not followed."""
    for message in messages:
        content = message.get("content")
        for piece in content if isinstance(content, list | tuple) else ():
            told = piece.get("image_url") if isinstance(piece, dict) else None
            address = str(told.get("url", "")) if isinstance(told, dict) else ""
            if address.startswith(_DATA):
                try:
                    yield base64.b64decode(address.partition(",")[2], validate=True)
                except binascii.Error:
                    continue


def _in_png(content: bytes) -> Iterator[str]:
    at = len(_PNG)
    while len(content) - at >= 8:  # noqa: PLR2004 - a length and a kind
        size, kind = struct.unpack_from(">I4s", content, at)
        body = content[at + 8 : at + 8 + size]
        at += size + 12
        if kind in {_PLAIN_TEXT, _WIDE_TEXT} and size <= _LONGEST_CHUNK and len(body) == size:
            name, _, rest = body.partition(b"\0")
            if name.decode("latin-1").lower() == _DESCRIPTION:
                yield rest.decode("latin-1") if kind == _PLAIN_TEXT else _wide(rest)


def _wide(rest: bytes) -> str:
    """After the two bytes on packing come language and translated name, which nobody needs."""
    packed, text = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    if not packed:
        return text.decode(errors="replace")
    try:
        return zlib.decompressobj().decompress(text, _LONGEST_CHUNK).decode(errors="replace")
    except zlib.error:
        return ""


def _in_jpeg(content: bytes) -> Iterator[str]:
    at = len(_JPEG)
    while len(content) - at >= 4 and content[at] == 0xFF and content[at + 1] != _JPEG_SCAN:  # noqa: PLR2004 - a marker and its length
        size = int.from_bytes(content[at + 2 : at + 4], "big")
        if content[at + 1] == _JPEG_COMMENT:
            yield content[at + 4 : at + 2 + size].decode(errors="replace")
        at += 2 + max(size, 2)
