"""Tests of the time of the business and of deadlines."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from core import clock
from core.clock import Deadline, follow_shift
from core.db.sessions import Database
from core.embedded import Urls
from core.ids import CompanyId
from tests.fixtures.servers import Servers


@pytest.fixture(autouse=True)
def unturned() -> Iterator[None]:
    yield
    follow_shift(timedelta(0))


class TestNow:
    def test_it_is_the_present_in_utc(self) -> None:
        now = clock.now()
        assert now.tzinfo is UTC
        assert abs(datetime.now(UTC) - now) < timedelta(seconds=1)

    @pytest.mark.parametrize("shift", [timedelta(days=400), timedelta(hours=-3)])
    def test_it_follows_the_shift_and_comes_back(self, shift: timedelta) -> None:
        follow_shift(shift)
        assert abs(datetime.now(UTC) + shift - clock.now()) < timedelta(seconds=1)
        follow_shift(timedelta(0))
        assert abs(datetime.now(UTC) - clock.now()) < timedelta(seconds=1)

    async def test_it_agrees_with_the_database_under_a_shift(
        self, database: Database, servers: Servers, urls: Urls, ana: CompanyId
    ) -> None:
        shift = timedelta(days=3, hours=5)
        async with servers.superuser(urls) as superuser:
            await superuser.execute("UPDATE clock_shift SET shift = $1", shift)
        follow_shift(shift)
        async with database.tenant_session(ana) as session:
            theirs: datetime = (await session.scalars(text("SELECT app_now()"))).one()
        assert abs(theirs - clock.now()) < timedelta(seconds=2)


class TestDeadline:
    def test_it_counts_down_to_nothing_and_not_below(self) -> None:
        deadline = Deadline.after(0.05)
        assert not deadline.passed
        assert 0 < deadline.remaining <= 0.05
        time.sleep(0.06)
        assert (deadline.passed, deadline.remaining) == (True, 0.0)

    def test_a_turned_clock_does_not_move_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        deadline = Deadline.after(60)
        follow_shift(timedelta(days=1))
        monkeypatch.setattr(time, "time", lambda: 0.0)
        assert not deadline.passed
        assert 59 < deadline.remaining <= 60

    @pytest.mark.parametrize("seconds", [0, -1])
    def test_one_that_lies_behind_has_passed(self, seconds: float) -> None:
        assert Deadline.after(seconds).passed
