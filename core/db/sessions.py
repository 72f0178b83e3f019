"""The door to the database: one transaction, for one company, and nobody calls commit.

`Database.tenant_session(company)` opens a transaction and sets its company; the end of the block commits it.
`Database.crossing()` sets none: row-level security shows it nothing, and it may call the functions of `priv`. Who may
open one is a short list, kept by tests/architecture/test_crossing.py.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from sqlalchemy import event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from core.db.strength import refuse_strong_role
from core.errors import Unavailable
from core.ids import CompanyId

_CONNECT_SECONDS: Final = 5
_IDLE_SECONDS: Final = 1.0  # after which a line is asked whether it is still there
_IDLE_SINCE: Final = "idle_since"
_SET_TENANT: Final = text("SELECT set_config('app.tenant', :tenant, true)")


class CrossingSession(AsyncSession):
    """A transaction without a company, for the functions of `priv`."""


class TenantSession(AsyncSession):
    """A transaction of one company, with what must happen at its very end and after it."""

    @property
    def tenant_id(self) -> CompanyId:
        return CompanyId(self.info["tenant_id"])

    def write_last(self, name: str, write: "LastWrite") -> None:
        """Run once per name right before the commit, whatever order the block did things in."""
        self.info.setdefault("last_writes", {}).setdefault(name, write)

    async def run_last_writes(self) -> None:
        """A last write may ask for another one."""
        writes: dict[str, LastWrite] = self.info.setdefault("last_writes", {})
        while writes:
            await writes.pop(next(iter(writes)))(self)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Leaves after the commit and never after a rollback."""
        self.info.setdefault("after_commit", []).append(action)


LastWrite = Callable[[TenantSession], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool:
    """How many lines to the database a process keeps, and whether a transaction pooler sits between."""

    size: int = 5
    overflow: int = 5
    is_pooled: bool = False
    wait: float = 2.0  # seconds for a line, where all are taken


class Database:
    """Made once at the start of a process, by its entry point."""

    def __init__(self, url: str, pool: Pool | None = None) -> None:
        self._url = url
        self.engine: AsyncEngine = open_engine(url, pool or Pool())
        self._tenant_sessions = async_sessionmaker(self.engine, class_=TenantSession, expire_on_commit=False)
        self._crossings = async_sessionmaker(self.engine, class_=CrossingSession, expire_on_commit=False)

    async def check(self) -> None:
        """Refuse to start on a database that is away, or with a role that could see past row-level security."""
        try:
            async with self.engine.connect() as connection:
                await refuse_strong_role(connection)
        except (OSError, DBAPIError) as error:
            raise unreachable("DATABASE_URL", self._url, error) from error

    async def close(self) -> None:
        await self.engine.dispose()

    @asynccontextmanager
    async def tenant_session(self, company: CompanyId) -> AsyncIterator[TenantSession]:
        async with self._tenant_sessions(info={"tenant_id": company}) as session:
            async with session.begin():
                await session.execute(_SET_TENANT, {"tenant": str(company)})
                yield session
                await session.run_last_writes()
            for action in session.info.get("after_commit", ()):
                action()

    @asynccontextmanager
    async def crossing(self) -> AsyncIterator[CrossingSession]:
        async with self._crossings() as session, session.begin():
            yield session


def open_engine(url: str, pool: Pool) -> AsyncEngine:
    arguments: dict[str, Any] = {"timeout": _CONNECT_SECONDS}
    if pool.is_pooled:  # behind a transaction pooler a prepared statement may meet another server connection
        arguments |= {"statement_cache_size": 0, "prepared_statement_name_func": lambda: f"__{uuid4()}__"}
    engine = create_async_engine(
        url,
        pool_size=pool.size,
        max_overflow=pool.overflow,
        pool_timeout=pool.wait,
        hide_parameters=True,  # an error would quote what people wrote
        connect_args=arguments,
    )
    _ping_after_idling(engine)
    return engine


def _ping_after_idling(engine: AsyncEngine) -> None:
    """The pool's own ping is three round trips for each transaction; a line that was just used needs none.

    One that the server ended meanwhile knows it, without being asked.
    """

    def checked_in(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info[_IDLE_SINCE] = time.monotonic()

    def checked_out(line: DBAPIConnection, record: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
        if record.driver_connection is not None and record.driver_connection.is_closed():
            raise DisconnectionError
        if time.monotonic() - record.info.get(_IDLE_SINCE, time.monotonic()) < _IDLE_SECONDS:
            return
        dialect = engine.dialect
        try:
            dialect.do_ping(line)
        except dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error

    event.listen(engine.sync_engine, "checkin", checked_in)
    event.listen(engine.sync_engine, "checkout", checked_out)


def first_line(error: BaseException) -> str:
    """Some errors say nothing but what they are."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def unreachable(variable: str, url: str, error: BaseException) -> Unavailable:
    where = urlsplit(url)
    reason = first_line(getattr(error, "orig", None) or error)
    return Unavailable(
        f"Não consegui conectar ao PostgreSQL em {variable} ({where.hostname}:{where.port}: {reason}). "
        f"Confira se ele está no ar, ou apague {variable} para usar o embutido.",
        f"Could not connect to PostgreSQL in {variable} ({where.hostname}:{where.port}: {reason}). "
        f"Check that it is up, or unset {variable} to use the embedded one.",
    )
