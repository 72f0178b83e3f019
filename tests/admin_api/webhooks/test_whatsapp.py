"""Whose a part of what Meta posts is: one connection's, another one's, or nobody's."""

import hashlib
import json

import pytest

from admin_api.webhooks import inbox as inbox_module
from tests.admin_api.webhooks import meta
from tests.admin_api.webhooks.place import Place, Shop, rows_of, strays
from tests.fixtures.servers import Servers


class TestSharedBodies:
    async def test_each_company_gets_its_part_and_the_digest_of_the_whole(self, place: Place, ana: Shop) -> None:
        beto = await place.open_shop(app_secret=ana.app_secret)
        first, second, third = meta.message("de Ana"), meta.message("de Beto"), meta.message("de Ana outra vez")
        body = meta.body(
            meta.entry(ana.account, meta.change(ana.phone, first)),
            meta.entry(beto.account, meta.change(beto.phone, second)),
            meta.entry(ana.account, meta.change(ana.phone, third)),
        )

        assert (await place.post(body, meta.headers(body, ana.app_secret))).status_code == 200

        [of_ana], [of_beto] = [await rows_of(place.floor, shop.company) for shop in (ana, beto)]
        assert meta.ids_in([of_ana.payload or {}]) == [first["id"], third["id"]]
        assert meta.ids_in([of_beto.payload or {}]) == [second["id"]]
        assert of_ana.body_sha256 == of_beto.body_sha256 == hashlib.sha256(body).digest()
        assert beto.phone.encode() not in of_ana.body
        assert ana.phone.encode() not in of_beto.body
        assert json.loads(of_ana.body) == of_ana.payload

    async def test_two_numbers_of_one_company_have_a_row_each(self, place: Place, ana: Shop) -> None:
        """Whoever reads a row asks what it says to its connection."""
        other = await place.open_shop(ana.company, app_secret=ana.app_secret)
        body = meta.body(meta.entry(ana.account, meta.change(ana.phone), meta.change(other.phone)))

        assert (await place.post(body, meta.headers(body, ana.app_secret))).status_code == 200

        rows = {row.connection_id: row for row in await rows_of(place.floor, ana.company)}
        assert {connection: meta.phones_in(row.payload or {}) for connection, row in rows.items()} == {
            ana.connection: {ana.phone},
            other.connection: {other.phone},
        }

    async def test_a_number_and_its_account_share_one_row(self, place: Place, ana: Shop) -> None:
        body = meta.body(meta.entry(ana.account, meta.change(ana.phone), meta.account_change(), meta.change(ana.phone)))

        assert (await place.post(body, meta.headers(body, ana.app_secret))).status_code == 200

        [row] = await rows_of(place.floor, ana.company)
        assert row.body == body
        assert sum(len(entry["changes"]) for entry in (row.payload or {})["entry"]) == 3

    async def test_a_part_for_a_connection_with_another_secret_is_kept_aside(
        self, servers: Servers, place: Place, ana: Shop, beto: Shop
    ) -> None:
        """Whoever knows one company's secret cannot put words into another one's customers' mouths."""
        before = await strays(servers, place.floor)
        body = meta.body(meta.entry(ana.account, meta.change(ana.phone), meta.change(beto.phone)))

        assert (await place.post(body, meta.headers(body, ana.app_secret))).status_code == 200

        [row] = await rows_of(place.floor, ana.company)
        assert meta.phones_in(row.payload or {}) == {ana.phone}
        assert await rows_of(place.floor, beto.company) == []
        [stray] = (await strays(servers, place.floor))[len(before) :]
        assert stray["address"] == beto.phone
        assert meta.phones_in(json.loads(stray["body"])) == {beto.phone}

    async def test_a_part_for_nobody_is_kept_aside(self, servers: Servers, place: Place, ana: Shop) -> None:
        before = await strays(servers, place.floor)
        body = meta.body(meta.entry(ana.account, meta.change(ana.phone), meta.change("404404")))

        assert (await place.post(body, meta.headers(body, ana.app_secret))).status_code == 200

        [row] = await rows_of(place.floor, ana.company)
        assert meta.phones_in(row.payload or {}) == {ana.phone}
        [stray] = (await strays(servers, place.floor))[len(before) :]
        assert (stray["kind"], stray["address"]) == ("whatsapp.phone", "404404")
        assert meta.phones_in(json.loads(stray["body"])) == {"404404"}

    async def test_what_cannot_be_taken_apart_is_given_to_nobody(
        self, servers: Servers, place: Place, ana: Shop
    ) -> None:
        beto = await place.open_shop(app_secret=ana.app_secret)
        before = await strays(servers, place.floor)
        body = meta.body(meta.entry(ana.account, meta.change(ana.phone), meta.change(beto.phone)))[:-2]

        assert (await place.post(body, meta.headers(body, ana.app_secret))).status_code == 200

        assert await rows_of(place.floor, ana.company) == []
        assert await rows_of(place.floor, beto.company) == []
        assert [row["body"] for row in (await strays(servers, place.floor))[len(before) :]] == [body]

    async def test_what_cannot_be_taken_apart_is_its_companys_where_nobody_elses_is_in_it(
        self, place: Place, ana: Shop
    ) -> None:
        other = await place.open_shop(ana.company, app_secret=ana.app_secret)
        body = meta.body(meta.entry("77077", meta.change(ana.phone), meta.change(other.phone)))[:-2]

        assert (await place.post(body, meta.headers(body, ana.app_secret))).status_code == 200

        [row] = await rows_of(place.floor, ana.company)
        assert (row.body, row.payload) == (body, None)

    async def test_account_news_go_to_the_company_of_the_account(self, place: Place, ana: Shop) -> None:
        body = meta.body(meta.entry(ana.account, meta.account_change()))

        assert (await place.post(body, meta.headers(body, ana.app_secret))).status_code == 200

        [row] = await rows_of(place.floor, ana.company)
        assert row.connection_id == ana.connection

    async def test_an_account_with_two_apps_hears_both(self, place: Place, ana: Shop) -> None:
        """A company moves its numbers from one app at Meta to another one by one."""
        other = await place.open_shop(ana.company, account=ana.account)
        body = meta.body(meta.entry(ana.account, meta.account_change()))

        for shop in (ana, other):
            assert (await place.post(body, meta.headers(body, shop.app_secret))).status_code == 200

        kept = [row.connection_id for row in await rows_of(place.floor, ana.company)]
        assert kept == [ana.connection, other.connection]


class TestStrays:
    async def test_news_for_an_unknown_number_are_kept_a_while_where_the_app_is_ours(
        self, servers: Servers, place: Place, ana: Shop
    ) -> None:
        before = await strays(servers, place.floor)
        body = meta.posted_to("404")

        assert (await place.post(body, meta.headers(body, ana.app_secret))).status_code == 200

        [stray] = (await strays(servers, place.floor))[len(before) :]
        assert (stray["kind"], stray["address"], stray["body"]) == ("whatsapp.phone", "404", body)

    async def test_signed_with_no_secret_of_ours_they_are_refused(
        self, servers: Servers, place: Place, ana: Shop
    ) -> None:
        before = await strays(servers, place.floor)
        body = meta.posted_to("404")

        assert (await place.post(body, meta.headers(body, f"{ana.app_secret}x"))).status_code == 401
        assert await strays(servers, place.floor) == before

    async def test_of_one_secret_so_many_are_kept_in_a_minute(
        self, servers: Servers, place: Place, ana: Shop, beto: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inbox_module, "_MOST_STRAYS", 3)
        before = await strays(servers, place.floor)
        body = meta.posted_to("404")
        signers = [ana.app_secret] * 5 + [beto.app_secret]

        answers = [await place.post(body, meta.headers(body, signer)) for signer in signers]

        assert {answer.status_code for answer in answers} == {200}
        assert len(await strays(servers, place.floor)) - len(before) == 3 + 1

    async def test_large_ones_are_refused(self, servers: Servers, place: Place, ana: Shop) -> None:
        before = await strays(servers, place.floor)
        body = meta.posted_to("404", meta.message("x" * (64 << 10)))

        assert (await place.post(body, meta.headers(body, ana.app_secret))).status_code == 401
        assert await strays(servers, place.floor) == before

    async def test_a_known_number_under_another_apps_secret_is_no_stray(
        self, servers: Servers, place: Place, ana: Shop, beto: Shop
    ) -> None:
        before = await strays(servers, place.floor)
        body = ana.post()

        assert (await place.post(body, meta.headers(body, beto.app_secret))).status_code == 401
        assert await strays(servers, place.floor) == before

    async def test_a_body_of_more_addresses_than_meta_ever_sends_is_refused(self, place: Place, ana: Shop) -> None:
        body = meta.body(*(meta.entry(str(number), meta.account_change()) for number in range(1_001)))

        assert (await place.post(body, meta.headers(body, ana.app_secret))).status_code == 401
