"""One installation for all tests that leave it as they found it: to start it takes longer than most of them."""

from collections.abc import Iterator

import pytest

from bench.stack import Stack, new_stack


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    with new_stack() as stack:
        started = stack.up()
        assert started.returncode == 0, started.stderr
        assert f"READY {stack.url}" in started.stdout.splitlines()
        yield stack
