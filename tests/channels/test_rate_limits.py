"""How fast a connection may send, and whom the shared limit has to be asked for."""

from typing import Any, Final

import pytest

from channels.base import Capabilities, Line
from channels.rate_limits import Regulars, connection_limit, interval_of, limits_of, pair_limit, rate_of
from core.ids import ConnectionId, ContactId, new_id
from core.models.outbox import Lane
from core.rate_limit import Limit

CAPABILITIES: Final = Capabilities(
    sends=frozenset(),
    has_window=True,
    has_templates=True,
    has_typing=True,
    echoes_tag=True,
    longest_text=4096,
    per_second=80,
    pair_seconds=6,
    pair_burst=45,
)
HERE: Final = ConnectionId(new_id())
ANA: Final = ContactId(new_id())


def line(**settings: Any) -> Line:
    return Line(connection=HERE, settings=settings, secrets={})


class TestRate:
    @pytest.mark.parametrize(
        ("settings", "rate"),
        [
            ({}, 80),
            ({"per_second": 1000}, 1000),
            ({"per_second": 5, "is_coexistence": True}, 5),
            ({"is_coexistence": True}, 20),
            ({"is_coexistence": False}, 80),
            ({"per_second": 0}, 80),
            ({"per_second": "80"}, 80),
            ({"per_second": 2_000_000}, 80),
        ],
    )
    def test_it_is_what_the_connection_says_else_what_the_channel_takes(
        self, settings: dict[str, Any], rate: int
    ) -> None:
        assert rate_of(line(**settings), CAPABILITIES) == rate
        assert interval_of(line(**settings), CAPABILITIES).total_seconds() == pytest.approx(1 / rate)

    def test_bulk_leaves_a_fifth_to_replies(self) -> None:
        [only] = limits_of(line(), CAPABILITIES, Lane.REPLY)
        connection, bulk = limits_of(line(), CAPABILITIES, Lane.BULK)
        assert connection == only
        assert (only.count, bulk.count) == (80, 64)

    @pytest.mark.parametrize(("rate", "burst"), [(1, 1), (5, 1), (20, 2), (80, 8), (1000, 100)])
    def test_at_once_no_more_leave_than_in_a_tenth_of_a_second(self, rate: int, burst: int) -> None:
        assert connection_limit(rate).burst == burst

    def test_a_line_of_one_per_second_still_has_a_bulk_lane(self) -> None:
        assert [limit.count for limit in limits_of(line(per_second=1), CAPABILITIES, Lane.BULK)] == [1, 1]


class TestPairLimit:
    def test_it_is_of_one_person_and_full_after_a_flush(self) -> None:
        limit = pair_limit(CAPABILITIES, ANA)
        assert limit is not None
        assert (limit.of, limit.count, limit.period, limit.burst) == (str(ANA), 1, 6, 45)
        assert limit.is_full_when_forgotten

    def test_not_every_channel_has_one(self) -> None:
        free = Capabilities(**{name: getattr(CAPABILITIES, name) for name in _NAMES}, pair_seconds=0)
        assert pair_limit(free, ANA) is None


_NAMES: Final = ("sends", "has_window", "has_templates", "has_typing", "echoes_tag", "longest_text", "per_second")


class TestRegulars:
    def ask(self, regulars: Regulars, limit: Limit, times: int) -> list[int]:
        """What each of so many messages in a row takes from the shared limit."""
        costs = []
        for _ in range(times):
            costs.append(regulars.cost(HERE, ANA, limit))
            regulars.note(HERE, ANA, limit)
        return costs

    def test_from_the_ninth_message_on_the_shared_limit_is_told_of_all(self) -> None:
        limit = Limit(name="pair", count=1, period=6, burst=45)
        costs = self.ask(Regulars(), limit, 40)
        assert costs == [0] * 8 + [9] + [1] * 31
        assert sum(costs) == 40

    @pytest.mark.parametrize("burst", range(1, 12))
    def test_nothing_is_asked_that_the_limit_could_never_give(self, burst: int) -> None:
        costs = self.ask(Regulars(), Limit(name="pair", count=1, period=6, burst=burst), 20)
        assert max(costs) <= burst
        assert sum(costs) == 20

    def test_people_and_lines_are_told_apart(self) -> None:
        limit, regulars = Limit(name="pair", count=1, period=6, burst=2), Regulars()
        self.ask(regulars, limit, 2)
        assert regulars.cost(HERE, ANA, limit) == 1
        assert regulars.cost(HERE, ContactId(new_id()), limit) == 0
        assert regulars.cost(ConnectionId(new_id()), ANA, limit) == 0

    def test_whose_last_message_is_long_ago_is_no_regular(self) -> None:
        limit, regulars = Limit(name="pair", count=1_000_000, burst=2), Regulars()
        self.ask(regulars, limit, 5)
        while regulars.cost(HERE, ANA, limit):
            pass
        assert self.ask(regulars, limit, 1) == [0]

    def test_it_does_not_grow_with_the_number_of_people(self) -> None:
        limit, regulars = Limit(name="pair", count=1_000_000), Regulars()
        for _ in range(10_000):
            regulars.note(HERE, ContactId(new_id()), limit)
        assert len(regulars._known) < 2_000
