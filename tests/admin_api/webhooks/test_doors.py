"""Tests of knowing whose door it is: told, asked for, swept for, and never by what a company says of itself."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import pytest
from sqlalchemy import func, select

from admin_api.tenants.store import NewCompany, create_company
from admin_api.webhooks import doors as doors_module
from admin_api.webhooks.doors import Doors
from channels.base import Address
from channels.stores import connections
from channels.stores.connections import Change
from core.audit import OPERATOR
from core.crypto import InstallationKey, KeyRing
from core.db.listen import listen
from core.db.sessions import Database
from core.errors import Unavailable
from core.floor import Floor
from core.ids import ConnectionId, new_id
from core.models.people import Connection, ConnectionKind
from core.vault import open_vault, shred
from tests.admin_api.webhooks.place import Shop, new_company, open_shop, within
from tests.fixtures.api import NOBODY

DEAF: Final = f"postgresql+asyncpg://app:x@{NOBODY}/none"  # where no news come from


def phone(shop: Shop) -> Address:
    return Address("whatsapp.phone", shop.phone)


def account(shop: Shop) -> Address:
    return Address("whatsapp.account", shop.account)


@asynccontextmanager
async def open_doors(floor: Floor, *, listen_url: str = DEAF, database: Database | None = None) -> AsyncIterator[Doors]:
    doors = Doors(database or floor.database, floor.ring)
    running = [asyncio.create_task(doors.run()), asyncio.create_task(listen(listen_url, {"connections": doors.hear}))]
    yield doors
    for task in running:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def secrets_at(doors: Doors, address: Address) -> Sequence[str]:
    return [door.app_secret for door in (await doors.find([address])).get(address, ())]


async def rotate(floor: Floor, shop: Shop, app_secret: str) -> None:
    async with floor.database.tenant_session(shop.company) as session:
        row = await connections.hold(session, shop.connection)
        await connections.change(session, floor.ring, row, Change(secrets={"app_secret": app_secret}), OPERATOR)


class TestFind:
    async def test_what_was_loaded_is_found_by_number_and_by_account(self, floor: Floor) -> None:
        shop = await open_shop(floor)
        async with open_doors(floor) as doors:
            await doors.load()

            found = await doors.find([phone(shop), account(shop)])

        for address in (phone(shop), account(shop)):
            [door] = found[address]
            assert (door.company, door.connection, door.app_secret) == (shop.company, shop.connection, shop.app_secret)

    async def test_a_new_connection_is_found_before_any_news_of_it(self, floor: Floor) -> None:
        async with open_doors(floor) as doors:
            shop = await open_shop(floor)
            assert await secrets_at(doors, phone(shop)) == [shop.app_secret]

    async def test_many_who_ask_at_once_are_all_answered(self, floor: Floor) -> None:
        async with open_doors(floor) as doors:
            shops = [await open_shop(floor) for _ in range(3)]
            asked = [*map(phone, shops), *(Address("whatsapp.phone", f"404{number}") for number in range(30))] * 5
            found = await asyncio.gather(*(secrets_at(doors, address) for address in asked))
        assert [secrets for secrets in found if secrets] == [[shop.app_secret] for shop in shops] * 5

    async def test_an_unknown_address_is_asked_for_again_only_after_a_while(
        self, floor: Floor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(doors_module, "UNKNOWN_SECONDS", 0.3)
        address = Address("whatsapp.phone", f"77{new_id().int % 10**9}")
        async with open_doors(floor) as doors:
            assert await secrets_at(doors, address) == []
            shop = await open_shop(floor, phone=address.value)
            assert await secrets_at(doors, address) == []
            await asyncio.sleep(0.35)
            assert await secrets_at(doors, address) == [shop.app_secret]

    async def test_what_is_remembered_of_unknown_addresses_is_bounded(
        self, floor: Floor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(doors_module, "MOST_UNKNOWN", 10)
        async with open_doors(floor) as doors:
            for number in range(25):
                await doors.find([Address("whatsapp.phone", f"405{number}")])
            assert len(doors._unknown) <= 10

    async def test_without_the_database_the_known_are_found_and_the_unknown_are_not_denied(self, floor: Floor) -> None:
        shop, away = await open_shop(floor), Database(DEAF)
        async with open_doors(floor, database=away) as doors:
            doors._companies[shop.company] = await Doors(floor.database, floor.ring)._read_company(shop.company)
            doors._merge()
            assert await secrets_at(doors, phone(shop)) == [shop.app_secret]
            with pytest.raises(Unavailable):
                await doors.find([Address("whatsapp.phone", "404")])
        await away.close()


class TestNews:
    async def test_a_new_secret_is_told_by_the_database(self, floor: Floor) -> None:
        shop = await open_shop(floor)
        async with open_doors(floor, listen_url=floor.settings.require("DATABASE_URL")) as doors:
            await within(5, lambda: shop.app_secret in doors.app_secrets)
            await rotate(floor, shop, "novo-segredo-dela")
            await within(5, lambda: "novo-segredo-dela" in doors.app_secrets)
            assert shop.app_secret not in doors.app_secrets
            assert await secrets_at(doors, phone(shop)) == ["novo-segredo-dela"]

    async def test_without_news_it_is_swept_for(self, floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(doors_module, "SWEEP_SECONDS", 0.1)
        shop = await open_shop(floor)
        async with open_doors(floor) as doors:
            await within(5, lambda: shop.app_secret in doors.app_secrets)
            await rotate(floor, shop, "segredo-ja-varrido")
            await within(5, lambda: "segredo-ja-varrido" in doors.app_secrets)

    async def test_a_notice_that_is_no_company_is_a_sweep(self, floor: Floor) -> None:
        shop = await open_shop(floor)
        async with open_doors(floor) as doors:
            doors.hear("no uuid")
            await within(5, lambda: shop.app_secret in doors.app_secrets)


class TestLoad:
    async def test_a_number_named_by_a_company_that_does_not_hold_it_opens_no_door(self, floor: Floor) -> None:
        shop, thief = await open_shop(floor), await new_company(floor)
        secrets = {"app_secret": "segredo-do-ladrao", "access_token": "t", "verify_token": "verify"}
        async with floor.database.tenant_session(thief) as session:
            row = Connection(
                tenant_id=thief,
                id=new_id(),
                kind=ConnectionKind.WHATSAPP,
                name="roubada",
                settings={"phone_number_id": shop.phone, "waba_id": shop.account},
            )
            (await open_vault(session, floor.ring)).seal(row, Connection.credentials, json.dumps(secrets).encode())
            session.add(row)
        async with open_doors(floor) as doors:
            await doors.load()
            assert await secrets_at(doors, phone(shop)) == [shop.app_secret]
            assert await secrets_at(doors, account(shop)) == [shop.app_secret]

    async def test_an_account_shared_by_two_connections_has_both_doors_the_holders_first(self, floor: Floor) -> None:
        first = await open_shop(floor)
        second = await open_shop(floor, first.company, account=first.account)
        async with open_doors(floor) as doors:
            assert await secrets_at(doors, account(first)) == [second.app_secret, first.app_secret]
            assert await secrets_at(doors, phone(first)) == [first.app_secret]

    async def test_an_address_that_moved_to_another_company_moves_its_door(self, floor: Floor) -> None:
        shop = await open_shop(floor)
        async with open_doors(floor) as doors:
            await doors.load()
            async with floor.database.tenant_session(shop.company) as session:
                await session.execute(select(func.priv.forget_addresses(shop.company, shop.connection)))
            other = await open_shop(floor, phone=shop.phone)
            doors.hear(str(other.company))
            await within(5, lambda: other.app_secret in doors.app_secrets)
            assert await secrets_at(doors, phone(shop)) == [other.app_secret]

    async def test_a_shredded_company_has_no_doors(self, floor: Floor) -> None:
        shop = await open_shop(floor)
        async with open_doors(floor) as doors:
            await doors.load()
            async with floor.database.tenant_session(shop.company) as session:
                await shred(session)
            await doors.load()
            assert await secrets_at(doors, phone(shop)) == []
            assert shop.app_secret not in doors.app_secrets
            assert not doors.knows_token(shop.verify_token)

    async def test_a_company_whose_key_is_missing_keeps_what_is_known_and_stops_nobody(self, floor: Floor) -> None:
        shop = await open_shop(floor)
        lost = InstallationKey.new().line
        stranger = await create_company(
            floor.database, KeyRing(lambda: lost, "lost"), NewCompany(slug=f"perdida-{shop.phone}", name="x"), OPERATOR
        )
        async with floor.database.tenant_session(stranger) as session:
            row = Connection(tenant_id=stranger, id=new_id(), kind=ConnectionKind.WHATSAPP, name="x")
            (await open_vault(session, KeyRing(lambda: lost, "lost"))).seal(row, Connection.credentials, b"{}")
            session.add(row)
        async with open_doors(floor) as doors:
            await doors.load()
            assert await secrets_at(doors, phone(shop)) == [shop.app_secret]


class TestSecrets:
    async def test_a_token_is_known_whole_or_not_at_all(self, floor: Floor) -> None:
        shop = await open_shop(floor)
        async with open_doors(floor) as doors:
            await doors.load()
            assert doors.knows_token(shop.verify_token)
            for wrong in ("", shop.verify_token[:-1], f"{shop.verify_token} ", "\ud800"):
                assert not doors.knows_token(wrong)

    async def test_no_repr_shows_one(self, floor: Floor) -> None:
        shop = await open_shop(floor)
        async with open_doors(floor) as doors:
            await doors.load()
            shown = repr([doors, doors._companies, doors._doors])
        assert shop.app_secret not in shown
        assert shop.verify_token not in shown
        assert str(ConnectionId(shop.connection)) in shown
