"""Tests of the monthly partitions: a year ahead, closed to the app, and no event refused for want of one."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from core import clock
from core.db.migrate import find_drift
from core.db.partitions import DEFAULT, PARENT, Month, find_missing, is_partition, make_ahead, this_month
from core.db.sessions import Database
from core.ids import CompanyId, new_id
from core.models.stream import Consumer, IncomingEvent
from tests.fixtures.servers import Servers

WHERE: Final = text("SELECT tableoid::regclass::text FROM incoming_events ORDER BY received_at")


@pytest.fixture
def long_after() -> Iterator[None]:
    clock.follow_shift(timedelta(days=500))
    yield
    clock.follow_shift(timedelta(0))


class TestMonth:
    @pytest.mark.parametrize(
        ("first", "months", "later"),
        [
            (date(2026, 11, 1), 0, date(2026, 11, 1)),
            (date(2026, 11, 1), 1, date(2026, 12, 1)),
            (date(2026, 11, 1), 2, date(2027, 1, 1)),
            (date(2026, 1, 1), -1, date(2025, 12, 1)),
            (date(2026, 12, 1), 12, date(2027, 12, 1)),
        ],
    )
    def test_months_are_counted_across_years(self, first: date, months: int, later: date) -> None:
        assert Month(first).plus(months) == Month(later)

    def test_a_month_names_its_table(self) -> None:
        assert Month(date(2026, 3, 1)).table == "incoming_events_2026_03"

    def test_partitions_are_told_from_other_tables_by_name(self) -> None:
        assert is_partition(DEFAULT)
        assert is_partition(this_month().table)
        assert not is_partition(PARENT)
        assert not is_partition(None)


class TestMakeAhead:
    async def test_there_is_one_for_last_month_and_each_of_a_year_ahead(
        self, servers: Servers, migrator: AsyncEngine
    ) -> None:
        wanted = {servers.made_in.plus(step).table for step in range(-1, 13)}
        assert {row.name for row in await _partitions(migrator)} == wanted | {DEFAULT}

    async def test_each_is_closed_to_whoever_asks_it_directly(self, migrator: AsyncEngine) -> None:
        for row in await _partitions(migrator):
            assert row.is_forced, row.name
            assert not row.is_open_to_the_app, row.name
            assert row.policies == 0, row.name

    async def test_those_that_are_there_stay_as_they_are(self, migrator: AsyncEngine) -> None:
        async with migrator.connect() as connection:
            await make_ahead(connection)  # a new month may have begun since these servers were started
            before = await _partitions(migrator)
            await make_ahead(connection)
        assert await _partitions(migrator) == before

    @pytest.mark.usefixtures("long_after")
    async def test_the_year_after_that_is_made_and_protected_in_its_time(self, migrator: AsyncEngine) -> None:
        async with migrator.connect() as connection:
            await make_ahead(connection)
            assert await find_drift(connection) == []
        assert this_month().plus(12).table in {row.name for row in await _partitions(migrator)}

    @pytest.mark.usefixtures("long_after")
    async def test_a_month_whose_events_went_to_the_default_one_can_still_be_made(
        self, database: Database, migrator: AsyncEngine, ana: CompanyId
    ) -> None:
        moments = [clock.now(), clock.now() + timedelta(days=9000)]
        for moment in moments:
            await _receive(database, ana, moment)
        assert await _where(database, ana) == [DEFAULT, DEFAULT]
        async with migrator.connect() as connection:
            await make_ahead(connection)
            assert await find_drift(connection) == []
        assert await _where(database, ana) == [this_month().table, DEFAULT]

    @pytest.mark.usefixtures("long_after")
    async def test_a_month_begins_at_the_same_moment_whatever_the_time_zone_of_the_session(
        self, migrator: AsyncEngine
    ) -> None:
        async with migrator.connect() as connection:
            await connection.execute(text("SET timezone = 'America/Sao_Paulo'"))
            await make_ahead(connection)
            await connection.execute(text("SET timezone = 'UTC'"))
            bounds = text("SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = :table")
            month = this_month()
            words = f"FOR VALUES FROM ('{month.first} 00:00:00+00') TO ('{month.plus(1).first} 00:00:00+00')"
            assert await connection.scalar(bounds, {"table": month.table}) == words


class TestEvents:
    async def test_an_event_of_today_goes_to_its_month(self, database: Database, ana: CompanyId) -> None:
        await _receive(database, ana, clock.now())
        assert await _where(database, ana) == [this_month().table]

    @pytest.mark.parametrize("moment", [datetime(1999, 12, 31, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)])
    async def test_an_event_outside_every_month_goes_to_the_default_one(
        self, database: Database, ana: CompanyId, moment: datetime
    ) -> None:
        await _receive(database, ana, moment)
        assert await _where(database, ana) == [DEFAULT]

    async def test_an_event_in_the_default_one_is_seen_by_its_company_alone(
        self, database: Database, ana: CompanyId, beto: CompanyId
    ) -> None:
        await _receive(database, ana, datetime(2099, 1, 1, tzinfo=UTC))
        assert await _where(database, beto) == []

    @pytest.mark.parametrize("partition", [DEFAULT, this_month().table], ids=["default", "this_month"])
    async def test_the_app_cannot_ask_a_partition(self, database: Database, ana: CompanyId, partition: str) -> None:
        await _receive(database, ana, clock.now())
        async with database.tenant_session(ana) as session:
            with pytest.raises(ProgrammingError, match="permission denied"):
                await session.execute(text(f"SELECT FROM {partition}"))
            await session.rollback()


class TestFindMissing:
    async def test_none_is_missing_after_an_upgrade(self, migrator: AsyncEngine) -> None:
        async with migrator.connect() as connection:
            assert await find_missing(connection) == []

    @pytest.mark.parametrize("ahead", [0, 1, 2])
    async def test_a_month_that_is_near_and_missing_is_named(self, migrator: AsyncEngine, ahead: int) -> None:
        table = this_month().plus(ahead).table
        async with migrator.connect() as connection:
            await connection.execute(text(f"DROP TABLE {table}"))
            words = f"{table}: the partition is missing, events go to the default one: run `masteria db upgrade`"
            assert await find_missing(connection) == [words]
            assert await find_drift(connection) == [words]

    async def test_a_month_that_is_far_away_has_time(self, migrator: AsyncEngine) -> None:
        async with migrator.connect() as connection:
            await connection.execute(text(f"DROP TABLE {this_month().plus(3).table}"))
            assert await find_missing(connection) == []


async def _receive(database: Database, company: CompanyId, moment: datetime) -> None:
    async with database.tenant_session(company) as session:
        event = insert(IncomingEvent).values(
            tenant_id=company, id=new_id(), received_at=moment, consumer=Consumer.ENGINE, body=b"", body_sha256=b""
        )
        await session.execute(event)


async def _where(database: Database, company: CompanyId) -> list[str]:
    """The partitions of the company's events, oldest event first."""
    async with database.tenant_session(company) as session:
        return list(await session.scalars(WHERE))


async def _partitions(migrator: AsyncEngine) -> Sequence[Any]:
    rows = text("""
        SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS is_forced,
               has_any_column_privilege('app', c.oid, 'SELECT, INSERT, UPDATE') AS is_open_to_the_app,
               (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) AS policies, c.xmin::text AS version
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'incoming_events'::regclass ORDER BY 1
    """)
    async with migrator.connect() as connection:
        return (await connection.execute(rows)).all()
