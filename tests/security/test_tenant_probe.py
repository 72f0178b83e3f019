"""Every tenant table keeps companies apart, and each of its policies is missed when it is gone or weaker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from sqlalchemy import Column, MetaData, Table, Uuid, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.migrate import EXPECTED, find_drift
from core.db.rls import BLANKED_COLUMNS, CLAIMED_TABLES, find_gaps
from core.models.tables import METADATA, TENANT_TABLES
from tests.fixtures.isolation import CROSSINGS, Scene, find_breaches, open_scene, within
from tests.fixtures.rows import BUILDERS, fresh
from tests.fixtures.servers import Servers

every_table = pytest.mark.parametrize("table", TENANT_TABLES, ids=lambda table: table.name)


@pytest.fixture(scope="module")
async def scene(servers: Servers) -> AsyncIterator[Scene]:
    async with open_scene(servers) as scene:
        yield scene


class TestFindBreaches:
    def test_every_tenant_table_has_a_builder(self) -> None:
        assert sorted(BUILDERS) == sorted(table.name for table in TENANT_TABLES)

    def test_every_table_that_priv_claims_from_is_looked_at_through_priv(self) -> None:
        assert sorted(CROSSINGS) == sorted(CLAIMED_TABLES)

    def test_a_table_without_a_builder_fails_the_probe(self, scene: Scene) -> None:
        with pytest.raises(AssertionError, match="notes: give it a builder"):
            fresh(_unprotected_table(), scene.ana)

    @every_table
    async def test_a_company_reaches_its_own_row_and_no_other(self, scene: Scene, table: Table) -> None:
        assert await find_breaches(scene.logged_in, table, scene) == []

    @every_table
    async def test_the_probe_finds_nothing_through_a_door_where_nothing_is_planted(
        self, scene: Scene, table: Table
    ) -> None:
        async with scene.planted() as connection:
            assert await find_breaches(within(connection), table, scene) == []


class TestMutation:
    @every_table
    async def test_each_policy_is_missed_when_it_is_dropped(self, scene: Scene, table: Table) -> None:
        policies = await _policies(scene, table)
        assert policies == {"tenant", "owner"} | (
            {"priv"} if table.name in CLAIMED_TABLES | BLANKED_COLUMNS.keys() else set()
        )
        for policy in policies:
            async with scene.planted(f"DROP POLICY {policy} ON {table.name}") as connection:
                assert await find_breaches(within(connection), table, scene) != [], policy
                assert f"{table.name}: policy {policy} is missing" in await find_gaps(connection, EXPECTED)

    @every_table
    @pytest.mark.parametrize("rule", ["USING (true)", "WITH CHECK (true)"])
    @pytest.mark.parametrize("policy", ["tenant", "owner"])
    async def test_a_policy_that_lets_everything_pass_is_a_breach(
        self, scene: Scene, table: Table, policy: str, rule: str
    ) -> None:
        async with scene.planted(f"ALTER POLICY {policy} ON {table.name} {rule}") as connection:
            assert await find_breaches(within(connection), table, scene) != []
            gap = f"{table.name}: policy {policy} is not the one of this release"
            assert await find_gaps(connection, EXPECTED) == [gap]

    @every_table
    async def test_an_owner_who_changes_nothing_without_a_word_is_a_breach(self, scene: Scene, table: Table) -> None:
        silent = f"ALTER POLICY owner ON {table.name} USING (tenant_id = current_tenant())"
        async with scene.planted(silent) as connection:
            breaches = await find_breaches(within(connection), table, scene)
            assert breaches == [f"{table.name}: the migrator without a company reads without an error"]

    @every_table
    @pytest.mark.parametrize("weakened", ["DISABLE", "NO FORCE"])
    async def test_a_table_whose_security_is_off_is_a_breach_and_a_gap(
        self, scene: Scene, table: Table, weakened: str
    ) -> None:
        async with scene.planted(f"ALTER TABLE {table.name} {weakened} ROW LEVEL SECURITY") as connection:
            assert await find_breaches(within(connection), table, scene) != []
            assert await find_gaps(connection, EXPECTED) == [
                f"{table.name}: row-level security is not enabled and forced"
            ]


class TestNewTenantTable:
    """What `make check` says of a table that somebody adds without thinking of companies."""

    async def test_it_is_found_when_it_has_no_security(self, scene: Scene) -> None:
        async with _with_new_table(scene) as connection:
            assert "notes: row-level security is not enabled and forced" in await find_gaps(connection, EXPECTED)
            assert "notes: row-level security is not enabled and forced" in await find_drift(connection)

    async def test_it_is_found_when_it_has_no_policy(self, scene: Scene) -> None:
        """`EXPECTED` is made from the models, so that a new model is in it from its first day."""
        expected = replace(EXPECTED, tenant_tables=EXPECTED.tenant_tables | {"notes"})
        forced = [f"ALTER TABLE notes {word} ROW LEVEL SECURITY" for word in ("ENABLE", "FORCE")]
        async with _with_new_table(scene, *forced) as connection:
            assert await find_gaps(connection, expected) == [
                "notes: policy owner is missing",
                "notes: policy tenant is missing",
            ]

    def test_every_table_with_a_company_in_it_is_expected(self) -> None:
        with_a_company = {table.name for table in METADATA.tables.values() if "tenant_id" in table.c}
        assert with_a_company == EXPECTED.tenant_tables
        assert set(METADATA.tables) == EXPECTED.tenant_tables | EXPECTED.installation_tables


@asynccontextmanager
async def _with_new_table(scene: Scene, *statements: str) -> AsyncIterator[AsyncConnection]:
    made = "CREATE TABLE notes (tenant_id uuid REFERENCES companies, id uuid, PRIMARY KEY (tenant_id, id))"
    async with scene.planted(made, *statements) as connection:
        yield connection


def _unprotected_table() -> Table:
    return Table("notes", MetaData(), Column("tenant_id", Uuid, primary_key=True))


async def _policies(scene: Scene, table: Table) -> set[str]:
    async with scene.planted() as connection:
        names = text("SELECT policyname FROM pg_policies WHERE tablename = :table")
        return set(await connection.scalars(names, {"table": table.name}))
