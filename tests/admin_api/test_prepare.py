"""What is made ready before the processes start: the demo company, its line, and whether it may be rehearsed."""

from datetime import timedelta
from pathlib import Path

import pytest

from admin_api.prepare import DEMO, prepare
from admin_api.tenants.store import NewCompany, all_companies, company_named, create_company
from core.audit import OPERATOR
from core.crypto import KeyRing
from core.db.server import clock_shift, turn_clock
from core.db.sessions import Database
from core.embedded import Urls
from core.errors import Conflict
from core.settings import Settings
from tests.fixtures.api import settings_of
from tests.fixtures.servers import Servers


@pytest.fixture
def settings(servers: Servers, urls: Urls, tmp_path: Path) -> Settings:
    return settings_of(servers, urls, tmp_path)


def with_sandbox(settings: Settings) -> Settings:
    return settings.model_copy(update={"masteria_sandbox_url": "http://127.0.0.1:1"})


async def turn(database: Database) -> timedelta:
    async with database.engine.begin() as connection:
        await turn_clock(connection, timedelta(days=1))
        return await clock_shift(connection)


class TestRehearsal:
    async def test_the_demo_company_beside_the_sandbox_may_turn_the_clock(
        self, settings: Settings, database: Database
    ) -> None:
        for _ in range(2):
            await prepare(with_sandbox(settings))
        assert await all_companies(database) == [await company_named(database, DEMO.slug)]
        assert await turn(database) == timedelta(days=1)

    async def test_without_the_sandbox_nobody_may(self, settings: Settings, database: Database) -> None:
        await prepare(settings)
        with pytest.raises(Conflict, match="rehearsals alone"):
            await turn(database)

    @pytest.mark.parametrize("slugs", [("padaria",), ("demo", "padaria")])
    async def test_nor_where_another_company_works(
        self, settings: Settings, database: Database, slugs: tuple[str, ...]
    ) -> None:
        for slug in slugs:
            await create_company(database, KeyRing.load(settings, Path()), NewCompany(slug=slug, name=slug), OPERATOR)
        await prepare(with_sandbox(settings))
        with pytest.raises(Conflict, match="rehearsals alone"):
            await turn(database)
