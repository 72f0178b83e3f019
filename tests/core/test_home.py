"""Tests of the data folder: who holds it, who can read it, and what the disk may do to it."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from core.crypto import make_key_file
from core.errors import Misconfigured
from core.home import Home, HomeHeld, write_private
from tests.core.dropping import NOBODY, program

IS_ROOT: Final = os.getuid() == 0
FOLDERS: Final = {"logs", "secrets", "spool", "storage"}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def run(words: tuple[str, ...], *more: str | Path) -> str:
    done = subprocess.run([*words, *map(str, more)], capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def refusal(act: Callable[[], object]) -> str:
    """What the person reads: one line, in both languages, with no cause left to guess."""
    with pytest.raises(Misconfigured) as refused:
        act()
    assert all(words and "\n" not in words and "None" not in words for words in refused.value.detail)
    return refused.value.detail.en


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.open(tmp_path / "home")


@pytest.fixture
def anyones() -> Iterator[Path]:
    """A folder that an ordinary user owns, in a place an ordinary user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="masteria-anyone-"))
    if IS_ROOT:
        os.chown(folder, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


class TestOpen:
    def test_a_new_home_is_closed_to_others(self, home: Home) -> None:
        assert mode(home.folder) == (0o711 if IS_ROOT else 0o700)
        assert {path.name: mode(path) for path in home.folder.iterdir()} == dict.fromkeys(FOLDERS, 0o700)

    def test_a_new_home_of_an_ordinary_user_lets_nobody_through(self, anyones: Path) -> None:
        body = "import sys; from pathlib import Path; from core.home import Home; Home.open(Path(sys.argv[1]))"
        run(program(body), anyones / "a" / "home")
        assert mode(anyones / "a" / "home") == 0o700
        assert {mode(path) for path in (anyones / "a" / "home").iterdir()} == {0o700}

    @pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
    def test_its_mode_does_not_follow_the_umask(self, tmp_path: Path, umask: int) -> None:
        before = os.umask(umask)
        try:
            home = Home.open(tmp_path / "home")
        finally:
            os.umask(before)
        assert mode(home.folder) == (0o711 if IS_ROOT else 0o700)
        assert {mode(path) for path in home.folder.iterdir()} == {0o700}

    @pytest.mark.parametrize("given", [0o700, 0o711, 0o750, 0o755, 0o770])
    def test_an_existing_home_keeps_its_mode(self, tmp_path: Path, given: int) -> None:
        (tmp_path / "home").mkdir()
        (tmp_path / "home").chmod(given)
        Home.open(tmp_path / "home")
        assert mode(tmp_path / "home") == given

    def test_no_parent_changes_its_mode(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o700)
        before = {path: mode(path) for path in tmp_path.parents} | {tmp_path: 0o700}
        Home.open(tmp_path / "home")
        assert {path: mode(path) for path in before} == before

    def test_opening_twice_changes_nothing(self, home: Home) -> None:
        (home.folder / "spool" / "kept").write_text("x")
        assert Home.open(home.folder) == home
        assert (home.folder / "spool" / "kept").read_text() == "x"

    def test_a_relative_folder_is_the_same_wherever_the_process_goes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert Home.open(Path("home")).folder == tmp_path / "home"


HOLD: Final = """
import subprocess, sys, time
from pathlib import Path
from core.home import Home

with Home.open(Path(sys.argv[1])).hold():
    child = subprocess.Popen(["sleep", "30"])
    print(child.pid, flush=True)
    time.sleep(30)
"""


@contextmanager
def other_holder(home: Home) -> Iterator["subprocess.Popen[str]"]:
    words = [sys.executable, "-c", HOLD, str(home.folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        grandchild = int(holder.stdout.readline())
        try:
            yield holder
        finally:
            for pid in (holder.pid, grandchild):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


class TestHold:
    def test_a_second_holder_is_refused_with_folder_and_process(self, home: Home) -> None:
        with home.hold(), pytest.raises(HomeHeld) as refused, Home(home.folder).hold():
            pass
        for words in refused.value.detail:
            assert str(home.folder) in words
            assert f" {os.getpid()})" in words
            assert "masteria down" in words

    def test_it_is_free_again_after_the_block(self, home: Home) -> None:
        for _ in range(2):
            with home.hold():
                assert home.is_held()
        assert not home.is_held()

    def test_it_is_free_again_when_the_holder_dies_even_if_its_children_live(self, home: Home) -> None:
        with other_holder(home) as holder:
            assert home.holder() == holder.pid
            with pytest.raises(HomeHeld, match=str(holder.pid)), home.hold():
                pass
            holder.kill()
            holder.wait()
            with home.hold():
                assert home.holder() == os.getpid()

    def test_two_homes_are_held_side_by_side(self, home: Home, tmp_path: Path) -> None:
        with home.hold(), Home.open(tmp_path / "other").hold():
            pass

    @pytest.mark.parametrize("content", ["", "not a number", pytest.param("1" * 5000, id="long")])
    def test_what_an_old_lock_file_says_does_not_matter(self, home: Home, content: str) -> None:
        (home.folder / "lock").write_text(content)
        with home.hold():
            assert (home.folder / "lock").read_text() == str(os.getpid())


class TestSecret:
    def test_it_is_made_once_and_private(self, home: Home) -> None:
        passwords = [home.password("app"), home.password("app"), Home.open(home.folder).password("app")]
        assert len(set(passwords)) == 1
        assert len(passwords[0]) >= 32
        assert mode(home.folder / "secrets" / "app") == 0o600
        assert [path.name for path in (home.folder / "secrets").iterdir()] == ["app"]

    def test_names_have_secrets_of_their_own(self, home: Home) -> None:
        assert len({home.password(name) for name in ("app", "migrator", "postgres", "valkey")}) == 4

    def test_the_id_stays(self, home: Home) -> None:
        assert home.id == Home(home.folder).id

    @pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe", b"a\x00b", b"two\nlines"])
    def test_an_empty_or_corrupt_file_is_one_line_and_stays(self, home: Home, content: bytes) -> None:
        file = home.folder / "secrets" / "app"
        file.write_bytes(content)
        assert "restore it from a copy" in refusal(lambda: home.password("app"))
        assert str(file) in refusal(lambda: home.password("app"))
        assert file.read_bytes() == content


class TestState:
    def test_it_is_read_as_written_and_private(self, home: Home) -> None:
        home.write_state({"ports": {"postgres": 5}})
        assert home.read_state() == {"ports": {"postgres": 5}}
        assert mode(home.state_file) == 0o600

    def test_none_is_empty(self, home: Home) -> None:
        assert home.read_state() == {}

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b'{"ports": ',
            b"[1]",
            b"null",
            b'"x"',
            b"\xff",
            b"\x00" * 64,
            pytest.param(b"[" * 100_000, id="deep"),
        ],
    )
    def test_a_corrupt_file_is_empty_and_may_be_written_again(self, home: Home, content: bytes) -> None:
        home.state_file.write_bytes(content)
        assert home.read_state() == {}
        home.write_state({"ports": {}})
        assert home.read_state() == {"ports": {}}


@contextmanager
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few pages, which the home's own folders fit on and nothing else."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", disk], check=True, capture_output=True)
    try:
        Home.open(disk / "home")
        with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
            while filler.write(bytes(4096)):
                pass
        yield disk / "home"
    finally:
        subprocess.run(["umount", disk], check=True)


def can_mount() -> bool:
    """Root in a container often may not."""
    with tempfile.TemporaryDirectory() as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=False, capture_output=True)
        if mounted.returncode == 0:
            subprocess.run(["umount", folder], check=True)
    return mounted.returncode == 0


LIMITED: Final = """
import resource, sys
from pathlib import Path
from core.crypto import make_key_file
from core.errors import Misconfigured
from core.home import Home

home = Home.open(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
for act in (lambda: home.password("app"), lambda: home.write_state({"a": 1}), lambda: make_key_file(home.keys_file),
            home.hold().__enter__):
    try:
        act()
    except Misconfigured as error:
        print(error)
"""


class TestDisk:
    @pytest.mark.parametrize("name", ["app", "keys", "state.json", "lock"])
    def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(self, tmp_path: Path, name: str) -> None:
        if not can_mount():
            return self.assert_a_limit_is_one_line(tmp_path)
        with full_disk(tmp_path) as folder:
            home = Home(folder)
            acts: dict[str, Callable[[], object]] = {
                "app": lambda: home.password("app"),
                "keys": lambda: make_key_file(home.keys_file),
                "state.json": lambda: home.write_state({"ports": {}}),
                "lock": home.hold().__enter__,
            }
            line = refusal(acts[name])
            left = {path.name for path in folder.rglob("*") if path.is_file()}
        assert line.startswith(f"Could not write to {folder}")
        assert f"{name}: the disk is full: free some space" in line
        assert left <= {"lock"}
        return None

    def test_a_size_limit_is_one_line_and_leaves_nothing_half_written(self, tmp_path: Path) -> None:
        self.assert_a_limit_is_one_line(tmp_path)

    @staticmethod
    def assert_a_limit_is_one_line(tmp_path: Path) -> None:
        lines = run((sys.executable, "-c", LIMITED), tmp_path / "home").splitlines()
        names = ("secrets/app", "state.json", "secrets/keys", "lock")
        assert [line.split(": ")[0] for line in lines] == [
            f"Could not write to {tmp_path}/home/{name}" for name in names
        ]
        assert all("limit" in line for line in lines)
        assert {path.name for path in (tmp_path / "home").rglob("*") if path.is_file()} <= {"lock"}

    @pytest.mark.parametrize("folder", ["/proc/masteria", "/sys/masteria", "/proc/1/masteria/home"])
    def test_a_place_that_takes_no_folder_is_one_line_with_the_remedy(self, folder: str) -> None:
        line = refusal(lambda: Home.open(Path(folder)))
        assert line.startswith(f"Could not write to {folder}: ")
        assert "use another" in line

    @pytest.mark.parametrize("below", ["", "home", "a/b/home"])
    def test_a_file_in_the_way_is_one_line(self, tmp_path: Path, below: str) -> None:
        (tmp_path / "file").write_text("mine")
        line = refusal(lambda: Home.open(tmp_path / "file" / below))
        assert "a file is where a folder should be" in line
        assert (tmp_path / "file").read_text() == "mine"

    def test_a_closed_place_is_one_line_for_an_ordinary_user(self, anyones: Path) -> None:
        anyones.chmod(0o500)
        body = """
import sys
from pathlib import Path
from core.errors import Misconfigured
from core.home import Home

try:
    Home.open(Path(sys.argv[1]))
except Misconfigured as error:
    print(error)
"""
        line = run(program(body), anyones / "home")
        assert line == f"Could not write to {anyones}/home: no permission: use another folder (--home)."


class TestWritePrivate:
    def test_it_replaces_the_whole_file_and_closes_it(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_text("long and old and open")
        (tmp_path / "x").chmod(0o644)
        write_private(tmp_path / "x", "new")
        assert ((tmp_path / "x").read_text(), mode(tmp_path / "x")) == ("new", 0o600)
        assert [path.name for path in tmp_path.iterdir()] == ["x"]

    def test_a_refused_write_leaves_the_old_file(self, tmp_path: Path) -> None:
        (tmp_path / "x").mkdir()
        (tmp_path / "x" / "inside").write_text("kept")
        with pytest.raises(OSError, match="x"):
            write_private(tmp_path / "x", "new")
        assert sorted(path.name for path in tmp_path.rglob("*")) == ["inside", "x"]
