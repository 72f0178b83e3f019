"""The limiter's arithmetic against the same told in plain Python."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Literal

import pytest
import redis.asyncio as redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.rate_limit import Limit, Wait, take
from core.valkey import open_valkey
from tests.fixtures.servers import Servers


@pytest.fixture
async def valkey(servers: Servers) -> AsyncIterator[redis.Redis]:
    async with open_valkey(servers.redis_url) as client:
        yield client


@dataclass
class Model:
    """The same promise told as levels of buckets that fill, in exact whole numbers (one token is `interval` units)."""

    levels: dict[Limit, int] = field(default_factory=dict)
    seen: int | None = None

    def take(self, limits: list[Limit], cost: int, at: int) -> int:
        self._fill(at)
        wait = max(cost * limit.interval - self.levels.get(limit, limit.interval * limit.burst) for limit in limits)
        if wait <= 0:
            for limit in limits:
                self.levels[limit] = self.levels.get(limit, limit.interval * limit.burst) - cost * limit.interval
        return max(wait, 0)

    def forget(self) -> None:
        self.levels, self.seen = {}, None

    def _fill(self, at: int) -> None:
        if self.seen is None:
            self.levels = dict.fromkeys(LIMITS, 0)
        else:
            past = at - self.seen
            self.levels = {each: min(level + past, each.interval * each.burst) for each, level in self.levels.items()}
        self.seen = at


# Short enough that the time between two calls (0.2 ms) matters to all of them.
LIMITS = [
    Limit(name="fast", count=7_000, burst=5),
    Limit(name="slow", count=900, burst=3),
    Limit(name="single", count=3_000),
    Limit(name="wide", count=2_000, burst=12),
]

Step = tuple[list[Limit], int] | Literal["flush", "pause", "script flush"]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.lists(st.sampled_from(LIMITS), min_size=1, unique=True), st.integers(1, 5)),
        st.sampled_from(["flush", "pause", "pause", "script flush"]),
    ),
    max_size=40,
)


class TestAgainstTheModel:
    @given(steps=STEPS)
    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example flushes first
    )
    async def test_every_answer_is_that_of_the_model(self, valkey: redis.Redis, steps: list[Step]) -> None:
        model = Model()
        await valkey.flushall()
        for step in steps:
            if step == "flush":
                await valkey.flushall()
                model.forget()
            elif step == "script flush":
                await valkey.script_flush()
            elif step == "pause":
                await asyncio.sleep(0.0015)
            else:
                await self.compare(valkey, model, step)

    async def compare(self, valkey: redis.Redis, model: Model, step: tuple[list[Limit], int]) -> None:
        limits, wanted = step
        cost = min(wanted, *(limit.burst for limit in limits))
        answer = await take(valkey, *limits, group="connection-1", cost=cost)
        expected = model.take(limits, cost, answer.at)
        assert round(answer.seconds * 1e6) == expected if isinstance(answer, Wait) else expected == 0
