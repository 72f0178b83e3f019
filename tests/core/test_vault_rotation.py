"""Tests of rotating a company's keys, killed and contested, and of shredding them."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Final

import pytest
from sqlalchemy import func, insert, select

from core.crypto import KeyRing, key_id_of
from core.db.sessions import Database
from core.embedded import Urls
from core.ids import CompanyId
from core.models.installation import Company
from core.models.people import CompanyKey, Connection
from core.models.record import DomainEvent
from core.vault import Shredded, Vault, add_key, open_vault, reseal, rewrap, shred
from tests.core.rotating import forget_unused, open_ring, rotate
from tests.core.sealing import SECRET, keep, keys_of, new_connection, opened

ROWS: Final = 250  # three batches
ROUNDS: Final = 18


async def seal_rows(database: Database, ring: KeyRing, company: CompanyId, count: int = ROWS) -> None:
    async with database.tenant_session(company) as session:
        vault, rows = await open_vault(session, ring), [new_connection(company) for _ in range(count)]
        for row in rows:
            vault.seal(row, Connection.credentials, row.name.encode())
        fields = ("tenant_id", "id", "kind", "name", "credentials")
        await session.execute(insert(Connection), [{name: getattr(row, name) for name in fields} for row in rows])


async def assert_every_row_opens(database: Database, file: Path, company: CompanyId, count: int = ROWS) -> int:
    """How many different keys the rows are sealed with."""
    async with database.tenant_session(company) as session:
        vault: Vault = await open_vault(session, open_ring(file))
        rows = list(await session.scalars(select(Connection)))
    assert [vault.unseal(row, Connection.credentials) for row in rows] == [row.name.encode() for row in rows]
    assert len(rows) == count
    return len({key_id_of(row.credentials or b"") for row in rows})


@asynccontextmanager
async def rotating(url: str, file: Path, company: CompanyId) -> AsyncIterator[asyncio.subprocess.Process]:
    words = ("-m", "tests.core.rotating", url, str(file), str(company))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stdin=pipe, stdout=pipe)
    try:
        yield process
    finally:
        await process.communicate(b"")


async def start_one(process: asyncio.subprocess.Process) -> int:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"\n")
    return int(await process.stdout.readline())


class TestRotation:
    async def test_killed_at_random_points_it_leaves_every_row_readable(
        self, database: Database, urls: Urls, ring: KeyRing, ana: CompanyId
    ) -> None:
        chance, file, started = random.Random(57), Path(ring.source), monotonic()  # noqa: S311 - a repeatable test
        await seal_rows(database, ring, ana)
        async with database.tenant_session(ana) as session:
            first_keys, first_name = await keys_of(session), ring.keys[0].name
        mixed = rounds = 0
        async with rotating(urls.app, file, ana) as process:
            while rounds < ROUNDS or not mixed:  # a busy machine needs longer to come to the middle of one
                assert monotonic() - started < 30, "no kill fell into the middle of a rotation: nothing is proved"
                pid = await start_one(process)
                await asyncio.sleep(chance.uniform(0.0, 0.5 * (1 + rounds // ROUNDS)))
                os.kill(pid, signal.SIGKILL)
                mixed += await assert_every_row_opens(database, file, ana) > 1
                rounds += 1
        await rotate(database, file, ana)
        await forget_unused(database, file, ana)
        assert await assert_every_row_opens(database, file, ana) == 1
        async with database.tenant_session(ana) as session:
            assert len(left := await keys_of(session)) == 1
        assert left != first_keys
        assert (len(open_ring(file).names), first_name in open_ring(file).names) == (1, False)
        assert monotonic() - started < 30

    async def test_two_at_once_while_others_seal_and_open_do_no_harm(
        self, database: Database, ring: KeyRing, ana: CompanyId
    ) -> None:
        file, kept = Path(ring.source), [await keep(database, ring, ana)]
        await seal_rows(database, ring, ana)
        rotations = asyncio.gather(*(rotate(database, file, ana) for _ in range(2)))
        while not rotations.done():
            kept.append(await keep(database, open_ring(file), ana))
            assert await opened(database, open_ring(file), ana, kept[0]) == SECRET
        await rotations
        await rotate(database, file, ana)
        await forget_unused(database, file, ana)
        last = open_ring(file)
        assert len(kept) > 3
        assert [await opened(database, last, ana, row) for row in kept] == [SECRET] * len(kept)


_OPEN_ALL: Final = """
import asyncio, sys
from uuid import UUID
from core.db.sessions import Database
from core.vault import Shredded, open_vault
from tests.core.rotating import open_ring
from pathlib import Path

async def main():
    database = Database(sys.argv[1])
    try:
        async with database.tenant_session(UUID(sys.argv[3])) as session:
            await open_vault(session, open_ring(Path(sys.argv[2])))
    except Shredded:
        print("shredded")
    finally:
        await database.close()

asyncio.run(main())
"""


class TestShred:
    async def test_nothing_opens_any_more_and_others_are_unaffected(
        self, database: Database, ring: KeyRing, ana: CompanyId, beto: CompanyId
    ) -> None:
        row, other = await keep(database, ring, ana), await keep(database, ring, beto)
        async with database.tenant_session(ana) as session:
            await shred(session)
        with pytest.raises(Shredded):
            await opened(database, ring, ana, row)
        assert await opened(database, ring, beto, other) == SECRET
        async with database.tenant_session(ana) as session:
            assert (await session.get_one(Company, ana)).shredded_at is not None
            kinds = await session.scalars(select(DomainEvent.kind))
            assert "company.shredded" in list(kinds)

    async def test_nothing_opens_from_a_fresh_process(
        self, database: Database, urls: Urls, ring: KeyRing, ana: CompanyId
    ) -> None:
        await keep(database, ring, ana)
        async with database.tenant_session(ana) as session:
            await shred(session)
        words = ("-c", _OPEN_ALL, urls.app, ring.source, str(ana))
        process = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE)
        assert (await process.communicate())[0] == b"shredded\n"

    async def test_no_new_key_is_made_silently(self, database: Database, ring: KeyRing, ana: CompanyId) -> None:
        await keep(database, ring, ana)
        async with database.tenant_session(ana) as session:
            await shred(session)
        with pytest.raises(Shredded):
            await keep(database, ring, ana)
        with pytest.raises(Shredded):
            await reseal(database, ring, ana)
        async with database.tenant_session(ana) as session:
            assert await rewrap(session, ring) == 0
        with pytest.raises(Shredded):
            async with database.tenant_session(ana) as session:
                await add_key(session, ring)
        async with database.tenant_session(ana) as session:
            assert await session.scalar(select(func.count()).select_from(CompanyKey)) == 0

    async def test_a_rotation_at_the_same_moment_leaves_no_key(
        self, database: Database, ring: KeyRing, ana: CompanyId
    ) -> None:
        async def shred_it() -> None:
            async with database.tenant_session(ana) as session:
                await shred(session)

        async with database.tenant_session(ana) as session:
            await add_key(session, ring)
            shredding = asyncio.create_task(shred_it())
            await asyncio.sleep(0.2)
            assert not shredding.done()
        await shredding
        with pytest.raises(Shredded):
            await keep(database, ring, ana)
