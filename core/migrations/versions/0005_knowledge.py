"""What a company knows: bases, passages and how they are found, approved answers, gaps, and what is being read in."""

import re
from pathlib import Path
from typing import Final

from alembic import op

from core.db import rls
from core.db.roles import PRIV

revision: Final = "0005"
down_revision: Final = "0004"

# Those that others refer to come first.
_NEW: Final = (
    "knowledge_bases",
    "knowledge_documents",
    "knowledge_passages",
    "knowledge_postings",
    "knowledge_spellings",
    "knowledge_synonyms",
    "embedding_spaces",
    "passage_vectors",
    "approved_answers",
    "answer_conflicts",
    "knowledge_gaps",
    "ingestion_jobs",
    "ingestion_items",
)
_CLAIMED: Final = ("embedding_spaces", "ingestion_jobs")


def upgrade() -> None:
    _run("0005_tables.sql")
    for table in _NEW:
        _run_each(rls.protect_tenant_table(table))
    for table in _CLAIMED:
        _run_each(rls.let_priv_claim(table))
    op.execute(f"SET LOCAL ROLE {PRIV}")
    _run("0005_priv.sql")
    op.execute("RESET ROLE")


def downgrade() -> None:
    """Back to a release that knows nothing; documents must be read in again afterwards."""
    op.execute(f"SET LOCAL ROLE {PRIV}")
    for name in re.findall(r"CREATE FUNCTION (priv[.][a-z_]+)", "".join(_statements("0005_priv.sql"))):
        op.execute(f"DROP FUNCTION {name}")
    op.execute("RESET ROLE")
    for table in reversed(_NEW):
        op.execute(f"DROP TABLE {table}")


def _run(file: str) -> None:
    _run_each(_statements(file))


def _statements(file: str) -> list[str]:
    return Path(__file__).with_name(file).read_text().split("\n;;\n")


def _run_each(statements: list[str]) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)
