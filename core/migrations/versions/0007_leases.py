"""Short leases of turns, renewed while whoever took them lives; what was begun too often is taken one by one."""

from pathlib import Path
from typing import Final

from alembic import op

from core.db.roles import PRIV

revision: Final = "0007"
down_revision: Final = "0006"


def upgrade() -> None:
    """The release before goes on claiming by the function that it knows."""
    op.execute(f"SET LOCAL ROLE {PRIV}")
    for statement in Path(__file__).with_name("0007_priv.sql").read_text().split("\n;;\n"):
        op.get_bind().exec_driver_sql(statement)
    op.execute("RESET ROLE")


def downgrade() -> None:
    op.execute(f"SET LOCAL ROLE {PRIV}")
    op.execute("DROP FUNCTION priv.claim_turns(integer, interval, boolean), priv.hold_turns")
    op.execute("RESET ROLE")
