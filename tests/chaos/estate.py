"""The PostgreSQL and the Valkey of the chaos suites: theirs alone, as durable as in production, and mishandled."""

import asyncio
import itertools
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import redis.asyncio as redis

from core.db import roles
from core.embedded import Embedded, Urls
from core.home import Home
from tests.fixtures.servers import TEMPLATE, Servers

# When a transaction was committed is asked of the server, which keeps it on the wall clock of this machine.
_SETTINGS: Final = {
    "synchronous_commit": "on",
    "fsync": "on",
    "full_page_writes": "on",
    "track_commit_timestamp": "on",
    "max_connections": "150",
}
_IMMEDIATE: Final = signal.SIGQUIT  # what `pg_ctl stop -m immediate` sends


@dataclass(frozen=True, slots=True)
class Estate:
    servers: Servers

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path | None = None) -> AsyncIterator["Estate"]:
        """In a folder of its own, or where a test wants it."""
        embedded = Embedded.of(_new_home() if folder is None else Home.open(folder), postgres_settings=_SETTINGS)
        try:
            await embedded.start(log=asyncio.subprocess.DEVNULL)
            servers = Servers(embedded, embedded.valkey.url, itertools.count())
            await servers._make_template()
            yield cls(servers)
        finally:
            await asyncio.to_thread(embedded.stop)
            if folder is None:
                shutil.rmtree(embedded.home.folder)

    @property
    def embedded(self) -> Embedded:
        return self.servers.embedded

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Urls]:
        """Of its own, and migrated. A line to the server that was there before may be gone afterwards."""
        name = f"chaos{next(self.servers.numbers)}"
        async with self.connection() as superuser:
            await superuser.execute(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE} OWNER {roles.MIGRATOR}')
            await roles.make_database(superuser, name)
        yield self.servers.urls(name)
        async with self.connection() as superuser:
            await superuser.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def copy_aside(self, urls: Urls) -> None:
        """A backup of a database that nobody works on."""
        name = name_of(urls)
        async with self.connection() as superuser:
            await superuser.execute(_END_SESSIONS, name)
            await superuser.execute(f'CREATE DATABASE "{name}_backup" TEMPLATE "{name}" OWNER {roles.MIGRATOR}')

    async def put_back(self, urls: Urls) -> None:
        """The backup takes its place: what happened since has never been."""
        name = name_of(urls)
        async with self.connection() as superuser:
            await superuser.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            await superuser.execute(f'ALTER DATABASE "{name}_backup" RENAME TO "{name}"')
            await roles.make_database(superuser, name)

    @asynccontextmanager
    async def empty_database(self) -> AsyncIterator[Urls]:
        """Without one table."""
        name = f"chaos{next(self.servers.numbers)}"
        async with self.connection() as superuser:
            await roles.make_database(superuser, name)
        inside = await self.embedded.postgres.connect(name)
        await roles.make_extensions(inside)
        await inside.close()
        yield self.servers.urls(name)
        async with self.connection() as superuser:
            await superuser.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    @asynccontextmanager
    async def connection(self) -> "AsyncIterator[asyncpg.Connection[Any]]":
        connection = await self.embedded.postgres.connect()
        try:
            yield connection
        finally:
            await connection.close()

    async def restart_postgres(self) -> None:
        """As after a power cut: nobody is asked to finish, and the log is replayed."""
        await self.stop_postgres()
        await self.start_postgres()

    async def stop_postgres(self) -> None:
        child = self.embedded.postgres._child
        assert child is not None
        child.send_signal(_IMMEDIATE)
        await asyncio.to_thread(child.wait)

    async def start_postgres(self) -> None:
        await asyncio.to_thread(self.embedded.postgres.start, asyncio.subprocess.DEVNULL)
        await self.embedded.postgres.wait_ready()

    async def flush_valkey(self) -> None:
        async with redis.Redis.from_url(self.embedded.valkey.url) as client:
            await client.flushall()

    async def restart_valkey(self) -> None:
        """It keeps nothing on disk: whatever it held is gone."""
        child = self.embedded.valkey._child
        assert child is not None
        child.kill()
        await asyncio.to_thread(child.wait)
        await asyncio.to_thread(self.embedded.valkey.start, asyncio.subprocess.DEVNULL)
        await self.embedded.valkey.wait_ready()


def _new_home() -> Home:
    """Open to the servers' user, who is another one when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="masteria-chaos-"))
    folder.chmod(0o711)
    return Home.open(folder)


def name_of(urls: Urls) -> str:
    return urls.app.rpartition("/")[2]


_END_SESSIONS: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
