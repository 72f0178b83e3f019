"""How it looks, in this process, that the database is away, was lost on the way, or has trouble of its own."""

from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# The last one is raised by a line that the server ended while nobody used it; SQLAlchemy hands it on as it is.
AWAY: Final = (OSError, DBAPIError, PoolTimeout, asyncpg.InternalClientError)
# Classes of SQLSTATE that say nothing of what was asked for: the line, a rollback, room, locks, the server itself.
_TROUBLE: Final = ("08", "40", "53", "55", "57", "58")


def is_trouble(error: BaseException) -> bool:
    """Of ours, and it will pass. Whatever is not known as such counts against what was tried: it may never pass."""
    is_away = error.connection_invalidated if isinstance(error, DBAPIError) else isinstance(error, AWAY)
    return is_away or state_of(error).startswith(_TROUBLE)


def state_of(error: BaseException) -> str:
    """The SQLSTATE; nothing where there is none."""
    return str(getattr(getattr(error, "orig", None), "sqlstate", "") or "")
