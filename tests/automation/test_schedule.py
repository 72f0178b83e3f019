"""When a schedule fires, and how often the clock knocks for it."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

import pytest
from celery import Celery
from celery.beat import ScheduleEntry, Scheduler
from hypothesis import given
from hypothesis import strategies as st

from automation.schedule import SCHEDULES, Schedule, ScheduleName, beat_entries, schedule_named
from automation.upkeep import _WORK
from core.queue import TaskName

HOURLY: Final = Schedule(name=ScheduleName.FORGET_OLD, every=timedelta(hours=1))
NOON: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)
MOMENTS: Final = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone


class TestFireAt:
    @pytest.mark.parametrize("later", [timedelta(0), timedelta(microseconds=1), timedelta(minutes=59, seconds=59.999)])
    def test_a_moment_belongs_to_the_firing_before_it(self, later: timedelta) -> None:
        assert HOURLY.fire_at(NOON + later) == NOON

    def test_the_next_hour_is_the_next_firing(self) -> None:
        assert HOURLY.fire_at(NOON + timedelta(hours=1)) == NOON + timedelta(hours=1)

    def test_the_time_zone_of_the_moment_does_not_matter(self) -> None:
        in_brazil = (NOON + timedelta(minutes=20)).astimezone(timezone(timedelta(hours=-3)))

        assert HOURLY.fire_at(in_brazil) == NOON

    @given(moment=MOMENTS, every=st.integers(1, 7 * 86_400))
    def test_it_is_never_ahead_of_the_moment_and_never_a_whole_period_behind(
        self, moment: datetime, every: int
    ) -> None:
        schedule = Schedule(name=ScheduleName.FORGET_OLD, every=timedelta(seconds=every))

        fired = schedule.fire_at(moment)

        assert timedelta(0) <= moment - fired < schedule.every
        assert schedule.fire_at(fired) == fired


class TestSchedules:
    def test_each_name_has_one_schedule_and_its_work(self) -> None:
        assert [schedule.name for schedule in SCHEDULES] == list(ScheduleName)
        assert set(_WORK) == set(ScheduleName)
        assert all(schedule_named(name).name is name for name in ScheduleName)


class TestBeatEntries:
    def test_celery_takes_them_and_each_falls_due_within_a_minute(self) -> None:
        app = Celery("test", set_as_current=False)
        app.conf.beat_schedule = beat_entries()
        scheduler = Scheduler(app=app, lazy=False)

        entries = {name: entry for name, entry in scheduler.schedule.items() if not name.startswith("celery.")}

        assert set(entries) == {name.value for name in ScheduleName}
        for entry in entries.values():
            assert isinstance(entry, ScheduleEntry)
            assert entry.is_due()[1] <= 60

    @pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.name)
    def test_it_knocks_several_times_per_firing_and_a_knock_expires_with_it(self, schedule: Schedule) -> None:
        entry = beat_entries()[schedule.name.value]

        assert timedelta(0) < entry["schedule"] <= schedule.every / 4
        assert entry["options"]["expires"] == schedule.every.total_seconds()

    def test_each_starts_a_tick_of_the_schedule_of_its_name(self) -> None:
        for name, entry in beat_entries().items():
            assert entry["task"] == TaskName.TICK.value
            assert entry["args"] == (ScheduleName(name).value,)
