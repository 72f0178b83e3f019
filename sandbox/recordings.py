"""Voice notes and pictures that say what is in them: real files, whose words stand beside the sound or the colours."""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

_RATE: Final = 48_000
_PAGE: Final = struct.Struct("<4sBBqIIIB")
_FIRST, _LAST = 2, 4
_POLYNOMIAL: Final = 0x04C11DB7
_PIECE: Final = 255
_MOST_PIECES: Final = 255
_SILENCE: Final = b"\xf8\xff\xfe"  # twenty milliseconds of it, as Opus writes them
_FRAMES_A_SECOND: Final = 50
_VENDOR: Final = b"sandbox"
_PNG: Final = b"\x89PNG\r\n\x1a\n"


def voice_note(words: str | None = None, *, seconds: float = 3.0) -> bytes:
    """Silence in Ogg and Opus of that length, as WhatsApp sends voice notes; `words` stand in its comments."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 16_000, 0, 0)
    comments = [] if words is None else [f"TRANSCRIPT={words}".encode()]
    told = b"".join(struct.pack("<I", len(each)) + each for each in comments)
    tags = b"OpusTags" + struct.pack("<I", len(_VENDOR)) + _VENDOR + struct.pack("<I", len(comments)) + told
    frames = max(1, round(seconds * _FRAMES_A_SECOND))
    shown = min(frames, _MOST_PIECES)  # the rest is only counted: a file of an hour need not be as large as one
    packets = [[head], [tags], [_SILENCE] * shown]
    positions = (0, 0, round(seconds * _RATE))
    return b"".join(
        _page(packet, number=number, position=position, kind=_kind(number, len(packets)))
        for number, (packet, position) in enumerate(zip(packets, positions, strict=True))
    )


def words_in(audio: bytes) -> str | None:
    """What `voice_note` wrote into it; None where that was nothing, or somebody else made it."""
    _, mark, tags = audio.partition(b"OpusTags")
    _, told, rest = tags.partition(b"TRANSCRIPT=")
    if not mark or not told:
        return None
    at = len(tags) - len(rest) - len(told)
    size = int.from_bytes(tags[at - 4 : at], "little")
    return tags[at + len(told) : at + size].decode(errors="replace")


def seconds_in(audio: bytes) -> float | None:
    """By where its last page ends; None where it is no Ogg file."""
    start = audio.rfind(b"OggS")
    if start < 0 or len(audio) - start < _PAGE.size:
        return None
    position: int = _PAGE.unpack_from(audio, start)[3]
    return max(0.0, position / _RATE)


def picture(description: str | None = None) -> bytes:
    """A PNG of one grey point; what it shows stands in its text."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))]
    if description is not None:
        chunks.append((b"iTXt", b"Description\0\0\0\0\0" + description.encode()))
    chunks += [(b"IDAT", zlib.compress(b"\0\x80")), (b"IEND", b"")]
    return _PNG + b"".join(_chunk(kind, body) for kind, body in chunks)


def _kind(number: int, count: int) -> int:
    return _FIRST if number == 0 else _LAST if number == count - 1 else 0


def _page(packets: list[bytes], *, number: int, position: int, kind: int) -> bytes:
    sizes = bytes(size for packet in packets for size in _lacing(len(packet)))
    body = b"".join(packets)
    head = _PAGE.pack(b"OggS", 0, kind, position, 1, number, 0, len(sizes)) + sizes
    return head[:22] + struct.pack("<I", _checksum(head + body)) + head[26:] + body


def _lacing(size: int) -> Iterator[int]:
    yield from [_PIECE] * (size // _PIECE)
    yield size % _PIECE


def _checksum(page: bytes) -> int:
    """Ogg's own: that of zip files, with its bits the other way round."""
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1) ^ (_POLYNOMIAL if value & 0x80000000 else 0)
            value &= 0xFFFFFFFF
    return value


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
