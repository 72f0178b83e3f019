"""Files whose bytes are to go from the storage: of people who were erased, and those that nothing refers to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, text

from core.db.sessions import TenantSession


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    id: UUID
    keys: Sequence[str]


async def erased(session: TenantSession, *, most: int) -> list[File]:
    rows = await session.execute(_ERASED, {"most": most})
    return [File(id=row.id, keys=row.keys) for row in rows]


async def removed(session: TenantSession, files: Sequence[UUID]) -> None:
    await session.execute(_REMOVED, {"files": list(files)})


async def needed(session: TenantSession, keys: Sequence[str]) -> set[str]:
    """Which of these are a message's, or still to be shown in the group."""
    return set(await session.scalars(_NEEDED, {"keys": list(keys)}))


_ERASED: Final = text("""
    SELECT id, array_remove(ARRAY[storage_key, thumbnail_key], NULL) AS keys FROM media_files
    WHERE reason = 'erased' AND (storage_key IS NOT NULL OR thumbnail_key IS NOT NULL) ORDER BY id LIMIT :most
""")

_REMOVED: Final = text("""
    UPDATE media_files SET storage_key = NULL, thumbnail_key = NULL WHERE id = ANY (:files)
""").bindparams(bindparam("files", type_=ARRAY(Uuid)))

_NEEDED: Final = text("""
    SELECT storage_key FROM media_files WHERE storage_key = ANY (:keys)
    UNION SELECT thumbnail_key FROM media_files WHERE thumbnail_key = ANY (:keys)
    UNION SELECT body ->> 'storage_key' FROM staff_notes
        WHERE state IN ('queued', 'sending') AND body ->> 'storage_key' = ANY (:keys)
""").bindparams(bindparam("keys", type_=ARRAY(Text)))
