"""A shell for the tests of commands."""

from pathlib import Path

import pytest

from admin_api.tenants.store import NewCompany, create_company
from core.audit import OPERATOR
from core.crypto import KeyRing
from core.db.sessions import Database
from core.embedded import Urls
from tests.fixtures.api import KEYS, environment_of
from tests.fixtures.servers import Servers
from tests.fixtures.shells import Shell


@pytest.fixture
async def shell(
    servers: Servers,
    urls: Urls,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    ring = KeyRing(lambda: KEYS, "MASTERIA_SECRET_KEYS")
    company = await create_company(database, ring, NewCompany(slug="ana", name="Padaria da Ana"), OPERATOR)
    return Shell(environment_of(servers, urls, tmp_path), database, ring, company, monkeypatch, capsys)
