"""What an Ogg recording says of itself: how long it is, and the comments that were written beside the sound."""

import struct
from collections.abc import Iterator, Mapping
from typing import Final

_PAGE: Final = struct.Struct("<4sBBqIIIB")
_MARK: Final = b"OggS"
_HEAD: Final = b"OpusHead"
_COMMENTS: Final = (b"OpusTags", b"\x03vorbis")
_OPUS_RATE: Final = 48_000  # of its positions, whatever the sound was made at
_FIRST_PACKETS: Final = 2  # the head and the comments
_MOST_COMMENTS: Final = 64
_LENGTH: Final = struct.Struct("<I")


def seconds_of(audio: bytes) -> float | None:
    """None where it is no Opus recording that tells."""
    head = next(_packets(audio), b"")
    if not head.startswith(_HEAD) or len(head) < 12:  # noqa: PLR2004 - up to and with its pre-skip
        return None
    start = audio.rfind(_MARK)
    if len(audio) - start < _PAGE.size:
        return None
    position: int = _PAGE.unpack_from(audio, start)[3]
    skipped = int.from_bytes(head[10:12], "little")
    return max(0.0, (position - skipped) / _OPUS_RATE)


def comments_of(audio: bytes) -> Mapping[str, str]:
    """By their names in capitals, of each the first."""
    for number, packet in enumerate(_packets(audio)):
        if packet.startswith(_COMMENTS):
            mark = next(mark for mark in _COMMENTS if packet.startswith(mark))
            return _read(packet[len(mark) :])
        if number >= _FIRST_PACKETS:
            break
    return {}


def _packets(audio: bytes) -> Iterator[bytes]:
    """Put together from their pages, as far as these are whole."""
    at, packet = 0, bytearray()
    while len(audio) - at >= _PAGE.size:
        mark, *_, count = _PAGE.unpack_from(audio, at)
        sizes = audio[at + _PAGE.size : at + _PAGE.size + count]
        if mark != _MARK or len(sizes) < count:
            return
        at += _PAGE.size + count
        for size in sizes:
            packet += audio[at : at + size]
            at += size
            if size < 255:  # noqa: PLR2004 - a full piece goes on in the next
                yield bytes(packet)
                packet.clear()


def _read(body: bytes) -> Mapping[str, str]:
    found: dict[str, str] = {}
    try:
        at = 4 + _LENGTH.unpack_from(body)[0]
        count = _LENGTH.unpack_from(body, at)[0]
        at += 4
        for _ in range(min(count, _MOST_COMMENTS)):
            size = _LENGTH.unpack_from(body, at)[0]
            name, _, value = body[at + 4 : at + 4 + size].decode(errors="replace").partition("=")
            found.setdefault(name.upper(), value)
            at += 4 + size
    except struct.error:
        return found
    return found
