"""Files on Telegram: kept in memory up to a bound, under ids that last and addresses that do not."""

import hashlib
import itertools
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from sandbox.clock import VirtualClock

PATH_LIFE: Final = 3600.0
LARGEST_DOWNLOAD: Final = 20 * 1024 * 1024
_MOST_BYTES: Final = 256 * 1024 * 1024


@dataclass(kw_only=True, slots=True, eq=False)
class Kept:
    """`kind` is what it was sent as, which its address tells: `photos/file_7.jpg`."""

    id: str
    unique_id: str
    kind: str
    name: str
    mime_type: str
    data: bytes = field(repr=False)
    path: str
    sha256: str
    path_until: float = 0.0

    def wire(self) -> dict[str, str | int]:
        return {"file_id": self.id, "file_unique_id": self.unique_id, "file_size": len(self.data)}


class Shelf:
    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self.clear()

    def clear(self) -> None:
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._by_path: dict[str, Kept] = {}
        self._bytes = 0

    def keep(self, data: bytes, *, kind: str, name: str, mime_type: str) -> Kept:
        number = next(self._numbers)
        suffix = PurePosixPath(name).suffix or {"photo": ".jpg", "voice": ".oga"}.get(kind, "")
        kept = Kept(
            id=f"AgAC{secrets.token_urlsafe(36)}{number}",
            unique_id=f"AQAD{secrets.token_hex(4)}{number}",
            kind=kind,
            name=name,
            mime_type=mime_type,
            data=data,
            path=f"{_folder(kind)}/file_{number}{suffix}",
            sha256=hashlib.sha256(data).hexdigest(),
        )
        self._kept[kept.id] = kept
        self._by_path[kept.path] = kept
        self._bytes += len(data)
        while self._bytes > _MOST_BYTES:
            _, oldest = self._kept.popitem(last=False)
            del self._by_path[oldest.path]
            self._bytes -= len(oldest.data)
        return kept

    def find(self, file_id: str) -> Kept | None:
        return self._kept.get(file_id)

    def open(self, kept: Kept) -> str:
        """Its address, for an hour from now."""
        kept.path_until = self._clock.seconds() + PATH_LIFE
        return kept.path

    def opened(self, path: str) -> Kept | None:
        kept = self._by_path.get(path)
        return kept if kept is not None and self._clock.seconds() < kept.path_until else None


def _folder(kind: str) -> str:
    return {"voice": "voice", "audio": "music"}.get(kind, f"{kind}s")
