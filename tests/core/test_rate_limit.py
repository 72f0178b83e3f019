"""The limiter on a real Valkey, judged by the server time of each grant."""

import asyncio
import math
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import redis.asyncio as redis
from redis.crc import key_slot

from core.clock import Deadline
from core.embedded import Embedded
from core.errors import Misconfigured, Unavailable
from core.home import Home
from core.rate_limit import Granted, Limit, Wait, push_back, take
from core.servers.valkey import Valkey
from core.valkey import open_valkey
from tests.fixtures.servers import Servers

GROUP = "connection-1"
PATIENT = 30.0  # a thousand takers on a busy machine wait longer for a connection than a process should
FIVE = Limit(name="five", count=50, burst=5)
FULL = 0.1  # seconds until it is full again
HOURLY = Limit(name="hourly", count=1, period=3600, burst=5)


@pytest.fixture
async def valkey(servers: Servers) -> AsyncIterator[redis.Redis]:
    async with open_valkey(servers.redis_url, seconds=PATIENT) as client:
        await client.flushall()
        yield client


@pytest.fixture
async def clients(servers: Servers, valkey: redis.Redis) -> AsyncIterator[list[redis.Redis]]:
    async with AsyncExitStack() as stack:
        yield [
            valkey,
            *[await stack.enter_async_context(open_valkey(servers.redis_url, seconds=PATIENT)) for _ in range(3)],
        ]


@pytest.fixture
def own_server() -> Iterator[Valkey]:
    folder = Path(tempfile.mkdtemp(prefix="masteria-test-"))
    folder.chmod(0o711)
    yield Embedded.of(Home.open(folder)).valkey
    shutil.rmtree(folder)


@asynccontextmanager
async def running(server: Valkey) -> AsyncIterator[redis.Redis]:
    await asyncio.to_thread(server.start, subprocess.DEVNULL)
    try:
        await server.wait_ready()
        async with open_valkey(server.url) as client:
            yield client
    finally:
        await asyncio.to_thread(server.stop)


async def keys_of(valkey: redis.Redis) -> list[str]:
    return [str(key) for key in await valkey.keys()]


async def rest(valkey: redis.Redis, *limits: Limit) -> None:
    """Let the buckets of the group fill up."""
    for limit in limits:
        await take(valkey, limit, group=GROUP)
    await asyncio.sleep(max(limit.burst * limit.interval for limit in limits) / 1e6)


async def wait_of(valkey: redis.Redis, *limits: Limit, cost: int = 1) -> float:
    answer = await take(valkey, *limits, group=GROUP, cost=cost)
    assert isinstance(answer, Wait)
    return answer.seconds


async def granted(valkey: redis.Redis, *limits: Limit, cost: int = 1) -> bool:
    return isinstance(await take(valkey, *limits, group=GROUP, cost=cost), Granted)


async def take_until(valkey: redis.Redis, *limits: Limit, deadline: Deadline, late: float = 0.0) -> int | None:
    """The server time of the grant that a patient caller gets, who comes back a little late each time."""
    while not deadline.passed:
        answer = await take(valkey, *limits, group=GROUP)
        if isinstance(answer, Granted):
            return answer.at
        await asyncio.sleep(answer.seconds + late)
    return None


def worst_excess(limit: Limit, grants: Iterable[int]) -> float:
    """By how many grants the worst of all windows exceeds `burst + rate * window`; whole numbers throughout."""
    worst, lowest = -math.inf, math.inf
    scale = limit.period * 1_000_000
    for index, at in enumerate(sorted(grants)):
        lowest = min(lowest, index * scale - at * limit.count)
        worst = max(worst, (index + 1) * scale - at * limit.count - lowest - limit.burst * scale)
    return worst / scale


class TestWorstExcess:
    def test_the_judge_sees_one_grant_too_many(self) -> None:
        limit = Limit(name="judge", count=10, burst=2)

        assert worst_excess(limit, [0, 0, 100_000]) == 0
        assert worst_excess(limit, [0, 0, 50_000]) == 0.5
        assert worst_excess(limit, [0, 5_000_000, 5_000_000, 5_000_000, 9_000_000]) == 1


class TestLimit:
    @pytest.mark.parametrize(("count", "period", "interval"), [(80, 1, 12_500), (3, 1, 333_334), (20, 60, 3_000_000)])
    def test_the_interval_is_never_too_short(self, count: int, period: int, interval: int) -> None:
        assert Limit(name="any", count=count, period=period).interval == interval

    @pytest.mark.parametrize(("count", "period", "burst"), [(0, 1, 1), (1, 0, 1), (1, 1, 0), (1, -1, 1)])
    def test_nothing_in_it_may_be_zero(self, count: int, period: int, burst: int) -> None:
        with pytest.raises(ValueError, match="must be positive"):
            Limit(name="any", count=count, period=period, burst=burst)


class TestTake:
    async def test_a_thousand_takers_on_several_clients_never_exceed_the_rate(self, clients: list[redis.Redis]) -> None:
        limit = Limit(name="number", count=500, burst=50)
        await rest(clients[0], limit)
        deadline = Deadline.after(40)
        takers = (take_until(clients[i % 4], limit, deadline=deadline, late=i * 0.0002) for i in range(1000))

        grants = await asyncio.gather(*takers)

        assert worst_excess(limit, [at for at in grants if at]) <= 0
        assert None not in grants

    async def test_a_thousand_at_once_get_what_a_full_bucket_holds(self, clients: list[redis.Redis]) -> None:
        limit = Limit(name="number", count=100, burst=30)
        await rest(clients[0], limit)

        answers = await asyncio.gather(*(take(clients[i % 4], limit, group=GROUP) for i in range(1000)))

        grants = [answer.at for answer in answers if isinstance(answer, Granted)]
        assert len(grants) >= 30
        assert worst_excess(limit, grants) <= 0

    async def test_no_limit_is_exceeded_where_several_are_taken_together(self, clients: list[redis.Redis]) -> None:
        number = Limit(name="number", count=400, burst=20)
        pairs = [Limit(name="pair", of=f"+55119000{i}", count=50, burst=3) for i in range(10)]
        grants: dict[Limit, list[int]] = defaultdict(list)
        deadline = Deadline.after(40)

        async def taker(index: int) -> None:
            pair = pairs[index % 10]
            at = await take_until(clients[index % 4], number, pair, deadline=deadline, late=index * 0.0002)
            assert at is not None
            grants[number].append(at)
            grants[pair].append(at)

        await asyncio.gather(*(taker(index) for index in range(300)))

        assert max(worst_excess(limit, times) for limit, times in grants.items()) <= 0

    async def test_flushing_every_50_ms_never_lets_more_than_the_rate_through(self, clients: list[redis.Redis]) -> None:
        limit = Limit(name="number", count=1000, burst=100)
        grants: list[int] = []
        deadline = Deadline.after(1.5)

        async def taker(client: redis.Redis) -> None:
            while at := await take_until(client, limit, deadline=deadline):
                grants.append(at)

        async def flusher() -> None:
            while not deadline.passed:
                await asyncio.sleep(0.05)
                await clients[0].flushall()

        await asyncio.gather(flusher(), *(taker(clients[i % 4]) for i in range(40)))

        assert worst_excess(limit, grants) <= 0
        assert len(grants) > 100

    @pytest.mark.parametrize("cost", [1, 2, 5])
    async def test_who_is_alone_and_sleeps_the_wait_is_granted(self, valkey: redis.Redis, cost: int) -> None:
        for _ in range(5):
            while isinstance(answer := await take(valkey, FIVE, group=GROUP, cost=cost), Granted):
                pass  # some came back meanwhile: a fiftieth of a second is short on a busy machine
            await asyncio.sleep(answer.seconds)
            assert await granted(valkey, FIVE, cost=cost)

    async def test_a_wait_takes_nothing(self, valkey: redis.Redis) -> None:
        waits = [await wait_of(valkey, HOURLY) for _ in range(20)]

        assert waits == sorted(waits, reverse=True)
        assert 3599 < waits[-1] <= waits[0] == 3600

    async def test_all_are_taken_or_none(self, valkey: redis.Redis) -> None:
        await rest(valkey, FIVE)

        answer = await take(valkey, FIVE, HOURLY, group=GROUP, cost=5)

        assert isinstance(answer, Wait)
        assert answer.limit == "hourly"
        assert await granted(valkey, FIVE, cost=5)

    async def test_limits_taken_together_are_the_same_as_taken_alone(self, valkey: redis.Redis) -> None:
        other = Limit(name="other", count=50, burst=5)
        await rest(valkey, FIVE, other)

        assert await granted(valkey, FIVE, other, cost=5)

        assert await wait_of(valkey, FIVE, cost=5) > 0
        assert await wait_of(valkey, other, cost=5) > 0

    async def test_the_same_name_in_another_group_is_another_bucket(self, valkey: redis.Redis) -> None:
        groups = [f"connection-{number}" for number in range(65)]  # more than there are shards
        for group in groups:
            await take(valkey, FIVE, group=group)
        await asyncio.sleep(FULL)

        answers = [await take(valkey, FIVE, group=group, cost=5) for group in groups]

        assert all(isinstance(answer, Granted) for answer in answers)

    async def test_each_whom_a_limit_counts_has_a_bucket(self, valkey: redis.Redis) -> None:
        ana, beto = [Limit(name="pair", of=phone, count=50, burst=5) for phone in ("+5511900000001", "+5511900000002")]
        await rest(valkey, ana, beto)

        assert await granted(valkey, ana, cost=5)
        assert await granted(valkey, beto, cost=5)

    async def test_an_idle_bucket_is_full_when_its_key_has_expired(self, valkey: redis.Redis) -> None:
        await rest(valkey, FIVE)
        assert await granted(valkey, FIVE, cost=5)
        await asyncio.sleep(FULL + 0.01)
        assert [key.rsplit(":", 1)[1] for key in await keys_of(valkey)] == ["epoch"]

        assert await granted(valkey, FIVE, cost=5)

    async def test_one_that_says_so_is_full_when_forgotten(self, valkey: redis.Redis) -> None:
        pair = Limit(name="pair", count=1, period=60, burst=3, is_full_when_forgotten=True)

        await valkey.flushall()

        assert [type(await take(valkey, pair, group="g")) for _ in range(4)] == [Granted, Granted, Granted, Wait]

    async def test_a_flushed_bucket_is_empty(self, valkey: redis.Redis) -> None:
        await rest(valkey, FIVE)
        await valkey.flushall()

        assert await wait_of(valkey, FIVE, cost=5) == FULL

    async def test_a_restarted_server_starts_empty_also_from_an_old_snapshot(self, own_server: Valkey) -> None:
        async with running(own_server) as client:
            await rest(client, FIVE)
            snapshot = {key: str(await client.get(key)) for key in await keys_of(client)}
            assert await granted(client, FIVE, cost=5)
        async with running(own_server) as client:
            for key, value in snapshot.items():
                await client.set(key, value)

            assert await wait_of(client, FIVE, cost=5) == FULL

    @pytest.mark.parametrize("ahead", ["epoch", "bucket"])
    async def test_a_clock_that_was_set_back_costs_one_filling_at_most(self, valkey: redis.Redis, ahead: str) -> None:
        at = (await take(valkey, FIVE, group=GROUP)).at + 3_600_000_000
        await asyncio.sleep(FULL / 5)
        assert await granted(valkey, FIVE)
        for key in await keys_of(valkey):
            if key.endswith("epoch") is (ahead == "epoch"):
                run = str(await valkey.get(key)).split()[0]
                await valkey.set(key, f"{run} {at}" if ahead == "epoch" else at)

        assert await wait_of(valkey, FIVE, cost=5) <= FULL
        await asyncio.sleep(FULL)
        assert await granted(valkey, FIVE, cost=5)

    async def test_a_script_flush_changes_nothing(self, valkey: redis.Redis) -> None:
        await rest(valkey, FIVE)
        await valkey.script_flush()

        assert await granted(valkey, FIVE, cost=5)

    async def test_a_cost_above_the_burst_is_refused_by_name(self, valkey: redis.Redis) -> None:
        with pytest.raises(Misconfigured, match="five never allows 6 at once: its burst is 5"):
            await take(valkey, Limit(name="many", count=1, burst=9), FIVE, group=GROUP, cost=6)

    async def test_whom_a_limit_counts_never_shows(self, valkey: redis.Redis) -> None:
        pair = Limit(name="pair", of="+5511987654321", count=1)

        with pytest.raises(Misconfigured) as refused:
            await take(valkey, pair, group=GROUP, cost=2)

        assert "5511" not in f"{refused.value.detail} {await take(valkey, pair, group=GROUP)}"

    async def test_a_limit_named_twice_or_a_cost_of_nothing_is_a_bug(self, valkey: redis.Redis) -> None:
        with pytest.raises(ValueError, match="five"):
            await take(valkey, FIVE, FIVE, group=GROUP)
        with pytest.raises(ValueError, match="a cost of 0"):
            await take(valkey, FIVE, group=GROUP, cost=0)

    async def test_all_keys_of_one_call_share_a_slot_and_name_nobody(self, valkey: redis.Redis) -> None:
        limits = [Limit(name="pair", of=f"+551198765432{i}", count=1, burst=1) for i in range(5)]
        await push_back(valkey, limits[0], group=GROUP, seconds=1)
        await rest(valkey, FIVE)
        await take(valkey, FIVE, *limits[1:], group=GROUP)

        keys = await keys_of(valkey)

        assert len({key_slot(key.encode()) for key in keys}) == 1
        assert not any("5511" in key for key in keys)

    async def test_the_keys_expire_by_themselves_but_for_the_epoch(self, valkey: redis.Redis) -> None:
        await rest(valkey, FIVE)
        await take(valkey, FIVE, group=GROUP, cost=5)
        await push_back(valkey, FIVE, group=GROUP, seconds=1e9)

        left = {key: await valkey.pttl(key) for key in await keys_of(valkey)}

        assert [key for key, milliseconds in left.items() if milliseconds < 0] == [
            key for key in left if "epoch" in key
        ]
        assert max(left.values()) <= 3_600_002
        assert len(left) == 3

    async def test_a_server_that_is_away_is_unavailable(self) -> None:
        async with open_valkey("redis://127.0.0.1:1/0") as away:
            with pytest.raises(Unavailable):
                await take(away, FIVE, group=GROUP)


class TestPushBack:
    async def test_nothing_is_granted_before_its_end(self, valkey: redis.Redis) -> None:
        await rest(valkey, FIVE)
        await push_back(valkey, FIVE, group=GROUP, seconds=0.2)

        wait = await wait_of(valkey, FIVE)

        assert 0 < wait <= 0.2
        await asyncio.sleep(wait)
        assert await granted(valkey, FIVE, cost=5)

    async def test_it_holds_whatever_is_taken_together_with_it(self, valkey: redis.Redis) -> None:
        other = Limit(name="other", count=50, burst=5)
        await rest(valkey, FIVE, other)
        await push_back(valkey, FIVE, group=GROUP, seconds=10)

        answer = await take(valkey, other, FIVE, group=GROUP)

        assert isinstance(answer, Wait)
        assert answer.limit == "five"
        assert await granted(valkey, other, cost=5)

    async def test_a_shorter_one_does_not_shorten_it(self, valkey: redis.Redis) -> None:
        await push_back(valkey, FIVE, group=GROUP, seconds=10)
        await push_back(valkey, FIVE, group=GROUP, seconds=1)

        assert await wait_of(valkey, FIVE) > 9

    @pytest.mark.parametrize("seconds", [1e9, math.inf])
    async def test_an_absurd_one_is_an_hour(self, valkey: redis.Redis, seconds: float) -> None:
        await push_back(valkey, FIVE, group=GROUP, seconds=seconds)

        assert 3590 < await wait_of(valkey, FIVE) <= 3600

    @pytest.mark.parametrize("seconds", [0, -1, -math.inf, math.nan])
    async def test_what_is_no_time_to_come_changes_nothing(self, valkey: redis.Redis, seconds: float) -> None:
        await rest(valkey, FIVE)
        await push_back(valkey, FIVE, group=GROUP, seconds=seconds)

        assert await granted(valkey, FIVE, cost=5)
