"""Short leases of turns, renewed while whoever took them lives."""

from pathlib import Path
from typing import Final

from alembic import op

from core.db.roles import PRIV

revision: Final = "0007"
down_revision: Final = "0006"


def upgrade() -> None:
    op.execute(f"SET LOCAL ROLE {PRIV}")
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0007_priv.sql").read_text())
    op.execute("RESET ROLE")


def downgrade() -> None:
    op.execute(f"SET LOCAL ROLE {PRIV}")
    op.execute("DROP FUNCTION priv.hold_turns")
    op.execute("RESET ROLE")
