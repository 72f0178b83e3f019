"""A1: how many of the ways through `decide` the tests of conversations take: measured as they run by themselves."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from graphs.conversation import decide

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

LEAST: Final = 0.98
_ROOT: Final = Path(__file__).parents[3]
_TESTS: Final = ("coverage", "decide", "news", "afresh", "courtesy")


def test_a1_nearly_all_ways_through_decide_are_taken(tmp_path: Path) -> None:
    config, found = tmp_path / "coverage.ini", tmp_path / "found.json"
    config.write_text(f"[run]\nbranch = true\ninclude = {decide.__file__}\ndata_file = {tmp_path / 'data'}\n")
    files = [f"tests/graphs/conversation/test_{name}.py" for name in _TESTS]
    _run("run", f"--rcfile={config}", "-m", "pytest", "-q", "-p", "no:cacheprovider", *files)
    _run("json", f"--rcfile={config}", "-o", str(found))
    totals = json.loads(found.read_text())["totals"]
    assert totals["num_branches"] > 50
    assert totals["covered_branches"] / totals["num_branches"] >= LEAST


def _run(*arguments: str) -> None:
    """Not as a part of this run: it may be one of several workers, or be measured itself."""
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_", "COVERAGE_"))}
    done = subprocess.run(
        [sys.executable, "-m", "coverage", *arguments],
        cwd=_ROOT,
        env=alone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
