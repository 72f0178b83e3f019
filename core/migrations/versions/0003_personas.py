"""Personas and their turns: versions, leads, handoffs, timers, drafts, effects, memory; what customers ask about."""

import re
from pathlib import Path
from typing import Final

from alembic import op

from core.db import rls
from core.db.roles import APP, PRIV

revision: Final = "0003"
down_revision: Final = "0002"

# Those that others refer to come first.
_NEW: Final = (
    "persona_versions",
    "boards",
    "board_stages",
    "leads",
    "lead_stage_events",
    "handoffs",
    "timers",
    "drafts",
    "effects",
    "contact_facts",
    "conversation_summaries",
    "opening_hours",
    "appointments",
    "orders",
    "charges",
)
_CLAIMED: Final = ("effects", "timers")
_OLD_COLUMNS: Final = [
    "ALTER TABLE companies DROP COLUMN default_persona",
    "ALTER TABLE conversations DROP COLUMN persona_version_id",
    """ALTER TABLE turns DROP COLUMN outcome, DROP COLUMN payload, DROP COLUMN restarts, DROP COLUMN persona_version_id,
        DROP COLUMN model_calls, DROP COLUMN input_tokens, DROP COLUMN output_tokens, DROP COLUMN cached_tokens,
        DROP COLUMN cost_micros""",
]


def upgrade() -> None:
    _run("0003_tables.sql")
    for table in _NEW:
        _run_each(rls.protect_tenant_table(table))
    for table in _CLAIMED:
        _run_each(rls.let_priv_claim(table))
    op.execute(f"GRANT UPDATE (default_persona) ON companies TO {APP}")
    op.execute(f"SET LOCAL ROLE {PRIV}")
    _run("0003_priv.sql")
    op.execute("RESET ROLE")


def downgrade() -> None:
    """Back to the tables and functions of 0002; what the new ones held is gone."""
    made = [statement for statement in _statements("0003_priv.sql") if "CREATE FUNCTION" in statement]
    op.execute(f"SET LOCAL ROLE {PRIV}")
    for statement in made:
        op.execute(f"DROP FUNCTION {re.search(r'CREATE FUNCTION (priv[.][a-z_]+)', statement)[1]}")  # type: ignore[index] # it was just filtered
    _run_each([statement for statement in _statements("0001_priv.sql") if "priv.claim_turns" in statement])
    op.execute("RESET ROLE")
    _run_each(_OLD_COLUMNS)
    for table in reversed(_NEW):
        op.execute(f"DROP TABLE {table}")


def _run(file: str) -> None:
    _run_each(_statements(file))


def _statements(file: str) -> list[str]:
    return Path(__file__).with_name(file).read_text().split("\n;;\n")


def _run_each(statements: list[str]) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)
