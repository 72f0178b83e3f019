"""Tests of the embedded servers' first start: on a closed folder, on a full disk, and without root."""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from core.embedded import Embedded
from core.errors import Misconfigured
from core.home import Home
from core.servers.account import OUTSIDE, Account
from core.servers.postgres import Postgres
from tests.core.dropping import NOBODY, program, reachable_wheels
from tests.core.serving import IS_ROOT, mode, reachable_folder, read, start, write


async def start_and_count(home: Home) -> int:
    """How many starts the home has seen."""
    embedded = Embedded.of(home)
    try:
        await start(embedded)
        await write(embedded, 1)
        return len(await read(embedded))
    finally:
        embedded.stop()


class TestClosedFolder:
    async def test_it_works_twice_and_changes_no_mode(self) -> None:
        """The parent is root's alone, and the umask strict; the servers' user must find another way in."""
        with reachable_folder(umask=0o077) as folder:
            folder.chmod(0o700)
            home = Home.open(folder / "parent" / "home")
            shut = [path for path in (home.folder, *home.folder.parents) if path != OUTSIDE]
            before = {path: mode(path) for path in shut}
            data = OUTSIDE / "homes" / home.id if IS_ROOT else home.folder / "servers"
            try:
                assert [await start_and_count(home) for _ in range(2)] == [1, 2]
                assert {path: mode(path) for path in shut} == before
                assert (data / "postgres" / "data" / "PG_VERSION").exists()
                assert mode(data / "postgres") == 0o700
            finally:
                shutil.rmtree(data)


def plant_closed(folder: Path) -> None:
    """The servers' user owns the folder and may not write into it."""
    Account.for_servers().own_folder(folder / "postgres").chmod(0o500)


class TestHalfACluster:
    def test_a_folder_that_cannot_be_written_is_one_line_and_no_cluster(self) -> None:
        with reachable_folder() as folder:
            postgres = Postgres(folder=folder / "postgres", account=Account.for_servers(), superuser_password="x")
            plant_closed(folder)
            assert_refused(postgres, "ermission")

    @pytest.mark.parametrize("size", ["1m", "20m"])
    def test_a_full_disk_is_one_line_and_no_cluster(self, size: str) -> None:
        with reachable_folder() as folder:
            mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0711", "tmpfs", str(folder)]
            is_mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
            postgres = Postgres(folder=folder / "postgres", account=Account.for_servers(), superuser_password="x")
            try:
                if is_mounted:
                    assert_refused(postgres, "the disk is full: free some space")
                else:
                    plant_closed(folder)
                    assert_refused(postgres, "ermission")
            finally:
                if is_mounted:
                    subprocess.run(["umount", str(folder)], check=True)

    @pytest.mark.parametrize("planted", ["file", "folder"])
    def test_what_lies_in_the_way_is_one_line_and_stays(self, planted: str) -> None:
        with reachable_folder() as folder:
            postgres = Postgres(folder=folder / "postgres", account=Account.for_servers(), superuser_password="x")
            postgres.account.own_folder(postgres.folder)
            mine = postgres.data if planted == "file" else postgres.data / "mine"
            mine.parent.mkdir(exist_ok=True)
            mine.write_text("mine")
            with pytest.raises(Misconfigured, match=str(postgres.data)) as refused:
                postgres.prepare()
            assert "\n" not in str(refused.value)
            assert mine.read_text() == "mine"
            assert [path.name for path in postgres.folder.iterdir()] == ["data"]

    def test_the_draft_of_a_killed_attempt_is_cleared_away(self) -> None:
        with reachable_folder() as folder:
            postgres = Postgres(folder=folder / "postgres", account=Account.for_servers(), superuser_password="x")
            postgres.account.own_folder(postgres.folder / "draft-dead" / "base")
            (postgres.folder / "initdb.password").write_text("old")
            postgres.account.own_folder(postgres.folder)
            plant_closed(folder)
            if not IS_ROOT:
                postgres.folder.chmod(0o700)
            with suppress(Misconfigured):
                postgres.prepare()
            assert {path.name for path in postgres.folder.iterdir()} <= {"data"}


def assert_refused(postgres: Postgres, reason: str) -> None:
    with pytest.raises(Misconfigured, match=reason) as refused:
        postgres.prepare()
    assert all(str(postgres.folder) in words and "\n" not in words for words in refused.value.detail)
    assert list(postgres.folder.iterdir()) == []


ORDINARY: Final = """
import asyncio, os, sys
from pathlib import Path
import psutil
from core.embedded import Embedded
from core.home import Home

async def main():
    embedded = Embedded.of(Home.open(Path(sys.argv[1])))
    await embedded.start(log=asyncio.subprocess.DEVNULL)
    connection = await embedded.postgres.connect("masteria")
    print(await connection.fetchval("SELECT 1"))
    await connection.close()
    children = [psutil.Process(server._child.pid) for server in (embedded.postgres, embedded.valkey)]
    print({child.uids().effective for child in children} == {os.getuid()}, os.getuid())
    embedded.stop()

asyncio.run(main())
"""


class TestOrdinaryUser:
    def test_it_needs_no_root(self) -> None:
        with reachable_folder() as folder:
            uid = NOBODY if IS_ROOT else os.getuid()
            (folder / "own").mkdir()
            shutil.chown(folder / "own", uid)
            words = (*program(ORDINARY), str(folder / "own" / "home"))
            environment = reachable_wheels(folder / "wheels")
            done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=40, env=environment)
            assert done.stderr == ""
            assert done.stdout.split() == ["1", "True", str(uid)]
            assert mode(folder / "own" / "home") == 0o700
