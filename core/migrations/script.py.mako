"""${message}.

One step, restartable: it runs in one transaction, or each of its statements can be run again.
The lock timeout of env.py holds; a data step goes through `core.db.migrate.for_each_company`.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision: Final = ${repr(up_revision)}
down_revision: Final = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
