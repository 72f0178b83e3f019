"""Locks for hints: who refreshes a cache, who looks first. A fact is locked in PostgreSQL, in core/db/locks.py."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import uuid4

import redis.asyncio as redis

from core.errors import Unavailable
from core.valkey import Script, opaque


@asynccontextmanager
async def hold(valkey: redis.Redis, name: str, *, seconds: float) -> AsyncIterator[int | None]:
    """Hold the name until the block ends or `seconds` have passed; None: another holds it.

    The number grows with each holder, also over a flush. Two may believe they hold the name at once (a paused process,
    a flush, a failover), so nothing may depend on it that a customer could notice: that is PostgreSQL's to lock.
    """
    token, keys = uuid4().hex, _keys(name)
    number: int | None = await _ACQUIRE.run(valkey, keys, [token, math.ceil(seconds * 1000)])
    try:
        yield number
    finally:
        if number is not None:
            with suppress(Unavailable):  # it expires by itself
                await _RELEASE.run(valkey, keys[:1], [token])


def _keys(name: str) -> list[str]:
    key = f"lock:{{{opaque(name)}}}"
    return [key, f"{key}:number"]


# The clock keeps the numbers growing where the last one is forgotten. Our own token there: our first answer was lost.
_ACQUIRE: Final = Script("""
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then
  return tonumber(redis.call('GET', KEYS[2]))
elseif holder then
  return false
end
local clock = redis.call('TIME')
local number = math.max(clock[1] * 1000000 + clock[2], tonumber(redis.call('GET', KEYS[2]) or 0) + 1)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], string.format('%.0f', number), 'PX', ARGV[2] + 86400000)
return number
""")

_RELEASE: Final = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
""")
