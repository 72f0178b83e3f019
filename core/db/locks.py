"""Locks on a name, for facts: PostgreSQL holds them until the transaction ends, however it ends."""

import hashlib
import json
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, bindparam, text

from core.db.sessions import TenantSession

_KEY: Final = bindparam("key", type_=BigInteger)
_HOLD: Final = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")
_TRY: Final = text("SELECT pg_try_advisory_xact_lock(:key)").bindparams(_KEY)


async def hold_until_commit(session: TenantSession, *parts: str | int | UUID) -> None:
    """Wait until nobody else of this company holds the name. Several names: `hold_each_until_commit`."""
    await hold_each_until_commit(session, [parts])


async def hold_each_until_commit(session: TenantSession, names: Iterable[tuple[str | int | UUID, ...]]) -> None:
    """All of them, in the order of their keys: whoever takes two takes them so, and nobody waits in a circle."""
    await session.execute(_HOLD, {"keys": sorted(_key(session, parts) for parts in names)})


async def try_hold_until_commit(session: TenantSession, *parts: str | int | UUID) -> bool:
    """False at once where another transaction holds the name."""
    return bool(await session.scalar(_TRY, {"key": _key(session, parts)}))


def _key(session: TenantSession, parts: tuple[str | int | UUID, ...]) -> int:
    """64 bits of company and name: advisory locks know no row-level security. A rare collision only waits."""
    name = json.dumps([str(part) for part in (session.tenant_id, *parts)])
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)
