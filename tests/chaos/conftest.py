"""What the chaos suites stand on, and which of them are for `make chaos` and `make chaos-full` only."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import pytest

from tests.chaos.children import Nursery
from tests.chaos.estate import Estate
from tests.chaos.outcome import TOLD, Outcome, lines
from tests.chaos.seeds import IS_CHAOS, SEED
from tests.chaos.stage import MODULES
from tests.fixtures.servers import Servers

collect_ignore = [] if IS_CHAOS else ["minutes", "full"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "chaos: kills, freezes and cuts off the real processes")


@pytest.fixture(scope="session")
def estate(servers: Servers) -> Estate:
    """The servers of all tests; suites that mistreat theirs have some of their own."""
    return Estate(servers)


@pytest.fixture(scope="session")
async def nursery() -> AsyncIterator[Nursery]:
    async with Nursery.open(*MODULES) as nursery:
        yield nursery


@pytest.fixture(autouse=True)
def seed() -> None:
    """In what is printed of a test that fails."""
    print(f"CHAOS_SEED={SEED}")  # noqa: T201 - pytest shows it beside the failure


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Of several processes, each tells the first what its runs came to."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["chaos"] = [asdict(outcome) for outcome in TOLD]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    TOLD.extend(Outcome(**told) for told in getattr(node, "workeroutput", {}).get("chaos", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"chaos: CHAOS_SEED={SEED}")
    for line in lines():
        terminalreporter.write_line(line)
