"""Lists in pages: nothing twice, nothing left out, and a cursor that fits its own list alone."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

import pytest

from admin_api.app import make_app
from core.crypto import InstallationKey, KeyRing
from core.floor import Floor
from core.models.people import Role
from tests.fixtures.api import client_of
from tests.fixtures.desk import Desk, desks, open_desk

NEARLY_AN_ID: Final = "01a1ff11-44f7-728d-b124-c62ab3107310x"


@pytest.fixture
async def both(floor: Floor) -> AsyncIterator[tuple[Desk, Desk]]:
    async with desks(floor) as both:
        yield both


@pytest.fixture
def desk(both: tuple[Desk, Desk]) -> Desk:
    return both[0]


async def cursor_of(desk: Desk, path: str) -> str:
    cursor = (await desk.get(f"{path}{'&' if '?' in path else '?'}limit=1")).json()["next"]
    assert isinstance(cursor, str)
    return cursor


class TestPages:
    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 200])
    async def test_together_they_are_the_whole_list_each_row_once(self, desk: Desk, limit: int) -> None:
        made = [str(await desk.contact(f"Pessoa {number}")) for number in range(7)]
        found = await desk.pages("contacts", limit)
        assert [contact["id"] for contact in found] == made[::-1]

    async def test_a_row_made_meanwhile_moves_no_other(self, desk: Desk) -> None:
        made = [str(await desk.contact()) for _ in range(4)]
        first = (await desk.get("contacts?limit=2")).json()
        await desk.contact("Nova")
        second = (await desk.get(f"contacts?limit=2&cursor={first['next']}")).json()
        assert [row["id"] for row in first["items"] + second["items"]] == made[::-1]

    async def test_the_last_page_has_no_next_even_when_it_is_full(self, desk: Desk) -> None:
        for _ in range(2):
            await desk.contact()
        assert (await desk.get("contacts?limit=2")).json()["next"] is None

    async def test_an_empty_list_is_a_page(self, desk: Desk) -> None:
        assert (await desk.get("conversations")).json() == {"items": [], "next": None}

    @pytest.mark.parametrize("limit", ["0", "-1", "201", "1000000000", "9" * 400, "1.5", "many", "", "null", "1e2"])
    async def test_a_limit_that_is_none_is_malformed(self, desk: Desk, limit: str) -> None:
        answer = await desk.get(f"contacts?limit={limit}")
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == ["query.limit"]


class TestCursors:
    @pytest.mark.parametrize(
        "cursor",
        [
            "",
            "x",
            "====",
            "AAAA",
            "é",
            "%00",
            "../..",
            "' OR 1=1",
            "A" * 499,
            "A" * 501,
            base64.urlsafe_b64encode(b"\x00" * 16 + b'["2020-01-01", "x"]').decode(),
        ],
    )
    async def test_garbage_is_malformed(self, desk: Desk, cursor: str) -> None:
        answer = await desk.get(f"contacts?cursor={cursor}")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "query.cursor"

    async def test_every_changed_character_is_noticed(self, desk: Desk) -> None:
        for _ in range(2):
            await desk.contact()
        cursor = await cursor_of(desk, "contacts")
        for place in range(len(cursor)):
            changed = cursor[:place] + ("B" if cursor[place] == "A" else "A") + cursor[place + 1 :]
            status = (await desk.get(f"contacts?cursor={changed}")).status_code
            # The last character may carry bits that stand for nothing.
            assert status == 422 or (place == len(cursor) - 1 and status == 200), place

    async def test_one_of_another_company_is_refused_like_garbage(self, both: tuple[Desk, Desk]) -> None:
        first, second = both
        for desk in both:
            for _ in range(2):
                await desk.contact()
        theirs = await second.get(f"contacts?cursor={await cursor_of(first, 'contacts')}")
        garbage = await second.get("contacts?cursor=AAAA")
        assert (theirs.status_code, theirs.content) == (garbage.status_code, garbage.content)
        assert theirs.status_code == 422

    async def test_one_of_another_list_is_refused(self, desk: Desk) -> None:
        for _ in range(2):
            await desk.conversation()
        cursor = await cursor_of(desk, "conversations")
        assert (await desk.get(f"conversations?cursor={cursor}")).status_code == 200
        assert (await desk.get(f"contacts?cursor={cursor}")).status_code == 422

    async def test_one_of_the_same_list_filtered_otherwise_is_refused(self, desk: Desk) -> None:
        for _ in range(2):
            await desk.contact("Ana")
        cursor = await cursor_of(desk, "contacts?q=ana")
        assert (await desk.get(f"contacts?cursor={cursor}&q=ana")).status_code == 200
        assert (await desk.get(f"contacts?cursor={cursor}")).status_code == 422
        assert (await desk.get(f"contacts?cursor={cursor}&q=bia")).status_code == 422

    async def test_another_limit_or_role_may_go_on_with_it(self, desk: Desk) -> None:
        for _ in range(3):
            await desk.contact()
        cursor = await cursor_of(desk, "contacts")
        answer = await desk.get(f"contacts?cursor={cursor}&limit=200", Role.VIEWER)
        assert len(answer.json()["items"]) == 2

    async def test_it_is_good_after_the_installations_key_was_rotated_until_that_is_forgotten(
        self, floor: Floor
    ) -> None:
        keys = [InstallationKey.new()]
        ring = KeyRing(lambda: ",".join(key.line for key in keys), "here")
        async with client_of(make_app(replace(floor, ring=ring))) as client:
            desk = await open_desk(replace(floor, ring=ring), client)
            for _ in range(2):
                await desk.contact()
            cursor = await cursor_of(desk, "contacts")
            keys.insert(0, InstallationKey.new())
            assert (await desk.get(f"contacts?cursor={cursor}")).status_code == 200
            ring.reload()
            assert (await desk.get(f"contacts?cursor={cursor}")).status_code == 200
            keys.pop()
            ring.reload()
            assert (await desk.get(f"contacts?cursor={cursor}")).status_code == 422

    async def test_one_that_another_process_signed_with_a_newer_key_is_good(self, floor: Floor) -> None:
        keys = [InstallationKey.new()]
        rings = [KeyRing(lambda: ",".join(key.line for key in keys), "here") for _ in range(2)]
        async with (
            client_of(make_app(replace(floor, ring=rings[0]))) as first,
            client_of(make_app(replace(floor, ring=rings[1]))) as second,
        ):
            desk = await open_desk(replace(floor, ring=rings[0]), first)
            for _ in range(2):
                await desk.contact()
            keys.insert(0, InstallationKey.new())
            rings[0].reload()
            cursor = await cursor_of(desk, "contacts")
            assert (await replace(desk, client=second).get(f"contacts?cursor={cursor}")).status_code == 200

    async def test_it_tells_nothing_that_the_page_did_not(self, desk: Desk) -> None:
        for _ in range(2):
            await desk.contact("Ana Canário")
        page = (await desk.get("contacts?limit=1")).json()
        cursor = page["next"]
        inside = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[16:]
        moment, contact = json.loads(inside)
        assert contact == page["items"][0]["id"]
        assert moment.startswith("20")


class TestQuery:
    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("sort=password", "query.sort"),
            ("tenant_id=1", "query.tenant_id"),
            ("limit=1&limit=2", "query.limit"),
            ("q=a&q=b", "query.q"),
            ("Q=a", "query.Q"),
            ("opted_out[]=true", "query.opted_out[]"),
            ("x" * 500 + "=1", "query." + "x" * 40),
        ],
    )
    async def test_a_parameter_that_nobody_knows_or_that_comes_twice_is_named(
        self, desk: Desk, query: str, field: str
    ) -> None:
        answer = await desk.get(f"contacts?{query}")
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])

    async def test_a_single_thing_takes_no_parameters(self, desk: Desk) -> None:
        assert (await desk.get(f"contacts/{await desk.contact()}?limit=1")).status_code == 422

    @pytest.mark.parametrize(
        "path", ["contacts/x", "contacts/1", "conversations/01a1ff11-44f7-728d-b124-c62ab3107310x", "connections/%00"]
    )
    async def test_an_id_that_is_none_is_malformed(self, desk: Desk, path: str) -> None:
        assert (await desk.get(path)).status_code == 422
