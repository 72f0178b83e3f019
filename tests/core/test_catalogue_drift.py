"""What a comparison of columns cannot see, planted in a live database, is named by `masteria db check`."""

from collections.abc import AsyncIterator

import pytest

from core.db.migrate import find_drift
from tests.check_database import report
from tests.fixtures.isolation import Scene, open_scene
from tests.fixtures.servers import Servers

PLANTED = {
    "a tenant that is always the same": (
        "CREATE OR REPLACE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE RETURN gen_random_uuid()",
        "function current_tenant()",
    ),
    "another search path": (
        'ALTER FUNCTION priv.companies() SET search_path = "$user", public',
        "function priv.companies()",
    ),
    "an audit log that can be rewritten": ("GRANT UPDATE ON audit_log TO app", "grant audit_log app UPDATE"),
    "a company that renumbers itself": ("GRANT UPDATE (slug) ON companies TO app", "grant companies.slug app UPDATE"),
    "a right that was taken": ("REVOKE SELECT ON turns FROM app", "missing: grant turns app SELECT"),
    "a table beside ours": ("CREATE SCHEMA other CREATE TABLE notes (id integer)", "table other.notes"),
    "a check that is gone": (
        "ALTER TABLE conversations DROP CONSTRAINT ck_conversations_control",
        "missing: constraint conversations ck_conversations_control",
    ),
    "two open turns at once": (
        "DROP INDEX uq_turns_open; CREATE UNIQUE INDEX uq_turns_open ON turns (tenant_id) WHERE state = 'done'",
        "uq_turns_open",
    ),
    "foreign keys that are off": ("ALTER TABLE contacts DISABLE TRIGGER ALL", "trigger contacts"),
    "a function everybody may call": (
        "GRANT EXECUTE ON FUNCTION priv.companies() TO PUBLIC",
        "priv.companies() public",
    ),
}


@pytest.fixture(scope="module")
async def scene(servers: Servers) -> AsyncIterator[Scene]:
    async with open_scene(servers) as scene:
        yield scene


class TestFindDrift:
    @pytest.mark.parametrize("name", PLANTED)
    async def test_a_planted_difference_is_named(self, scene: Scene, name: str) -> None:
        statements, words = PLANTED[name]
        async with scene.planted(*statements.split("; ")) as connection:
            assert words in "\n".join(await find_drift(connection))

    async def test_a_role_that_grew_is_named(self, scene: Scene) -> None:
        async with scene.planted("ALTER ROLE app CREATEROLE") as connection:
            assert "not of this release: role app CREATEROLE" in await find_drift(connection)

    async def test_nothing_planted_is_nothing_found(self, scene: Scene) -> None:
        async with scene.migrator.connect() as connection:
            assert await find_drift(connection) == []


class TestMakeCheck:
    async def test_a_company_table_without_a_policy_stops_it(
        self, scene: Scene, capsys: pytest.CaptureFixture[str]
    ) -> None:
        table = "CREATE TABLE notes (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id))"
        async with scene.planted(table) as connection:
            assert await report(connection) == 1
        assert "✗ notes: row-level security is not enabled and forced" in capsys.readouterr().err.splitlines()

    async def test_a_database_of_this_release_passes(self, scene: Scene) -> None:
        async with scene.migrator.connect() as connection:
            assert await report(connection) == 0
