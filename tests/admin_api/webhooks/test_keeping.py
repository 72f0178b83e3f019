"""Tests of keeping many events at once: one transaction for all who come together, and no row that spoils it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from admin_api.webhooks.keeping import Keeper
from core.embedded import Urls
from core.errors import Unavailable
from core.floor import Floor
from core.ids import CompanyId, ConnectionId, new_id
from core.spool import Spool
from core.telemetry import InboundOutcome
from tests.admin_api.webhooks.keepers import POISON, row, running
from tests.admin_api.webhooks.place import new_company, open_place, open_shop, rows_of
from tests.fixtures.servers import Servers
from tests.fixtures.spools import open_spool


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return open_spool(tmp_path / "spool")


@pytest.fixture
async def keeper(floor: Floor, spool: Spool) -> AsyncIterator[Keeper]:
    async with running(Keeper(floor.database, spool)) as keeper:
        yield keeper


async def kept(floor: Floor, company: CompanyId) -> list[tuple[bytes, bool]]:
    """The bodies, and whether each is also there as JSON."""
    return [(row.body, row.payload is not None) for row in await rows_of(floor, company)]


class TestGroups:
    async def test_two_hundred_posts_at_once_share_a_few_transactions(
        self, servers: Servers, floor: Floor, floor_urls: Urls
    ) -> None:
        """Told by the rows themselves, and by the server's own count of commits."""
        shop = await open_shop(floor)
        before = await _commits(servers, floor_urls)
        async with open_place(floor) as place:
            answers = await asyncio.gather(*(place.deliver(shop) for _ in range(200)))
        after = await _commits(servers, floor_urls)

        assert {answer.status_code for answer in answers} == {200}
        async with floor.database.tenant_session(shop.company) as session:
            [[rows, transactions]] = await session.execute(
                text("SELECT count(*), count(DISTINCT xmin::text) FROM incoming_events")
            )
        assert rows == 200
        assert transactions <= 20
        assert after - before < 100

    async def test_rows_of_several_companies_go_in_one(self, keeper: Keeper, floor: Floor) -> None:
        companies = [await new_company(floor) for _ in range(5)]

        outcome = await keeper.keep([row(company) for company in companies])

        assert outcome is InboundOutcome.STORED
        assert [len(await rows_of(floor, company)) for company in companies] == [1] * 5

    async def test_more_than_a_group_holds_is_kept_all_the_same(self, keeper: Keeper, floor: Floor) -> None:
        company = await new_company(floor)
        large = row(company, payload=f'"{"x" * (2 << 20)}"')

        await asyncio.gather(*(keeper.keep([replace(large, id=new_id())]) for _ in range(6)))

        assert len(await rows_of(floor, company)) == 6

    async def test_the_same_row_again_is_kept_once(self, keeper: Keeper, floor: Floor) -> None:
        company = await new_company(floor)
        same = row(company)

        assert [await keeper.keep([same]) for _ in range(3)] == [InboundOutcome.STORED] * 3
        assert len(await rows_of(floor, company)) == 1


class TestPoison:
    @pytest.mark.parametrize(
        "poison",
        [POISON, '"\\ud83d"', "not json at all", "{", '{"a":1e400000}', "[" * 20_000 + "]" * 20_000, "\ud83d", "NaN"],
        ids=["NUL", "half a pair", "no JSON", "cut", "too large a number", "too deep", "no text", "NaN"],
    )
    async def test_a_payload_that_postgresql_refuses_costs_that_row_its_payload_and_others_nothing(
        self, keeper: Keeper, floor: Floor, spool: Spool, poison: str
    ) -> None:
        company = await new_company(floor)
        good = [row(company, payload=f'{{"n":{number}}}') for number in range(9)]
        bad = replace(row(company), body=b"as it came", payload=poison)

        outcomes = await asyncio.gather(*(keeper.keep([one]) for one in (*good[:5], bad, *good[5:])))

        assert outcomes == [InboundOutcome.STORED] * 10
        assert sorted(await kept(floor, company)) == sorted(
            [*((one.body, True) for one in good), (b"as it came", False)]
        )
        assert (await spool.status()).depth == 0

    async def test_several_of_them_are_each_found(self, keeper: Keeper, floor: Floor) -> None:
        company = await new_company(floor)
        mixed = [row(company, payload=POISON if number % 3 == 0 else "{}") for number in range(30)]

        await asyncio.gather(*(keeper.keep([one]) for one in mixed))

        assert sorted(payload for _, payload in await kept(floor, company)) == [False] * 10 + [True] * 20

    async def test_a_connection_that_went_meanwhile_takes_no_event_along(self, keeper: Keeper, floor: Floor) -> None:
        company = await new_company(floor)

        assert await keeper.keep([row(company, connection=ConnectionId(new_id()))]) is InboundOutcome.STORED

        [found] = await rows_of(floor, company)
        assert found.connection_id is None

    async def test_a_company_that_went_meanwhile_is_not_promised_anything(self, keeper: Keeper, floor: Floor) -> None:
        company, gone = await new_company(floor), CompanyId(new_id())

        stored, refused = await asyncio.gather(
            keeper.keep([row(company)]), keeper.keep([row(gone)]), return_exceptions=True
        )

        assert stored is InboundOutcome.STORED
        assert isinstance(refused, Unavailable)


async def _commits(servers: Servers, urls: Urls) -> int:
    async with servers.superuser(urls) as connection:
        await asyncio.sleep(1.1)  # the server writes its counts down once a second
        found = await connection.fetchval("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
    return int(found)
