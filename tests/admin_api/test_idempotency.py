"""`Idempotency-Key`: what is sent twice is done once, and what that rests on when things break."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import delete

from admin_api.app import make_app
from admin_api.idempotency import REPLAYED
from channels.stores import people
from core.crypto import InstallationKey, KeyRing
from core.floor import Floor
from core.ids import new_id
from core.models.people import Contact, ContactIdentity, Role
from core.valkey import open_valkey
from tests.chaos.proxy import Proxy
from tests.fixtures.api import NOBODY, client_of
from tests.fixtures.databases import until_somebody_waits
from tests.fixtures.desk import SECRETS, Desk, desks, open_desk

KEY: Final = "idempotency-key"
NEW: Final = {"phone": "+5511988887777", "name": "Ana"}


@pytest.fixture
async def both(floor: Floor) -> AsyncIterator[tuple[Desk, Desk]]:
    async with desks(floor) as both:
        yield both


@pytest.fixture
def desk(both: tuple[Desk, Desk]) -> Desk:
    return both[0]


class TestOnce:
    async def test_a_repetition_is_answered_alike_and_done_once(self, desk: Desk) -> None:
        first = await desk.post("contacts", NEW, headers={KEY: "k-1"})
        again = await desk.post("contacts", NEW, headers={KEY: "k-1"})

        assert first.status_code == again.status_code == 201
        assert again.content == first.content
        assert again.headers["location"] == first.headers["location"]
        assert again.headers["etag"] == first.headers["etag"]
        assert (first.headers.get(REPLAYED), again.headers.get(REPLAYED)) == (None, "true")
        assert len((await desk.get("contacts")).json()["items"]) == 1

    async def test_without_a_key_it_is_done_again(self, desk: Desk) -> None:
        await desk.post("contacts", NEW)
        assert (await desk.post("contacts", NEW)).status_code == 409

    async def test_another_key_is_another_request(self, desk: Desk) -> None:
        await desk.post("contacts", NEW, headers={KEY: "k-1"})
        assert (await desk.post("contacts", NEW, headers={KEY: "k-2"})).status_code == 409

    async def test_the_same_key_with_another_content_is_refused(self, desk: Desk) -> None:
        await desk.post("contacts", NEW, headers={KEY: "k-1"})
        answer = await desk.post("contacts", NEW | {"name": "Bia"}, headers={KEY: "k-1"})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "header.Idempotency-Key"

    async def test_the_same_key_on_another_route_is_another_request(self, desk: Desk) -> None:
        await desk.post("contacts", NEW, headers={KEY: "k-1"})
        body = {"kind": "whatsapp", "name": "Loja", "phone_number_id": "77001", **SECRETS}
        assert (await desk.post("connections", body, headers={KEY: "k-1"})).status_code == 201

    async def test_keys_of_another_company_are_its_own(self, both: tuple[Desk, Desk]) -> None:
        first, second = both
        ours = await first.post("contacts", NEW, headers={KEY: "k-1"})
        theirs = await second.post("contacts", NEW, headers={KEY: "k-1"})
        assert theirs.status_code == 201
        assert theirs.json()["id"] != ours.json()["id"]

    async def test_a_weaker_role_is_not_shown_what_a_stronger_one_did(self, desk: Desk) -> None:
        await desk.post("contacts", NEW, headers={KEY: "k-1"})
        assert (await desk.post("contacts", NEW, Role.VIEWER, headers={KEY: "k-1"})).status_code == 403

    async def test_after_a_refusal_the_same_key_may_try_again(self, desk: Desk) -> None:
        contact = await desk.contact(phone="+5511988887777")
        assert (await desk.post("contacts", NEW, headers={KEY: "k-1"})).status_code == 409
        async with desk.floor.database.tenant_session(desk.company) as session:
            await session.execute(delete(ContactIdentity))
            await session.execute(delete(Contact))
        made = await desk.post("contacts", NEW, headers={KEY: "k-1"})
        assert made.status_code == 201
        assert made.json()["id"] != str(contact)

    async def test_what_is_malformed_takes_no_key(self, desk: Desk) -> None:
        assert (await desk.post("contacts", {"nonsense": 1}, headers={KEY: "k-1"})).status_code == 422
        assert (await desk.post("contacts", NEW, headers={KEY: "k-1"})).status_code == 201

    @pytest.mark.parametrize("key", ["", "two words", "x" * 256, "tab\there"])
    async def test_a_key_that_is_none_is_malformed(self, desk: Desk, key: str) -> None:
        answer = await desk.post("contacts", NEW, headers={KEY: key})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "header.Idempotency-Key")

    async def test_it_is_nothing_to_a_get(self, desk: Desk) -> None:
        assert (await desk.get("contacts", headers={KEY: "k-1"})).status_code == 200
        await desk.contact()
        assert len((await desk.get("contacts", headers={KEY: "k-1"})).json()["items"]) == 1

    async def test_while_the_first_is_under_way_the_second_is_refused(self, desk: Desk) -> None:
        async with desk.floor.database.tenant_session(desk.company) as session:
            await people.hold(session)
            first = asyncio.create_task(desk.post("contacts", NEW, headers={KEY: "k-1"}))
            await until_somebody_waits(desk.floor.database.engine, "advisory")
            second = await desk.post("contacts", NEW, headers={KEY: "k-1"})
        assert second.status_code == 409
        assert (await first).status_code == 201
        assert (await desk.post("contacts", NEW, headers={KEY: "k-1"})).headers[REPLAYED] == "true"

    async def test_of_many_at_once_one_is_done(self, desk: Desk) -> None:
        answers = await asyncio.gather(*(desk.post("contacts", NEW, headers={KEY: "k-1"}) for _ in range(8)))
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1

    async def test_nothing_that_was_sent_or_answered_lies_in_valkey(self, desk: Desk) -> None:
        valkey = desk.floor.valkey
        others = {key async for key in valkey.scan_iter("idem:*")}
        body = {"kind": "whatsapp", "name": "Loja", "phone_number_id": "77002", **SECRETS}
        assert (await desk.post("connections", body, headers={KEY: f"canary-{new_id()}"})).status_code == 201
        assert (await desk.post("contacts", NEW, headers={KEY: f"canary-{new_id()}"})).status_code == 201
        keys = [key async for key in valkey.scan_iter("idem:*") if key not in others]
        values = [str(await valkey.get(key)) for key in keys]
        kept = "".join([*keys, *values, *(repr(base64.b64decode(value)) for value in values)])
        for word in (
            "77002",
            "zebra",
            "canary",
            "Loja",
            "Ana",
            "988887777",
            "location",
            hashlib.sha256(b"").hexdigest(),
        ):
            assert word not in kept
        assert len(values) >= 2
        assert {0 < await valkey.ttl(key) <= 86_400 for key in keys} == {True}


class TestSealed:
    async def keep(self, floor: Floor, ring: KeyRing, desk: Desk) -> httpx.Response:
        async with client_of(make_app(replace(floor, ring=ring))) as client:
            return await replace(desk, client=client).post("contacts", NEW, headers={KEY: "k-1"})

    async def test_an_answer_opens_after_the_key_was_rotated_and_not_without_it(self, desk: Desk) -> None:
        old, new = InstallationKey.new().line, InstallationKey.new().line
        rings = [KeyRing(keys.__str__, "keys") for keys in (old, f"{new}\n{old}", new)]
        made, again, lost = [await self.keep(desk.floor, ring, desk) for ring in rings]
        assert (made.status_code, again.status_code, again.headers[REPLAYED]) == (201, 201, "true")
        assert again.content == made.content
        assert (lost.status_code, REPLAYED in lost.headers) == (409, False)
        assert "cannot be read" in lost.json()["detail"]

    async def test_an_answer_that_was_moved_to_another_key_does_not_open(self, desk: Desk) -> None:
        valkey = desk.floor.valkey
        before = {key async for key in valkey.scan_iter("idem:*")}
        await desk.post("contacts", NEW, headers={KEY: "k-1"})
        [first] = {key async for key in valkey.scan_iter("idem:*")} - before
        await desk.post("contacts", {"phone": "+5511988887778"}, headers={KEY: "k-2"})
        [second] = {key async for key in valkey.scan_iter("idem:*")} - before - {first}
        await valkey.set(second, str(await valkey.get(first)))
        moved = await desk.post("contacts", {"phone": "+5511988887778"}, headers={KEY: "k-2"})
        assert (moved.status_code, "Ana" in moved.text) == (409, False)


class TestWithoutValkey:
    async def test_a_promise_that_could_not_be_kept_is_not_given(self, floor: Floor) -> None:
        async with open_valkey(f"redis://:secret-word@{NOBODY}/0") as away:
            lame = replace(floor, valkey=away)
            async with client_of(make_app(lame)) as client:
                desk = await open_desk(lame, client)
                refused = await desk.post("contacts", NEW, headers={KEY: "k-1"})
                served = await desk.post("contacts", NEW)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert served.status_code == 201

    async def test_what_is_done_is_answered_though_the_answer_cannot_be_kept(
        self, floor: Floor, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Valkey goes away between the beginning and the end."""
        url = urlsplit(floor.settings.require("REDIS_URL"))
        async with Proxy.to(url.port or 0) as proxy:
            leaving = open_valkey(url._replace(netloc=f":{url.password}@127.0.0.1:{proxy.port}").geturl())
            lame = replace(floor, valkey=leaving)
            async with client_of(make_app(lame)) as client:
                desk = await open_desk(lame, client)
                async with floor.database.tenant_session(desk.company) as session:
                    await people.hold(session)
                    posting = asyncio.create_task(desk.post("contacts", NEW, headers={KEY: "k-1"}))
                    await until_somebody_waits(floor.database.engine, "advisory")
                    proxy.is_alive = False
                    proxy.reset()
                answer = await posting
            await leaving.aclose()
        assert answer.status_code == 201
        assert "idempotency.not_kept" in caplog.text
