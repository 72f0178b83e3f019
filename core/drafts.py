"""Files on disk that appear whole, durable and private, or not at all."""

import errno
import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from core.texts import Text

FULL_DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
CLOSED_DISK: Final = {
    errno.EROFS: Text("o disco é somente leitura", "the disk is read-only"),
    errno.EACCES: Text("sem permissão", "no permission"),
    errno.EPERM: Text("sem permissão", "no permission"),
    errno.ENOTDIR: Text("há um arquivo onde deveria haver uma pasta", "a file is where a folder should be"),
    errno.EEXIST: Text("há um arquivo onde deveria haver uma pasta", "a file is where a folder should be"),
}


class Draft:
    """A private file that takes its name whole and durable, or leaves nothing behind."""

    def __init__(self, folder: Path) -> None:
        while True:
            self._path = folder / f"{secrets.token_hex(8)}.draft"
            self._file = os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
            fcntl.flock(self._file, fcntl.LOCK_EX)
            if os.fstat(self._file.fileno()).st_nlink:  # else a sweep was faster than our lock
                return
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def reserve(self, size: int) -> None:
        """Have the disk refuse now what it could not hold later, where the system can be asked to."""
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self._file.fileno(), 0, size)

    def write(self, data: bytes) -> None:
        self._file.write(data)

    def commit(self, target: Path) -> None:
        """Durable when it returns."""
        self._file.flush()
        os.fsync(self._file.fileno())
        make_private_folder(target.parent)
        self._path.replace(target)
        sync_folder(target.parent)

    def discard(self) -> None:
        self._path.unlink(missing_ok=True)
        with suppress(OSError):  # what a full disk did not take is not wanted any more
            self._file.close()


def sweep_drafts(folder: Path) -> None:
    """Remove what died half-written; the lock tells it from what is being written."""
    for path in folder.glob("*.draft"):
        with suppress(BlockingIOError, FileNotFoundError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def make_private_folder(folder: Path) -> None:
    """Durable, for the owner alone, with its parents; one that was there keeps its mode."""
    if not folder.is_dir():
        make_private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
