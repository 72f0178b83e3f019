"""The one data folder of an installation on one machine: its lock, its passwords, its state."""

import errno
import fcntl
import json
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from core.errors import Misconfigured

_AS_USER: Final = 0o700
_AS_ROOT: Final = 0o711  # the user the servers run as passes through to its own folders, and can list nothing


class HomeHeld(Misconfigured):
    """Another supervisor works in this home."""


@dataclass(frozen=True, slots=True)
class Home:
    folder: Path

    @classmethod
    def open(cls, folder: Path) -> "Home":
        """Make the folder if it is not there; a folder that was there keeps its mode."""
        home = cls(folder.absolute())
        with named_failure(home.folder):
            is_new = not home.folder.exists()
            home.folder.mkdir(parents=True, exist_ok=True)
            if is_new:
                home.folder.chmod(_AS_ROOT if os.getuid() == 0 else _AS_USER)
            for name in ("secrets", "logs", "spool", "storage"):
                (home.folder / name).mkdir(mode=0o700, exist_ok=True)
        return home

    @property
    def id(self) -> str:
        """Names this home's folders outside it, where it needs any."""
        return self.secret("id", lambda: secrets.token_hex(8))

    @property
    def keys_file(self) -> Path:
        return self.folder / "secrets" / "keys"

    @property
    def state_file(self) -> Path:
        return self.folder / "state.json"

    def password(self, name: str) -> str:
        return self.secret(name, lambda: secrets.token_urlsafe(24))

    def secret(self, name: str, make: Callable[[], str]) -> str:
        """The secret of that name; made once, whole or not at all."""
        path = self.folder / "secrets" / name
        with named_failure(path):
            if not path.exists():
                write_private(path, make())
            value = path.read_bytes().decode(errors="replace").strip()
        if not value or not value.isprintable() or "\N{REPLACEMENT CHARACTER}" in value:
            raise Misconfigured(
                f"O arquivo {path} está vazio ou corrompido: restaure-o de uma cópia ou use outra pasta (--home).",
                f"{path} is empty or corrupt: restore it from a copy or use another folder (--home).",
            )
        return value

    def read_state(self) -> dict[str, Any]:
        try:
            state = json.loads(self.state_file.read_text())
        except (FileNotFoundError, ValueError, RecursionError):
            return {}
        return state if isinstance(state, dict) else {}

    def ports(self) -> dict[str, int]:
        """Where the servers listened last."""
        ports = self.read_state().get("ports")
        return {name: port for name, port in ports.items() if isinstance(port, int)} if isinstance(ports, dict) else {}

    def write_state(self, state: dict[str, Any]) -> None:
        with named_failure(self.state_file):
            write_private(self.state_file, json.dumps(state))

    def is_held(self) -> bool:
        """Whether an `up` works here at this moment."""
        return self.holder() is not None

    def holder(self) -> int | None:
        """The process that holds this home, or None; 0 where it has not said its number yet."""
        try:
            handle = (self.folder / "lock").open()
        except OSError:
            return None
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return _number_in(handle)
            return None

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep every other `up` out until the block ends; the kernel lets go when the process dies."""
        path = self.folder / "lock"
        with named_failure(path):
            handle = path.open("a+")
        with handle:
            if not _lock(handle):
                raise _held_by_another(self.folder, path)
            _write_holder(handle.fileno(), path)
            yield


def _number_in(handle: TextIO) -> int:
    written = handle.read(32).strip()
    return int(written) if written.isascii() and written.isdigit() else 0


def _lock(handle: TextIO) -> bool:
    """Asked a few times: `holder()` of another process holds the lock for the blink of its question."""
    for pause in (0.02, 0.05, 0.1, 0.0):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(pause)
        else:
            return True
    return False


def write_private(path: Path, value: str) -> None:
    """Replace a file in one step, readable by its owner alone."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
        _settle(path.parent)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise


def _settle(folder: Path) -> None:
    """The new name too must outlive a power cut: a key that the database already relies on may not vanish."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_holder(lock: int, path: Path) -> None:
    with named_failure(path):
        os.ftruncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())


@contextmanager
def named_failure(path: Path) -> Iterator[None]:
    """What the disk refuses becomes one line that names the place and the remedy."""
    try:
        yield
    except OSError as error:
        raise _disk_refused(path, error) from error


_REASONS: Final = {
    errno.ENOSPC: ("o disco está cheio: libere espaço", "the disk is full: free some space"),
    errno.EFBIG: ("o arquivo passa do limite permitido: aumente-o (ulimit -f)", "over the file size limit: raise it"),
    errno.EDQUOT: ("a cota do disco acabou: libere espaço", "the disk quota is used up: free some space"),
    errno.EROFS: ("o disco é somente leitura: use outra pasta (--home)", "the disk is read-only: use another folder"),
    errno.EACCES: ("sem permissão: use outra pasta (--home)", "no permission: use another folder (--home)"),
    errno.EPERM: ("o sistema não permite: use outra pasta (--home)", "the system forbids it: use another folder"),
    errno.ENOENT: ("a pasta não existe ou não pode ser criada: use outra (--home)", "no such folder: use another"),
    errno.ENOTEMPTY: ("a pasta tem outra coisa dentro: esvazie-a", "the folder holds something else: empty it"),
    errno.EISDIR: ("há uma pasta onde deveria haver um arquivo", "a folder is where a file should be"),
    errno.ENOTDIR: ("há um arquivo onde deveria haver uma pasta", "a file is where a folder should be"),
    errno.EEXIST: ("há um arquivo onde deveria haver uma pasta", "a file is where a folder should be"),
}


def _disk_refused(path: Path, error: OSError) -> Misconfigured:
    reason = error.strerror or type(error).__name__
    pt, en = _REASONS.get(error.errno or 0, (reason, reason))
    return Misconfigured(f"Não consegui gravar em {path}: {pt}.", f"Could not write to {path}: {en}.")


def _held_by_another(folder: Path, lock: Path) -> HomeHeld:
    holder = lock.read_text().strip() or "?"
    return HomeHeld(
        f"A pasta {folder} já está em uso por outro `masteria up` (processo {holder}): "
        "pare-o com `masteria down` ou use outra pasta (--home).",
        f"{folder} is held by another `masteria up` (process {holder}): "
        "stop it with `masteria down` or use another folder (--home).",
    )
