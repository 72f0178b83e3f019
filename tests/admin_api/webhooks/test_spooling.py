"""Tests of the disk that stands in for the database, and of where even that is at its end."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from admin_api.webhooks import keeping, writing
from admin_api.webhooks.inbox import open_inbox
from admin_api.webhooks.incoming import Incoming, pack
from admin_api.webhooks.keeping import Keeper
from core.db.sessions import Database, Pool
from core.embedded import Urls
from core.errors import Misconfigured, Unavailable
from core.floor import Floor
from core.ids import CompanyId, new_id
from core.settings import Settings
from core.spool import Spool, SpoolKey
from core.telemetry import EVENT_LAG, InboundOutcome
from tests.admin_api.webhooks.keepers import (
    AWAY,
    POISON,
    nothing_to_keep_with,
    row,
    running,
    until_empty,
    until_rows,
)
from tests.admin_api.webhooks.place import Shop, kept_ids, new_company, open_place, open_shop, rows_of, with_spool_of
from tests.fixtures.servers import Servers
from tests.fixtures.spools import open_spool, records


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return open_spool(tmp_path / "spool")


@pytest.fixture
async def keeper(floor: Floor, spool: Spool) -> AsyncIterator[Keeper]:
    async with running(Keeper(floor.database, spool)) as keeper:
        yield keeper


class TestSpool:
    async def test_a_statement_that_fails_is_no_fault_of_the_rows_and_they_go_to_disk(
        self, servers: Servers, floor: Floor, floor_urls: Urls, spool: Spool
    ) -> None:
        company = await new_company(floor)
        async with nothing_to_keep_with(servers, floor_urls), running(Keeper(floor.database, spool)) as keeper:
            outcomes = await asyncio.gather(*(keeper.keep([row(company)]) for _ in range(5)))
            assert set(outcomes) == {InboundOutcome.SPOOLED}
            assert await rows_of(floor, company) == []
        async with running(Keeper(floor.database, spool)):
            await until_rows(floor, company, 5)
            await until_empty(spool)

    async def test_rows_that_wait_for_a_lock_too_long_go_to_disk(
        self, floor: Floor, keeper: Keeper, migrator_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(writing, "SECONDS", 0.3)
        company = await new_company(floor)
        async with migrator_engine.connect() as connection:
            await connection.execute(text("LOCK TABLE incoming_events IN ACCESS EXCLUSIVE MODE"))
            assert await keeper.keep([row(company)]) is InboundOutcome.SPOOLED
            assert await keeper.keep([row(company)]) is InboundOutcome.SPOOLED
        await until_rows(floor, company, 2)

    async def test_the_order_of_arrival_is_kept_through_the_disk(self, floor: Floor, spool: Spool) -> None:
        company = await new_company(floor)
        away = Database(AWAY)
        async with running(Keeper(away, spool)) as keeper:
            arrived = [row(company, payload=f'{{"n":{number}}}') for number in range(7)]
            for one in arrived:
                assert await keeper.keep([one]) is InboundOutcome.SPOOLED
        await away.close()
        async with running(Keeper(floor.database, spool)):
            await until_rows(floor, company, 7)
        rows = await rows_of(floor, company)
        assert [found.id for found in rows] == [one.id for one in arrived]
        assert [found.received_at for found in rows] == [one.received_at for one in arrived]

    async def test_a_replay_that_is_interrupted_and_repeated_keeps_each_once(
        self, floor: Floor, spool: Spool, tmp_path: Path
    ) -> None:
        company = await new_company(floor)
        rows = [row(company) for _ in range(3)]
        await spool.append(pack(rows))
        [record] = records(tmp_path / "spool")
        copy = record.read_bytes()
        keeper = Keeper(floor.database, spool)
        await keeper._replay()
        record.write_bytes(copy)  # as after a kill between the commit and the removal

        await keeper._replay()

        assert len(await rows_of(floor, company)) == 3
        assert (await spool.status()).depth == 0

    async def test_a_record_with_a_row_that_is_refused_for_good_is_set_aside_after_the_rest_was_kept(
        self, floor: Floor, spool: Spool
    ) -> None:
        company = await new_company(floor)
        await spool.append(pack([row(company), row(CompanyId(new_id())), row(company, payload=POISON)]))

        await Keeper(floor.database, spool)._replay()

        assert len(await rows_of(floor, company)) == 2
        status = await spool.status()
        assert (status.depth, status.damaged) == (0, 1)

    async def test_its_age_is_the_lag_that_an_alert_sees(self, spool: Spool) -> None:
        away = Database(AWAY)
        keeper = Keeper(away, spool)
        await spool.append(pack([row(CompanyId(new_id()))]))
        await asyncio.sleep(0.05)
        await keeper._replay()
        assert 0.04 <= next(iter(EVENT_LAG.collect())).samples[0].value < 30
        await away.close()


class TestOrder:
    async def test_what_arrives_goes_behind_what_is_on_disk_until_that_is_empty(
        self, floor: Floor, spool: Spool
    ) -> None:
        company = await new_company(floor)
        await spool.append(pack([row(company)]))
        keeper = Keeper(floor.database, spool)
        await keeper._look()

        assert await _kept_by(keeper, row(company)) is InboundOutcome.SPOOLED
        await keeper._replay()

        assert await _kept_by(keeper, row(company)) is InboundOutcome.STORED
        assert len(await rows_of(floor, company)) == 3

    async def test_a_record_that_never_leaves_keeps_nothing_from_the_database_for_long(
        self, floor: Floor, spool: Spool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keeping, "_PATIENCE_SECONDS", 1)
        company = await new_company(floor)
        await spool.append(pack([row(company)]))
        keeper = Keeper(floor.database, spool)
        keeper._database = Database(AWAY)  # for the replay alone
        await keeper._replay()
        await keeper._database.close()
        keeper._database = floor.database

        assert await _kept_by(keeper, row(company)) is InboundOutcome.SPOOLED
        await asyncio.sleep(1.1)
        assert await _kept_by(keeper, row(company)) is InboundOutcome.STORED

    async def test_while_events_go_on_arriving_the_disk_is_emptied_all_the_same(
        self, floor: Floor, spool: Spool
    ) -> None:
        company = await new_company(floor)
        for _ in range(20):
            await spool.append(pack([row(company)]))
        async with running(Keeper(floor.database, spool)) as keeper, asyncio.timeout(20):
            assert await keeper.keep([row(company)]) is InboundOutcome.SPOOLED
            while await keeper.keep([row(company)]) is InboundOutcome.SPOOLED:  # noqa: ASYNC110 - each turn posts an event
                await asyncio.sleep(0.05)
            assert await keeper.keep([row(company)]) is InboundOutcome.STORED
        assert (await spool.status()).depth == 0


class TestSetAside:
    async def test_what_was_set_aside_is_tried_again_when_an_api_begins(self, floor: Floor, tmp_path: Path) -> None:
        company = await new_company(floor)
        floor = replace(floor, settings=floor.settings.model_copy(update={"masteria_home": tmp_path}))
        spool = open_spool(tmp_path / "spool", key=SpoolKey.of(floor.ring))
        await spool.append(pack([row(company)]))
        [record] = records(tmp_path / "spool")
        record.rename(tmp_path / "spool" / "damaged" / record.name)

        async with open_inbox(floor):
            await until_rows(floor, company, 1)
            await until_empty(spool)

        assert (await spool.status()).damaged == 0

    async def test_it_is_said_as_an_error(self, floor: Floor, spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
        await spool.append(b"no record")
        await Keeper(floor.database, spool)._replay()
        assert [entry.levelname for entry in caplog.records if "inbox.set_aside" in str(entry.msg)] == ["ERROR"]


class TestNoRoom:
    async def test_above_the_cap_nothing_is_promised(self, floor: Floor, spool: Spool) -> None:
        away = Database(AWAY)
        async with running(Keeper(away, spool)) as keeper:
            large = row(await new_company(floor), payload=f'"{"x" * (300 << 10)}"')
            assert await keeper.keep([large]) is InboundOutcome.SPOOLED
            with pytest.raises(Unavailable):
                await keeper.keep([replace(large, id=new_id())])
            assert await keeper.keep([row(large.company)]) is InboundOutcome.SPOOLED
        await away.close()

    async def test_through_the_application_it_is_a_503_with_a_time_to_come_back(
        self, servers: Servers, floor: Floor, floor_urls: Urls
    ) -> None:
        shop = await open_shop(floor)
        async with open_place(with_spool_of(floor, 1 << 20)) as place, nothing_to_keep_with(servers, floor_urls):
            answers = [await place.deliver(shop, *_large(shop)) for _ in range(3)]
            statuses = [answer.status_code for answer in answers]
            assert statuses == [200, 503, 503]
            assert answers[-1].headers["retry-after"]
            kept_so_far = place.floor.settings.masteria_home / "spool"
            assert len(records(kept_so_far)) == 1
        shutil.rmtree(kept_so_far)

    async def test_a_folder_that_cannot_be_written_stops_the_start_in_one_line(
        self, floor: Floor, tmp_path: Path
    ) -> None:
        (tmp_path / "spool").write_text("a file where the folder should be")
        settings = floor.settings.model_copy(update={"masteria_home": tmp_path})

        with pytest.raises(Misconfigured, match=r"^[^\n]*spool[^\n]*$"):
            async with open_inbox(replace(floor, settings=settings)):
                pass


class TestReservedLines:
    async def test_endpoints_that_hold_all_their_lines_stop_no_webhook(self, floor: Floor) -> None:
        shop = await open_shop(floor)
        small = Database(floor.settings.require("DATABASE_URL"), Pool(size=2, overflow=0))
        async with open_place(replace(floor, database=small)) as place, asyncio.TaskGroup() as group:
            holding = [group.create_task(_hold(small, shop.company)) for _ in range(2)]
            await asyncio.sleep(0.2)
            answers = await asyncio.gather(*(place.deliver(shop) for _ in range(200)))
            unknown = await place.deliver(replace(shop, phone="404", account="405"))
            assert not any(task.done() for task in holding)
            for task in holding:
                task.cancel()
        assert {answer.status_code for answer in answers} == {200}
        assert unknown.status_code == 200  # a stray: the look-up had a line too
        assert len(await kept_ids(floor, shop.company)) == 200
        await small.close()


class TestSetting:
    def test_a_quarter_of_a_gigabyte_unless_told_otherwise(self) -> None:
        assert Settings().masteria_spool_bytes == 256 << 20

    @pytest.mark.parametrize("wrong", ["0", "-1", "1000", "256MB", "1e9", str(1 << 50)])
    def test_what_is_no_size_is_named(self, monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
        monkeypatch.setenv("MASTERIA_SPOOL_BYTES", wrong)
        with pytest.raises(Misconfigured, match="MASTERIA_SPOOL_BYTES"):
            Settings.load()


@pytest.fixture
async def migrator_engine(floor_urls: Urls) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(floor_urls.migrator)
    yield engine
    await engine.dispose()


async def _hold(database: Database, company: CompanyId) -> None:
    async with database.tenant_session(company) as session:
        await session.execute(text("SELECT pg_sleep(30)"))


async def _kept_by(keeper: Keeper, event: Incoming) -> InboundOutcome | None:
    [outcome] = await keeper._keep_group([[event]])
    return outcome


def _large(shop: Shop) -> list[dict[str, Any]]:
    return [{"id": f"wamid.{new_id()}", "from": shop.phone, "type": "text", "text": {"body": "x" * (400 << 10)}}]
