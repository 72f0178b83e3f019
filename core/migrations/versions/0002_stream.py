"""The stream at work: media, parked news, consent, batches, and the functions that claim what is due."""

import re
from pathlib import Path
from typing import Final

from alembic import op

from core.db import rls
from core.db.roles import APP, PRIV

revision: Final = "0002"
down_revision: Final = "0001"

# Those that others refer to come first.
_NEW: Final = (
    "send_batches",
    "outbound",
    "outbound_attempts",
    "consent_events",
    "contact_events",
    "media_files",
    "message_templates",
    "parked_news",
    "send_breakers",
    "suppressions",
)
_OLD_COLUMNS: Final = [
    "ALTER TABLE messages DROP COLUMN edited_at",
    "ALTER TABLE clock_shift DROP COLUMN is_rehearsal",
    "ALTER TABLE companies DROP COLUMN quiet_from, DROP COLUMN quiet_until",
    "ALTER TABLE connections DROP COLUMN health, DROP COLUMN checked_at, DROP CONSTRAINT ck_connections_state",
    """ALTER TABLE connections ADD CONSTRAINT ck_connections_state
        CHECK (state IN ('active', 'credential_refused', 'needs_pairing', 'disabled'))""",
]
_INSTALLATION: Final = ("inbox_minutes", "send_hold", "stray_events")
_CLAIMED: Final = ("media_files", "outbound", "parked_news", "send_batches")


def upgrade() -> None:
    _run("0002_tables.sql")
    for table in _NEW:
        _run_each(rls.protect_tenant_table(table))
    for table in _INSTALLATION:
        _run_each(rls.protect_installation_table(table))
    for table in _CLAIMED:
        _run_each(rls.let_priv_claim(table))
    op.execute(f"GRANT INSERT ON incoming_events TO {PRIV}")  # 0001 grants it too, but did not always
    op.execute(f"GRANT UPDATE (quiet_from, quiet_until) ON companies TO {APP}")
    op.execute(f"SET LOCAL ROLE {PRIV}")
    _run("0002_priv.sql")
    op.execute("RESET ROLE")


def downgrade() -> None:
    """Back to the tables and functions of 0001; what the new ones held is gone."""
    made = [statement for statement in _statements("0002_priv.sql") if "CREATE FUNCTION" in statement]
    op.execute(f"SET LOCAL ROLE {PRIV}")
    for statement in made:
        op.execute(f"DROP FUNCTION {re.search(r'CREATE FUNCTION (priv[.][a-z_]+)', statement)[1]}")  # type: ignore[index] # it was just filtered
    _run_each([statement for statement in _statements("0001_priv.sql") if "priv.claim_incoming" in statement])
    op.execute("RESET ROLE")
    for table in (*reversed(_NEW), *_INSTALLATION):
        op.execute(f"DROP TABLE {table}")
    _run_each(
        [statement for statement in _statements("0001_tables.sql") if re.search(r"\boutbound(_attempts)? ", statement)]
    )
    for table in ("outbound", "outbound_attempts"):
        _run_each(rls.protect_tenant_table(table))
    _run_each(rls.let_priv_claim("outbound"))
    _run_each(_OLD_COLUMNS)


def _run(file: str) -> None:
    _run_each(_statements(file))


def _statements(file: str) -> list[str]:
    return Path(__file__).with_name(file).read_text().split("\n;;\n")


def _run_each(statements: list[str]) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)
