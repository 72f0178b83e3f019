"""Object storage in a folder, where processes die and disks are full or closed."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest

from core.storage import StorageClosed, open_storage
from tests.fixtures.objects import COMPANY, IMAGE, key

ROOT: Final = Path(__file__).parents[2]


def everything(folder: Path) -> list[Path]:
    return list(folder.rglob("*"))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach too, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


class TestFolder:
    async def test_files_and_folders_are_for_their_owner_alone(self, tmp_path: Path) -> None:
        storage = open_storage((tmp_path / "root").as_uri())
        await storage.put(key(), b"abc", label=IMAGE)

        modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in everything(tmp_path)}
        assert modes == {(True, 0o700), (False, 0o600)}

    async def test_an_object_whose_label_was_lost_is_still_read(self, tmp_path: Path) -> None:
        storage = open_storage(tmp_path.as_uri())
        where = key()
        await storage.put(where, b"abc", label=IMAGE)
        (tmp_path / "labels" / where.path).unlink()

        assert (await storage.head(where)).label.content_type == "application/octet-stream"

    @pytest.mark.parametrize("point", ["os, 'fsync', 1", "pathlib.Path, 'replace', 1", "pathlib.Path, 'replace', 2"])
    async def test_a_process_killed_while_writing_leaves_no_half_object(self, tmp_path: Path, point: str) -> None:
        killed = _child(f"die_at({point})", "await storage.put(key, bytes(100_000), label=label)", tmp_path)

        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert list((tmp_path / "drafts").iterdir()) != []
        storage = open_storage(tmp_path.as_uri())
        assert not await storage.exists(key("x"))
        assert list((tmp_path / "drafts").iterdir()) == []

    async def test_a_process_killed_after_the_object_has_its_name_leaves_it_whole(self, tmp_path: Path) -> None:
        killed = _child("die_at(Draft, 'discard', 2)", "await storage.put(key, bytes(100_000), label=label)", tmp_path)

        assert killed.returncode == -signal.SIGKILL, killed.stderr
        storage = open_storage(tmp_path.as_uri())
        assert await storage.get(key("x"), max_bytes=100_000) == bytes(100_000)
        assert (await storage.head(key("x"))).label == IMAGE

    async def test_what_another_process_is_writing_is_left_to_it(self, tmp_path: Path) -> None:
        storage, where = open_storage(tmp_path.as_uri()), key()

        async def slow() -> AsyncIterator[bytes]:
            yield b"first "
            open_storage(tmp_path.as_uri())
            yield b"second"

        await storage.put(where, slow(), label=IMAGE)

        assert await storage.get(where, max_bytes=100) == b"first second"

    def test_a_full_disk_is_named_and_keeps_nothing(self, tmp_path: Path) -> None:
        result = _child(
            "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))",
            "await storage.put(key, bytes(100_000), label=label)",
            tmp_path,
        )

        assert "StorageFull" in result.stderr
        assert "free some space" in result.stderr
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

    def test_a_read_only_folder_is_named(self, open_folder: Path) -> None:
        open_storage(open_folder.as_uri())
        for path in (open_folder / "objects", open_folder / "labels", open_folder / "drafts"):
            path.chmod(0o555)

        result = _child("become_nobody()", "await storage.put(key, b'abc', label=label)", open_folder)

        assert "StorageClosed" in result.stderr
        assert "no permission" in result.stderr

    def test_a_folder_that_cannot_be_made_is_named_at_the_start(self, tmp_path: Path) -> None:
        (tmp_path / "root").write_text("a file")

        with pytest.raises(StorageClosed, match="a file is where a folder should be"):
            open_storage((tmp_path / "root").as_uri())

    async def test_a_file_in_the_place_of_a_company_is_named(self, tmp_path: Path) -> None:
        storage = open_storage(tmp_path.as_uri())
        (tmp_path / "labels" / str(COMPANY)).write_text("a file")

        with pytest.raises(StorageClosed, match="a file is where a folder should be"):
            await storage.put(key(), b"abc", label=IMAGE)


_CHILD: Final = """
import asyncio, os, pathlib, resource, signal, sys
from core.drafts import Draft
from core.objects import Label
from core.storage import *
from tests.fixtures.objects import key as make_key
key, label = make_key("x"), Label(content_type="image/png")
storage = open_storage(pathlib.Path(sys.argv[1]).as_uri())

def die_at(owner, name, times):
    original, calls = getattr(owner, name), []
    def counted(*arguments):
        calls.append(name)
        if len(calls) == times:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments)
    setattr(owner, name, counted)

def become_nobody():
    if os.getuid() == 0:
        os.setgroups([]); os.setgid(65534); os.setuid(65534)

async def main():
    await asyncio.to_thread(int)
    {plant}
    {act}

asyncio.run(main())
"""


def _child(plant: str, act: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """A real process in which something real goes wrong."""
    code = _CHILD.format(plant=plant, act=act)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        check=False, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=50,
    )  # fmt: skip
