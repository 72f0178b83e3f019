"""How an installation ends, and why it does not begin again: seen on the one that the other tests have looked at."""

from pathlib import Path

import psutil
import pytest

from bench.stack import Stack, processes_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


class TestDown:
    """After all others: tests/conftest.py sees to it."""

    def test_it_stops_all_of_it_and_what_cannot_start_is_not_waited_for(self, stack: Stack) -> None:
        assert stack.run("down").returncode == 0
        assert not _started_by_others(stack)
        assert stack.run("down").returncode == 0  # content when nothing runs
        assert stack.run("status").returncode == 1

        _spoil_database(stack.home)
        again = stack.up()
        assert again.returncode == 1
        assert "`postgres`" in again.stderr


def _started_by_others(stack: Stack) -> list[psutil.Process]:
    """Without the commands that our tests run beside each other."""
    ours = {child.pid for child in psutil.Process().children(recursive=True)}
    return [process for process in processes_of(stack) if process.pid not in ours]


def _spoil_database(home: Path) -> None:
    (home / "servers" / "postgres" / "data" / "global" / "pg_control").write_bytes(b"rotten")
