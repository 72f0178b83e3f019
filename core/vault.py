"""A company's secrets: `seal(row, column, value)` and `unseal(row, column)`, and the life of the keys behind them."""

import os
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Column, LargeBinary, delete, func, select, text, type_coerce, update
from sqlalchemy.orm import InstrumentedAttribute

from core import clock
from core.crypto import KEY_BYTES, VERSION, DataKey, KeyRing, key_id_of, tampered
from core.db.sessions import Database, TenantSession
from core.errors import NotFound
from core.events import Event, EventKind, emit
from core.ids import CompanyId, new_id
from core.models.base import Sealed, TenantEntity
from core.models.installation import Company
from core.models.people import CompanyKey
from core.models.tables import TENANT_TABLES

_BATCH: Final = 100
# A key is forgotten only when no transaction can still be sealing with it.
_SHARE_KEYS: Final = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:name, 0))")
_HOLD_KEYS: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")

SealedAttribute = InstrumentedAttribute[bytes | None]


class Shredded(NotFound):
    """The company's keys are gone, and its secrets with them."""


@dataclass(frozen=True, slots=True)
class Vault:
    """The data keys of one company, newest first, for the length of one transaction: nothing is kept between."""

    company: CompanyId
    keys: tuple[DataKey, ...]

    def seal(self, row: TenantEntity, column: SealedAttribute, value: bytes) -> None:
        place = self._place(row, column)
        setattr(row, column.key, self.keys[0].seal(value, place))

    def unseal(self, row: TenantEntity, column: SealedAttribute) -> bytes | None:
        blob: bytes | None = getattr(row, column.key)
        return None if blob is None else self.open(blob, self._place(row, column))

    def open(self, blob: bytes, place: bytes) -> bytes:
        wanted = key_id_of(blob)
        for key in self.keys:
            if key.id == wanted:
                return key.unseal(blob, place)
        raise tampered()

    def _place(self, row: TenantEntity, column: SealedAttribute) -> bytes:
        if row.tenant_id != self.company:
            raise tampered()
        if cast("UUID | None", row.id) is None:
            raise ValueError(f"{row.__tablename__}: give the row its id before sealing, the secret is bound to it")
        return place(row.__tablename__, column.key, row.tenant_id, row.id)


def place(table: str, column: str, tenant: UUID, row: UUID) -> bytes:
    """What a blob is bound to: moved to another row, column or company it does not open."""
    return f"{table}|{column}|{tenant}|{row}|{VERSION}".encode()


async def open_vault(session: TenantSession, ring: KeyRing) -> Vault:
    await session.execute(_SHARE_KEYS, _keys_of(session))
    rows = await session.scalars(select(CompanyKey).order_by(CompanyKey.id.desc()))
    keys = tuple(ring.find(row.kek_id).unwrap(row.id, row.wrapped, _place_of(row)) for row in rows)
    if not keys:
        raise _shredded()
    return Vault(session.tenant_id, keys)


async def add_key(session: TenantSession, ring: KeyRing) -> UUID:
    """A new data key, which seals from now on; older ones go on opening what they sealed."""
    own = select(Company.shredded_at).where(Company.id == session.tenant_id)
    if await session.scalar(own.with_for_update(read=True)) is not None:
        raise _shredded()
    key, wrapping = DataKey(new_id(), os.urandom(KEY_BYTES)), ring.current
    row = CompanyKey(tenant_id=session.tenant_id, id=key.id, kek_id=wrapping.name)
    row.wrapped = wrapping.wrap(key, _place_of(row))
    session.add(row)
    await session.flush()
    return key.id


async def shred(session: TenantSession) -> None:
    """Destroy the company's keys: what they sealed is unreadable from now on, here and wherever it was copied.

    A backup of the database still holds the wrapped keys, until it expires or the installation key is forgotten.
    """
    # The company first: its row's lock lets no rotation add a key behind our back.
    await session.execute(update(Company).where(Company.id == session.tenant_id).values(shredded_at=clock.now()))
    await session.execute(delete(CompanyKey))
    emit(session, Event(kind=EventKind.COMPANY_SHREDDED))


async def rewrap(session: TenantSession, ring: KeyRing) -> int:
    """Wrap every data key of the company with the installation's current key."""
    current = ring.current
    stale = select(CompanyKey).where(CompanyKey.kek_id != current.name).with_for_update()
    rows = list(await session.scalars(stale))
    for row in rows:
        key = ring.find(row.kek_id).unwrap(row.id, row.wrapped, _place_of(row))
        row.kek_id = current.name
        row.wrapped = current.wrap(key, _place_of(row))
    return len(rows)


async def rotate_company(database: Database, ring: KeyRing, company: CompanyId) -> int:
    """A new data key, and every secret sealed with it. Each step commits, and all of it may be run again."""
    async with database.tenant_session(company) as session:
        if await rewrap(session, ring) == 0 and not await installation_keys_in_use(session):
            return 0  # shredded: a new key would be a key to nothing
        await add_key(session, ring)
    secrets = await reseal(database, ring, company)
    async with database.tenant_session(company) as session:
        await drop_unused_keys(session)
    return secrets


async def reseal(database: Database, ring: KeyRing, company: CompanyId) -> int:
    """Seal the company's secrets with its newest key, in batches that each commit: a kill costs the last batch only."""
    return sum([await _reseal_column(database, ring, company, column) for column in sealed_columns()])


async def drop_unused_keys(session: TenantSession) -> int:
    """Forget the data keys that nothing is sealed with any more, but never the newest."""
    await session.execute(_HOLD_KEYS, _keys_of(session))
    rows = list(await session.scalars(select(CompanyKey).order_by(CompanyKey.id.desc()).with_for_update()))
    unused = [row for row in rows[1:] if not await _is_used(session, row.id)]
    for row in unused:
        await session.delete(row)
    return len(unused)


async def installation_keys_in_use(session: TenantSession) -> list[str]:
    """Which installation key wraps each of the company's data keys."""
    return list(await session.scalars(select(CompanyKey.kek_id)))


def sealed_columns() -> tuple[Column[Any], ...]:
    return tuple(column for table in TENANT_TABLES for column in table.columns if isinstance(column.type, Sealed))


async def _reseal_column(database: Database, ring: KeyRing, company: CompanyId, column: Column[Any]) -> int:
    done = 0
    while True:
        async with database.tenant_session(company) as session:
            count = await _reseal_batch(session, await open_vault(session, ring), column)
        if count == 0:
            return done
        done += count


async def _reseal_batch(session: TenantSession, vault: Vault, column: Column[Any]) -> int:
    table = column.table
    sealed_with = func.substring(type_coerce(column, LargeBinary), 2, 16)
    stale = select(table.c.id, column).where(column.is_not(None), sealed_with != vault.keys[0].id.bytes)
    rows = (await session.execute(stale.limit(_BATCH).with_for_update(skip_locked=True))).all()
    for row_id, blob in rows:
        belongs_to = place(table.name, column.name, vault.company, row_id)
        fresh = vault.keys[0].seal(vault.open(blob, belongs_to), belongs_to)
        await session.execute(update(table).where(table.c.id == row_id).values({column.name: fresh}))
    return len(rows)


async def _is_used(session: TenantSession, key: UUID) -> bool:
    for column in sealed_columns():
        used = select(column).where(func.substring(type_coerce(column, LargeBinary), 2, 16) == key.bytes).limit(1)
        if (await session.execute(used)).first() is not None:
            return True
    return False


def _keys_of(session: TenantSession) -> dict[str, str]:
    return {"name": f"company_keys|{session.tenant_id}"}


def _shredded() -> Shredded:
    return Shredded("As chaves desta empresa foram destruídas.", "The keys of this company were destroyed.")


def _place_of(row: CompanyKey) -> bytes:
    return place("company_keys", "wrapped", row.tenant_id, row.id)
