"""What keeps a program running: restarts, its lines under its name, and an end when it is wanted."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from admin_api import programs
from admin_api.programs import Program
from core.clock import Deadline
from core.errors import Misconfigured

SLEEP = ("/bin/sleep", "60")


@dataclass
class Said:
    lines: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, name: str, line: str) -> None:
        self.lines.append((name, line))

    def count(self, words: str) -> int:
        return sum(words in line for _, line in self.lines)


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_BACKOFF", (0.01,))


def a_program(said: Callable[[str, str], None], *argv: str, **options: Any) -> Program:
    return Program(name="api", argv=lambda: argv, options=dict, print_line=said, **options)


def shell(said: Callable[[str, str], None], script: str, **options: Any) -> Program:
    return a_program(said, "/bin/sh", "-c", script, **options)


@asynccontextmanager
async def kept(program: Program, on_change: Callable[[], None] = lambda: None) -> AsyncIterator["asyncio.Task[None]"]:
    """Kept running for the block; its end must bring the keeping to an end."""
    await program.start()
    keeping = asyncio.create_task(program.keep(on_change))
    try:
        yield keeping
    finally:
        program.stop()
        async with asyncio.timeout(5):
            await keeping


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = Deadline.after(seconds)
    while not condition():
        assert not deadline.passed
        await asyncio.sleep(0.01)


class TestLines:
    async def test_each_line_comes_with_the_name_whatever_pipe_it_was_said_into(self, said: Said) -> None:
        assert await shell(said, "echo one; echo two >&2; printf 'no newline'").run_once() == 0

        assert said.lines == [("api", "one"), ("api", "two"), ("api", "no newline")]

    async def test_noise_and_empty_lines_are_dropped(self, said: Said) -> None:
        program = shell(said, "echo LOG: hum; echo; echo news", is_noise=lambda line: line.startswith("LOG:"))

        await program.run_once()

        assert said.lines == [("api", "news")]

    async def test_bytes_that_are_no_text_are_shown_as_far_as_they_go(self, said: Said) -> None:
        await shell(said, r"printf 'ol\303\241 \377\n'").run_once()

        assert said.lines == [("api", "olá \N{REPLACEMENT CHARACTER}")]

    async def test_a_very_long_line_is_dropped_and_the_next_one_is_not(self, said: Said) -> None:
        script = "import sys; sys.stdout.write('x' * 5_000_000 + '\\nnext\\n')"

        assert await a_program(said, sys.executable, "-c", script).run_once() == 0

        assert said.lines[-1] == ("api", "next")
        assert sum(len(line) for _, line in said.lines) < 5_000_000

    async def test_all_that_it_said_before_it_ended_is_shown(self, said: Said) -> None:
        await shell(said, "seq 20000").run_once()

        assert len(said.lines) == 20_000

    async def test_a_terminal_that_takes_no_more_lines_does_not_end_it(self, tmp_path: Path) -> None:
        def full(_: str, __: str) -> None:
            raise OSError(28, "No space left on device")

        done = tmp_path / "done"

        assert await shell(full, f"seq 50000; touch {done}").run_once() == 0
        assert done.exists()


@pytest.mark.usefixtures("quick")
class TestKeep:
    async def test_one_that_ends_is_started_again_and_its_end_is_told(self, said: Said) -> None:
        changes = list[int]()
        program: Program = shell(said, "echo hi; exit 3")
        async with kept(program, lambda: changes.append(program.restarts)):
            await until(lambda: said.count("hi") >= 3)

        assert program.exit_code == 3
        assert changes[:2] == [1, 2]
        assert said.count("3") >= 2
        assert program.facts()["restarts"] >= 2

    async def test_one_that_was_killed_is_started_again(self, said: Said) -> None:
        program = a_program(said, *SLEEP)
        async with kept(program):
            first = program.facts()["pid"]
            program.kill()
            await until(lambda: program.restarts == 1 and program.is_running)

            assert program.facts()["pid"] != first
            assert program.exit_code == -signal.SIGKILL

    async def test_one_that_left_a_child_with_its_pipe_is_started_again_all_the_same(self, said: Said) -> None:
        program = shell(said, "sleep 4 & echo hi; exit 1")
        async with kept(program):
            await until(lambda: said.count("hi") == 2)
            assert program.restarts >= 1

    async def test_before_each_start_it_is_prepared(self, said: Said) -> None:
        prepared = list[int]()
        program: Program = shell(said, "exit 0", prepare=lambda: prepared.append(program.restarts))
        async with kept(program):
            await until(lambda: len(prepared) >= 3)

        assert prepared[:3] == [0, 1, 2]

    async def test_a_start_that_fails_is_tried_until_it_succeeds(self, said: Said, tmp_path: Path) -> None:
        command = tmp_path / "command"
        command.symlink_to("/bin/true")
        program = a_program(said, str(command))
        async with kept(program):
            command.unlink()
            await until(lambda: said.count(str(command)) >= 2)
            command.write_text("#!/bin/sh\necho at work\nexec sleep 60\n")
            command.chmod(0o700)
            await until(lambda: said.count("at work") == 1)

            assert program.is_running
            assert program.exit_code == 0  # of the life before

    async def test_a_preparation_that_fails_is_tried_again_too(self, said: Said) -> None:
        def prepare() -> None:
            if program.restarts in {1, 2}:
                raise Misconfigured("o disco está cheio", "the disk is full")

        program = shell(said, "exit 0", prepare=prepare)
        async with kept(program):
            await until(lambda: program.restarts >= 4)

        assert said.count("o disco está cheio") == 2

    async def test_a_state_that_cannot_be_written_down_does_not_end_the_keeping(self, said: Said) -> None:
        def on_change() -> None:
            raise Misconfigured("o disco está cheio", "the disk is full")

        program = shell(said, "exit 0")
        async with kept(program, on_change) as keeping:
            await until(lambda: said.count("o disco está cheio") >= 2)
            assert not keeping.done()

        assert program.restarts >= 2


class TestBackoff:
    async def test_each_wait_is_longer_than_the_one_before(self, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(programs, "_BACKOFF", (0.05, 0.2, 0.4))
        starts = list[float]()
        program = shell(said, "exit 1", prepare=lambda: starts.append(time.monotonic()))
        async with kept(program):
            await until(lambda: len(starts) >= 4)

        first, second, third = (starts[at + 1] - starts[at] for at in range(3))
        assert 0.05 <= first < second < third
        assert third >= 0.4

    async def test_one_that_ran_steadily_is_started_again_at_once(
        self, said: Said, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(programs, "_STEADY_SECONDS", 0.0)
        monkeypatch.setattr(programs, "_BACKOFF", (60.0,))
        program = shell(said, "sleep 0.01; echo ran")
        async with kept(program):
            await until(lambda: said.count("ran") >= 3)

        assert program.restarts >= 2


class TestStop:
    async def test_it_ends_and_the_keeping_returns_without_a_restart(self, said: Said) -> None:
        program = a_program(said, *SLEEP)
        async with kept(program):
            await until(lambda: program.is_running)

        assert not program.is_running
        assert (program.exit_code, program.restarts, said.lines) == (-signal.SIGTERM, 0, [])

    async def test_it_is_asked_with_the_signal_of_its_kind(self, said: Said) -> None:
        """Not one that a shell has its background children ignore: tests may run in one."""
        program = a_program(said, *SLEEP, stop_signal=signal.SIGUSR1)
        async with kept(program):
            await until(lambda: program.is_running)

        assert program.exit_code == -signal.SIGUSR1

    async def test_it_need_not_wait_for_the_next_start(self, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(programs, "_BACKOFF", (60.0,))
        program = shell(said, "exit 1")
        async with kept(program):
            await until(lambda: said.count("1") == 1)

        assert not program.is_running

    async def test_one_that_does_not_listen_is_killed(self, said: Said) -> None:
        program = shell(said, "trap '' TERM; echo up; while :; do sleep 0.02; done")
        async with kept(program):
            await until(lambda: said.count("up") == 1)
            program.stop()
            await asyncio.sleep(0.1)
            assert program.is_running
            program.kill()

        assert program.exit_code == -signal.SIGKILL

    async def test_asking_again_and_again_does_not_blur_how_it_ended(self, said: Said) -> None:
        for _ in range(20):
            program = a_program(said, *SLEEP)
            async with kept(program):
                while program.is_running:
                    program.kill()
                    await asyncio.sleep(0)
                program.stop()

            assert program.exit_code == -signal.SIGKILL

    async def test_a_stop_that_comes_while_it_starts_is_heard(self, said: Said) -> None:
        program = a_program(said, *SLEEP, prepare=lambda: time.sleep(0.1))
        starting = asyncio.create_task(program.start())
        await asyncio.sleep(0.02)
        program.stop()
        await starting
        async with asyncio.timeout(2):
            await program.keep(lambda: None)

        assert program.exit_code == -signal.SIGTERM

    async def test_one_that_ended_already_may_be_stopped_and_killed(self, said: Said) -> None:
        program = shell(said, "exit 0")
        assert await program.run_once() == 0

        program.stop()
        program.kill()

        assert not program.is_running
        assert (program.exit_code, said.lines) == (None, [])  # whoever ran it once was told how it ended


class TestLastError:
    async def test_the_line_in_which_it_says_why_it_ended_is_kept(self, said: Said) -> None:
        program = shell(said, "echo ' starting'; echo '✗ no database'; exit 1")

        assert await program.run_once() == 1
        assert program.last_error == "no database"
