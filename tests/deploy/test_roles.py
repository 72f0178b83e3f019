"""The script of compose and the SQL of the manual make the roles and the database that core/db/roles.py makes."""

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
from sqlalchemy.ext.asyncio import create_async_engine

from core.db import migrate
from core.db.roles import APP, MIGRATOR
from core.db.strength import refuse_strong_role
from core.embedded import DATABASE, Embedded
from core.home import Home
from core.servers.postgres import Postgres
from tests.deploy.files import ROLES, blocks, services
from tests.fixtures.servers import Servers, as_asyncpg

Catalogue = dict[str, list[tuple[Any, ...]]]

PASSWORDS: Final = {MIGRATOR: "m'igr\\ator", APP: "a$p:p"}  # what quoting could get wrong
PSQL: Final = ("psql", "--no-psqlrc", "--quiet", "--no-password", "--set", "ON_ERROR_STOP=1")

CATALOGUE: Final = {
    "roles": """
        SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
               rolconnlimit, rolvaliduntil, rolconfig
        FROM pg_roles WHERE rolname IN ('migrator', 'app', 'masteria_priv') ORDER BY 1""",
    "memberships": """
        SELECT m.roleid::regrole::text, m.member::regrole::text, m.admin_option, m.inherit_option, m.set_option
        FROM pg_auth_members m WHERE m.member::regrole::text IN ('migrator', 'app', 'masteria_priv') ORDER BY 1, 2""",
    "owner": "SELECT datdba::regrole::text, datconnlimit FROM pg_database WHERE datname = current_database()",
    "grants": """
        SELECT a.grantor::regrole::text, a.grantee::regrole::text, a.privilege_type, a.is_grantable
        FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = current_database() ORDER BY 1, 2, 3""",
    "schema": """
        SELECT n.nspname, a.grantee::regrole::text, a.privilege_type, a.is_grantable
        FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = 'public' ORDER BY 1, 2, 3""",
    "extensions": "SELECT extname, extversion, extnamespace::regnamespace::text FROM pg_extension ORDER BY 1",
    "defaults": "SELECT setdatabase <> 0, setrole::regrole::text, setconfig FROM pg_db_role_setting ORDER BY 1, 2",
}


async def read_catalogue(postgres: Postgres) -> Catalogue:
    connection = await postgres.connect(DATABASE)
    try:
        return {name: [tuple(row) for row in await connection.fetch(query)] for name, query in CATALOGUE.items()}
    finally:
        await connection.close()


def open_folder() -> Path:
    """One that the user of the embedded servers can pass through."""
    folder = Path(tempfile.mkdtemp(prefix="masteria-deploy-"))
    folder.chmod(0o711)
    return folder


@asynccontextmanager
async def bare_cluster() -> AsyncIterator[Postgres]:
    """A cluster of its own with the settings of compose, and nothing made in it."""
    folder = open_folder()
    words = services()["postgres"]["command"][1:]
    settings = dict(word.split("=", 1) for word in words if word != "-c")
    embedded = Embedded.of(Home.open(folder), postgres_settings=settings)
    try:
        await asyncio.to_thread(embedded.postgres.start, asyncio.subprocess.DEVNULL)
        await embedded.postgres.wait_ready()
        yield embedded.postgres
    finally:
        embedded.postgres.stop()
        shutil.rmtree(folder)


def environment(postgres: Postgres, **more: str) -> dict[str, str]:
    where = {"PGHOST": "127.0.0.1", "PGPORT": str(postgres.port), "LC_ALL": "C"}
    return where | {"PATH": f"{postgres._programs()}:{os.environ['PATH']}"} | more


async def run(command: tuple[str, ...], env: dict[str, str], text: str = "") -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(
        subprocess.run, command, env=env, input=text, capture_output=True, text=True, check=False
    )


async def run_script(postgres: Postgres, secrets: Path) -> "subprocess.CompletedProcess[str]":
    return await run((str(ROLES),), environment(postgres, SECRETS=str(secrets)))


async def run_manual(postgres: Postgres) -> None:
    """As an administrator who is no superuser; of pgvector, which only one may install, the service takes care."""
    superuser = await postgres.connect()
    await superuser.execute("CREATE ROLE dba LOGIN CREATEROLE CREATEDB PASSWORD 'dba'")
    await superuser.close()
    (sql,) = blocks("sql")
    for role, mark in ((MIGRATOR, "CHANGE-ME-1"), (APP, "CHANGE-ME-2")):
        assert mark in sql
        sql = sql.replace(mark, PASSWORDS[role].replace("'", "''"))
    before, extension, after = re.split(r"(CREATE EXTENSION .*;)", sql)
    as_dba = environment(postgres, PGUSER="dba", PGPASSWORD="dba")
    ran = await run((*PSQL, "--dbname", "postgres"), as_dba, before + after)
    assert ran.returncode == 0, ran.stderr
    inside = await postgres.connect(DATABASE)
    await inside.execute(extension)
    await inside.close()


def write_secrets(folder: Path, postgres: Postgres, passwords: dict[str, str]) -> None:
    for name, password in ({"postgres": postgres.superuser_password} | passwords).items():
        (folder / f"{name}_password").write_text(password and f"{password}\n")


async def opens(postgres: Postgres, role: str, password: str, database: str = DATABASE) -> bool:
    try:
        connection = await asyncpg.connect(
            host="127.0.0.1", port=postgres.port, user=role, password=password, database=database
        )
    except (asyncpg.InvalidPasswordError, asyncpg.InsufficientPrivilegeError):
        return False
    await connection.close()
    return True


async def find_drift(postgres: Postgres) -> list[str]:
    """What the processes would find: migrated by the migrator, then held against the models and the rules."""
    engines = {
        role: create_async_engine(
            as_asyncpg(postgres.url(user=role, password="", database=DATABASE)), connect_args={"password": password}
        )
        for role, password in PASSWORDS.items()
    }
    try:
        async with engines[MIGRATOR].connect() as connection:
            await migrate.upgrade(connection)
            drift = await migrate.find_drift(connection)
        async with engines[APP].connect() as connection:
            await refuse_strong_role(connection)
        return drift
    finally:
        for engine in engines.values():
            await engine.dispose()


class TestScript:
    async def test_it_makes_what_the_product_makes_at_every_run(self, servers: Servers, tmp_path: Path) -> None:
        wanted = await read_catalogue(servers.embedded.postgres)
        async with bare_cluster() as postgres:
            write_secrets(tmp_path, postgres, PASSWORDS)
            for _ in range(2):
                ran = await run_script(postgres, tmp_path)
                assert (ran.returncode, ran.stderr, ran.stdout) == (0, "", "")
                assert await read_catalogue(postgres) == wanted
            assert await find_drift(postgres) == []

    async def test_the_passwords_are_those_of_the_files_each_time(self, tmp_path: Path) -> None:
        async with bare_cluster() as postgres:
            write_secrets(tmp_path, postgres, PASSWORDS)
            await run_script(postgres, tmp_path)
            assert [await opens(postgres, role, password) for role, password in PASSWORDS.items()] == [True, True]
            write_secrets(tmp_path, postgres, PASSWORDS | {APP: "another"})
            await run_script(postgres, tmp_path)
            assert not await opens(postgres, APP, PASSWORDS[APP])
            assert await opens(postgres, APP, "another")

    async def test_what_it_cannot_do_it_says_and_makes_nothing(self, tmp_path: Path) -> None:
        async with bare_cluster() as postgres:
            write_secrets(tmp_path, postgres, PASSWORDS | {"postgres": "wrong"})
            refused = await run_script(postgres, tmp_path)
            write_secrets(tmp_path, postgres, PASSWORDS | {APP: ""})
            unread = await run_script(postgres, tmp_path)
            assert not await opens(postgres, MIGRATOR, PASSWORDS[MIGRATOR], "postgres")
        assert refused.returncode != 0
        assert "password authentication failed" in refused.stderr
        assert unread.returncode == 1
        assert unread.stderr.count("\n") == 1
        assert "app_password" in unread.stderr


class TestManual:
    async def test_its_sql_makes_what_the_product_makes(self, servers: Servers) -> None:
        wanted = await read_catalogue(servers.embedded.postgres)
        async with bare_cluster() as postgres:
            await run_manual(postgres)
            assert await read_catalogue(postgres) == wanted
            assert await find_drift(postgres) == []
            assert not await opens(postgres, "dba", "dba")
