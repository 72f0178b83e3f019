"""Tests of our identifiers: RFC 9562's version 7, unique, and in the order they were made."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest

from core import ids
from core.ids import new_id


def milliseconds(made: UUID) -> int:
    return made.int >> 80


class TestNewId:
    def test_it_is_a_version_7_of_the_variant_of_rfc_9562(self) -> None:
        for made in (new_id() for _ in range(1_000)):
            assert (made.version, made.variant) == (7, RFC_4122)
            assert made.int >> 62 & 0b11 == 0b10

    def test_it_begins_with_the_moment_it_was_made(self) -> None:
        before = time.time_ns() // 1_000_000
        made = new_id()
        assert before <= milliseconds(made) <= time.time_ns() // 1_000_000 + 1

    def test_ids_sort_by_the_order_they_were_made_in(self) -> None:
        made = [new_id() for _ in range(50_000)]
        assert made == sorted(made)
        assert [str(one) for one in made] == sorted(str(one) for one in made)

    def test_they_are_unique_and_each_thread_sees_its_own_in_order(self) -> None:
        with ThreadPoolExecutor(4) as pool:
            batches = list(pool.map(lambda _: [new_id() for _ in range(50_000)], range(4)))
        assert len({made for batch in batches for made in batch}) == 200_000
        assert all(a < b for batch in batches for a, b in pairwise(batch))

    def test_they_go_on_rising_when_the_clock_goes_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ids, "_last_step", 0)
        now = time.time_ns()
        before = new_id()
        monkeypatch.setattr(time, "time_ns", lambda: now - 3_600 * 10**9)
        made = [before, *(new_id() for _ in range(10_000))]
        assert made == sorted(made)
        assert milliseconds(made[-1]) - milliseconds(before) < 10

    def test_a_clock_that_went_forward_and_back_leaves_room_for_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ids, "_last_step", 0)
        monkeypatch.setattr(time, "time_ns", lambda: 2_000_000_000_000_000_000)
        assert (new_id().version, new_id() < new_id()) == (7, True)

    def test_two_that_were_made_in_one_step_share_no_guess(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tails = set()
        for _ in range(1_000):
            monkeypatch.setattr(ids, "_last_step", 0)
            tails.add(new_id().int & ((1 << 62) - 1))
        assert len(tails) == 1_000
