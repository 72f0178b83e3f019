"""The traps of row-level security (docs/architecture.md, "Tenancy") that lie in how a connection is used."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import Select, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import ProgrammingError

from core.db.roles import APP
from core.db.sessions import Database, Pool
from core.ids import new_id
from core.models.people import Connection, ConnectionKind, Contact, ContactIdentity, IdentityKind
from tests.fixtures.isolation import Attempt, Scene, attempt, open_scene
from tests.fixtures.servers import Servers

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = {".py", ".sql", ".sh"}
# A company that outlives its transaction: the next borrower of the connection would be that company.
STICKY: Final = re.compile(r"\bSET\s+(SESSION\s+)?app\.tenant|set_config\((?![^()]*,\s*true\s*\))", re.IGNORECASE)
TENANT: Final = text("SELECT current_setting('app.tenant', true)")


@pytest.fixture(scope="module")
async def scene(servers: Servers) -> AsyncIterator[Scene]:
    async with open_scene(servers) as scene:
        yield scene


@pytest.fixture
async def one_line(scene: Scene) -> AsyncIterator[Database]:
    """A database with a single connection, so that the next borrower gets the very same."""
    database = Database(scene.app.url.render_as_string(hide_password=False), Pool(size=1, overflow=0))
    yield database
    await database.close()


class TestTraps06And07Keys:
    async def test_trap_06_a_child_cannot_point_at_another_companys_parent(self, scene: Scene) -> None:
        """And the answer is the one for a parent that does not exist: it is no way to ask who has what."""
        assert await self._adopt(scene, scene.ana.id_of("contacts")) == "23503"
        assert await self._adopt(scene, new_id()) == "23503"

    async def test_trap_07_two_companies_hold_the_same_key(self, scene: Scene) -> None:
        for filled in (scene.ana, scene.beto):
            values = {"tenant_id": filled.company, "id": new_id(), "kind": ConnectionKind.SMS, "name": "vendas"}
            async with scene.logged_in(APP, filled.company) as connection:
                added = upsert(Connection).values(values).on_conflict_do_nothing().returning(Connection.id)
                assert await attempt(connection, added) == Attempt(rows=1)
                await connection.commit()

    async def _adopt(self, scene: Scene, contact: UUID) -> str | None:
        child = {"tenant_id": scene.beto.company, "id": new_id(), "kind": IdentityKind.PHONE, "value": "+551133"}
        async with scene.logged_in(APP, scene.beto.company) as connection:
            return (await attempt(connection, insert(ContactIdentity).values(**child, contact_id=contact))).refusal


class TestTrap10EmptySetting:
    async def test_trap_10_a_connection_that_served_a_company_has_an_empty_setting(
        self, one_line: Database, scene: Scene
    ) -> None:
        async with one_line.tenant_session(scene.ana.company) as session:
            assert await session.scalar(TENANT) == str(scene.ana.company)
        async with one_line.crossing() as crossing:
            assert await crossing.scalar(TENANT) == ""

    async def test_trap_10_an_empty_setting_is_no_company_and_no_error(self, one_line: Database, scene: Scene) -> None:
        async with one_line.tenant_session(scene.ana.company):
            pass
        async with one_line.crossing() as crossing:
            assert await crossing.scalar(select(func.current_tenant())) is None
            assert await crossing.scalar(_how_many()) == 0


class TestTrap11NoTransaction:
    async def test_trap_11_a_company_set_outside_a_transaction_is_gone_at_once(self, scene: Scene) -> None:
        connection = await _connect(scene)
        await connection.execute("SELECT set_config('app.tenant', $1, true)", str(scene.ana.company))
        assert await connection.fetchval("SELECT count(*) FROM contacts") == 0
        await connection.close()

    async def test_trap_11_the_engine_never_commits_by_itself(self, one_line: Database, scene: Scene) -> None:
        async with one_line.tenant_session(scene.ana.company) as session:
            first = await session.scalar(text("SELECT pg_current_xact_id()::text"))
            assert await session.scalar(text("SELECT pg_current_xact_id()::text")) == first
            assert await session.scalar(_how_many()) == 1


class TestTrap12PlainSet:
    async def test_trap_12_a_plain_set_would_make_the_next_borrower_that_company(self, scene: Scene) -> None:
        connection = await _connect(scene)
        async with connection.transaction():
            await connection.execute(f"SET app.tenant = '{scene.ana.company}'")
        assert await connection.fetchval("SELECT count(*) FROM contacts") == 1
        await connection.close()

    async def test_trap_12_the_next_borrower_of_a_connection_sees_nothing(
        self, one_line: Database, scene: Scene
    ) -> None:
        async with one_line.tenant_session(scene.ana.company) as session:
            served_by = await session.scalar(select(func.pg_backend_pid()))
            assert await session.scalar(_how_many()) == 1
        async with one_line.crossing() as crossing:
            assert await crossing.scalar(select(func.pg_backend_pid())) == served_by
            assert await crossing.scalar(_how_many()) == 0

    async def test_trap_12_it_sees_nothing_after_an_error_either(self, one_line: Database, scene: Scene) -> None:
        with pytest.raises(ProgrammingError):
            async with one_line.tenant_session(scene.ana.company) as session:
                await session.execute(text("SELECT FROM no_such_table"))
        async with one_line.crossing() as crossing:
            assert await crossing.scalar(_how_many()) == 0

    async def test_trap_12_companies_take_turns_on_one_connection(self, one_line: Database, scene: Scene) -> None:
        for filled in (scene.ana, scene.beto) * 3:
            async with one_line.tenant_session(filled.company) as session:
                assert list(await session.scalars(select(Contact.tenant_id))) == [filled.company]

    def test_trap_12_no_code_of_ours_sets_a_company_beyond_its_transaction(self) -> None:
        files = (file for folder in ROOT.iterdir() if _ships(folder) for file in folder.rglob("*"))
        sources = [file for file in files if file.suffix in SOURCES]
        assert len(sources) > 20
        sticky = [str(file) for file in sources if STICKY.search(file.read_text())]
        assert sticky == []

    @pytest.mark.parametrize(
        "statement",
        [
            "SET app.tenant = 'x'",
            "set  session app.tenant to 'x'",
            "SELECT set_config('app.tenant', :tenant, false)",
            "SELECT set_config('app.tenant', :tenant, :local)",
        ],
    )
    def test_trap_12_the_scan_finds_a_company_that_would_stay(self, statement: str) -> None:
        assert STICKY.search(statement)

    @pytest.mark.parametrize(
        "statement", ["SELECT set_config('app.tenant', :tenant, true)", "SET LOCAL app.tenant = 'x'"]
    )
    def test_trap_12_the_scan_passes_a_company_that_ends_with_its_transaction(self, statement: str) -> None:
        assert not STICKY.search(statement)


class TestTrap13Plans:
    @pytest.mark.parametrize("mode", ["auto", "force_generic_plan", "force_custom_plan"])
    async def test_trap_13_a_prepared_plan_follows_the_company(self, scene: Scene, mode: str) -> None:
        connection = await _connect(scene)
        await connection.execute(f"SET plan_cache_mode = {mode}")
        prepared = await connection.prepare("SELECT tenant_id FROM contacts WHERE created_at < $1")
        moment = await connection.fetchval("SELECT now() + interval '1 day'")
        for filled in (scene.ana, scene.beto) * 6:  # more than the five runs after which a plan becomes generic
            async with connection.transaction():
                await connection.execute("SELECT set_config('app.tenant', $1, true)", str(filled.company))
                assert [row["tenant_id"] for row in await prepared.fetch(moment)] == [filled.company]
        assert await prepared.fetch(moment) == []
        await connection.close()


class TestTrap14RowSecurityOff:
    async def test_trap_14_the_app_cannot_turn_row_level_security_off(self, scene: Scene) -> None:
        async with scene.logged_in(APP, scene.ana.company) as connection:
            await connection.execute(text("SET LOCAL row_security = off"))
            with pytest.raises(ProgrammingError, match="would be affected by row-level security policy"):
                await connection.execute(_how_many())


class TestTrap15MovingRows:
    async def test_trap_15_a_row_cannot_be_moved_to_another_company(self, scene: Scene) -> None:
        async with scene.logged_in(APP, scene.ana.company) as connection:
            moved = update(Contact).values(tenant_id=scene.beto.company)
            with pytest.raises(ProgrammingError, match="new row violates row-level security policy"):
                await connection.execute(moved)

    async def test_trap_15_an_upsert_cannot_move_one_either(self, scene: Scene) -> None:
        row = {"tenant_id": scene.ana.company, "id": scene.ana.id_of("contacts")}
        moved = (
            upsert(Contact)
            .values(row)
            .on_conflict_do_update(index_elements=["tenant_id", "id"], set_={"tenant_id": scene.beto.company})
        )
        async with scene.logged_in(APP, scene.ana.company) as connection:
            with pytest.raises(ProgrammingError, match="new row violates row-level security policy"):
                await connection.execute(moved)


class TestRecordOfWhatHappened:
    @pytest.mark.parametrize(
        "statement",
        ["UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log", "UPDATE domain_events SET kind = 'x'"],
    )
    async def test_the_app_cannot_change_it(self, scene: Scene, statement: str) -> None:
        async with scene.logged_in(APP, scene.ana.company) as connection:
            with pytest.raises(ProgrammingError, match="permission denied"):
                await connection.execute(text(statement))


def _how_many() -> Select[int]:
    return select(func.count()).select_from(Contact)


async def _connect(scene: Scene) -> "asyncpg.Connection[Any]":
    """The login of the app without our engine around it."""
    return await asyncpg.connect(scene.app.url.set(drivername="postgresql").render_as_string(hide_password=False))


def _ships(folder: Path) -> bool:
    """Tests are left out: they plant what must not be."""
    return folder.is_dir() and folder.name not in {"tests", "baileys_relay"} and not folder.name.startswith(".")
