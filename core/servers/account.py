"""The unprivileged user that the embedded servers run as when everything else runs as root."""

import errno
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.errors import Misconfigured
from core.home import named_failure

NAME: Final = "masteria"
OUTSIDE: Final = Path("/var/lib/masteria")  # where the servers' user can go when it cannot reach the home


@dataclass(frozen=True, slots=True)
class Account:
    """Whose rights a server gets; without ids, those of the process itself."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def for_servers(cls) -> "Account":
        if os.getuid() != 0:
            return cls()
        try:
            entry = pwd.getpwnam(NAME)
        except KeyError:
            _make_user()
            entry = pwd.getpwnam(NAME)
        return cls(entry.pw_uid, entry.pw_gid)

    @property
    def start_options(self) -> dict[str, Any]:
        """What `subprocess` needs to start a program with these rights and no others."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_run(self, program: Path) -> bool:
        return self._can("-x", program)

    def can_enter(self, folder: Path) -> bool:
        return self._can("-x", folder)

    def _can(self, question: str, path: Path) -> bool:
        """Asked of the system itself: modes, access lists and mounts are more than we could add up."""
        test = ["/usr/bin/env", "test", question, str(path)]
        return subprocess.run(test, check=False, cwd="/", **self.start_options).returncode == 0

    def own_folder(self, folder: Path) -> Path:
        """Make a folder only this account can read."""
        with named_failure(folder):
            self._make_passable(folder.parent)
            folder.mkdir(mode=0o700, exist_ok=True)
            if self.uid is not None and self.gid is not None:
                os.chown(folder, self.uid, self.gid)
        return folder

    def _make_passable(self, folder: Path) -> None:
        """Folders made on the way let this account through, whatever the umask; those there before stay as they are."""
        if not folder.exists():
            self._make_passable(folder.parent)
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700 if self.uid is None else 0o711)

    def own_file(self, path: Path, content: str) -> Path:
        """Made anew and never written through a link: the folder is the servers' own, and they are not trusted."""
        with named_failure(path):
            path.unlink(missing_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(content)
                if self.uid is not None and self.gid is not None:
                    os.chown(file.fileno(), self.uid, self.gid)
        return path

    def copy_outside(self, name: str, parts: dict[str, Path]) -> Path:
        """Programs that lie in a closed folder, copied whole to where this account can run them."""
        copy = OUTSIDE / "programs" / name
        if copy.exists():
            return copy
        with named_failure(copy):
            self._make_passable(copy.parent)
            draft = Path(tempfile.mkdtemp(dir=copy.parent))
            try:
                for part, source in parts.items():
                    shutil.copytree(source, draft / part)
                _let_run(draft)
                _name_it(draft, copy)
            except shutil.Error as error:
                raise _first_of(error) from error
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        return copy


def _let_run(folder: Path) -> None:
    """A wheel installed under a strict umask is closed to others, and so would its copy be."""
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | (0o555 if mode & 0o100 else 0o444))


def _first_of(error: shutil.Error) -> OSError:
    """It carries a list of every file that failed, as text."""
    why = str(error.args[0][0][2])
    number = re.match(r"\[Errno (\d+)\]", why)
    return OSError(int(number[1]) if number else errno.EIO, why)


def _name_it(draft: Path, copy: Path) -> None:
    """Another `up` may have been faster; both copies are equal, so the first one stays."""
    try:
        draft.rename(copy)
    except OSError:
        if not copy.exists():
            raise


def _make_user() -> None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise _no_user()
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    made = subprocess.run([*command, "--shell", "/usr/sbin/nologin", NAME], check=False, capture_output=True)
    already_there = 9
    if made.returncode not in {0, already_there}:
        raise _no_user()


def _no_user() -> Misconfigured:
    return Misconfigured(
        f"Como root, os servidores embutidos rodam como o usuário de sistema `{NAME}`, que não consegui criar: "
        f"crie-o (useradd --system {NAME}) ou rode como um usuário comum.",
        f"As root, the embedded servers run as the system user `{NAME}`, which could not be made: "
        f"make it (useradd --system {NAME}) or run as an ordinary user.",
    )
