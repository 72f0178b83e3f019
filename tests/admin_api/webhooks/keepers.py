"""Keepers at work, rows for them, and what stands in their way."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from admin_api.webhooks.incoming import Incoming
from admin_api.webhooks.keeping import Keeper
from core.embedded import Urls
from core.floor import Floor
from core.ids import CompanyId, ConnectionId
from core.models.stream import Consumer
from core.spool import Spool
from tests.admin_api.webhooks.place import rows_of
from tests.fixtures.servers import Servers

AWAY: Final = "postgresql+asyncpg://app:x@127.0.0.1:1/none"
POISON: Final = '{"a":"\\u0000"}'
_KEEP: Final = "(uuid[], uuid[], timestamptz[], uuid[], text[], bytea[], bytea[], text[], text[])"


def row(company: CompanyId, *, payload: str | None = "{}", connection: ConnectionId | None = None) -> Incoming:
    body = (payload or "no json").encode("utf-8", "surrogatepass")
    return Incoming(
        company=company,
        connection=connection,
        consumer=Consumer.ENGINE,
        body=body,
        digest=hashlib.sha256(body).digest(),
        headers={"user-agent": "x"},
        payload=payload,
    )


@asynccontextmanager
async def running(keeper: Keeper) -> AsyncIterator[Keeper]:
    task = asyncio.create_task(keeper.run(lambda: None))
    yield keeper
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def nothing_to_keep_with(servers: Servers, urls: Urls) -> AsyncIterator[None]:
    """As in the middle of a deployment: the function that keeps is not there."""
    async with servers.superuser(urls) as connection:
        await connection.execute(f"ALTER FUNCTION priv.keep_incoming{_KEEP} RENAME TO keep_later")
        yield
        await connection.execute(f"ALTER FUNCTION priv.keep_later{_KEEP} RENAME TO keep_incoming")


async def until_rows(floor: Floor, company: CompanyId, count: int) -> None:
    async def are_there() -> bool:
        return len(await rows_of(floor, company)) == count

    await until(are_there)


async def until_empty(spool: Spool) -> None:
    async def is_empty() -> bool:
        return (await spool.status()).depth == 0

    await until(is_empty)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """What is waited for happens in another task."""
    async with asyncio.timeout(15):
        while not await condition():  # noqa: ASYNC110 - the database tells it by a question alone
            await asyncio.sleep(0.05)
