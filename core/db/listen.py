"""Wake-ups from the database. They are hints: whoever listens also sweeps."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import asyncpg

from core.logging import get_logger
from core.settings import bare_asyncpg

_RETRY_SECONDS: Final = 1.0
_ALIVE_SECONDS: Final = 20.0

log = get_logger(__name__)


async def listen(url: str, channels: Mapping[str, Callable[[str], None]]) -> None:
    """Call back on each notification until cancelled; after every reconnect too, with "", for some may be lost."""
    while True:
        try:
            await _listen_once(bare_asyncpg(url), channels)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            log.warning("listen.interrupted", reason=type(error).__name__)
        await asyncio.sleep(_RETRY_SECONDS)


async def _listen_once(url: str, channels: Mapping[str, Callable[[str], None]]) -> None:
    connection: asyncpg.Connection[Any] = await asyncpg.connect(url, timeout=5)
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    try:
        for channel, wake in channels.items():
            await connection.add_listener(channel, lambda *event, wake=wake: wake(str(event[-1])))
            wake("")
        while not await _set_within(lost, _ALIVE_SECONDS):
            await connection.execute("SELECT 1", timeout=5)  # a line that was cut without a word is found out here
    finally:
        connection.terminate()


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
