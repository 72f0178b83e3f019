"""Files that were fetched from the staff group and became no message's: notes among staff, and what was refused."""

from datetime import timedelta
from typing import Final

from core import clock
from core.db.sessions import Database
from core.ids import CompanyId
from core.objects import ObjectKey
from core.storage import Storage
from graphs.stores import erasing_files

KIND: Final = "staff"
_KEPT_FOR: Final = timedelta(days=1)  # whoever fetched one has used it by then
_BATCH: Final = 500


async def forget_strays(database: Database, storage: Storage, company: CompanyId) -> int:
    """How many are gone. What a message has, or a note that waits, stays."""
    before = clock.now() - _KEPT_FOR
    old = [listed.key async for listed in storage.list(company, kind=KIND) if listed.modified_at < before]
    forgotten = 0
    for start in range(0, len(old), _BATCH):
        forgotten += await _forget(database, storage, company, old[start : start + _BATCH])
    return forgotten


async def _forget(database: Database, storage: Storage, company: CompanyId, keys: list[ObjectKey]) -> int:
    async with database.tenant_session(company) as session:
        needed = await erasing_files.needed(session, [key.path for key in keys])
    strays = [key for key in keys if key.path not in needed]
    for key in strays:
        await storage.delete(key)
    return len(strays)
