"""Rows into PostgreSQL, many at once, so that a row it refuses takes no neighbour along."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from admin_api.webhooks import store
from admin_api.webhooks.incoming import Incoming
from core.db.sessions import Database
from core.logging import get_logger

SECONDS: Final = 3.0
# Bad data, a reference to what is gone, too deep or too large: the row's own fault, whatever else is in its group.
_OWN_FAULTS: Final = ("22", "23", "54")

log = get_logger(__name__)


async def write(database: Database, rows: Sequence[Incoming]) -> set[UUID]:
    """Keep what can be kept; the ids of the rows that PostgreSQL refuses for good.

    Raises one of `AWAY` where the rows are not to blame: then some may be kept, and all may be written again.
    """
    try:
        await _keep(database, rows)
    except DBAPIError as error:
        if not _is_fault_of_rows(error):
            raise
        if len(rows) == 1:
            return await _write_poorer(database, rows[0], error)
        half = len(rows) // 2
        return await write(database, rows[:half]) | await write(database, rows[half:])
    return set()


async def _write_poorer(database: Database, row: Incoming, error: DBAPIError) -> set[UUID]:
    """Without what may be wrong with it: the payload, then the connection, which may have gone meanwhile."""
    if row.payload is not None:
        return await write(database, [replace(row, payload=None)])
    if row.connection is not None:
        return await write(database, [replace(row, connection=None)])
    log.error("inbox.row_refused", event_id=str(row.id), company=str(row.company), sqlstate=_state_of(error))
    return {row.id}


async def _keep(database: Database, rows: Sequence[Incoming]) -> None:
    async with asyncio.timeout(SECONDS):
        await store.keep_incoming(database, rows)


def _is_fault_of_rows(error: DBAPIError) -> bool:
    return _state_of(error)[:2] in _OWN_FAULTS


def _state_of(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")
