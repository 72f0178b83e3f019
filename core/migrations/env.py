"""Where Alembic meets our engine: the migrator's connection comes in from `core.db.migrate`, never from a file."""

from alembic import context
from sqlalchemy import text

from core.models.tables import METADATA

LOCK_TIMEOUT = "3s"  # a migration that waits for a lock makes everybody behind it wait too


def run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
    )
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.commit()
    with context.begin_transaction():
        context.run_migrations()


run()
