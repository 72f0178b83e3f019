"""Where a file lies between its upload and its reading: in storage, sealed with a key of its own, then gone."""

import os
from collections.abc import Collection
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from core.crypto import KEY_BYTES, DataKey
from core.ids import CompanyId
from core.objects import Label, ObjectKey
from core.storage import Storage
from core.vault import Vault, place
from knowledge.parsing import MOST_BYTES
from knowledge.stores.jobs import Upload

_KIND: Final = "knowledge"
_SEALED: Final = Label(content_type="application/octet-stream")
_SEAL_BYTES: Final = 1024  # more than a seal adds


async def keep(storage: Storage, vault: Vault, item: UUID, data: bytes) -> Upload:
    """Named by its item, so that no other file ever takes its place."""
    key = os.urandom(KEY_BYTES)
    at = ObjectKey(company=vault.company, kind=_KIND, name=str(item))
    await storage.put(at, DataKey(item, key).seal(data, _place(vault.company, item)), label=_SEALED)
    return Upload(
        storage_key=at.path,
        sealed_key=vault.keys[0].seal(key, _place(vault.company, item)),
        size=len(data),
        sha256=sha256(data).hexdigest(),
    )


async def fetch(storage: Storage, vault: Vault, item: UUID, *, storage_key: str, sealed_key: bytes) -> bytes:
    """Raises `ObjectNotFound`, or `Tampered` where it is not the file that was kept."""
    sealed = await storage.get(ObjectKey.parse(storage_key), max_bytes=MOST_BYTES + _SEAL_BYTES)
    key = DataKey(item, vault.open(sealed_key, _place(vault.company, item)))
    return key.unseal(sealed, _place(vault.company, item))


async def forget(storage: Storage, storage_key: str) -> None:
    await storage.delete(ObjectKey.parse(storage_key))


async def forget_left(storage: Storage, company: CompanyId, *, waiting: Collection[str], before: datetime) -> int:
    """What nobody waits for: a reader died between the end of an item and the end of its file."""
    left = [
        one.key
        async for one in storage.list(company, kind=_KIND)
        if one.modified_at < before and one.key.path not in waiting
    ]
    for key in left:
        await storage.delete(key)
    return len(left)


def _place(company: CompanyId, item: UUID) -> bytes:
    return place("ingestion_items", "sealed_key", company, item)
