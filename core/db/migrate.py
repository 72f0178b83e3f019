"""Bring a database up to date, and tell whether it is: revision, models, isolation, partitions ahead."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db import catalogue, partitions, rls
from core.db.revision import Revisions, revisions
from core.models.tables import INSTALLATION_TABLES, METADATA, TENANT_TABLES

FOLDER: Final = Path(__file__).parents[1] / "migrations"
_ONE_UPGRADE_AT_A_TIME: Final = 7_203_114  # an advisory lock key, any number that nothing else uses

EXPECTED: Final = rls.Expected(
    tenant_tables=frozenset(table.name for table in TENANT_TABLES),
    installation_tables=frozenset(table.name for table in INSTALLATION_TABLES),
)


async def upgrade(migrator: AsyncConnection, to: str = "head") -> Revisions:
    """Run what is missing. A second upgrade at the same time waits for the first."""
    await migrator.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ONE_UPGRADE_AT_A_TIME})
    await migrator.commit()
    try:
        await migrator.run_sync(_upgrade, to)
        await partitions.make_ahead(migrator)
        return await revisions(migrator)
    finally:
        await migrator.rollback()  # a failed statement would refuse the unlock too, and hide its own error behind that
        await migrator.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ONE_UPGRADE_AT_A_TIME})
        await migrator.execute(text("RESET lock_timeout"))  # which env.py set, for the partitions too
        await migrator.commit()


async def find_drift(connection: AsyncConnection) -> list[str]:
    """Every difference between this release and the database, in words; empty when there is none."""
    where = await revisions(connection)
    if not where.is_current:
        return [f"revision is {where.found}, this release wants {where.wanted}: run `masteria db upgrade`"]
    differences = await connection.run_sync(_differences)
    gaps = await rls.find_gaps(connection, EXPECTED)
    differences += await catalogue.find_differences(connection)
    return differences + gaps + await partitions.find_missing(connection)


def for_each_company(connection: Connection, step: Callable[[Connection], Any]) -> None:
    """A data migration: once per company, with its tenant set, because row-level security binds the owner too."""
    companies: list[UUID] = list(connection.scalars(text("SELECT company FROM priv.companies() AS company")))
    for company in companies:
        connection.execute(text("SELECT set_config('app.tenant', :tenant, true)"), {"tenant": str(company)})
        step(connection)
    connection.execute(text("SELECT set_config('app.tenant', '', true)"))


def _upgrade(connection: Connection, to: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config


def _differences(connection: Connection) -> list[str]:
    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "compare_server_default": True,
            "include_name": lambda name, kind, _: not (kind == "table" and partitions.is_partition(name)),
        },
    )
    return [_in_words(difference) for difference in compare_metadata(context, METADATA)]


def _in_words(difference: Any) -> str:
    if isinstance(difference, list):  # the changes of one column come as a list
        return "; ".join(_in_words(part) for part in difference)
    kind, *what = difference
    return f"{kind}: {' '.join(str(part) for part in what if part is not None)}"
