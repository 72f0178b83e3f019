"""A canary sealed into a connection is found nowhere: no table, no file of the database, no Valkey, no log line.

Each search is also sent after a marker that lies open in the same place: one that finds nothing would prove nothing.
"""

import base64
import io
import logging
import secrets
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

import asyncpg
import pytest
import redis.asyncio as redis
from sqlalchemy.exc import DBAPIError

from core.crypto import KeyRing
from core.db.sessions import Database
from core.embedded import Urls
from core.errors import Tampered
from core.ids import CompanyId
from core.logging import configure, get_logger
from core.models.people import Connection
from core.valkey import open_valkey
from core.vault import add_key, open_vault, reseal
from tests.core.sealing import new_connection
from tests.fixtures.servers import Servers

Command = Callable[..., Awaitable[Any]]

_TABLES: Final = """
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm', 'S', 't') ORDER BY 1
"""

_FORMS: Final[tuple[Literal["text", "binary"], ...]] = ("text", "binary")
_READS: Final = {
    "string": ("GET",),
    "list": ("LRANGE", 0, -1),
    "hash": ("HGETALL",),
    "set": ("SMEMBERS",),
    "zset": ("ZRANGE", 0, -1, "WITHSCORES"),
    "stream": ("XRANGE", "-", "+"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One connection with a sealed canary, and a marker in the open."""

    row: UUID
    canary: str
    marker: str


@pytest.fixture
async def kept(database: Database, ring: KeyRing, ana: CompanyId) -> Kept:
    """Sealed, sealed again with a newer key, and copied into the log of the database by both."""
    row, canary = new_connection(ana), f"EAA{secrets.token_hex(24)}"
    async with database.tenant_session(ana) as session:
        (await open_vault(session, ring)).seal(row, Connection.credentials, canary.encode())
        session.add(row)
    async with database.tenant_session(ana) as session:
        await add_key(session, ring)
    await reseal(database, ring, ana)
    return Kept(row=row.id, canary=canary, marker=row.name)


def shapes(word: str) -> list[bytes]:
    """As it is, as a dump prints bytes, and as JSON and mail carry them, at any offset."""
    raw = word.encode()
    shifted = [base64.b64encode(bytes(shift) + raw)[4:-4] for shift in range(3)]
    return [raw, raw.hex().encode(), raw.hex().upper().encode(), raw[::-1], *shifted]


def holds(text: bytes, word: str) -> bool:
    return any(shape in text for shape in shapes(word))


class TestDatabase:
    async def test_no_dump_of_any_table_holds_the_canary(self, servers: Servers, urls: Urls, kept: Kept) -> None:
        found = set()
        async with servers.superuser(urls) as superuser:
            tables = [row[0] for row in await superuser.fetch(_TABLES)]
            for table in tables:
                for form in _FORMS:
                    dump = await dump_of(superuser, table, form)
                    assert not holds(dump, kept.canary), f"{table} as {form}"
                    found |= {table} if holds(dump, kept.marker) else set()
        assert "public.connections" in found
        assert len(tables) > 80

    async def test_no_file_of_the_data_folder_holds_the_canary(self, servers: Servers, urls: Urls, kept: Kept) -> None:
        async with servers.superuser(urls) as superuser:
            await superuser.execute("CHECKPOINT")
        files = [path for path in servers.embedded.postgres.data.rglob("*") if path.is_file()]
        found = set()
        for path in files:
            with suppress(FileNotFoundError):  # the server goes on living
                content = path.read_bytes()
                assert kept.canary.encode() not in content, path
                found |= {path.parent.name} if kept.marker.encode() in content else set()
        assert "pg_wal" in found
        assert len(found) > 1


async def dump_of(superuser: "asyncpg.Connection[Any]", table: str, form: Literal["text", "binary"]) -> bytes:
    dump = io.BytesIO()
    statement = f"SELECT * FROM {table}"  # noqa: S608 - names out of the catalogue, quoted by the server
    with suppress(asyncpg.UndefinedFunctionError):  # a type of the catalogue that has no binary form
        await superuser.copy_from_query(statement, output=dump, format=form)
    return dump.getvalue()


@pytest.fixture
async def valkey(servers: Servers) -> AsyncIterator[redis.Redis]:
    async with open_valkey(servers.redis_url, name="leaks") as client:
        yield client


async def read_key(client: redis.Redis, key: bytes) -> object:
    """Whatever the key holds, as the client prints it; DUMP would compress it."""
    run: Command = client.execute_command
    kind = await run("TYPE", key)
    command, *more = _READS[kind if isinstance(kind, str) else kind.decode()]
    return await run(command, key, *more)


class TestValkey:
    async def test_no_key_and_no_value_holds_the_canary(self, valkey: redis.Redis, kept: Kept) -> None:
        marker = f"canary:{kept.marker}"
        run: Command = valkey.execute_command
        await run("RPUSH", marker, "aberto")
        seen = [(key, await read_key(valkey, key)) async for key in valkey.scan_iter(count=1000)]
        await valkey.delete(marker)
        text = repr(seen).encode()
        assert kept.marker.encode() in text
        assert b"aberto" in text
        assert not holds(text, kept.canary)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The real handler on a stream of ours; the process is left as it was found."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook, sys.unraisablehook)
    handlers, level, root.handlers = root.handlers[:], root.level, []
    stream = io.StringIO()
    configure("worker", debug=True, stream=stream)
    yield stream
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level
    logging.getLogger("masteria").setLevel(logging.NOTSET)
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


def provider_refuses(message: str) -> None:
    raise ValueError(message)


class TestLog:
    @pytest.mark.parametrize(
        "message",
        [
            "{canary}",
            "refused: access_token={canary}",
            "401 for https://graph.example/v1?access_token={canary}&x=1",
            "{{'Authorization': 'Bearer {canary}'}}",
            "b'{canary}'",
        ],
    )
    async def test_an_error_that_carries_the_canary_is_logged_without_it(
        self, log: io.StringIO, kept: Kept, message: str
    ) -> None:
        with pytest.raises(ValueError, match=kept.canary) as raised:
            provider_refuses(message.format(canary=kept.canary))
        error = raised.value
        get_logger("core.vault").error("connection.refused", error=error, credentials=kept.canary, exc_info=error)
        logging.getLogger("a.library").error("failed: %s", error, exc_info=error)
        assert "connection.refused" in log.getvalue()
        assert "a.library" in log.getvalue()
        assert not holds(log.getvalue().encode(), kept.canary)

    async def test_what_the_vault_and_the_database_raise_says_nothing_of_it(
        self, log: io.StringIO, database: Database, ring: KeyRing, ana: CompanyId, kept: Kept
    ) -> None:
        async with database.tenant_session(ana) as session:
            vault, row = await open_vault(session, ring), await session.get_one(Connection, (ana, kept.row))
            row.credentials = (row.credentials or b"")[:-1]
            session.expunge(row)
        with pytest.raises(Tampered) as tampered:
            vault.unseal(row, Connection.credentials)
        twin = new_connection(ana)
        twin.name = kept.marker
        vault.seal(twin, Connection.credentials, kept.canary.encode())
        with pytest.raises(DBAPIError) as refused:
            async with database.tenant_session(ana) as session:
                session.add(twin)
        for error in (tampered.value, refused.value):
            get_logger("core.vault").error("secret.failed", exc_info=error)
            assert not holds(f"{error} {error!r}".encode(), kept.canary)
        assert "secret.failed" in log.getvalue()
        assert not holds(log.getvalue().encode(), kept.canary)


class TestKeyFile:
    async def test_no_key_of_a_company_lies_open_in_its_table(
        self, database: Database, servers: Servers, urls: Urls, ring: KeyRing, ana: CompanyId
    ) -> None:
        async with database.tenant_session(ana) as session:
            keys = (await open_vault(session, ring)).keys
        async with servers.superuser(urls) as superuser:
            dump = await dump_of(superuser, "public.company_keys", "binary")
        assert keys[0].id.bytes in dump
        assert keys[0].secret not in dump
        assert ring.current.secret not in dump
