"""What recurs. A ledger row per firing makes a second clock, or a late one, harmless."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from core.queue import TaskName


class ScheduleName(StrEnum):
    FORGET_OLD = "forget_old"
    WATCH_CONNECTIONS = "watch_connections"
    READ_ON = "read_on"
    EMBED = "embed"
    RENEW = "renew"


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    name: ScheduleName
    every: timedelta

    def fire_at(self, moment: datetime) -> datetime:
        """The firing this moment belongs to. However many were missed, one late run catches up."""
        seconds = int(self.every.total_seconds())
        return datetime.fromtimestamp(int(moment.timestamp()) // seconds * seconds, UTC)


SCHEDULES: Final = (
    Schedule(name=ScheduleName.FORGET_OLD, every=timedelta(hours=1)),
    Schedule(name=ScheduleName.WATCH_CONNECTIONS, every=timedelta(hours=1)),
    Schedule(name=ScheduleName.READ_ON, every=timedelta(minutes=2)),
    Schedule(name=ScheduleName.EMBED, every=timedelta(minutes=2)),
    Schedule(name=ScheduleName.RENEW, every=timedelta(minutes=2)),
)


def schedule_named(name: ScheduleName) -> Schedule:
    return {schedule.name: schedule for schedule in SCHEDULES}[name]


def beat_entries() -> dict[str, dict[str, Any]]:
    """For Celery beat. It knocks more often than a schedule fires, so that a knock lost costs little time."""
    return {
        schedule.name.value: {
            "task": TaskName.TICK.value,
            "schedule": min(schedule.every / 4, timedelta(minutes=1)),
            "args": (schedule.name.value,),
            "options": {"expires": schedule.every.total_seconds()},
        }
        for schedule in SCHEDULES
    }
