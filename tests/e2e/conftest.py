"""One installation for all tests that leave it as they found it: to start it takes longer than most of them."""

import inspect
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from bench.stack import MASTERIA, Stack, new_stack, plain_environment

_LINES: Final = "oi\nmeu nome é Ana\nquero falar com um atendente\n"
_HERE: Final = Path(__file__).parent
_BESIDE: Final = frozenset({"talk", "demonstration"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First whoever wants the installation alone, then what begins something beside it, and last what sees that end."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    if not isinstance(item, pytest.Function) or item.path.parent != _HERE or "stack" not in item.fixturenames:
        return 2
    if _BESIDE & inspect.signature(item.function).parameters.keys():
        return 3
    return 1 if _BESIDE & set(item.fixturenames) else 0


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    with new_stack() as stack:
        started = stack.up()
        assert started.returncode == 0, started.stderr
        assert f"READY {stack.url}" in started.stdout.splitlines()
        yield stack


@pytest.fixture(scope="package")
def demonstration(stack: Stack) -> "Iterator[subprocess.Popen[str]]":
    """It waits mostly, too."""
    with _beside("demo", "--short", "--home", str(stack.home)) as demonstration:
        yield demonstration
        demonstration.kill()


@pytest.fixture(scope="package")
def talk(
    stack: Stack,
    demonstration: "subprocess.Popen[str]",  # begun with it, and over when its own tests ask
    tmp_path_factory: pytest.TempPathFactory,
) -> "Iterator[subprocess.Popen[str]]":
    """A newcomer's, who mostly waits for what the persona types: so it goes on beside the other tests."""
    del demonstration
    script = tmp_path_factory.mktemp("talk") / "lines"
    script.write_text(_LINES)
    with _beside("chat", "--script", str(script), "--home", str(stack.home)) as talk:
        yield talk
        talk.kill()


def _beside(*words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [str(MASTERIA), *words],
        env=plain_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
