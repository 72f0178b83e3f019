"""What operators do, and what happens to their disks: F49, F50, F51, F52."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import asyncpg
import httpx
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from core.db import migrate
from core.embedded import Urls
from core.servers.process import free_port
from tests.chaos.children import KILLED, Kept, Nursery, Program
from tests.chaos.disks import filled, small_disk
from tests.chaos.estate import Estate
from tests.chaos.oracle import doubled, lost
from tests.chaos.posting import Mailman, open_client
from tests.chaos.seeds import chance
from tests.chaos.stage import Plan
from tests.chaos.world import World
from tests.fixtures.api import KEYS

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(150)]

_OK: Final = int(httpx.codes.OK)


@pytest.fixture
async def world(estate: Estate, nursery: Nursery) -> AsyncIterator[World]:
    async with World.open(estate, nursery, per_second=100) as world:
        yield world


@pytest.fixture
def folder() -> Iterator[Path]:
    """Open to the servers' user, who is another one when the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="masteria-disk-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


class TestRoll:
    async def test_f49_under_load_every_process_is_replaced_and_nobody_notices(
        self, estate: Estate, nursery: Nursery
    ) -> None:
        plan = Plan(disturbed=frozenset({"api"}))
        async with World.open(estate, nursery, plan, per_second=60) as world:
            people, batch = await world.crowd.people(150), await world.start_batch()
            answers: Counter[int] = Counter()
            async with world.stage.running():
                posting = asyncio.create_task(_post_on(world, answers))
                await world.crowd.queue(people, each=3, batch=batch)
                newest = await _roll(world, [world.stage.api, *world.stage.engines], generation="b")
                newest = await _roll(world, newest, generation="c")
                posting.cancel()
                facts = await world.quiet_and_check()
                await asyncio.gather(*(process.stop() for process in newest))
            assert set(answers) == {_OK}
            assert answers[_OK] > 50
            assert doubled(facts) + lost(facts) == []
            assert all(row.attempt == 1 for row in facts.rows)


async def _post_on(world: World, answers: Counter[int]) -> None:
    """Each on a line of its own: one that was open before is closed in good order, which is no answer."""
    [person], mail, number = await world.crowd.people(1), Mailman(world.crowd), 0
    while True:
        number += 1
        body = mail.message(person, f"wamid.roll.{number}", at=world.noon, text={"body": "oi"})
        async with open_client() as client:
            answers[await mail.post(client, body)] += 1
        await asyncio.sleep(0.03)


async def _roll(world: World, old: list[Kept], *, generation: str) -> list[Kept]:
    """First the new one, then the end of the old: orderly, and within its time."""
    new = []
    for process in old:
        kind, port = process.name.partition("-")[0], free_port()
        words = ("--port", str(port)) if kind == "api" else ()
        follower = world.stage.another(process, name=f"{kind}-{generation}", words=words)
        await follower.start()
        await follower.serves()
        if kind == "api":
            world.stage.lines.proxies["api"].target = port
        assert await process.stop() == 0
        new.append(follower)
    return new


class TestMigration:
    async def test_f50_one_that_dies_half_way_is_done_again(self, estate: Estate, nursery: Nursery) -> None:
        """Killed a little later each time, until it was done before that."""
        step, ends = chance("f50").uniform(0.03, 0.06), [KILLED]
        async with estate.empty_database() as urls:
            while ends[-1] == KILLED:
                ends.append(await _upgrade(nursery, urls, estate, killed_after=step * len(ends)))
            assert ends[-1] == 0
            assert ends.count(KILLED) > 3
            engine = create_async_engine(urls.migrator)
            async with engine.connect() as connection:
                assert await migrate.find_drift(connection) == []
            await engine.dispose()


async def _upgrade(nursery: Nursery, urls: Urls, estate: Estate, *, killed_after: float) -> int:
    environment = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "DATABASE_MIGRATE_URL": urls.migrator,
        "DATABASE_URL": urls.app,
        "MASTERIA_SECRET_KEYS": KEYS,
        "MASTERIA_HOME": str(estate.embedded.home.folder),
    }
    program = Program(name="upgrade", module="admin_api.commands.db", words=("upgrade",), environment=environment)
    process = Kept(program, nursery, estate.embedded.home.folder)
    await process.start(is_once=True)
    with suppress(TimeoutError):
        return await process.ended(killed_after)
    process.kill()
    return await process.ended()


class TestDisk:
    async def test_f51_a_full_spool_promises_nothing(self, estate: Estate, nursery: Nursery) -> None:
        async with World.open(estate, nursery, Plan(engines=1)) as world, open_client() as client:
            [person] = await world.crowd.people(1)
            with small_disk(world.stage.home / "spool", megabytes=2) as disk:
                async with world.stage.running():
                    await world.say(person)
                    await world.quiet()
                    await estate.stop_postgres()
                    try:
                        with filled(disk, but_for=1):
                            answers = [await _post_large(world, client, number) for number in range(60)]
                        assert await _post_large(world, client, 60) == _OK  # there is room again
                    finally:
                        await estate.start_postgres()
                    facts = await world.quiet_and_check()
            assert answers[0] == _OK
            assert set(answers) == {_OK, int(httpx.codes.SERVICE_UNAVAILABLE)}
            assert len(facts.said) == 1 + answers.count(_OK) + 1

    async def test_f51_postgres_without_room_loses_nothing_that_was_acknowledged(
        self, nursery: Nursery, folder: Path
    ) -> None:
        with small_disk(folder, megabytes=330) as disk:
            async with Estate.open(disk) as estate, World.open(estate, nursery, Plan(engines=1)) as world:
                people = await world.crowd.people(20)
                async with world.stage.running():
                    await world.say(people[0])
                    await world.quiet()
                    with filled(disk):
                        for person in people:
                            for _ in range(6):
                                await world.say(person, "muito texto " * 300)
                        await asyncio.sleep(3)
                    await _restart_if_it_ended(estate)
                    facts = await world.quiet_and_check()
                assert len(facts.said) == 121


async def _post_large(world: World, client: httpx.AsyncClient, number: int) -> int:
    person = world.crowd.strangers(1)[0]
    mail = Mailman(world.crowd)
    words = {"body": "muito texto " * 3_000}
    return await mail.post(client, mail.message(person, f"wamid.large.{number}", at=world.noon, text=words))


async def _restart_if_it_ended(estate: Estate) -> None:
    """As its supervisor does."""
    with suppress(OSError, asyncpg.PostgresError, TimeoutError):
        async with asyncio.timeout(5), estate.connection():
            return
    await estate.stop_postgres()
    await estate.start_postgres()


class TestRestore:
    async def test_f52_a_database_from_before_sends_nothing_until_a_person_says_so(self, world: World) -> None:
        stage, people = world.stage, await world.crowd.people(20)
        await world.crowd.queue(people)
        await stage.estate.copy_aside(stage.urls)
        async with stage.running():
            await world.until_accepted(20)
            await world.quiet()
            await asyncio.sleep(1.5)  # until it is noted outside of the database, too
        await stage.estate.flush_valkey()
        await stage.estate.put_back(stage.urls)
        async with stage.running():
            await asyncio.sleep(3)
            assert await world.panel.count_accepted() == 20
            proved = (await world.panel.accepted())[:15]
            for taken in proved:
                await world.panel.post("/whatsapp/statuses/tell", {"wamid": taken.wamid, "status": "read"})
            await world.until("SELECT count(*) = 15 FROM outbound WHERE state = 'read'")
            assert len(await world.panel.calls()) == 20
            assert await stage.command("admin_api.commands.sends", "release") == 0
            await world.quiet()
            facts = await world.facts()
        assert len(facts.accepted) == 25  # five that only the lost time knew of: a person decided
        assert {taken.intent for taken in proved}.isdisjoint(doubled(facts))
