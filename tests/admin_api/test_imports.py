"""A process imports what it works with and nothing more: memory, start-up time, and what an attacker can reach."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
MODELS: Final = ("litellm", "langchain", "langgraph", "openai")
SAY_THEM: Final = "import sys, {module}; print(*sorted(sys.modules))"


def imported_with(module: str) -> set[str]:
    words = [sys.executable, "-c", SAY_THEM.format(module=module)]
    ended = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    return set(ended.stdout.split())


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("admin_api.serving", MODELS),
        ("admin_api.processes", (*MODELS, "fastapi", "starlette", "uvicorn")),
        ("admin_api.commands.up", (*MODELS, "sqlalchemy.orm", "core.models", "fastapi", "uvicorn", "celery", "kombu")),
    ],
    ids=["api", "worker-and-beat", "supervisor"],
)
def test_a_process_does_not_import_what_is_not_its_business(module: str, forbidden: tuple[str, ...]) -> None:
    modules = imported_with(module)

    assert module in modules
    assert [name for name in sorted(modules) if name.startswith(forbidden)] == []
