"""The tables that belong to no company are reached through `priv` alone, and each of their policies is missed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import pytest
from sqlalchemy import Table, delete, select, text
from sqlalchemy.exc import DBAPIError

from core.db.migrate import EXPECTED
from core.db.rls import find_gaps
from core.db.roles import APP, MIGRATOR, PRIV
from core.models.installation import Company
from core.models.tables import INSTALLATION_TABLES, METADATA
from tests.fixtures.isolation import NOT_ALLOWED, RAISED, Attempt, Door, Scene, attempt, open_scene, within
from tests.fixtures.servers import Servers


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """What a policy is there for: a question that only with it is answered with true."""

    question: str
    role: str = APP
    is_asked_by_ana: bool = False


USES: Final = {
    ("addresses", "priv"): Use(question="SELECT count(*) = 1 FROM priv.find_address('sms', '+5511999990000')"),
    ("api_key_index", "priv"): Use(question="SELECT count(*) = 1 FROM priv.find_api_key('digest')"),
    ("clock_shift", "everyone"): Use(question="SELECT app_now() IS NOT NULL"),
    ("clock_shift", "priv"): Use(question="UPDATE clock_shift SET shift = '0' RETURNING true", role=PRIV),
    ("companies", "priv"): Use(question="SELECT count(*) = 2 FROM priv.companies()"),
    ("companies", "tenant"): Use(question="SELECT count(*) = 1 FROM companies", is_asked_by_ana=True),
    ("inbox_minutes", "priv"): Use(question="SELECT priv.last_inbox_minute() IS NOT NULL"),
    ("send_hold", "priv"): Use(question="SELECT priv.why_sends_are_held() = 'probe'"),
    ("stray_events", "priv"): Use(question="SELECT count(*) = 1 FROM priv.stray_counts()"),
    ("schedule_ledger", "priv"): Use(question="SELECT priv.claim_tick('probe', now())"),
    ("users", "priv"): Use(question="SELECT priv.user_with_email('eu@exemplo.com') IS NOT NULL"),
}

OWNED: Final = (
    "addresses",
    "api_key_index",
    "companies",
    "inbox_minutes",
    "schedule_ledger",
    "send_hold",
    "stray_events",
    "users",
)

every_use = pytest.mark.parametrize(("policy", "use"), USES.items(), ids=[" ".join(policy) for policy in USES])


@pytest.fixture(scope="module")
async def scene(servers: Servers) -> AsyncIterator[Scene]:
    async with open_scene(servers) as scene:
        yield scene


class TestPolicies:
    async def test_each_of_them_is_looked_at(self, scene: Scene) -> None:
        found = text("SELECT tablename, policyname FROM pg_policies WHERE tablename = ANY (:tables)")
        async with scene.planted() as connection:
            tables = [table.name for table in INSTALLATION_TABLES]
            policies = {tuple(row) for row in await connection.execute(found, {"tables": tables})}
        assert policies == set(USES) | {(table, "owner") for table in OWNED}

    @every_use
    async def test_what_it_is_there_for_works(self, scene: Scene, policy: tuple[str, str], use: Use) -> None:
        assert policy in USES
        assert await _is_answered(scene.logged_in, use, scene)

    @every_use
    async def test_it_is_missed_when_it_is_dropped(self, scene: Scene, policy: tuple[str, str], use: Use) -> None:
        table, name = policy
        async with scene.planted(f"DROP POLICY {name} ON {table}") as connection:
            assert not await _is_answered(within(connection), use, scene)
            assert f"{table}: policy {name} is missing" in await find_gaps(connection, EXPECTED)

    async def test_a_company_that_sees_every_company_is_noticed(self, scene: Scene) -> None:
        async with scene.planted("ALTER POLICY tenant ON companies USING (true)") as connection:
            assert not await _is_answered(within(connection), USES["companies", "tenant"], scene)


class TestInstallationTables:
    @pytest.mark.parametrize("table", INSTALLATION_TABLES, ids=lambda table: table.name)
    @pytest.mark.parametrize("weakened", ["DISABLE", "NO FORCE"])
    async def test_one_whose_security_is_off_is_a_gap(self, scene: Scene, table: Table, weakened: str) -> None:
        async with scene.planted(f"ALTER TABLE {table.name} {weakened} ROW LEVEL SECURITY") as connection:
            gap = f"{table.name}: row-level security is not enabled and forced"
            assert await find_gaps(connection, EXPECTED) == [gap]

    @pytest.mark.parametrize("table", ["addresses", "api_key_index", "schedule_ledger", "users"])
    async def test_the_app_cannot_read_one_directly(self, scene: Scene, table: str) -> None:
        async with scene.logged_in(APP, scene.ana.company) as connection:
            assert await attempt(connection, text(f"SELECT FROM {table}")) == Attempt(refusal=NOT_ALLOWED)

    @pytest.mark.parametrize("table", OWNED)
    async def test_their_owner_is_told_to_go_through_priv(self, scene: Scene, table: str) -> None:
        async with scene.logged_in(MIGRATOR, scene.ana.company) as connection:
            assert await attempt(connection, text(f"SELECT FROM {table}")) == Attempt(refusal=RAISED)

    @pytest.mark.parametrize("table", OWNED)
    async def test_without_that_policy_their_owner_would_change_nothing_unheard(self, scene: Scene, table: str) -> None:
        async with scene.planted(f"DROP POLICY owner ON {table}") as connection:
            assert f"{table}: policy owner is missing" in await find_gaps(connection, EXPECTED)
            async with within(connection)(MIGRATOR) as owner:
                assert await attempt(owner, delete(METADATA.tables[table])) == Attempt()

    async def test_the_app_cannot_turn_the_clock(self, scene: Scene) -> None:
        async with scene.logged_in(APP, scene.ana.company) as connection:
            turned = text("UPDATE clock_shift SET shift = '1 day'")
            assert await attempt(connection, turned) == Attempt(refusal=NOT_ALLOWED)


class TestCompanies:
    async def test_a_company_reads_its_own_row_alone(self, scene: Scene) -> None:
        async with scene.logged_in(APP, scene.ana.company) as connection:
            assert list(await connection.scalars(select(Company.id))) == [scene.ana.company]

    async def test_without_a_company_there_is_none_to_read(self, scene: Scene) -> None:
        async with scene.logged_in(APP) as connection:
            assert list(await connection.scalars(select(Company.id))) == []

    async def test_a_company_renames_itself_and_no_other(self, scene: Scene) -> None:
        async with scene.logged_in(APP, scene.ana.company) as connection:
            assert await attempt(connection, text("UPDATE companies SET name = 'x'")) == Attempt(rows=1)

    @pytest.mark.parametrize(
        "statement",
        [
            "INSERT INTO companies (id, slug, name) VALUES (gen_random_uuid(), 'nova', 'x')",
            "DELETE FROM companies",
            "UPDATE companies SET slug = 'outra'",
            "UPDATE companies SET id = gen_random_uuid()",
        ],
    )
    async def test_a_company_neither_adds_nor_removes_nor_renumbers_one(self, scene: Scene, statement: str) -> None:
        async with scene.logged_in(APP, scene.ana.company) as connection:
            assert await attempt(connection, text(statement)) == Attempt(refusal=NOT_ALLOWED)


async def _is_answered(door: Door, use: Use, scene: Scene) -> bool:
    async with door(use.role, scene.ana.company if use.is_asked_by_ana else None) as connection:
        try:
            return list(await connection.scalars(text(use.question))) == [True]
        except DBAPIError:
            return False
