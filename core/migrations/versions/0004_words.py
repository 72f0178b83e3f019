"""What files say in words, as a model heard or saw it; whose words a summary is; what is overtaken, or too late."""

import re
from pathlib import Path
from typing import Final

from alembic import op

from core.db.roles import PRIV

revision: Final = "0004"
down_revision: Final = "0003"

_OLD_COLUMNS: Final = [
    "DROP INDEX ix_media_files_awaited, ix_media_files_heard, ix_leads_updated, ix_effects_expiring",
    """ALTER TABLE media_files DROP COLUMN words, DROP COLUMN words_state, DROP COLUMN words_reason,
        DROP COLUMN words_model, DROP COLUMN words_tries, DROP COLUMN model_calls, DROP COLUMN input_tokens,
        DROP COLUMN output_tokens, DROP COLUMN cost_micros, DROP COLUMN heard_at""",
    "ALTER TABLE conversation_summaries DROP COLUMN model",
    "ALTER TABLE persona_versions ALTER COLUMN definition TYPE JSONB USING definition::jsonb",
]


def upgrade() -> None:
    _run_each(_statements("0004_tables.sql"))
    op.execute(f"SET LOCAL ROLE {PRIV}")
    _run_each(_statements("0004_priv.sql"))
    op.execute("RESET ROLE")


def downgrade() -> None:
    """Back to the tables and functions of 0003; words that were heard are gone, the files stay."""
    op.execute(f"SET LOCAL ROLE {PRIV}")
    for name in re.findall(r"CREATE FUNCTION (priv[.][a-z_]+)", "".join(_statements("0004_priv.sql"))):
        op.execute(f"DROP FUNCTION {name}")
    _run_each([before for before in map(_made_again, _statements("0003_priv.sql")) if before is not None])
    op.execute("RESET ROLE")
    _run_each(_OLD_COLUMNS)


def _made_again(statement: str) -> str | None:
    """As it was before, of those that are replaced here."""
    replaced = re.findall(r"CREATE OR REPLACE FUNCTION (priv[.][a-z_]+)", "".join(_statements("0004_priv.sql")))
    found = re.search(r"CREATE FUNCTION (priv[.][a-z_]+)", statement)
    is_replaced = found is not None and found[1] in replaced
    return statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION") if is_replaced else None


def _statements(file: str) -> list[str]:
    return Path(__file__).with_name(file).read_text().split("\n;;\n")


def _run_each(statements: list[str]) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)
