"""The staff group: its bots, people and topics, what has to be said there; what people keep about a contact."""

import re
from pathlib import Path
from typing import Final

from alembic import op

from core.db import rls
from core.db.roles import APP, PRIV

revision: Final = "0006"
down_revision: Final = "0005"

# Those that others refer to come first.
_NEW: Final = (
    "contact_tags",
    "contact_notes",
    "draft_cases",
    "erasures",
    "staff_bots",
    "staff_updates",
    "staff_groups",
    "staff_codes",
    "staff_people",
    "staff_topics",
    "staff_notes",
    "staff_lines",
    "staff_buttons",
)
_CLAIMED: Final = ("connections", "handoffs", "staff_bots")
_KNOWN: Final = ("connections", "handoffs")  # of these, those that are older
_BLANKED: Final = ("audit_log", "consent_events", "contact_events", "lead_stage_events")
_OLD_COLUMNS: Final = [
    "ALTER TABLE connections DROP COLUMN bot_paused_at",
    "ALTER TABLE companies DROP COLUMN answer_wait_seconds",
    "ALTER TABLE handoffs DROP COLUMN told_at, DROP COLUMN category, DROP COLUMN closing_note",
    *(f"DROP POLICY priv ON {table}" for table in _KNOWN),
    *(f"REVOKE SELECT ON {table} FROM {PRIV}" for table in _KNOWN),
    *(f"DROP POLICY priv ON {table}" for table in _BLANKED),
    *(f"REVOKE ALL ON {table} FROM {PRIV}" for table in _BLANKED),
]


def upgrade() -> None:
    _run("0006_tables.sql")
    for table in _NEW:
        _run_each(rls.protect_tenant_table(table))
    for table in _CLAIMED:
        _run_each(rls.let_priv_claim(table))
    for table in _BLANKED:
        _run_each(rls.let_priv_blank(table))
    op.execute(f"GRANT UPDATE (answer_wait_seconds) ON companies TO {APP}")
    op.execute(f"SET LOCAL ROLE {PRIV}")
    _run("0006_priv.sql")
    op.execute("RESET ROLE")


def downgrade() -> None:
    """Back to a release without a staff group; it must be bound again afterwards."""
    op.execute(f"SET LOCAL ROLE {PRIV}")
    for name in re.findall(r"CREATE FUNCTION (priv[.][a-z_]+)", "".join(_statements("0006_priv.sql"))):
        op.execute(f"DROP FUNCTION {name}")
    op.execute("RESET ROLE")
    for table in reversed(_NEW):
        op.execute(f"DROP TABLE {table}")
    _run_each(_OLD_COLUMNS)


def _run(file: str) -> None:
    _run_each(_statements(file))


def _statements(file: str) -> list[str]:
    return Path(__file__).with_name(file).read_text().split("\n;;\n")


def _run_each(statements: list[str]) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)
