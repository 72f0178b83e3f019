"""The three roles of the database, made by a superuser once.

`migrator` owns the tables; `app` owns nothing and is a member of nothing; `masteria_priv` cannot log in and owns the
functions that work across companies. None of them bypasses row-level security.
"""

from typing import Any, Final

import asyncpg

MIGRATOR: Final = "migrator"
APP: Final = "app"
PRIV: Final = "masteria_priv"

# Run once by a superuser. `docker/postgres/roles.sh` runs the same statements for compose.
_PLAIN: Final = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
_ROLE_SQL: Final = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{MIGRATOR}') THEN CREATE ROLE {MIGRATOR}; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP}') THEN CREATE ROLE {APP}; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{PRIV}') THEN CREATE ROLE {PRIV}; END IF;
END $$;
ALTER ROLE {MIGRATOR} LOGIN {_PLAIN};
ALTER ROLE {APP} LOGIN {_PLAIN};
ALTER ROLE {PRIV} NOLOGIN {_PLAIN};
ALTER ROLE {APP} SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE {APP} SET statement_timeout = '15s';
GRANT {PRIV} TO {MIGRATOR} WITH INHERIT FALSE, SET TRUE;
"""


async def make_roles(superuser: "asyncpg.Connection[Any]", *, migrator_password: str, app_password: str) -> None:
    await superuser.execute(_ROLE_SQL)
    for role, password in ((MIGRATOR, migrator_password), (APP, app_password)):
        quoted = await superuser.fetchval("SELECT quote_literal($1::text)", password)
        await superuser.execute(f"ALTER ROLE {role} PASSWORD {quoted}")


async def make_database(superuser: "asyncpg.Connection[Any]", name: str) -> None:
    if not await superuser.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
        await superuser.execute(f'CREATE DATABASE "{name}" OWNER {MIGRATOR}')
    await superuser.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
    await superuser.execute(f'GRANT CONNECT ON DATABASE "{name}" TO {APP}')


async def make_extensions(superuser_in_database: "asyncpg.Connection[Any]") -> None:
    await superuser_in_database.execute("CREATE EXTENSION IF NOT EXISTS vector")
