"""`masteria demo --own`: the whole story in an installation of its own, whatever the shell names beside it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from bench.stack import run_within

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]

_SECONDS: Final = 300.0  # it starts everything, and a group may be told only so much a minute
_OF_ANOTHER: Final = {
    "DATABASE_URL": "postgresql://app:x@127.0.0.1:1/x",
    "REDIS_URL": "redis://127.0.0.1:1",
    "MASTERIA_HOME": "/proc/masteria",
    "MASTERIA_SECRET_KEYS": "k1:not-base64",
}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Open to the servers' user."""
    with tempfile.TemporaryDirectory(prefix="masteria-own-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


class TestOwn:
    def test_it_plays_to_the_end_and_leaves_nothing_behind(self, folder: Path) -> None:
        shown = run_within(_SECONDS, "demo", "--own", TMPDIR=str(folder), **_OF_ANOTHER)

        assert (shown.returncode, shown.stderr) == (0, ""), shown.stdout
        assert "etapa Qualificado" in shown.stdout
        assert "fonte: resposta aprovada" in shown.stdout
        assert list(folder.iterdir()) == []
