"""A zip as a stranger made it: looked through before anything is unpacked, unpacked within bounds."""

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from knowledge.documents import RefusalReason, Unreadable

MOST_ENTRIES: Final = 10_000
MOST_UNPACKED: Final = 300 * 1024 * 1024
_MOST_GROWTH: Final = 250  # times; Office files grow twenty- to fiftyfold
_GROWTH_COUNTS_FROM: Final = 4 * 1024 * 1024
_PIECE: Final = 64 * 1024
_SEALED: Final = 0x1
_HEADER: Final = 30
_KNOWN_WAYS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


@dataclass(slots=True)
class Archive:
    entries: dict[str, zipfile.ZipInfo]
    _file: zipfile.ZipFile
    _unpacked: int = field(default=0)

    def read(self, name: str, *, most: int) -> bytes:
        return b"".join(self.pieces(name, most=most))

    def pieces(self, name: str, *, most: int) -> Iterator[bytes]:
        """What is declared of a size is not believed: what comes out is counted."""
        size, packed = 0, max(1, self.entries[name].compress_size)
        try:
            with self._file.open(self.entries[name]) as stream:
                while piece := stream.read(_PIECE):
                    size += len(piece)
                    self._unpacked += len(piece)
                    is_wild = size > _GROWTH_COUNTS_FROM and size > packed * _MOST_GROWTH
                    if is_wild or self._unpacked > MOST_UNPACKED:
                        raise Unreadable(RefusalReason.BOMB)
                    if size > most:
                        raise Unreadable(RefusalReason.TOO_LARGE)
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
            raise Unreadable(RefusalReason.BROKEN) from None


def open_archive(data: bytes) -> Archive:
    try:
        file = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError):
        raise Unreadable(RefusalReason.BROKEN) from None
    entries = file.infolist()
    if len(entries) > MOST_ENTRIES:
        raise Unreadable(RefusalReason.TOO_MANY_FILES)
    for entry in entries:
        _demand_harmless(entry)
    _demand_apart(entries, len(data))
    by_name = {entry.filename: entry for entry in entries}
    if len(by_name) != len(entries):
        raise Unreadable(RefusalReason.BROKEN)  # readers differ on which of two is meant
    return Archive(by_name, file)


def _demand_harmless(entry: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR} or not _stays_inside(entry.orig_filename):
        raise Unreadable(RefusalReason.UNSAFE_NAME)
    if entry.flag_bits & _SEALED:
        raise Unreadable(RefusalReason.ENCRYPTED)
    if entry.compress_type not in _KNOWN_WAYS:
        raise Unreadable(RefusalReason.BROKEN)
    if entry.file_size > max(_GROWTH_COUNTS_FROM, entry.compress_size * _MOST_GROWTH):
        raise Unreadable(RefusalReason.BOMB)


def _stays_inside(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return not path.is_absolute() and ".." not in path.parts and name.isprintable() and name[1:2] != ":"


def _demand_apart(entries: list[zipfile.ZipInfo], size: int) -> None:
    """Entries that share their bytes are how a small file unpacks to petabytes."""
    if sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise Unreadable(RefusalReason.BOMB)
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise Unreadable(RefusalReason.BOMB)
        end = entry.header_offset + _HEADER + entry.compress_size
    if end > size:
        raise Unreadable(RefusalReason.BROKEN)
