"""What a process stands on, opened once at its start and handed down."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import redis.asyncio as redis

from core import clock
from core.crypto import KeyRing
from core.db.revision import refuse_behind
from core.db.server import clock_shift, refuse_old_server
from core.db.sessions import Database, Pool
from core.home import Home
from core.settings import Settings
from core.valkey import check, open_valkey


@dataclass(frozen=True, kw_only=True, slots=True)
class Floor:
    settings: Settings
    database: Database
    ring: KeyRing
    valkey: redis.Redis


@asynccontextmanager
async def open_floor(settings: Settings, pool: Pool | None = None) -> AsyncIterator[Floor]:
    """Everything is checked before it is handed out: a process that could not work does not start."""
    ring = KeyRing.load(settings, Home(settings.masteria_home).keys_file)
    has_pooler = settings.database_listen_url is not None
    database = Database(settings.require("DATABASE_URL"), replace(pool or Pool(), is_pooled=has_pooler))
    valkey = open_valkey(settings.require("REDIS_URL"))
    try:
        await database.check()
        async with database.engine.connect() as connection:
            if not settings.masteria_embedded:
                await refuse_old_server(connection)
            await refuse_behind(connection)
            clock.follow_shift(await clock_shift(connection))
        await check(valkey)
        yield Floor(settings=settings, database=database, ring=ring, valkey=valkey)
    finally:
        await valkey.aclose()
        await database.close()
