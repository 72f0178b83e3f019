"""Tests of bringing a database up to date, whatever happens on the way, and of telling whether it is."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from alembic import command
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from core.db import migrate, partitions
from core.db.migrate import find_drift, for_each_company, upgrade
from core.db.revision import Revisions, revisions, wanted_revision
from core.db.sessions import Database
from core.ids import CompanyId, new_id
from core.models.people import Contact
from tests.fixtures.databases import empty_database, standing_in_the_way, until_somebody_waits
from tests.fixtures.servers import Servers

ROOT: Final = Path(__file__).parents[2]
CURRENT: Final = Revisions(found=wanted_revision(), wanted=wanted_revision())
UPGRADE: Final = """
import asyncio, sys
from sqlalchemy.ext.asyncio import create_async_engine
from core.db.migrate import upgrade

async def main():
    async with create_async_engine(sys.argv[1]).connect() as connection:
        await upgrade(connection)

asyncio.run(main())
"""
# Somebody's table of the same name, not committed yet: whoever makes ours has to wait and see.
IN_THE_MIGRATION: Final = "CREATE TABLE users (id integer)"
IN_A_PARTITION: Final = f"CREATE TABLE {partitions.this_month().plus(4).table} (id integer)"


@pytest.fixture(scope="module")
async def current(servers: Servers) -> AsyncIterator[AsyncEngine]:
    """An up-to-date database in which these tests commit nothing."""
    async with servers.clone() as urls:
        engine = create_async_engine(urls.migrator)
        yield engine
        await engine.dispose()


@pytest.fixture
async def empty(servers: Servers) -> AsyncIterator[AsyncEngine]:
    async with empty_database(servers) as engine:
        yield engine


class TestUpgrade:
    async def test_a_second_upgrade_changes_nothing(self, current: AsyncEngine) -> None:
        async with current.connect() as connection:
            before = await _catalogue_rows(current)
            assert await upgrade(connection) == CURRENT
            assert await _catalogue_rows(current) == before

    async def test_an_empty_database_is_brought_up_to_date_by_however_many_at_once(self, empty: AsyncEngine) -> None:
        assert set(await asyncio.gather(*(_upgrade(empty) for _ in range(3)))) == {CURRENT}
        async with empty.connect() as connection:
            assert await find_drift(connection) == []

    async def test_one_waits_for_another_without_having_touched_anything(self, empty: AsyncEngine) -> None:
        async with standing_in_the_way(empty, IN_THE_MIGRATION) as other, asyncio.TaskGroup() as tasks:
            upgrades = [tasks.create_task(_upgrade(empty)) for _ in range(2)]
            await until_somebody_waits(empty, "advisory")
            await other.rollback()
        assert [upgrade.result() for upgrade in upgrades] == [CURRENT, CURRENT]

    async def test_one_that_failed_leaves_the_way_free_for_others(self, current: AsyncEngine) -> None:
        async with current.connect() as failed, current.connect() as other:
            with pytest.raises(Exception, match="no_such_revision"):
                await upgrade(failed, to="no_such_revision")
            async with asyncio.timeout(5):
                assert await upgrade(other) == CURRENT


class TestDowngrade:
    async def test_a_database_goes_back_to_nothing_and_up_again(self, migrator: AsyncEngine) -> None:
        async with migrator.connect() as connection:
            await connection.run_sync(_downgrade)
            assert (await revisions(connection)).found is None
            tables = (
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            )
            assert list(await connection.scalars(text(tables))) == ["alembic_version"]
            assert await upgrade(connection) == CURRENT
            assert await find_drift(connection) == []


class TestLockTimeout:
    @pytest.mark.parametrize("obstacle", [IN_THE_MIGRATION, IN_A_PARTITION], ids=["migration", "partition"])
    async def test_an_upgrade_that_must_wait_for_a_lock_gives_up_soon_and_can_be_run_again(
        self, empty: AsyncEngine, obstacle: str
    ) -> None:
        async with empty.connect() as connection:
            async with standing_in_the_way(empty, obstacle):
                started = time.monotonic()
                with pytest.raises(DBAPIError, match="canceling statement due to lock timeout"):
                    await upgrade(connection)
                assert 2.5 < time.monotonic() - started < 10
            assert await upgrade(connection) == CURRENT
            assert await find_drift(connection) == []


class TestKilledUpgrade:
    @pytest.mark.parametrize(
        ("obstacle", "reached"),
        [(IN_THE_MIGRATION, None), (IN_A_PARTITION, CURRENT.wanted)],
        ids=["migration", "partition"],
    )
    async def test_one_that_was_killed_half_way_is_simply_run_again(
        self, empty: AsyncEngine, obstacle: str, reached: str | None
    ) -> None:
        async with standing_in_the_way(empty, obstacle):
            await _kill_upgrade_once_it_waits(empty)
            async with empty.connect() as connection:
                assert (await revisions(connection)).found == reached
        async with empty.connect() as connection:
            assert await upgrade(connection) == CURRENT
            assert await find_drift(connection) == []


class TestFindDrift:
    async def test_there_is_none_after_an_upgrade(self, current: AsyncEngine) -> None:
        assert await _drift(current, "SELECT 1") == []

    @pytest.mark.parametrize(
        ("statement", "words"),
        [
            ("ALTER TABLE contacts DROP COLUMN locale", "add_column: contacts contacts.locale"),
            ("ALTER TABLE contacts ADD COLUMN shoe_size integer", "remove_column: contacts contacts.shoe_size"),
            ("ALTER TABLE contacts ALTER COLUMN name TYPE varchar(10)", "modify_type: contacts name"),
            ("ALTER TABLE contacts ALTER COLUMN fields DROP NOT NULL", "modify_nullable: contacts fields"),
            ("ALTER TABLE users ALTER COLUMN locale SET DEFAULT 'en'", "modify_default: users locale"),
            ("ALTER TABLE connections DROP CONSTRAINT uq_connections_tenant_id_kind_name", "add_constraint"),
            ("ALTER TABLE messages DROP CONSTRAINT fk_messages_tenant_id_conversation_id", "add_fk"),
            ("CREATE TABLE notes (id integer)", "remove_table: notes"),
            ("DROP TABLE event_progress", "add_table: event_progress"),
            ("DROP INDEX ix_contacts_newest", "add_index"),
            ("CREATE INDEX extra ON contacts (tenant_id, locale)", "remove_index"),
        ],
    )
    async def test_a_difference_to_the_models_is_named(self, current: AsyncEngine, statement: str, words: str) -> None:
        drift = await _drift(current, statement)
        assert [line for line in drift if words in line], drift

    @pytest.mark.parametrize(
        "statement", ["UPDATE alembic_version SET version_num = '0000'", "DELETE FROM alembic_version"]
    )
    async def test_a_revision_behind_is_named_with_what_to_do(self, current: AsyncEngine, statement: str) -> None:
        drift = await _drift(current, statement)
        assert len(drift) == 1
        assert drift[0].endswith(f"this release wants {CURRENT.wanted}: run `masteria db upgrade`")


class TestForEachCompany:
    async def test_every_company_is_set_in_turn_and_none_at_the_end(
        self, migrator: AsyncEngine, ana: CompanyId, beto: CompanyId
    ) -> None:
        async with migrator.connect() as connection:
            assert await connection.run_sync(_companies_set) == sorted([ana, beto])
            assert await connection.scalar(select(func.current_tenant())) is None

    async def test_a_backfill_reaches_the_rows_of_all_of_them(
        self, database: Database, migrator: AsyncEngine, ana: CompanyId, beto: CompanyId
    ) -> None:
        for company in (ana, beto):
            await _add_contact(database, company)
        async with migrator.begin() as connection:
            await connection.run_sync(for_each_company, _backfill)
        for company in (ana, beto):
            async with database.tenant_session(company) as session:
                assert await session.scalar(select(Contact.locale)) == "pt-BR"

    async def test_a_backfill_without_it_is_an_error_and_no_silence(
        self, database: Database, migrator: AsyncEngine, ana: CompanyId
    ) -> None:
        await _add_contact(database, ana)
        async with migrator.connect() as connection:
            with pytest.raises(DBAPIError, match="no company is set"):
                await connection.run_sync(_backfill)


def _companies_set(connection: Connection) -> list[Any]:
    seen: list[Any] = []
    for_each_company(connection, lambda each: seen.append(each.scalar(select(func.current_tenant()))))
    return seen


def _backfill(connection: Connection) -> None:
    connection.execute(text("UPDATE contacts SET locale = 'pt-BR' WHERE locale IS NULL"))


async def _add_contact(database: Database, company: CompanyId) -> None:
    async with database.tenant_session(company) as session:
        await session.execute(insert(Contact).values(tenant_id=company, id=new_id()))


async def _upgrade(engine: AsyncEngine) -> Revisions:
    async with engine.connect() as connection:
        return await upgrade(connection)


async def _kill_upgrade_once_it_waits(engine: AsyncEngine) -> None:
    url = engine.url.render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", UPGRADE, url, cwd=ROOT)
    await until_somebody_waits(engine)
    process.kill()
    assert await process.wait() == -signal.SIGKILL


async def _drift(engine: AsyncEngine, statement: str) -> list[str]:
    """What is found after this statement, which is then taken back."""
    async with engine.connect() as connection:
        await connection.execute(text(statement))
        return await find_drift(connection)


async def _catalogue_rows(engine: AsyncEngine) -> Sequence[Any]:
    rows = text("""
        SELECT oid::bigint, relname, xmin::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT oid::bigint, polname, xmin::text FROM pg_policy
        UNION ALL SELECT oid::bigint, proname, xmin::text FROM pg_proc WHERE pronamespace = 'priv'::regnamespace
        ORDER BY 1, 2
    """)
    async with engine.connect() as connection:
        return (await connection.execute(rows)).all()


def _downgrade(connection: Connection) -> None:
    config = migrate._config()
    config.attributes["connection"] = connection
    command.downgrade(config, "base")
