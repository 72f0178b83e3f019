"""Locks for hints in Valkey and for facts in PostgreSQL, fought over."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import pytest
import redis.asyncio as redis
from redis.crc import key_slot

from core.clock import Deadline
from core.db.locks import hold_until_commit, try_hold_until_commit
from core.db.sessions import Database
from core.embedded import Embedded
from core.errors import Unavailable
from core.home import Home
from core.ids import CompanyId
from core.locks import _ACQUIRE, hold
from core.servers.valkey import Valkey
from core.valkey import open_valkey
from tests.fixtures.servers import Servers

LEAD = UUID(int=1)


@pytest.fixture
async def valkey(servers: Servers) -> AsyncIterator[redis.Redis]:
    async with open_valkey(servers.redis_url) as client:
        await client.flushall()
        yield client


@pytest.fixture
def own_server() -> Iterator[Valkey]:
    folder = Path(tempfile.mkdtemp(prefix="masteria-test-"))
    folder.chmod(0o711)
    server = Embedded.of(Home.open(folder)).valkey
    server.start(subprocess.DEVNULL)
    yield server
    server.stop()
    shutil.rmtree(folder)


class TestHold:
    async def test_of_two_hundred_contenders_one_holds_at_a_time(self, valkey: redis.Redis) -> None:
        inside, numbers = 0, list[int]()
        deadline = Deadline.after(40)

        async def contend() -> None:
            nonlocal inside
            while not deadline.passed:
                async with hold(valkey, "cache", seconds=10) as number:
                    if number is not None:
                        inside += 1
                        assert inside == 1
                        numbers.append(number)
                        await asyncio.sleep(0.001)
                        inside -= 1
                        return
                await asyncio.sleep(0.02)

        await asyncio.gather(*(contend() for _ in range(200)))

        assert len(numbers) == 200
        assert numbers == sorted(set(numbers))

    async def test_who_comes_second_gets_none(self, valkey: redis.Redis) -> None:
        async with hold(valkey, "cache", seconds=10), hold(valkey, "cache", seconds=10) as second:
            assert second is None

        async with hold(valkey, "cache", seconds=10) as third:
            assert third is not None

    async def test_names_do_not_hinder_each_other(self, valkey: redis.Redis) -> None:
        async with hold(valkey, "cache", seconds=10), hold(valkey, "other", seconds=10) as other:
            assert other is not None

    async def test_an_expired_holder_cannot_release_the_next_ones_lock(self, valkey: redis.Redis) -> None:
        async with hold(valkey, "cache", seconds=0.05) as first:
            await asyncio.sleep(0.06)
            late = hold(valkey, "cache", seconds=10)
            second = await late.__aenter__()

        async with hold(valkey, "cache", seconds=10) as third:
            assert third is None
        await late.__aexit__(None, None, None)
        assert first is not None
        assert second is not None
        assert second > first

    async def test_the_numbers_grow_over_a_flush(self, valkey: redis.Redis) -> None:
        async with hold(valkey, "cache", seconds=10) as before:
            await valkey.flushall()
        async with hold(valkey, "cache", seconds=10) as after:
            assert before is not None
            assert after is not None
            assert after > before

    async def test_the_numbers_grow_while_the_clock_stands_back(self, valkey: redis.Redis) -> None:
        async with hold(valkey, "cache", seconds=10):
            [key] = await valkey.keys("*:number")
        await valkey.set(key, 4_000_000_000_000_000)

        async with hold(valkey, "cache", seconds=10) as number:
            assert number == 4_000_000_000_000_001

    async def test_asking_again_after_a_lost_answer_gives_the_same_number(self, valkey: redis.Redis) -> None:
        first, again = [await _ACQUIRE.run(valkey, ["{cache}", "{cache}:number"], ["token", 9000]) for _ in range(2)]

        assert first == again

    async def test_an_error_in_the_block_releases_it(self, valkey: redis.Redis) -> None:
        with pytest.raises(LookupError):
            async with hold(valkey, "cache", seconds=10):
                raise LookupError

        async with hold(valkey, "cache", seconds=10) as number:
            assert number is not None

    async def test_a_lock_nobody_got_is_not_released(self, valkey: redis.Redis) -> None:
        async with hold(valkey, "cache", seconds=10):
            async with hold(valkey, "cache", seconds=10):
                pass
            async with hold(valkey, "cache", seconds=10) as third:
                assert third is None

    async def test_its_keys_expire_share_a_slot_and_name_nobody(self, valkey: redis.Redis) -> None:
        async with hold(valkey, "+5511987654321", seconds=10):
            keys = [str(key) for key in await valkey.keys()]
            left = [await valkey.pttl(key) for key in keys]

        assert len({key_slot(key.encode()) for key in keys}) == 1
        assert not any("5511" in key for key in keys)
        assert min(left) > 0

    async def test_a_server_that_leaves_takes_only_the_lock_along(self, own_server: Valkey) -> None:
        await own_server.wait_ready()
        async with open_valkey(own_server.url) as client:
            async with hold(client, "cache", seconds=10) as number:
                await asyncio.to_thread(own_server.stop)

            assert number is not None
            with pytest.raises(Unavailable, match="REDIS_URL"):
                async with hold(client, "cache", seconds=10):
                    pass


class TestHoldUntilCommit:
    async def test_two_sessions_of_a_company_take_turns(self, database: Database, ana: CompanyId) -> None:
        events: list[str] = []

        async def second() -> None:
            async with database.tenant_session(ana) as session:
                events.append("second asks")
                await hold_until_commit(session, "lead", LEAD)
                events.append("second holds")

        async with database.tenant_session(ana) as session:
            await hold_until_commit(session, "lead", LEAD)
            waiting = asyncio.create_task(second())
            await asyncio.sleep(0.15)
            events.append("first ends")
        await waiting

        assert events == ["second asks", "first ends", "second holds"]

    async def test_twenty_sessions_lose_no_update(self, database: Database, ana: CompanyId) -> None:
        counter = 0

        async def add_one() -> None:
            nonlocal counter
            async with database.tenant_session(ana) as session:
                await hold_until_commit(session, "counter")
                seen = counter
                await asyncio.sleep(0.002)
                counter = seen + 1

        await asyncio.gather(*(add_one() for _ in range(20)))

        assert counter == 20


class TestTryHoldUntilCommit:
    async def test_it_answers_at_once_while_another_holds_the_name(self, database: Database, ana: CompanyId) -> None:
        async with database.tenant_session(ana) as first, database.tenant_session(ana) as second:
            await hold_until_commit(first, "lead", LEAD)

            assert not await try_hold_until_commit(second, "lead", LEAD)

    async def test_the_same_transaction_may_ask_again(self, database: Database, ana: CompanyId) -> None:
        async with database.tenant_session(ana) as session:
            assert await try_hold_until_commit(session, "lead", LEAD)
            assert await try_hold_until_commit(session, "lead", LEAD)

    async def test_another_companys_same_name_does_not_hinder(
        self, database: Database, ana: CompanyId, beto: CompanyId
    ) -> None:
        async with database.tenant_session(ana) as first, database.tenant_session(beto) as second:
            await hold_until_commit(first, "lead", LEAD)

            assert await try_hold_until_commit(second, "lead", LEAD)

    async def test_the_parts_do_not_run_into_each_other(self, database: Database, ana: CompanyId) -> None:
        async with database.tenant_session(ana) as first, database.tenant_session(ana) as second:
            await hold_until_commit(first, "lead", 11)

            assert await try_hold_until_commit(second, "lead1", 1)

    async def test_a_commit_releases_it(self, database: Database, ana: CompanyId) -> None:
        async with database.tenant_session(ana) as first:
            await hold_until_commit(first, "lead", LEAD)

        async with database.tenant_session(ana) as second:
            assert await try_hold_until_commit(second, "lead", LEAD)

    async def test_a_rollback_releases_it(self, database: Database, ana: CompanyId) -> None:
        async def fail() -> None:
            async with database.tenant_session(ana) as first:
                await hold_until_commit(first, "lead", LEAD)
                raise LookupError

        with pytest.raises(LookupError):
            await fail()

        async with database.tenant_session(ana) as second:
            assert await try_hold_until_commit(second, "lead", LEAD)
