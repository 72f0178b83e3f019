"""How fast a bot speaks: within what Telegram takes, also where nobody counts for all."""

import asyncio
import time
from dataclasses import replace

import redis.asyncio as redis

from admin_api.staff.pacing import Pace, Rates
from core.floor import Floor
from core.ids import ConnectionId, new_id

GROUP = -1001
PERSON = 77


def pace(floor: Floor, rates: Rates | None = None) -> Pace:
    return Pace(floor, ConnectionId(new_id()), rates or Rates())


class TestRates:
    def test_no_minute_has_more_than_telegram_takes_in_a_group(self) -> None:
        *_, minute = Rates().limits(GROUP)
        assert minute.burst + minute.count * 60 / minute.period <= 20

    def test_no_second_has_more_than_it_takes_in_all(self) -> None:
        overall = Rates().limits(PERSON)[0]
        assert overall.burst + overall.count <= 30

    def test_a_person_is_no_group(self) -> None:
        assert [limit.name for limit in Rates().limits(PERSON)] == ["staff.bot", "staff.chat"]


class TestPace:
    async def test_a_few_at_once_and_then_one_a_second(self, floor: Floor) -> None:
        one = pace(floor)
        waits = [await one.wait_of(PERSON) for _ in range(4)]
        assert waits[:3] == [0, 0, 0]
        assert 0 < waits[3] <= 1

    async def test_what_telegram_asked_for_is_waited_and_no_other_chat_waits_for_it(self, floor: Floor) -> None:
        one = pace(floor, Rates(group=1000, group_burst=1000, chat=100, chat_burst=100))
        await one.slow_down(GROUP, 0.4)
        assert 0.2 < await one.wait_of(GROUP) <= 0.4
        assert await one.wait_of(PERSON) == 0
        begun = time.monotonic()
        await one.next(GROUP)
        assert time.monotonic() - begun >= 0.2

    async def test_where_nobody_counts_it_counts_for_itself(self, floor: Floor) -> None:
        away = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.1)
        one = pace(replace(floor, valkey=away))
        assert await one.wait_of(GROUP) == 0
        assert await one.wait_of(GROUP) > 3
        assert await one.wait_of(PERSON) == 0
        await asyncio.wait_for(one.slow_down(PERSON, 30), 2)
        assert await one.wait_of(PERSON) > 29
        await away.aclose()
