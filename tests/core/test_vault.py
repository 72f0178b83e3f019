"""Tests of sealing a company's secrets, and of the keys behind them while nobody gets in their way."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import asyncpg
import pytest
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from core.crypto import InstallationKey, KeyRing, change_key_file, key_id_of, write_key_file
from core.db.sessions import Database
from core.embedded import Urls
from core.errors import Misconfigured, Tampered
from core.ids import CompanyId, new_id
from core.models.people import Connection, ConnectionKind
from core.vault import add_key, drop_unused_keys, open_vault, place, reseal, rewrap, sealed_columns
from tests.core.rotating import open_ring
from tests.core.sealing import SECRET, keep, keys_of, new_connection, opened
from tests.fixtures.servers import Servers

Superuser: TypeAlias = "asyncpg.Connection[Any]"

LENGTHS: Final = {
    "connections": "SELECT length(credentials) FROM connections",
    "company_keys": "SELECT length(wrapped) FROM company_keys",
}
FLIPS: Final = {
    "connections": "UPDATE connections SET credentials = set_byte(credentials, $1, get_byte(credentials, $1) # $2)",
    "company_keys": "UPDATE company_keys SET wrapped = set_byte(wrapped, $1, get_byte(wrapped, $1) # $2)",
}


@pytest.fixture
async def superuser(servers: Servers, urls: Urls) -> AsyncIterator[Superuser]:
    async with servers.superuser(urls) as connection:
        yield connection


class TestVault:
    async def test_what_was_sealed_opens_again(self, database: Database, ring: KeyRing, ana: CompanyId) -> None:
        assert await opened(database, ring, ana, await keep(database, ring, ana)) == SECRET

    async def test_no_secret_is_none_and_an_empty_one_is_empty(
        self, database: Database, ring: KeyRing, ana: CompanyId
    ) -> None:
        async with database.tenant_session(ana) as session:
            vault = await open_vault(session, ring)
        assert vault.unseal(new_connection(ana), Connection.credentials) is None
        assert await opened(database, ring, ana, await keep(database, ring, ana, b"")) == b""

    async def test_a_row_of_another_company_is_refused(
        self, database: Database, ring: KeyRing, ana: CompanyId, beto: CompanyId
    ) -> None:
        async with database.tenant_session(ana) as session:
            vault = await open_vault(session, ring)
        with pytest.raises(Tampered):
            vault.seal(new_connection(beto), Connection.credentials, SECRET)

    async def test_a_row_without_its_id_is_refused(self, database: Database, ring: KeyRing, ana: CompanyId) -> None:
        async with database.tenant_session(ana) as session:
            vault = await open_vault(session, ring)
        row = Connection(tenant_id=ana, kind=ConnectionKind.SMS, name="x")
        with pytest.raises(ValueError, match="its id before sealing"):
            vault.seal(row, Connection.credentials, SECRET)

    async def test_its_repr_shows_no_secret(self, database: Database, ring: KeyRing, ana: CompanyId) -> None:
        async with database.tenant_session(ana) as session:
            vault = await open_vault(session, ring)
        assert repr(vault.keys[0].secret) not in repr(vault)

    async def test_ciphertext_swapped_between_rows_does_not_open(
        self, database: Database, ring: KeyRing, ana: CompanyId
    ) -> None:
        rows = [await keep(database, ring, ana), await keep(database, ring, ana, b"outro")]
        async with database.tenant_session(ana) as session:
            first, second = [await session.get_one(Connection, (ana, row)) for row in rows]
            first.credentials, second.credentials = second.credentials, first.credentials
        for row in rows:
            with pytest.raises(Tampered):
                await opened(database, ring, ana, row)

    async def test_ciphertext_swapped_between_columns_or_tables_does_not_open(
        self, database: Database, ring: KeyRing, ana: CompanyId
    ) -> None:
        row = await keep(database, ring, ana)
        async with database.tenant_session(ana) as session:
            vault = await open_vault(session, ring)
            blob = (await session.get_one(Connection, (ana, row))).credentials or b""
        assert vault.open(blob, place("connections", "credentials", ana, row)) == SECRET
        for table, column in (("connections", "webhook_secret"), ("contacts", "credentials"), ("x", "y")):
            with pytest.raises(Tampered):
                vault.open(blob, place(table, column, ana, row))

    async def test_ciphertext_copied_to_another_company_does_not_open(
        self, database: Database, ring: KeyRing, ana: CompanyId, beto: CompanyId
    ) -> None:
        row, other = await keep(database, ring, ana), await keep(database, ring, beto)
        async with database.tenant_session(ana) as session:
            blob = (await session.get_one(Connection, (ana, row))).credentials
        async with database.tenant_session(beto) as session:
            (await session.get_one(Connection, (beto, other))).credentials = blob
        with pytest.raises(Tampered):
            await opened(database, ring, beto, other)

    async def test_a_row_moved_by_a_superuser_does_not_open_even_with_its_key(
        self, database: Database, ring: KeyRing, ana: CompanyId, beto: CompanyId, superuser: Superuser
    ) -> None:
        row = await keep(database, ring, ana)
        await superuser.execute("UPDATE connections SET tenant_id = $1 WHERE id = $2", beto, row)
        with pytest.raises(Tampered):
            await opened(database, ring, beto, row)
        await superuser.execute("UPDATE company_keys SET tenant_id = $1 WHERE tenant_id = $2", beto, ana)
        with pytest.raises(Tampered):
            await opened(database, ring, beto, row)

    @pytest.mark.parametrize("table", list(FLIPS))
    async def test_any_flipped_byte_in_the_database_does_not_open(
        self, database: Database, ring: KeyRing, ana: CompanyId, superuser: Superuser, table: str
    ) -> None:
        row = await keep(database, ring, ana)
        length = await superuser.fetchval(LENGTHS[table])
        for position in range(length):
            await superuser.execute(FLIPS[table], position, 1 << position % 8)
            with pytest.raises(Tampered):
                await opened(database, ring, ana, row)
            await superuser.execute(FLIPS[table], position, 1 << position % 8)
        assert await opened(database, ring, ana, row) == SECRET

    def test_every_sealed_column_is_found(self) -> None:
        found = {f"{column.table.name}.{column.name}" for column in sealed_columns()}
        assert found == {
            "connections.credentials",
            "draft_cases.content",
            "ingestion_items.sealed_key",
            "media_files.sealed_key",
        }


class TestRewrap:
    async def test_data_keys_move_to_the_current_key_and_the_old_one_may_go(
        self, database: Database, ring: KeyRing, ana: CompanyId
    ) -> None:
        row, file = await keep(database, ring, ana), Path(ring.source)
        change_key_file(file, lambda keys: (InstallationKey.new(), *keys))
        async with database.tenant_session(ana) as session:
            assert [await rewrap(session, ring), await rewrap(session, ring)] == [1, 0]
        write_key_file(file, ring.keys[:1])
        assert await opened(database, open_ring(file), ana, row) == SECRET

    async def test_a_key_that_still_wraps_is_missed_by_name(
        self, database: Database, ring: KeyRing, ana: CompanyId
    ) -> None:
        row, missing = await keep(database, ring, ana), ring.keys[0].name
        write_key_file(Path(ring.source), (InstallationKey.new(),))
        with pytest.raises(Misconfigured, match=missing):
            await opened(database, open_ring(Path(ring.source)), ana, row)


class TestReseal:
    async def test_everything_is_sealed_with_the_newest_key(
        self, database: Database, ring: KeyRing, ana: CompanyId
    ) -> None:
        rows = [await keep(database, ring, ana) for _ in range(3)]
        async with database.tenant_session(ana) as session:
            newest = await add_key(session, ring)
        assert [await reseal(database, ring, ana), await reseal(database, ring, ana)] == [3, 0]
        async with database.tenant_session(ana) as session:
            blobs = await session.scalars(select(Connection.credentials))
            assert {key_id_of(blob or b"") for blob in blobs} == {newest}
        assert [await opened(database, ring, ana, row) for row in rows] == [SECRET] * 3

    async def test_another_company_is_left_alone(
        self, database: Database, ring: KeyRing, ana: CompanyId, beto: CompanyId
    ) -> None:
        await keep(database, ring, beto)
        async with database.tenant_session(ana) as session:
            await add_key(session, ring)
        assert await reseal(database, ring, ana) == 0


class TestDropUnusedKeys:
    async def test_a_key_in_use_stays_and_an_unused_one_goes(
        self, database: Database, ring: KeyRing, ana: CompanyId
    ) -> None:
        row = await keep(database, ring, ana)
        async with database.tenant_session(ana) as session:
            newest = await add_key(session, ring)
            assert await drop_unused_keys(session) == 0
        await reseal(database, ring, ana)
        async with database.tenant_session(ana) as session:
            assert await drop_unused_keys(session) == 1
            assert await keys_of(session) == [newest]
        assert await opened(database, ring, ana, row) == SECRET

    async def test_the_newest_stays_though_nothing_uses_it(self, database: Database, ana: CompanyId) -> None:
        async with database.tenant_session(ana) as session:
            assert await drop_unused_keys(session) == 0

    async def test_it_waits_for_whoever_is_sealing_with_the_old_key(
        self, database: Database, ring: KeyRing, ana: CompanyId
    ) -> None:
        async def drop() -> int:
            async with database.tenant_session(ana) as session:
                return await drop_unused_keys(session)

        async with database.tenant_session(ana) as slow:
            vault, row = await open_vault(slow, ring), new_connection(ana)
            async with database.tenant_session(ana) as session:
                await add_key(session, ring)
            dropping = asyncio.create_task(drop())
            await asyncio.sleep(0.2)
            assert not dropping.done()
            vault.seal(row, Connection.credentials, SECRET)
            slow.add(row)
        assert await dropping == 0
        assert await opened(database, ring, ana, row.id) == SECRET


class TestSealedColumn:
    async def test_it_takes_nothing_that_was_not_sealed(self, database: Database, ana: CompanyId) -> None:
        row = Connection(tenant_id=ana, id=new_id(), kind=ConnectionKind.SMS, name="plain", credentials=b"plain secret")
        async with database.tenant_session(ana) as session:
            session.add(row)
            with pytest.raises(StatementError, match="a sealed column takes what"):
                await session.flush()
            session.expunge_all()
