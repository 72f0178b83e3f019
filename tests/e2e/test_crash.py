"""`masteria up` on its worst days: whatever ends it, it ends whole, and the next start finds everything."""

import json
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from bench.stack import MASTERIA, Stack, kill, new_stack, processes_of, wait_until
from core.probe import ask

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

_STOP_SECONDS: Final = 10.0


class TestCrash:
    def test_whoever_is_killed_is_started_again_and_a_frozen_database_is_seen_and_stopped(self) -> None:
        """In one home, for each start takes longer than what is asked of it; nothing is lost on the way."""
        with new_stack() as stack:
            _up(stack)
            assert stack.run("company", "add", "fica", "--name", "Fica").returncode == 0

            killed = {name: stack.pid_of(name) for name in ("engine", "postgres")}
            kill(killed["engine"])
            wait_until("the engine is back", lambda: stack.pid_of("engine") != killed["engine"])
            wait_until("and well", lambda: ask(stack.state()["processes"]["engine"]["port"]).alive)
            assert stack.run("health", "engine").returncode == 0
            kill(killed["postgres"])
            wait_until("postgres is back", lambda: stack.pid_of("postgres") != killed["postgres"])
            wait_until("and served from", stack.is_ready)

            kill(stack.state()["pid"])
            wait_until("the programs end with their supervisor", lambda: not _programs(stack))
            _up(stack)
            listed = json.loads(stack.run("company", "list", "--json").stdout)
            assert {company["slug"] for company in listed} == {"demo", "fica"}
            _freeze_and_look(stack)
            _end_by(stack, signal.SIGHUP)  # a terminal that is closed stops it too

    def test_one_stopped_while_it_starts_leaves_nothing_behind(self) -> None:
        with new_stack() as stack:
            starting = subprocess.Popen(
                [str(MASTERIA), "up", "--home", str(stack.home), "--port", str(stack.port)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            wait_until("it has begun", (stack.home / "state.json").exists)
            starting.terminate()
            assert starting.wait(timeout=_STOP_SECONDS) == 0
            wait_until("all processes are gone", lambda: not processes_of(stack), seconds=2)


def _up(stack: Stack) -> None:
    started = stack.up()
    assert started.returncode == 0, started.stderr


def _freeze_and_look(stack: Stack) -> None:
    psutil.Process(stack.pid_of("postgres")).suspend()
    psutil.Process(stack.pid_of("engine")).suspend()
    with ThreadPoolExecutor() as both:  # each waits for what is frozen
        asked = [both.submit(stack.run, *words) for words in (("status", "--json"), ("doctor",))]
        status, doctor = (answer.result() for answer in asked)
    assert (status.returncode, doctor.returncode) == (1, 1)
    assert json.loads(status.stdout)["well"] is False
    assert "Traceback" not in doctor.stderr


def _end_by(stack: Stack, number: signal.Signals) -> None:
    os.kill(stack.state()["pid"], number)
    wait_until("all processes are gone", lambda: not processes_of(stack), _STOP_SECONDS)


def _programs(stack: Stack) -> list[psutil.Process]:
    return [process for process in processes_of(stack) if _is_python(process)]


def _is_python(process: Any) -> bool:
    try:
        return Path(process.exe()).name.startswith("python")
    except psutil.Error:  # it ended meanwhile
        return False
