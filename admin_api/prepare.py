"""Bring the database to this release and, on the first run, make the demo company. `masteria up` runs it."""

import asyncio
from collections.abc import Sequence
from typing import Final

from admin_api.frame import end_with_supervisor
from admin_api.tenants.store import NewCompany, all_companies, create_company
from admin_api.terminal import launch
from core import logging
from core.audit import SYSTEM
from core.db import migrate
from core.db.revision import Revisions
from core.db.sessions import Pool, open_engine
from core.floor import open_floor
from core.logging import get_logger
from core.settings import Settings

DEMO: Final = NewCompany(slug="demo", name="Empresa de demonstração")

log = get_logger("admin_api.prepare")


def main(_: Sequence[str]) -> int:
    settings = Settings.load()
    logging.configure("prepare", debug=settings.debug, as_json=settings.masteria_log_format == "json")
    if settings.masteria_lifeline is not None:
        end_with_supervisor(settings.masteria_lifeline)
    asyncio.run(_prepare(settings))
    return 0


async def _prepare(settings: Settings) -> None:
    if settings.database_migrate_url is not None:
        await upgrade_database(settings.database_migrate_url.get_secret_value())
    async with open_floor(settings, Pool(size=1)) as floor:
        if not await all_companies(floor.database):
            await create_company(floor.database, floor.ring, DEMO, SYSTEM)
            log.info("company.demo_created", slug=DEMO.slug)


async def upgrade_database(url: str) -> Revisions:
    engine = open_engine(url, Pool(size=1))
    try:
        async with engine.connect() as connection:
            where = await migrate.upgrade(connection)
            log.info("database.migrated", revision=where.found)
            return where
    finally:
        await engine.dispose()


if __name__ == "__main__":
    launch(main)
