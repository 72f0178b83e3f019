"""The clock that tests turn, and whoever follows it."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.clock import LONGEST_SHIFT, Stamp, VirtualClock

DAY = timedelta(days=1)


class TestVirtualClock:
    async def test_it_is_real_time_until_it_is_turned(self) -> None:
        clock = VirtualClock()

        assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)
        assert clock.shift == timedelta(0)

    async def test_turns_add_up_and_both_readings_agree(self) -> None:
        clock = VirtualClock()

        await clock.turn(DAY)
        assert await clock.turn(DAY) == 2 * DAY

        assert abs(clock.now() - datetime.now(UTC) - 2 * DAY) < timedelta(seconds=1)
        assert clock.seconds() == pytest.approx(clock.now().timestamp(), abs=1)

    async def test_who_follows_turns_first(self) -> None:
        seen: list[tuple[timedelta, timedelta]] = []

        async def follow(shift: timedelta) -> None:
            seen.append((shift, clock.shift))

        clock = VirtualClock(follow)
        await clock.turn(DAY)
        await clock.reset()

        assert seen == [(DAY, timedelta(0)), (timedelta(0), DAY)]

    async def test_a_follower_that_fails_leaves_the_clock_as_it_was(self) -> None:
        async def refuse(_shift: timedelta) -> None:
            raise ConnectionError

        clock = VirtualClock(refuse)
        with pytest.raises(ConnectionError):
            await clock.turn(DAY)

        assert clock.shift == timedelta(0)

    async def test_two_turns_at_once_both_count(self) -> None:
        async def slowly(_shift: timedelta) -> None:
            await asyncio.sleep(0.005)

        clock = VirtualClock(slowly)
        await asyncio.gather(clock.turn(DAY), clock.turn(DAY))

        assert clock.shift == 2 * DAY

    async def test_a_reset_of_a_true_clock_tells_nobody(self) -> None:
        seen: list[timedelta] = []

        async def follow(shift: timedelta) -> None:
            seen.append(shift)

        await VirtualClock(follow).reset()

        assert seen == []

    async def test_it_turns_by_years_and_no_further(self) -> None:
        clock = VirtualClock()

        with pytest.raises(ValueError, match="at most"):
            await clock.turn(LONGEST_SHIFT + DAY)

        assert clock.shift == timedelta(0)


class TestStamp:
    async def test_nobody_turns_it(self) -> None:
        await VirtualClock().turn(DAY)

        stamp = Stamp.now()

        assert abs(stamp.wall_ns - time.time_ns()) < 1e9
        assert abs(stamp.monotonic_ns - time.monotonic_ns()) < 1e9
