"""The disk spool across processes that die, disks that are full and folders that are closed."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.spool import Spool, SpoolFull
from tests.fixtures.spools import Handler, open_spool, records, replayed, run_child


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path) -> Spool:
    return open_spool(folder)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach too, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


class TestCheck:
    def test_a_folder_it_may_not_write_stops_the_boot_and_says_what_to_do(self, open_folder: Path) -> None:
        open_spool(open_folder)
        (open_folder / "drafts").chmod(0o555)

        result = run_child("become_nobody(); spool.check()", open_folder)

        assert "Misconfigured" in result.stderr
        assert f"{open_folder} (no permission): free some space, let this user write" in result.stderr

    def test_a_full_disk_stops_the_boot(self, folder: Path) -> None:
        result = run_child("full_disk(2); spool.check()", folder)

        assert "Misconfigured" in result.stderr
        assert "the disk is full" in result.stderr

    async def test_what_died_half_written_is_cleared(self, folder: Path) -> None:
        open_spool(folder)
        run_child("die_at(os, 'fsync', 1); append(b'abc')", folder)
        assert list((folder / "drafts").iterdir()) != []

        spool = open_spool(folder)

        assert list((folder / "drafts").iterdir()) == []
        assert (await spool.status()).size == 0


class TestAppend:
    async def test_the_cap_counts_what_other_processes_kept(self, folder: Path) -> None:
        spool = open_spool(folder, max_bytes=250)
        assert run_child("append(bytes(100))", folder).returncode == 0

        with pytest.raises(SpoolFull):
            await spool.append(bytes(100))

    @pytest.mark.parametrize("limit", [0, 2, 17, 50_000])
    async def test_a_full_disk_is_told_and_leaves_nothing_half_written(self, folder: Path, limit: int) -> None:
        spool = open_spool(folder)

        result = run_child(f"full_disk({limit}); append(bytes(100_000))", folder)

        assert "SpoolFull" in result.stderr
        assert records(folder) == []
        assert list((folder / "drafts").iterdir()) == []
        assert (await spool.status()).size == 0

    async def test_after_a_full_disk_it_goes_on(self, folder: Path) -> None:
        run_child("append(b'first'); full_disk(50); refused(bytes(100)); full_disk(10_000); append(b'second')", folder)

        assert await replayed(open_spool(folder)) == [b"first", b"second"]

    @pytest.mark.parametrize("call", ["os, 'fsync'", "os, 'posix_fallocate'", "Path, 'replace'"])
    async def test_a_process_killed_before_the_record_has_its_name_leaves_none(self, folder: Path, call: str) -> None:
        open_spool(folder)

        killed = run_child(f"append(b'before'); die_at({call}, 1); append(b'abc')", folder)

        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert await replayed(open_spool(folder)) == [b"before"]

    async def test_a_process_killed_after_it_returned_leaves_the_record(self, folder: Path) -> None:
        open_spool(folder)

        killed = run_child("append(b'abc'); os.kill(os.getpid(), signal.SIGKILL)", folder)

        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert await replayed(open_spool(folder)) == [b"abc"]

    def test_it_returns_after_the_file_and_then_its_folder_reached_the_disk(self, folder: Path) -> None:
        result = run_child("trace(); append(b'abc'); print(*calls)", folder)

        assert result.stdout.split() == ["fsync:drafts", "replace", "fsync:records"], result.stderr


class TestReplay:
    async def test_while_one_process_replays_another_does_nothing(self, folder: Path, spool: Spool) -> None:
        await spool.append(b"abc")
        handler = Handler()

        async def and_meanwhile(record: bytes) -> None:
            assert "handled=0" in run_child("print(replay())", folder).stdout
            await handler(record)

        result = await spool.replay(and_meanwhile)

        assert (result.handled, handler.taken) == (1, [b"abc"])

    async def test_after_a_kill_between_handling_and_removing_it_is_handed_over_again(
        self, folder: Path, spool: Spool
    ) -> None:
        await spool.append(b"abc")

        killed = run_child("die_at(Path, 'unlink', 1); replay()", folder)

        assert "handled abc" in killed.stdout
        assert killed.returncode == -signal.SIGKILL
        assert await replayed(spool) == [b"abc"]
