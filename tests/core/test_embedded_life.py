"""Tests of the embedded servers' life: killed, orphaned and contested."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Final

import psutil
import pytest

from core.embedded import Embedded
from core.errors import Misconfigured
from core.home import Home
from core.servers.process import Stop, stop_leftover
from tests.core.serving import reachable_folder, read, start, write


@pytest.fixture(scope="module")
async def lived() -> AsyncIterator[Embedded]:
    """A home whose servers the tests of this module kill and start, one after the other."""
    with reachable_folder() as folder:
        embedded = Embedded.of(Home.open(folder / "home"))
        try:
            await start(embedded)
            await write(embedded, 0)
            yield embedded
        finally:
            embedded.stop()


@pytest.fixture
async def embedded(lived: Embedded) -> Embedded:
    if lived.postgres._child is None or lived.postgres._child.poll() is not None:
        await start(lived)
    return lived


def pid_of(embedded: Embedded) -> int:
    child = embedded.postgres._child
    assert child is not None
    return child.pid


class TestAfterAKill:
    async def test_a_committed_row_outlives_kill_9_of_postgres(self, embedded: Embedded) -> None:
        await write(embedded, 9)
        os.kill(pid_of(embedded), signal.SIGKILL)
        await start(embedded)
        assert 9 in await read(embedded)

    async def test_a_running_transaction_of_the_killed_server_does_not_stop_the_start(self, embedded: Embedded) -> None:
        connection = await embedded.postgres.connect()
        await connection.execute("BEGIN; INSERT INTO kept VALUES (-1)")
        os.kill(pid_of(embedded), signal.SIGKILL)
        await start(embedded)
        connection.terminate()
        assert -1 not in await read(embedded)

    async def test_kill_9_of_valkey_does_not_stop_the_start(self, embedded: Embedded) -> None:
        assert embedded.valkey._child is not None
        embedded.valkey._child.kill()
        await start(embedded)

    async def test_starting_twice_is_harmless(self, embedded: Embedded) -> None:
        await start(embedded)
        assert 0 in await read(embedded)


ORPHANS: Final = """
import asyncio, os, signal, sys
from pathlib import Path
from core.embedded import Embedded
from core.home import Home

embedded = Embedded.of(Home.open(Path(sys.argv[1])))
asyncio.run(embedded.start(log=asyncio.subprocess.DEVNULL))
print(embedded.postgres._child.pid, embedded.valkey._child.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def make_orphans(folder: Path) -> list[psutil.Process]:
    words = (sys.executable, "-c", ORPHANS, str(folder))
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False, timeout=30)
    assert done.returncode == -signal.SIGKILL
    return [psutil.Process(int(pid)) for pid in done.stdout.split()]


def lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


class TestLeftovers:
    async def test_servers_of_a_killed_parent_are_ended_by_the_next_start(self, embedded: Embedded) -> None:
        embedded.stop()
        orphans = make_orphans(embedded.home.folder)
        assert [lives(orphan) for orphan in orphans] == [True, True]
        await start(embedded)
        assert [lives(orphan) for orphan in orphans] == [False, False]
        assert 0 in await read(embedded)

    async def test_they_are_found_also_through_a_link_to_the_home(self, embedded: Embedded) -> None:
        link = embedded.home.folder.with_name("link")
        link.symlink_to(embedded.home.folder)
        embedded.stop()
        orphans = make_orphans(embedded.home.folder)
        linked = Embedded.of(Home.open(link))
        try:
            await start(linked)
            assert [lives(orphan) for orphan in orphans] == [False, False]
            assert 0 in await read(linked)
        finally:
            linked.stop()
            link.unlink()

    async def test_a_number_of_nobody_in_postmaster_pid_does_not_stop_the_start(self, embedded: Embedded) -> None:
        embedded.stop()
        gone = await asyncio.create_subprocess_exec("true")
        await gone.wait()
        plant_pid(embedded, gone.pid)
        await start(embedded)
        assert 0 in await read(embedded)

    async def test_the_number_of_a_living_stranger_there_does_not_either(self, embedded: Embedded) -> None:
        embedded.stop()
        account = embedded.postgres.account
        stranger = await asyncio.create_subprocess_exec("sleep", "30", cwd="/", **account.start_options)
        plant_pid(embedded, stranger.pid)
        await start(embedded)
        assert stranger.returncode is None
        stranger.kill()
        await stranger.wait()
        assert 0 in await read(embedded)

    async def test_the_servers_of_another_home_are_left_alone(self, embedded: Embedded, tmp_path: Path) -> None:
        other = replace(embedded.postgres, folder=tmp_path / "postgres")
        other.data.mkdir(parents=True)
        (other.data / "PG_VERSION").write_text("18")
        other.prepare()
        assert lives(psutil.Process(pid_of(embedded)))

    async def test_a_stale_configuration_of_valkey_is_written_anew(self, embedded: Embedded) -> None:
        embedded.stop()
        (embedded.valkey.folder / "valkey.conf").write_text("bind 0.0.0.0\nport 1\nrubbish\n")
        await start(embedded)
        text = (embedded.valkey.folder / "valkey.conf").read_text()
        assert "rubbish" not in text
        assert "bind 127.0.0.1\n" in text


def plant_pid(embedded: Embedded, pid: int) -> None:
    data = embedded.postgres.data
    file = data / "postmaster.pid"
    file.write_text(f"{pid}\n{data}\n1700000000\n5432\n\n127.0.0.1\n  1234567    654321\nready   \n")
    shutil.chown(file, data.stat().st_uid, data.stat().st_gid)
    file.chmod(0o600)


UNCOLLECTED: Final = """
import signal, subprocess, sys
child = subprocess.Popen(["sleep", "30"], cwd=sys.argv[1])
print(child.pid, flush=True)
signal.pause()
"""


class TestStopLeftover:
    def test_a_server_that_nobody_collects_has_ended_all_the_same(self, tmp_path: Path) -> None:
        """In a container the first process often collects no orphans."""
        words = [sys.executable, "-c", UNCOLLECTED, str(tmp_path)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout is not None
            orphan = psutil.Process(int(parent.stdout.readline()))
            started = monotonic()
            stop_leftover("sleep", tmp_path, Stop(signal.SIGTERM))
            assert monotonic() - started < 2
            assert not lives(orphan)
            parent.kill()

    def test_one_that_does_not_listen_is_killed(self, tmp_path: Path) -> None:
        words = ["bash", "-c", "trap '' TERM; echo ready; while :; do read -t 1 < /dev/zero; done"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=tmp_path) as deaf:
            assert deaf.stdout is not None
            deaf.stdout.readline()
            stop_leftover("bash", tmp_path, Stop(signal.SIGTERM, seconds=0.2))
            assert deaf.wait(1) == -signal.SIGKILL

    @pytest.mark.parametrize("name", ["sleep", "postgres"])
    def test_another_program_or_another_folder_is_left_alone(self, tmp_path: Path, name: str) -> None:
        with (
            subprocess.Popen(["sleep", "30"], cwd="/") as other,
            subprocess.Popen(["sleep", "30"], cwd=tmp_path) as ours,
        ):
            stop_leftover(name, tmp_path if name == "postgres" else tmp_path / "none", Stop(signal.SIGTERM))
            assert (other.poll(), ours.poll()) == (None, None)
            other.kill()
            ours.kill()


class TestPorts:
    async def test_a_taken_port_is_left_for_another(self, embedded: Embedded) -> None:
        embedded.stop()
        before = (embedded.postgres.port, embedded.valkey.port)
        taken = [socket.create_server(("127.0.0.1", port)) for port in before]
        try:
            await start(embedded)
        finally:
            for listener in taken:
                listener.close()
        assert not {*before} & {embedded.postgres.port, embedded.valkey.port}
        assert 0 in await read(embedded)

    async def test_the_ports_of_last_time_are_used_again(self, embedded: Embedded) -> None:
        embedded.stop()
        before = {"postgres": embedded.postgres.port, "valkey": embedded.valkey.port}
        embedded.home.write_state({"ports": before})
        again = Embedded.of(embedded.home)
        await start(again)
        again.stop()
        assert {"postgres": again.postgres.port, "valkey": again.valkey.port} == before


class TestPassword:
    async def test_a_lost_password_is_one_line_at_once(self, embedded: Embedded) -> None:
        other = replace(embedded.postgres, superuser_password="lost")
        with pytest.raises(Misconfigured, match=r"secrets/postgres does not open .*restore") as refused:
            await asyncio.wait_for(other.wait_ready(), 5)
        assert "lost" not in str(refused.value)
