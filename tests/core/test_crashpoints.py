"""Tests of the named places where a rehearsal may kill a process."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from core.crashpoints import CHAOS, CRASH_AT, CrashPoint, crashpoint, read_fuse
from core.errors import Misconfigured

ROOT: Final = Path(__file__).parents[2]
_CHILD: Final = """
from core.crashpoints import CrashPoint, crashpoint
for passing in range(1, 4):
    print(passing, flush=True)
    crashpoint(CrashPoint.RX_PRE_COMMIT)
    crashpoint(CrashPoint.RX_POST_COMMIT)
"""


def run(**environment: str) -> "subprocess.CompletedProcess[str]":
    """A process that passes two points three times."""
    whole = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        [sys.executable, "-c", _CHILD], check=False, capture_output=True, text=True, env=whole, timeout=30
    )


class TestCrashpoint:
    def test_it_kills_at_the_first_passing(self) -> None:
        ended = run(MASTERIA_CHAOS="1", CRASH_AT="rx.pre_commit")
        assert (ended.returncode, ended.stdout.split()) == (-signal.SIGKILL, ["1"])

    def test_it_kills_at_the_nth_passing(self) -> None:
        ended = run(MASTERIA_CHAOS="1", CRASH_AT="rx.post_commit:3")
        assert (ended.returncode, ended.stdout.split()) == (-signal.SIGKILL, ["1", "2", "3"])

    @pytest.mark.parametrize(
        "environment",
        [
            {},
            {CRASH_AT: "rx.pre_commit"},
            {CRASH_AT: "rx.pre_commit", CHAOS: "0"},
            {CRASH_AT: "rx.pre_commit", CHAOS: "true"},
            {CHAOS: "1"},
            {CHAOS: "1", CRASH_AT: ""},
            {CHAOS: "1", CRASH_AT: "turn.pre_start"},
            {CHAOS: "1", CRASH_AT: "rx.pre_commit:4"},
        ],
    )
    def test_it_does_nothing_unless_both_variables_say_so(self, environment: dict[str, str]) -> None:
        ended = run(**environment)
        assert (ended.returncode, ended.stdout.split()) == (0, ["1", "2", "3"])

    def test_a_process_that_is_at_work_is_not_armed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        crashpoint(CrashPoint.RX_PRE_COMMIT)
        monkeypatch.setenv(CHAOS, "1")
        monkeypatch.setenv(CRASH_AT, "rx.pre_commit")
        crashpoint(CrashPoint.RX_PRE_COMMIT)


class TestReadFuse:
    @pytest.mark.parametrize("wanted", ["rx", "rx.pre_commit:0", "rx.pre_commit:", "rx.pre_commit:x", "RX.PRE_COMMIT"])
    def test_a_point_that_is_none_is_named_with_those_there_are(self, wanted: str) -> None:
        with pytest.raises(Misconfigured, match=r"CRASH_AT.*rx\.pre_commit.*turn\.pre_start"):
            read_fuse({CHAOS: "1", CRASH_AT: wanted})

    @pytest.mark.parametrize("point", CrashPoint)
    def test_every_point_can_be_named(self, point: CrashPoint) -> None:
        fuse = read_fuse({CHAOS: "1", CRASH_AT: f"{point}:7"})
        assert fuse is not None
        assert (fuse.point, fuse.nth) == (point, 7)
