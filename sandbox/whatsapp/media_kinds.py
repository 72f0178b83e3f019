"""Which files WhatsApp carries, and how large they may be."""

from dataclasses import dataclass
from typing import Final

_KB: Final = 1024
_MB: Final = 1024 * _KB


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaKind:
    types: frozenset[str]
    most_bytes: int


_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_IMAGES: Final = frozenset({"image/jpeg", "image/png"})
_VIDEOS: Final = frozenset({"video/mp4", "video/3gpp"})
_SOUNDS: Final = frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"})
_PAPERS: Final = frozenset(
    {
        "text/plain",
        "text/csv",
        "application/pdf",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        f"{_OFFICE}.wordprocessingml.document",
        f"{_OFFICE}.spreadsheetml.sheet",
        f"{_OFFICE}.presentationml.presentation",
    }
)

SENDABLE: Final = {
    "image": MediaKind(types=_IMAGES, most_bytes=5 * _MB),
    "video": MediaKind(types=_VIDEOS, most_bytes=16 * _MB),
    "audio": MediaKind(types=_SOUNDS, most_bytes=16 * _MB),
    "sticker": MediaKind(types=frozenset({"image/webp"}), most_bytes=500 * _KB),
    "document": MediaKind(types=_PAPERS | _IMAGES | _VIDEOS | _SOUNDS, most_bytes=100 * _MB),
}
UPLOADABLE: Final = frozenset().union(*(kind.types for kind in SENDABLE.values()))
LARGEST: Final = max(kind.most_bytes for kind in SENDABLE.values())


def most_bytes(mime_type: str) -> int:
    """Of an upload, by what it will be sent as."""
    kinds = [kind for kind in SENDABLE.values() if mime_type in kind.types]
    return min((kind.most_bytes for kind in kinds), default=0)
