"""PostgreSQL stopped, killed and frozen under an inbox that goes on: on a server of this module's own."""

import asyncio
import itertools
import os
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import psutil
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from core.clock import Deadline
from core.db import migrate
from core.embedded import DATABASE, Embedded
from core.floor import Floor, open_floor
from core.home import Home
from tests.admin_api.webhooks import meta
from tests.admin_api.webhooks.place import Place, Shop, kept_ids, open_place, open_shop, strays
from tests.fixtures.api import settings_of
from tests.fixtures.servers import Servers, as_asyncpg

HANDS: Final = 4
# A killed server loses nothing without these two: only a power cut would, and commits wait for the log all the same.
_FAST: Final = {"fsync": "off", "full_page_writes": "off"}


@pytest.fixture(scope="module")
async def own() -> AsyncIterator[Servers]:
    home = _new_home()
    embedded = Embedded.of(home, postgres_settings=_FAST)
    await embedded.start(log=asyncio.subprocess.DEVNULL)
    engine = create_async_engine(as_asyncpg(embedded.urls(DATABASE).migrator))
    async with engine.connect() as connection:
        await migrate.upgrade(connection)
    await engine.dispose()
    yield Servers(embedded, embedded.valkey.url, itertools.count())
    embedded.stop()
    shutil.rmtree(home.folder)


def _new_home() -> Home:
    folder = Path(tempfile.mkdtemp(prefix="masteria-outage-"))
    folder.chmod(0o711)
    return Home.open(folder)


@pytest.fixture
async def floor(own: Servers, tmp_path: Path) -> AsyncIterator[Floor]:
    async with open_floor(settings_of(own, own.urls(DATABASE), tmp_path)) as floor:
        yield floor


@pytest.fixture
async def place(floor: Floor) -> AsyncIterator[Place]:
    async with open_place(floor) as place:
        yield place


@dataclass
class Poster:
    """Posts one message after another, and never any again."""

    place: Place
    shop: Shop
    ids: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    is_done: bool = False
    _answered: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    @asynccontextmanager
    async def at_work(self, hands: int = HANDS) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._post_on()) for _ in range(hands)]
            yield
            self.is_done = True
            await asyncio.wait(tasks)

    async def posted(self, more: int) -> None:
        """Until so many more were answered, however fast this machine is."""
        self._answered = asyncio.Semaphore(0)
        async with asyncio.timeout(30):
            for _ in range(more):
                await self._answered.acquire()

    async def _post_on(self) -> None:
        while not self.is_done:
            message = meta.message()
            self.ids.append(message["id"])
            begun = time.monotonic()
            response = await self.place.deliver(self.shop, message)
            self.seconds.append(time.monotonic() - begun)
            self.statuses[response.status_code] += 1
            self._answered.release()
            await asyncio.sleep(0.01)


async def stop(own: Servers, how: signal.Signals = signal.SIGINT) -> None:
    child = own.embedded.postgres._child
    assert child is not None
    os.kill(child.pid, how)
    await asyncio.to_thread(child.wait, 20)


async def start(own: Servers) -> None:
    await asyncio.to_thread(own.embedded.postgres.start, asyncio.subprocess.DEVNULL)
    await own.embedded.postgres.wait_ready()


@contextmanager
def frozen(own: Servers) -> Iterator[None]:
    """All of its processes stand still; the kernel goes on taking connections for them."""
    child = own.embedded.postgres._child
    assert child is not None
    server = psutil.Process(child.pid)
    processes = [server, *server.children()]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


async def all_kept(place: Place, poster: Poster) -> None:
    """Every message that was answered for is there, once."""
    deadline = Deadline.after(20)
    kept: list[str] = []
    while sorted(kept) != sorted(poster.ids):
        assert not deadline.passed, f"{len(poster.ids)} posted, {len(set(kept))} kept, {len(kept)} times"
        await asyncio.sleep(0.1)
        kept = await kept_ids(place.floor, poster.shop.company)


class TestStopped:
    async def test_what_is_posted_meanwhile_is_answered_and_kept_once(self, own: Servers, place: Place) -> None:
        poster = Poster(place, await place.open_shop())
        async with poster.at_work():
            await asyncio.sleep(0.3)
            await stop(own)
            await asyncio.sleep(1.5)
            await start(own)
            await asyncio.sleep(0.5)
        assert set(poster.statuses) == {200}
        await all_kept(place, poster)

    async def test_known_doors_open_and_unknown_ones_are_asked_to_come_back(self, own: Servers, place: Place) -> None:
        shop = await place.open_shop()
        before = await strays(own, place.floor)
        nobody = replace(shop, phone="404404404", account="405")
        await stop(own)
        try:
            assert (await place.deliver(shop)).status_code == 200
            unknown = await place.deliver(nobody)
            assert unknown.status_code == 503
            assert unknown.headers["retry-after"]
            forged = await place.post(shop.post(), meta.headers(b"", shop.app_secret))
            assert forged.status_code == 401
            query = {"hub.mode": "subscribe", "hub.verify_token": shop.verify_token, "hub.challenge": "1"}
            assert (await place.client.get(meta.URL, params=query)).status_code == 200
        finally:
            await start(own)
        assert (await place.deliver(nobody)).status_code == 200
        assert len(await strays(own, place.floor)) == len(before) + 1

    async def test_an_inbox_that_ends_meanwhile_leaves_it_to_the_next(self, own: Servers, floor: Floor) -> None:
        shop = await open_shop(floor)
        async with open_place(floor) as place:
            poster = Poster(place, shop)
            await stop(own)
            async with poster.at_work():
                await asyncio.sleep(0.3)
        await start(own)
        assert set(poster.statuses) == {200}
        async with open_place(floor) as place:
            await all_kept(place, poster)


class TestKilled:
    async def test_five_immediate_restarts_lose_nothing_and_double_nothing(self, own: Servers, place: Place) -> None:
        poster = Poster(place, await place.open_shop())
        async with poster.at_work(hands=8):
            for _ in range(5):
                await asyncio.sleep(0.3)
                await stop(own, signal.SIGQUIT)
                await start(own)
        assert set(poster.statuses) == {200}
        assert len(poster.ids) > 50
        await all_kept(place, poster)


class TestFrozen:
    async def test_a_server_that_answers_nothing_costs_one_group_its_patience(self, own: Servers, place: Place) -> None:
        poster = Poster(place, await place.open_shop())
        async with poster.at_work():
            await poster.posted(50)
            with frozen(own):
                await asyncio.sleep(6)
            await poster.posted(50)
        assert set(poster.statuses) == {200}
        assert len([seconds for seconds in poster.seconds if seconds > 1]) <= 2 * HANDS
        assert max(poster.seconds) < 10
        await all_kept(place, poster)
