"""Tests of the step that makes the virtual environment on a bare machine."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "requirements" / "bootstrap.py"
_RUN = "import runpy, sys; sys.argv = ['bootstrap.py', sys.argv[1]]; {}; runpy.run_path({!r}, run_name='__main__')"


def _bootstrap(folder: Path, preparation: str) -> "subprocess.CompletedProcess[str]":
    program = _RUN.format(preparation, str(SCRIPT))
    return subprocess.run(
        [sys.executable, "-c", program, str(folder)], check=False, capture_output=True, text=True, timeout=30
    )


class TestBootstrap:
    def test_a_python_without_venv_is_told_which_package_is_missing(self, tmp_path: Path) -> None:
        answer = _bootstrap(tmp_path / "venv", "sys.modules['ensurepip'] = None")
        assert answer.returncode == 2
        assert f"python3.{sys.version_info.minor}-venv" in answer.stderr
        assert len(answer.stderr.splitlines()) == 1
        assert not (tmp_path / "venv").exists()

    def test_a_python_that_is_too_old_is_named(self, tmp_path: Path) -> None:
        answer = _bootstrap(tmp_path / "venv", "sys.version_info = (3, 9, 1, 'final', 0)")
        assert answer.returncode == 2
        assert "3.9" in answer.stderr
        assert not (tmp_path / "venv").exists()
