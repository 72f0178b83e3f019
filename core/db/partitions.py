"""The monthly partitions of `incoming_events`: a year ahead, with a default one so that no event is ever refused."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core import clock
from core.db.rls import protect_partition

PARENT: Final = "incoming_events"
DEFAULT: Final = f"{PARENT}_default"
_MONTHS_AHEAD: Final = 12
_ENOUGH_AHEAD: Final = 2


@dataclass(frozen=True, slots=True)
class Month:
    first: date

    @property
    def table(self) -> str:
        return f"{PARENT}_{self.first:%Y_%m}"

    @property
    def bounds(self) -> tuple[str, str]:
        """Of the world's month, whatever time zone the session is in."""
        return f"'{self.first} 00:00+00'", f"'{self.plus(1).first} 00:00+00'"

    def plus(self, months: int) -> "Month":
        total = self.first.year * 12 + self.first.month - 1 + months
        return Month(date(total // 12, total % 12 + 1, 1))


def this_month() -> Month:
    return Month(clock.now().date().replace(day=1))


def is_partition(table: str | None) -> bool:
    return table is not None and table.startswith(f"{PARENT}_")


async def make_ahead(migrator: AsyncConnection) -> None:
    """Each in a transaction of its own, so that a kill half-way costs nothing."""
    for month in (this_month().plus(step) for step in range(-1, _MONTHS_AHEAD + 1)):
        if await _exists(migrator, month.table):
            continue
        try:
            await _run(migrator, _make(month))
        except IntegrityError:
            await migrator.rollback()
            await _run(migrator, _make_with_what_waits(month))


async def find_missing(connection: AsyncConnection) -> list[str]:
    ahead = [this_month().plus(step) for step in range(_ENOUGH_AHEAD + 1)]
    return [
        f"{month.table}: the partition is missing, events go to the default one: run `masteria db upgrade`"
        for month in ahead
        if not await _exists(connection, month.table)
    ]


def _make(month: Month) -> list[str]:
    first, last = month.bounds
    made = f"CREATE TABLE {month.table} PARTITION OF {PARENT} FOR VALUES FROM ({first}) TO ({last})"
    return [made, *protect_partition(month.table)]


def _make_with_what_waits(month: Month) -> list[str]:
    """PostgreSQL refuses a partition whose rows lie in the default one: these move along, with its owner unbound."""
    first, last = month.bounds
    create, *protect = _make(month)
    waits = f"DELETE FROM {DEFAULT} WHERE received_at >= {first} AND received_at < {last} RETURNING *"
    return [
        f"ALTER TABLE {PARENT} DETACH PARTITION {DEFAULT}",
        create,
        f"ALTER TABLE {DEFAULT} NO FORCE ROW LEVEL SECURITY",
        f"WITH waits AS ({waits}) INSERT INTO {month.table} SELECT * FROM waits",
        *protect,
        *protect_partition(DEFAULT),
        f"ALTER TABLE {PARENT} ATTACH PARTITION {DEFAULT} DEFAULT",
    ]


async def _run(migrator: AsyncConnection, statements: list[str]) -> None:
    for statement in statements:
        await migrator.execute(text(statement))
    await migrator.commit()


async def _exists(connection: AsyncConnection, table: str) -> bool:
    return bool(await connection.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": f"public.{table}"}))
