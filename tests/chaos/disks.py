"""A disk that is small enough to be filled."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

_MEGABYTE: Final = 1 << 20


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """Skips the test, with the reason, where the system does not let us mount one."""
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    if mount is None or unmount is None or os.getuid() != 0:
        pytest.skip("only root can mount a disk of its own")
    options = f"size={megabytes}m,mode=0711"
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False, capture_output=True, text=True
    )
    if made.returncode != 0:
        pytest.skip(f"this system lets nobody mount: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run([unmount, "-l", str(folder)], check=True)


@contextmanager
def filled(folder: Path, *, but_for: int = 0) -> Iterator[None]:
    """To the last block, or to so many megabytes before it; free again afterwards."""
    ballast = folder / "ballast"
    free = shutil.disk_usage(folder).free - but_for * _MEGABYTE
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(free, 1))
    try:
        yield
    finally:
        ballast.unlink()
