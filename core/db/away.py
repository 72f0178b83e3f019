"""How it looks, in this process, that the database cannot be reached or was lost on the way."""

from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# The last one is raised by a line that the server ended while nobody used it; SQLAlchemy hands it on as it is.
AWAY: Final = (OSError, DBAPIError, PoolTimeout, asyncpg.InternalClientError)
