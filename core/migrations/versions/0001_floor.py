"""The floor and the stream: tables, isolation, and the functions that work across companies."""

from pathlib import Path
from typing import Final

from alembic import op
from sqlalchemy import inspect

from core.db import rls
from core.db.roles import APP, PRIV

revision: Final = "0001"
down_revision: Final = None

_INSTALLATION: Final = ("companies", "users", "addresses", "api_key_index", "schedule_ledger", "clock_shift")
_DEFAULT_PARTITION: Final = "incoming_events_default"
_CLAIMED: Final = ("incoming_events", "memberships", "outbound", "turns")


def upgrade() -> None:
    op.execute(f"GRANT USAGE ON SCHEMA public TO {APP}, {PRIV}")
    op.execute(f"GRANT SELECT ON alembic_version TO {APP}")
    _make_clock()
    _run("0001_tables.sql")
    op.execute(f"CREATE TABLE {_DEFAULT_PARTITION} PARTITION OF incoming_events DEFAULT")
    _protect()
    _make_priv()


def downgrade() -> None:
    op.execute(f"SET LOCAL ROLE {PRIV}")
    for signature in (
        op.get_bind()
        .exec_driver_sql("SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'priv'::regnamespace")
        .scalars()
    ):
        op.execute(f"DROP FUNCTION {signature}")
    op.execute("RESET ROLE")
    op.execute("DROP SCHEMA priv")
    for table in inspect(op.get_bind()).get_table_names():
        op.execute(f"DROP TABLE IF EXISTS {table} CASCADE" if table != "alembic_version" else "SELECT 1")
    op.execute("DROP FUNCTION IF EXISTS app_now(), through_priv(), required_tenant(), current_tenant()")


def _make_clock() -> None:
    op.execute(
        "CREATE TABLE clock_shift (is_only boolean DEFAULT true NOT NULL, "
        "shift interval DEFAULT '0'::interval NOT NULL, "
        "CONSTRAINT ck_clock_shift_is_only CHECK (is_only), CONSTRAINT pk_clock_shift PRIMARY KEY (is_only))"
    )
    op.execute("INSERT INTO clock_shift DEFAULT VALUES")
    _run("0001_functions.sql")


def _protect() -> None:
    for table in _tenant_tables():
        _run_each(rls.protect_tenant_table(table))
    _run_each(rls.protect_partition(_DEFAULT_PARTITION))
    for table in _INSTALLATION:
        _run_each(rls.protect_installation_table(table))
    for table in _CLAIMED:
        _run_each(rls.let_priv_claim(table))
    op.execute("CREATE POLICY everyone ON clock_shift FOR SELECT USING (true)")
    op.execute("GRANT SELECT ON clock_shift TO PUBLIC")
    own = "id = current_tenant()"
    op.execute(f"CREATE POLICY tenant ON companies TO {APP} USING ({own}) WITH CHECK ({own})")
    op.execute(f"GRANT SELECT, UPDATE (name, time_zone, locale, retention_days, shredded_at) ON companies TO {APP}")


def _make_priv() -> None:
    """Owned by a role that cannot log in, so that what they may see is spelled out in policies."""
    op.execute("CREATE SCHEMA priv")
    op.execute(f"GRANT USAGE, CREATE ON SCHEMA priv TO {PRIV}")
    op.execute(f"GRANT USAGE ON SCHEMA priv TO {APP}")
    migrator = op.get_bind().exec_driver_sql("SELECT current_user").scalar_one()
    op.execute(f"SET LOCAL ROLE {PRIV}")
    op.execute(f"ALTER DEFAULT PRIVILEGES FOR ROLE {PRIV} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
    op.execute(f'ALTER DEFAULT PRIVILEGES FOR ROLE {PRIV} GRANT EXECUTE ON FUNCTIONS TO {APP}, "{migrator}"')
    _run("0001_priv.sql")
    op.execute("RESET ROLE")


def _tenant_tables() -> list[str]:
    tables = op.get_bind().exec_driver_sql(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' "
        "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
    )
    return list(tables.scalars())


def _run(file: str) -> None:
    _run_each(Path(__file__).with_name(file).read_text().split("\n;;\n"))


def _run_each(statements: list[str]) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)
