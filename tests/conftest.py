"""What every test may ask for. Real servers, one of each per test process; nothing of ours is mocked."""

import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from typing_extensions import override
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # it has no types

from admin_api.tenants.store import NewCompany, create_company
from core.audit import OPERATOR
from core.crypto import InstallationKey, KeyRing
from core.db.sessions import Database
from core.embedded import Urls
from core.floor import Floor, open_floor
from core.ids import CompanyId
from tests.fixtures.api import settings_of
from tests.fixtures.servers import Servers

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - every process gets a folder of its own in it
_ROOM: Final = 4 << 30
# What is made for one of these files serves the others of its kind: an installation, or the syntax tree of every file.
_TOGETHER: Final = {
    "tests/e2e/test_up.py": "installation",
    "tests/e2e/test_stream.py": "installation",
    "tests/e2e/test_staff.py": "installation",
    "tests/e2e/test_down.py": "installation",
    "tests/architecture/test_crossing.py": "sources",
    "tests/architecture/test_rules.py": "sources",
    "tests/architecture/test_shape.py": "sources",
    "tests/architecture/test_time.py": "sources",
}
_ENDS_IT: Final = "tests/e2e/test_down.py"  # the installation that the others look at
# The long files: some wait for other processes, for leases and for rates; the others keep a core busy all the time.
_WAITING: Final = frozenset(
    {
        "tests/admin_api/test_wire.py",
        "tests/admin_api/webhooks/test_crash.py",
        "tests/admin_api/webhooks/test_outage.py",
        "tests/channels/test_batches.py",
        "tests/channels/test_outbound.py",
        "tests/channels/test_outbound_gates.py",
        "tests/core/test_embedded_life.py",
        "tests/core/test_migrate.py",
        "tests/core/test_worker.py",
        "tests/deploy/test_roles.py",
    }
)
_COMPUTING: Final = frozenset(
    {
        "tests/agents/personas/test_drawing_png.py",
        "tests/agents/personas/test_reading.py",
        "tests/architecture/test_imports.py",
        "tests/channels/test_consent.py",
        "tests/graphs/conversation/test_determinism.py",
        "tests/graphs/conversation/test_invariants.py",
        "tests/graphs/test_intake_crowds.py",
        "tests/graphs/test_intake_faults.py",
        "tests/graphs/test_intake_order.py",
        "tests/graphs/test_shipped_talks.py",
        "tests/security/test_api_probe.py",
        "tests/security/test_tenant_probe.py",
    }
)


def pytest_configure() -> None:
    """Work in memory where there is room: a fresh database takes a tenth of the time it takes on a disk."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else its import looks for prices on the network
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


def pytest_collection() -> None:
    gc.disable()  # what is imported and collected stays


def pytest_collection_finish() -> None:
    """It is not looked through again and again later either: a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What mostly waits stands at the front and what computes at the back, with the short files between them."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    file = _file_of(item.nodeid)
    if any(item.get_closest_marker(name) for name in ("e2e", "chaos")):
        return 1 if file == _ENDS_IT else 0
    return 2 if file in _WAITING else 4 if file in _COMPUTING else 3


def _file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


class ByFile(LoadScopeScheduling):  # type: ignore[misc] # it has no types
    """To each worker one file after the other: what a file has started serves all of its tests.

    One worker takes them from the front and the next from the back: while the one waits, the other has the cores.
    They meet among the short files, so that none is left alone with a long one.
    """

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False
        self._places: dict[str, int] = {}

    @override
    def _assign_work_unit(self, node: Any) -> None:
        """Without a search through all tests for each of them, as the inherited one does."""
        self._places = self._places or {nodeid: place for place, nodeid in enumerate(self.collection)}
        scope, unit = self.workqueue.popitem(last=self.nodes.index(node) % 2 == 1)
        self.assigned_work.setdefault(node, {})[scope] = unit
        node.send_runtest_some([self._places[nodeid] for nodeid, is_done in unit.items() if not is_done])

    @override
    def _split_scope(self, nodeid: str) -> str:
        file = _file_of(nodeid)
        return _TOGETHER.get(file, file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


@pytest.fixture(scope="session")
async def servers() -> AsyncIterator[Servers]:
    servers = await Servers.start()
    yield servers
    servers.embedded.stop()
    shutil.rmtree(servers.embedded.home.folder)


@pytest.fixture
async def urls(servers: Servers) -> AsyncIterator[Urls]:
    async with servers.clone() as urls:
        yield urls


@pytest.fixture(scope="module")
async def floor_urls(servers: Servers) -> AsyncIterator[Urls]:
    """The database that the floor of a whole module stands on."""
    async with servers.clone() as urls:
        yield urls


@pytest.fixture(scope="module")
async def floor(servers: Servers, floor_urls: Urls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Floor]:
    async with open_floor(settings_of(servers, floor_urls, tmp_path_factory.mktemp("home"))) as floor:
        yield floor


@pytest.fixture
async def database(urls: Urls) -> AsyncIterator[Database]:
    database = Database(urls.app)
    yield database
    await database.close()


@pytest.fixture
async def migrator(urls: Urls) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(urls.migrator)
    yield engine
    await engine.dispose()


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    file = tmp_path / "keys"
    file.write_text(InstallationKey.new().line)
    return KeyRing(file.read_text, str(file))


@pytest.fixture
async def ana(database: Database, ring: KeyRing) -> CompanyId:
    return await create_company(database, ring, NewCompany(slug="ana", name="Padaria da Ana"), OPERATOR)


@pytest.fixture
async def beto(database: Database, ring: KeyRing) -> CompanyId:
    return await create_company(database, ring, NewCompany(slug="beto", name="Oficina do Beto"), OPERATOR)
