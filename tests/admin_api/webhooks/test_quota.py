"""Tests of how much there may be in a while, or at a time."""

import asyncio

import pytest

from admin_api.webhooks.quota import Quota, Room
from core.errors import Unavailable


class TestQuota:
    def test_what_is_over_is_not_given(self) -> None:
        quota = Quota(5, seconds=60)
        assert [quota.take(3), quota.take(3), quota.take(2), quota.take()] == [True, False, True, False]

    async def test_the_next_while_begins_anew(self) -> None:
        quota = Quota(1, seconds=0.05)
        assert quota.take()
        await asyncio.sleep(0.06)
        assert quota.take()


class TestRoom:
    def test_all_together_hold_no_more_than_there_is(self) -> None:
        room = Room(10)
        with room.share() as first, room.share() as second:
            first.grow(6)
            with pytest.raises(Unavailable):
                second.grow(5)
            second.grow(4)

    def test_what_one_held_is_free_when_it_ends(self) -> None:
        room = Room(10)
        for _ in range(3):
            with room.share() as share:
                share.grow(10)
