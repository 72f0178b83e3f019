"""Embedded servers of a test's own, in a folder that the user they run as can reach."""

import asyncio
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from core.embedded import Embedded

IS_ROOT: Final = os.getuid() == 0


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def reachable_folder(umask: int = 0o022) -> Iterator[Path]:
    """A folder of a test that the servers' user can reach; pytest's own is closed."""
    folder = Path(tempfile.mkdtemp(prefix="masteria-life-"))
    folder.chmod(0o711)
    before = os.umask(umask)
    try:
        yield folder
    finally:
        os.umask(before)
        shutil.rmtree(folder, ignore_errors=True)


async def start(embedded: Embedded) -> None:
    await embedded.start(log=asyncio.subprocess.DEVNULL)


async def write(embedded: Embedded, number: int) -> None:
    connection = await embedded.postgres.connect()
    await connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
    await connection.execute("INSERT INTO kept VALUES ($1)", number)
    await connection.close()


async def read(embedded: Embedded) -> list[int]:
    connection = await embedded.postgres.connect()
    rows = await connection.fetch("SELECT number FROM kept ORDER BY number")
    await connection.close()
    return [row[0] for row in rows]
