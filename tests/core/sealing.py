"""Sealing and opening a secret the way the product does it, in a transaction of its own."""

from typing import Final
from uuid import UUID

from sqlalchemy import select

from core.crypto import KeyRing
from core.db.sessions import Database, TenantSession
from core.ids import CompanyId, new_id
from core.models.people import CompanyKey, Connection, ConnectionKind
from core.vault import open_vault

SECRET: Final = b"segredo da padaria"


def new_connection(company: CompanyId) -> Connection:
    return Connection(tenant_id=company, id=new_id(), kind=ConnectionKind.SMS, name=f"linha {new_id()}")


async def keep(database: Database, ring: KeyRing, company: CompanyId, value: bytes = SECRET) -> UUID:
    async with database.tenant_session(company) as session:
        row = new_connection(company)
        (await open_vault(session, ring)).seal(row, Connection.credentials, value)
        session.add(row)
    return row.id


async def opened(database: Database, ring: KeyRing, company: CompanyId, row: UUID) -> bytes | None:
    async with database.tenant_session(company) as session:
        vault = await open_vault(session, ring)
        return vault.unseal(await session.get_one(Connection, (company, row)), Connection.credentials)


async def keys_of(session: TenantSession) -> list[UUID]:
    return list(await session.scalars(select(CompanyKey.id).order_by(CompanyKey.id.desc())))
