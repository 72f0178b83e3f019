"""Contacts over HTTP: how they are found, made and described, and what stays another company's."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from channels.stores.people import PROFILE
from core import clock
from core.floor import Floor
from core.ids import new_id
from core.models.people import Contact, ContactIdentity, IdentityKind, Role
from core.models.record import AuditEntry
from tests.fixtures.desk import Desk, desks


@pytest.fixture
async def both(floor: Floor) -> AsyncIterator[tuple[Desk, Desk]]:
    async with desks(floor) as both:
        yield both


@pytest.fixture
def desk(both: tuple[Desk, Desk]) -> Desk:
    return both[0]


@pytest.fixture
def other(both: tuple[Desk, Desk]) -> Desk:
    return both[1]


async def names(desk: Desk, query: str) -> list[str | None]:
    return [row["name"] for row in (await desk.get(f"contacts?{query}")).json()["items"]]


class TestGetContact:
    async def test_it_shows_all_that_the_person_is_known_by(self, desk: Desk) -> None:
        contact = await desk.contact("Ana", phone="+5511988880001", locale="pt-BR", time_zone="America/Manaus")
        await desk.add(
            ContactIdentity(id=new_id(), contact_id=contact, kind=IdentityKind.EMAIL, value="ana@exemplo.com"),
            ContactIdentity(id=new_id(), contact_id=contact, kind=IdentityKind.WA_ID, value="5511988880001"),
        )
        shown = (await desk.get(f"contacts/{contact}", Role.VIEWER)).json()
        assert shown["identities"] == [
            {"kind": "phone", "value": "+5511988880001"},
            {"kind": "wa_id", "value": "5511988880001"},
            {"kind": "email", "value": "ana@exemplo.com"},
        ]
        assert (shown["id"], shown["name"], shown["locale"]) == (str(contact), "Ana", "pt-BR")
        assert (shown["time_zone"], shown["opted_out_at"], shown["merged_into"]) == ("America/Manaus", None, None)

    async def test_what_a_channel_keeps_for_itself_is_not_shown(self, desk: Desk) -> None:
        contact = await desk.contact("Ana", fields={PROFILE: {"name": "Canário"}, "plan": "gold"})
        answer = await desk.get(f"contacts/{contact}")
        assert answer.json()["fields"] == {"plan": "gold"}
        assert "Canário" not in answer.text

    async def test_one_that_was_merged_away_leads_to_who_it_is_now(self, desk: Desk) -> None:
        last = await desk.contact("Ana")
        middle = await desk.contact("Ana B.", merged_into=last)
        first = await desk.contact("A.", merged_into=middle)
        for gone in (middle, first):
            shown = (await desk.get(f"contacts/{gone}")).json()
            assert (shown["id"], shown["merged_into"]) == (str(gone), str(last))
        assert (await desk.get(f"contacts/{last}")).json()["merged_into"] is None

    async def test_another_companys_is_like_one_that_is_not_there(self, desk: Desk, other: Desk) -> None:
        theirs = await other.contact("Canário")
        there, nowhere = await desk.get(f"contacts/{theirs}"), await desk.get(f"contacts/{new_id()}")
        assert (there.status_code, there.content) == (404, nowhere.content)


class TestListContacts:
    async def test_the_newest_come_first_and_the_merged_not_at_all(self, desk: Desk, other: Desk) -> None:
        ana = await desk.contact("Ana")
        await desk.contact("Bia")
        await desk.contact("Ana B.", merged_into=ana)
        await other.contact("Caio")
        assert await names(desk, "") == ["Bia", "Ana"]

    async def test_they_are_found_by_name_number_or_address(self, desk: Desk) -> None:
        await desk.contact("Ana Souza", phone="+5511987654321")
        bia = await desk.contact("Bia 100%", phone="+5521912345678")
        await desk.contact(None, phone="+5531955554444")
        await desk.add(ContactIdentity(id=new_id(), contact_id=bia, kind=IdentityKind.EMAIL, value="bia@exemplo.com"))
        for query, found in (
            ("q=SOUZA", ["Ana Souza"]),
            ("q=(11) 98765-4321", ["Ana Souza"]),
            ("q=%2B5521912345678", ["Bia 100%"]),
            ("q=12345678", ["Bia 100%"]),
            ("q=bia%40exemplo", ["Bia 100%"]),
            ("q=955554444", [None]),
            ("q=%25", ["Bia 100%"]),
            ("q=_", []),
            ("q=99", []),
            ("q=", [None, "Bia 100%", "Ana Souza"]),
            ("q=ninguem", []),
            ("q=' OR 1=1 --", []),
            ("q=\\", []),
        ):
            assert await names(desk, query) == found, query

    async def test_they_are_filtered_by_consent(self, desk: Desk) -> None:
        await desk.contact("Ana", opted_out_at=clock.now())
        await desk.contact("Bia")
        assert await names(desk, "opted_out=true") == ["Ana"]
        assert await names(desk, "opted_out=false") == ["Bia"]
        assert (await desk.get("contacts?opted_out=perhaps")).status_code == 422

    async def test_pages_of_a_search_are_the_search(self, desk: Desk) -> None:
        for number in range(5):
            await desk.contact(f"Ana {number}")
            await desk.contact(f"Bia {number}")
        found = await desk.pages("contacts?q=ana", 2)
        assert [row["name"] for row in found] == [f"Ana {number}" for number in (4, 3, 2, 1, 0)]


class TestCreateContact:
    async def test_it_is_made_with_its_number_in_one_form(self, desk: Desk) -> None:
        body = {
            "phone": "(11) 98888-0002",
            "email": "Ana@Exemplo.com",
            "name": "Ana",
            "fields": {"plan": "gold"},
        }
        answer = await desk.post("contacts", body, Role.AGENT)

        made = answer.json()
        assert (answer.status_code, answer.headers["location"]) == (201, f"/api/v1/contacts/{made['id']}")
        assert {"kind": "phone", "value": "+5511988880002"} in made["identities"]
        assert {"kind": "email", "value": "ana@exemplo.com"} in made["identities"]
        assert (made["name"], made["time_zone"], made["fields"]) == ("Ana", "America/Sao_Paulo", {"plan": "gold"})
        assert (await desk.get(f"contacts/{made['id']}")).json() == made

    async def test_who_made_it_is_on_record(self, desk: Desk) -> None:
        made = (await desk.post("contacts", {"phone": "+5511988880003"})).json()
        async with desk.floor.database.tenant_session(desk.company) as session:
            entries = list(await session.scalars(select(AuditEntry).where(AuditEntry.action == "contact.created")))
        assert [(str(entry.subject_id), entry.actor_kind) for entry in entries] == [(made["id"], "api_key")]

    @pytest.mark.parametrize("phone", ["11988880004", "+55 (11) 98888-0004", "5511988880004"])
    async def test_somebody_who_is_known_already_is_pointed_to_and_left_alone(self, desk: Desk, phone: str) -> None:
        contact = await desk.contact("Ana", phone="+5511988880004")
        answer = await desk.post("contacts", {"phone": phone, "name": "Outra", "email": "outra@exemplo.com"})
        assert (answer.status_code, str(contact) in answer.json()["detail"]) == (409, True)
        shown = (await desk.get(f"contacts/{contact}")).json()
        assert (shown["name"], len(shown["identities"])) == ("Ana", 1)

    async def test_somebody_of_another_company_is_nobody_here(self, desk: Desk, other: Desk) -> None:
        await other.contact("Ana", phone="+5511988880005")
        assert (await desk.post("contacts", {"phone": "+5511988880005"})).status_code == 201

    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ({}, []),
            ({"name": "Ana"}, []),
            ({"phone": "98888-0006"}, ["body.phone"]),
            ({"phone": ""}, ["body.phone"]),
            ({"phone": "1" * 41}, ["body.phone"]),
            ({"email": "ana"}, ["body.email"]),
            ({"phone": "x", "email": "ana"}, ["body.phone", "body.email"]),
            ({"phone": "+5511988880006", "name": ""}, ["body.name"]),
            ({"phone": "+5511988880006", "name": " Ana"}, ["body.name"]),
            ({"phone": "+5511988880006", "locale": "português"}, ["body.locale"]),
            ({"phone": "+5511988880006", "time_zone": "Brasília"}, ["body.time_zone"]),
            ({"phone": "+5511988880006", "time_zone": "../../etc/passwd"}, ["body.time_zone"]),
            ({"phone": "+5511988880006", "opted_out_at": None}, ["body.opted_out_at"]),
            ({"phone": "+5511988880006", "tenant_id": str(new_id())}, ["body.tenant_id"]),
            ({"phone": "+5511988880006", "merged_into": str(new_id())}, ["body.merged_into"]),
        ],
    )
    async def test_what_is_wrong_is_named(self, desk: Desk, body: dict[str, Any], fields: list[str]) -> None:
        answer = await desk.post("contacts", body)
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, fields)
        assert (await desk.get("contacts")).json()["items"] == []


class TestChangeContact:
    async def test_only_what_is_told_is_different(self, desk: Desk) -> None:
        contact = await desk.contact("Ana", locale="pt-BR", fields={"plan": "gold", "age": 7, PROFILE: {"name": "A"}})
        body = {"name": "Ana Souza", "time_zone": "America/Manaus", "fields": {"plan": None, "vip": True}}
        shown = (await desk.patch(f"contacts/{contact}", body, Role.AGENT)).json()
        assert (shown["name"], shown["locale"], shown["time_zone"]) == ("Ana Souza", "pt-BR", "America/Manaus")
        assert shown["fields"] == {"age": 7, "vip": True}
        async with desk.floor.database.tenant_session(desk.company) as session:
            assert (await session.get_one(Contact, (desk.company, contact))).fields[PROFILE] == {"name": "A"}

    async def test_null_takes_away_and_nothing_changes_nothing(self, desk: Desk) -> None:
        contact = await desk.contact("Ana", locale="pt-BR")
        before = await desk.get(f"contacts/{contact}")
        same = await desk.patch(f"contacts/{contact}", {})
        assert (same.json(), same.headers["etag"]) == (before.json(), before.headers["etag"])
        gone = await desk.patch(f"contacts/{contact}", {"name": None, "locale": None})
        assert (gone.json()["name"], gone.json()["locale"]) == (None, None)

    async def test_whoever_read_an_older_one_is_told_to_read_again(self, desk: Desk) -> None:
        contact = await desk.contact("Ana")
        read = {"if-match": (await desk.get(f"contacts/{contact}")).headers["etag"]}
        first = await desk.patch(f"contacts/{contact}", {"name": "A"}, headers=read)
        second = await desk.patch(f"contacts/{contact}", {"name": "B"}, headers=read)
        assert (first.status_code, second.status_code) == (200, 412)

    async def test_one_that_was_merged_away_is_not_described_any_more(self, desk: Desk) -> None:
        kept = await desk.contact("Ana")
        gone = await desk.contact("A.", merged_into=kept)
        answer = await desk.patch(f"contacts/{gone}", {"name": "B"})
        assert (answer.status_code, str(kept) in answer.json()["detail"]) == (409, True)

    async def test_another_companys_is_like_one_that_is_not_there(self, desk: Desk, other: Desk) -> None:
        theirs = await other.contact("Canário")
        there = await desk.patch(f"contacts/{theirs}", {"name": "Meu"})
        nowhere = await desk.patch(f"contacts/{new_id()}", {"name": "Meu"})
        assert (there.status_code, there.content) == (404, nowhere.content)
        assert (await other.get(f"contacts/{theirs}")).json()["name"] == "Canário"

    @pytest.mark.parametrize(
        "fields",
        [
            {"a b": 1},
            {"": 1},
            {"x": "a\x00"},
            {"x": "a" * 1001},
            {"x": 10**16},
            {"x": {"deep": 1}},
            {"x": [1]},
            {PROFILE: "x"},
            {f"f{number}": 1 for number in range(51)},
        ],
    )
    async def test_fields_that_are_none_are_malformed(self, desk: Desk, fields: dict[str, Any]) -> None:
        contact = await desk.contact("Ana")
        assert (await desk.patch(f"contacts/{contact}", {"fields": fields})).status_code == 422

    async def test_fields_do_not_pile_up_beyond_their_number(self, desk: Desk) -> None:
        contact = await desk.contact("Ana", fields={PROFILE: {"name": "A"}})
        many = {f"f{number}": number for number in range(50)}
        assert (await desk.patch(f"contacts/{contact}", {"fields": many})).status_code == 200
        assert (await desk.patch(f"contacts/{contact}", {"fields": {"one_more": 1}})).status_code == 422
        assert (await desk.patch(f"contacts/{contact}", {"fields": {"f0": None, "one_more": 1}})).status_code == 200

    async def test_a_viewer_may_not(self, desk: Desk) -> None:
        contact = await desk.contact("Ana")
        assert (await desk.patch(f"contacts/{contact}", {"name": "B"}, Role.VIEWER)).status_code == 403
