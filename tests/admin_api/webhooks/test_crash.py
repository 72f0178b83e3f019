"""The api process killed in the act of keeping: before the commit nothing is there, after it nothing is lost."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest

from core.crashpoints import CHAOS, CRASH_AT, CrashPoint
from core.embedded import Urls
from core.floor import Floor
from core.servers.process import free_port
from tests.admin_api.webhooks import meta
from tests.admin_api.webhooks.place import Shop, kept_ids, open_shop
from tests.fixtures.api import LOOPBACK, environment_of
from tests.fixtures.processes import running
from tests.fixtures.servers import Servers

SOON: Final = 0.02
KILLS: Final = 20  # a fifth of a second each, where the machine is free; the chaos suite has the hundred


@dataclass(frozen=True, slots=True)
class Meta:
    """Posts a message until somebody answers 200, as Meta does; an answer that never came is no answer."""

    client: httpx.AsyncClient
    shop: Shop

    async def post(self, message: meta.Json) -> int:
        """How often it was cut off in the middle of being answered."""
        body, cuts = self.shop.post(message), 0
        while True:
            try:
                response = await self.client.post(
                    meta.URL, content=body, headers=meta.headers(body, self.shop.app_secret)
                )
            except httpx.ConnectError:
                await asyncio.sleep(SOON)
            except httpx.TransportError:
                cuts += 1
            else:
                assert response.status_code == 200
                return cuts


@asynccontextmanager
async def mortal(environment: dict[str, str], point: CrashPoint, shop: Shop) -> AsyncIterator[Meta]:
    """It dies at its second passing, so that each life answers once."""
    port = free_port()
    doomed = environment | {CHAOS: "1", CRASH_AT: f"{point}:2"}
    async with (
        running("tests.admin_api.webhooks.mortal", "--port", str(port), environment=doomed) as process,
        httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", timeout=20) as client,
    ):
        await process.until("process.ready")
        yield Meta(client, shop)


@pytest.fixture
def environment(servers: Servers, floor_urls: Urls, tmp_path: Path) -> dict[str, str]:
    return environment_of(servers, floor_urls, tmp_path / "home")


async def post_many(meta_: Meta, count: int) -> tuple[list[str], int]:
    """The ids that were answered for, and how many answers were cut off."""
    messages = [meta.message() for _ in range(count)]
    cuts = [await meta_.post(message) for message in messages]
    return [message["id"] for message in messages], sum(cuts)


class TestBeforeTheCommit:
    async def test_nothing_is_there_and_the_next_post_of_it_is_the_only_row(
        self, floor: Floor, environment: dict[str, str]
    ) -> None:
        shop = await open_shop(floor)
        async with mortal(environment, CrashPoint.RX_PRE_COMMIT, shop) as provider:
            ids, cuts = await post_many(provider, 11)
        assert cuts >= 10  # and some, of connections that the dying process never took up
        assert sorted(await kept_ids(floor, shop.company)) == sorted(ids)


class TestAfterTheCommit:
    async def test_twenty_unanswered_commits_lose_nothing_and_repeat_only_what_was_posted_again(
        self, floor: Floor, environment: dict[str, str]
    ) -> None:
        """Two rows of a message are right here: the message layer knows it by the provider's id, and keeps it once."""
        shop = await open_shop(floor)
        async with mortal(environment, CrashPoint.RX_POST_COMMIT, shop) as provider:
            ids, cuts = await post_many(provider, KILLS + 1)
        kept = Counter(await kept_ids(floor, shop.company))
        assert cuts >= KILLS
        assert set(kept) == set(ids)
        assert sorted(kept.values()) == [1, *[2] * KILLS]
