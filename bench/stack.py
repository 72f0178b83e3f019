"""The whole product on a home of its own, driven through the commands a user types."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from core.probe import ask
from core.servers.process import free_port

SECONDS: Final = 60.0
MASTERIA: Final = Path(sys.executable).with_name("masteria")
# What a test run or a developer's shell may have set, and a user's has not.
_OURS: Final = ("DATABASE_", "REDIS_", "CELERY_", "MASTERIA_", "PROMETHEUS_", "COV", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True, slots=True)
class Stack:
    home: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return run(*words, "--home", str(self.home), **environment)

    def up(self, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return self.run("up", "--port", str(self.port), "--detach", *words, **environment)

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.home / "state.json").read_text())
        return state

    def pid_of(self, name: str) -> int:
        return int(self.state()["processes"][name]["pid"])

    def is_ready(self) -> bool:
        return ask(self.port, path="/ready").alive


def run(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A command as a user types it, in an environment that names no service unless the test does."""
    return run_within(SECONDS, *words, **environment)


def run_within(seconds: float, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(MASTERIA), *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=seconds,
        env=plain_environment() | environment,
        stdin=subprocess.DEVNULL,
    )


def plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}


@contextmanager
def new_stack() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="masteria-e2e-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        stack = Stack(Path(folder) / "home", free_port())
        try:
            yield stack
        finally:
            stack.run("down")
            end_all(stack)


def end_all(stack: Stack) -> None:
    for process in processes_of(stack):
        process.kill()


def processes_of(stack: Stack) -> list[psutil.Process]:
    """Every process that works for this home, however it was started."""
    return [process for process in psutil.process_iter() if _belongs(process, stack)]


def _belongs(process: psutil.Process, stack: Stack) -> bool:
    try:
        traces = " ".join([*process.cmdline(), process.cwd()])
        return str(stack.home) in traces or process.environ().get("MASTERIA_HOME") == str(stack.home)
    except psutil.Error:
        return False


def wait_until(what: str, condition: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
