"""The migrations make the very tables that the models describe, also where Alembic cannot see a difference."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from core.db.migrate import FOLDER
from core.models.tables import METADATA
from tests.fixtures.databases import empty_database
from tests.fixtures.servers import Servers

# Partitions are the migration's own, and Alembic's table is Alembic's.
_OURS: Final = """
    SELECT oid, relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
      AND relname <> 'alembic_version'
"""
QUESTIONS: Final = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
               pg_get_expr(d.adbin, d.adrelid)
        FROM ours c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    """,
    "constraints": """
        SELECT c.relname, k.conname, k.contype::text, k.convalidated, pg_get_constraintdef(k.oid)
        FROM ours c JOIN pg_constraint k ON k.conrelid = c.oid
    """,
    "indexes": """
        SELECT c.relname, i.relname, pg_get_indexdef(i.oid), x.indisvalid
        FROM ours c JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid
    """,
    "tables": """
        SELECT c.relname, pg_get_partkeydef(c.oid), p.relpersistence::text
        FROM ours c JOIN pg_class p ON p.oid = c.oid
    """,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Both:
    migrated: AsyncEngine
    modelled: AsyncEngine


@pytest.fixture(scope="module")
async def both(servers: Servers) -> AsyncIterator[Both]:
    async with servers.clone() as urls, empty_database(servers) as modelled:
        migrated = create_async_engine(urls.migrator)
        async with modelled.begin() as connection:
            await connection.run_sync(_make_from_models)
        yield Both(migrated=migrated, modelled=modelled)
        await migrated.dispose()


class TestCatalogue:
    @pytest.mark.parametrize("kind", QUESTIONS)
    async def test_the_migrations_make_what_the_models_describe(self, both: Both, kind: str) -> None:
        migrated = await _answers(both.migrated, kind)
        modelled = await _answers(both.modelled, kind)
        assert sorted(migrated - modelled) == []
        assert sorted(modelled - migrated) == []
        assert migrated

    @pytest.mark.parametrize(
        ("kind", "statement"),
        [
            ("constraints", "ALTER TABLE outbound_attempts DROP CONSTRAINT ck_outbound_attempts_number"),
            ("constraints", "ALTER TABLE clock_shift ADD CONSTRAINT extra CHECK (shift > '0'::interval) NOT VALID"),
            ("indexes", "ALTER INDEX ix_turns_due RENAME TO ix_turns_late"),
            ("columns", "ALTER TABLE contacts ALTER COLUMN name TYPE varchar(10)"),
        ],
    )
    async def test_a_difference_is_noticed(self, both: Both, kind: str, statement: str) -> None:
        assert await _answers(both.migrated, kind, after=statement) != await _answers(both.modelled, kind)


def _make_from_models(connection: Connection) -> None:
    """`app_now()` reads the clock's table and is the default of others: the migration makes the three in this order."""
    METADATA.tables["clock_shift"].create(connection)
    for statement in (FOLDER / "versions" / "0001_functions.sql").read_text().split("\n;;\n"):
        connection.exec_driver_sql(statement)
    METADATA.create_all(connection)


async def _answers(engine: AsyncEngine, kind: str, after: str = "SELECT 1") -> set[str]:
    async with engine.connect() as connection:
        await connection.execute(text(after))
        rows = await connection.execute(text(f"WITH ours AS ({_OURS}) {QUESTIONS[kind]}"))
        return {str(tuple(row)) for row in rows}
