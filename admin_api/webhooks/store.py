"""What the inbox reads and writes across companies: through `priv`, for a webhook may concern several."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from admin_api.webhooks.incoming import Incoming
from channels.base import Address
from core import clock
from core.crashpoints import CrashPoint, crashpoint
from core.db.server import clock_shift
from core.db.sessions import CrossingSession, Database, TenantSession
from core.ids import CompanyId, ConnectionId, new_id

_KEEP: Final = text("""
    SELECT priv.keep_incoming(
        CAST(:companies AS uuid[]), CAST(:ids AS uuid[]), CAST(:received AS timestamptz[]),
        CAST(:connections AS uuid[]), CAST(:consumers AS text[]), CAST(:bodies AS bytea[]),
        CAST(:hashes AS bytea[]), CAST(:heads AS text[]), CAST(:payloads AS text[]))
""")
_KEEP_STRAY: Final = text("SELECT priv.keep_stray(:id, :kind, :value, :body)")
_OWNERS: Final = text("""
    SELECT a.kind, a.value, o.company, o.connection
    FROM unnest(CAST(:kinds AS text[]), CAST(:values AS text[])) AS a (kind, value),
         LATERAL priv.find_address(a.kind, a.value) AS o
""")
_OPEN: Final = text("SELECT priv.mark_inbox_open()")


@dataclass(frozen=True, slots=True)
class Owner:
    company: CompanyId
    connection: ConnectionId


@dataclass(frozen=True, kw_only=True, slots=True)
class Stray:
    """Signed news for an address that nobody here owns, or whose owner's secret it was not signed with."""

    address: Address
    body: bytes
    signer: bytes  # a digest of the secret


async def keep_incoming(database: Database, rows: Sequence[Incoming]) -> None:
    """All of them in one transaction; one that is there already stays as it is."""
    columns = {
        "companies": [row.company for row in rows],
        "ids": [row.id for row in rows],
        "received": [row.received_at for row in rows],
        "connections": [row.connection for row in rows],
        "consumers": [row.consumer.value for row in rows],
        "bodies": [row.body for row in rows],
        "hashes": [row.digest for row in rows],
        "heads": [json.dumps(dict(row.headers)) for row in rows],
        "payloads": [row.payload for row in rows],
    }
    async with database.crossing() as session:
        await session.execute(_KEEP, columns)
        crashpoint(CrashPoint.RX_PRE_COMMIT)
    crashpoint(CrashPoint.RX_POST_COMMIT)


async def keep_stray(database: Database, stray: Stray) -> None:
    values = {"id": new_id(), "kind": stray.address.kind, "value": stray.address.value, "body": stray.body}
    async with database.crossing() as session:
        await session.execute(_KEEP_STRAY, values)


async def find_owners(database: Database, addresses: Collection[Address]) -> dict[Address, Owner]:
    async with database.crossing() as session:
        return await owners_of(session, addresses)


async def owners_of(session: CrossingSession | TenantSession, addresses: Collection[Address]) -> dict[Address, Owner]:
    wanted = {"kinds": [address.kind for address in addresses], "values": [address.value for address in addresses]}
    rows = await session.execute(_OWNERS, wanted)
    return {Address(row.kind, row.value): Owner(CompanyId(row.company), ConnectionId(row.connection)) for row in rows}


async def mark_open(database: Database) -> None:
    """This minute somebody could be heard: without a gap, silence means silence."""
    async with database.crossing() as session:
        await session.execute(_OPEN)


async def follow_clock(database: Database) -> None:
    """Take over the shift of the business clock, which a rehearsal may have turned."""
    async with database.crossing() as session:
        clock.follow_shift(await clock_shift(await session.connection()))
