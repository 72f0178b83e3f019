"""People as rows: found by any of their identities, made once, never two where it is one."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import insert, text

from channels.envelope import Identity, Person
from channels.stores import consent
from channels.stores.people import Merger, Resolved, Sighting, identity_hash, resolve
from core.floor import Floor
from core.ids import ContactId, new_id
from core.models.people import IdentityKind, Suppression
from tests.fixtures.inbound import NOW, Inbox, later, open_inbox

KINDS: Final = {
    "phone": IdentityKind.PHONE,
    "wa_id": IdentityKind.WA_ID,
    "bsuid": IdentityKind.BSUID,
    "lid": IdentityKind.LID,
    "username": IdentityKind.USERNAME,
    "email": IdentityKind.EMAIL,
}


@pytest.fixture
async def inbox(floor: Floor) -> Inbox:
    return await open_inbox(floor)


def person(name: str | None = None, **known: str) -> Person:
    return Person(identities=tuple(Identity(kind=KINDS[kind], value=value) for kind, value in known.items()), name=name)


async def see(inbox: Inbox, *people: Person, at: datetime = NOW) -> Resolved:
    async with inbox.session() as session:
        return await resolve(session, [Sighting(person=one, at=at) for one in people])


async def meet(inbox: Inbox, one: Person, *, at: datetime = NOW) -> ContactId:
    [contact] = (await see(inbox, one, at=at)).contacts
    assert contact is not None
    return contact


async def contact(inbox: Inbox, which: UUID) -> Any:
    [row] = await inbox.rows("SELECT * FROM contacts WHERE id = :id", id=which)
    return row


async def identities(inbox: Inbox, which: UUID) -> set[str]:
    rows = await inbox.rows("SELECT kind || ' ' || value FROM contact_identities WHERE contact_id = :id", id=which)
    return {row[0] for row in rows}


async def suppress(inbox: Inbox, *hashes: bytes) -> None:
    async with inbox.session() as session:
        rows = [{"tenant_id": inbox.company, "identity_hash": one, "opted_out_at": later(-60)} for one in hashes]
        await session.execute(insert(Suppression), rows)


class TestResolve:
    async def test_somebody_new_is_made_with_all_that_they_are_known_by(self, inbox: Inbox) -> None:
        resolved = await see(inbox, person("Ana", wa_id="551187654321", bsuid="BR.1"))

        [ana] = resolved.contacts
        assert ana is not None
        assert resolved == Resolved(contacts=(ana,), created=frozenset({ana}))
        assert await identities(inbox, ana) == {"wa_id 551187654321", "phone +5511987654321", "bsuid BR.1"}
        row = await contact(inbox, ana)
        assert (row.name, row.time_zone, row.opted_out_at) == ("Ana", "America/Sao_Paulo", None)

    @pytest.mark.parametrize(
        "again",
        [
            {"wa_id": "551187654321"},
            {"wa_id": "5511987654321"},
            {"phone": "+5511987654321"},
            {"phone": "(11) 8765-4321"},
            {"bsuid": "BR.1"},
            {"lid": "9@lid"},
            {"email": "ANA@exemplo.com"},
        ],
    )
    async def test_any_identity_finds_them_again(self, inbox: Inbox, again: dict[str, str]) -> None:
        ana = await meet(inbox, person(wa_id="5511987654321", bsuid="BR.1", lid="9@lid", email="ana@exemplo.com"))

        resolved = await see(inbox, person(**again))

        assert resolved == Resolved(contacts=(ana,))

    async def test_what_is_new_about_them_is_added(self, inbox: Inbox) -> None:
        ana = await meet(inbox, person(bsuid="BR.1"))
        await see(inbox, person(bsuid="BR.1", wa_id="5511987654321"))

        assert await meet(inbox, person(phone="+5511987654321")) == ana
        assert (await contact(inbox, ana)).time_zone == "America/Sao_Paulo"

    async def test_a_batch_tells_people_apart_and_links_those_who_are_one(self, inbox: Inbox) -> None:
        number, user, both, other = (
            person(wa_id="5511987654321"),
            person(bsuid="BR.1"),
            person(wa_id="5511987654321", bsuid="BR.1"),
            person(wa_id="5511987650000"),
        )

        resolved = await see(inbox, number, other, user, both)

        first, second, third, fourth = resolved.contacts
        assert first == third == fourth != second
        assert len(resolved.created) == 2
        assert await inbox.count("contacts") == 2

    async def test_a_chain_of_links_in_any_order_is_one_person(self, inbox: Inbox) -> None:
        links = [person(bsuid="BR.1", lid="1@lid"), person(phone="+5511987654321", email="a@b.c")]
        links += [person(lid="1@lid", email="a@b.c")]

        resolved = await see(inbox, *links)

        assert len(set(resolved.contacts)) == 1
        assert resolved.mergers == ()

    async def test_two_contacts_that_are_one_person_are_named_and_the_older_is_given(self, inbox: Inbox) -> None:
        older = await meet(inbox, person(wa_id="5511987654321"))
        younger = await meet(inbox, person(bsuid="BR.1"))
        youngest = await meet(inbox, person(lid="1@lid"))

        resolved = await see(
            inbox, person(wa_id="5511987654321", bsuid="BR.1"), person(bsuid="BR.1", lid="1@lid"), person(lid="1@lid")
        )

        assert resolved.contacts == (older, older, older)
        assert resolved.mergers == (Merger(kept=older, gone=younger), Merger(kept=older, gone=youngest))

    async def test_who_is_known_by_nothing_is_nobody(self, inbox: Inbox) -> None:
        resolved = await see(inbox, person("Ana", username="ana"), person(phone="ramal"), person(lid="1@lid"))

        assert resolved.contacts[:2] == (None, None)
        assert await inbox.count("contacts") == 1

    async def test_no_sighting_asks_nothing(self, inbox: Inbox) -> None:
        assert await see(inbox) == Resolved(contacts=())

    async def test_another_company_has_people_of_its_own(self, inbox: Inbox, floor: Floor) -> None:
        ana = await meet(inbox, person(wa_id="5511987654321"))

        assert await meet(await open_inbox(floor), person(wa_id="5511987654321")) != ana

    async def test_twenty_who_see_the_same_person_at_once_make_one(self, inbox: Inbox) -> None:
        sets = [person(wa_id="5511987654321"), person(wa_id="551187654321"), person(wa_id="5511987654321", bsuid="B.1")]

        seen = await asyncio.gather(*(see(inbox, sets[number % 3]) for number in range(20)))

        assert len({contact for resolved in seen for contact in resolved.contacts}) == 1
        assert await inbox.count("contacts") == 1


class TestNames:
    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)])
    async def test_the_first_name_that_the_provider_told_stays(self, inbox: Inbox, order: Sequence[int]) -> None:
        told = [("Ana", 1), ("Ana Paula", 2), ("Aninha", 3)]
        for name, seconds in (told[number] for number in order):
            await see(inbox, person(name, bsuid="BR.1"), at=later(seconds))

        assert (await contact(inbox, await meet(inbox, person(bsuid="BR.1")))).name == "Ana"

    async def test_a_name_that_a_person_gave_is_kept(self, inbox: Inbox) -> None:
        ana = await meet(inbox, person("Ana", bsuid="BR.1"), at=later(5))
        async with inbox.session() as session:
            await session.execute(text("UPDATE contacts SET name = 'Dona Ana'"))

        await see(inbox, person("Aninha", bsuid="BR.1"), at=later(1))

        assert (await contact(inbox, ana)).name == "Dona Ana"

    async def test_who_came_without_a_name_gets_it_when_it_is_told(self, inbox: Inbox) -> None:
        ana = await meet(inbox, person(bsuid="BR.1"))
        await see(inbox, person("\u202eAna\x00 ", bsuid="BR.1"))

        assert (await contact(inbox, ana)).name == "Ana"


class TestUsernames:
    async def test_one_is_shown_and_finds_nobody(self, inbox: Inbox) -> None:
        ana = await meet(inbox, person(bsuid="BR.1", username="@ana"))

        assert await meet(inbox, person(bsuid="BR.2", username="ana")) != ana

    @pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
    async def test_it_belongs_to_who_was_last_seen_with_it(self, inbox: Inbox, order: Sequence[int]) -> None:
        holders = {1: "BR.1", 2: "BR.2", 3: "BR.1"}
        for second in order:
            await see(inbox, person(bsuid=holders[second], username="ana"), at=later(second))

        ana = await meet(inbox, person(bsuid="BR.1"))
        assert await identities(inbox, ana) == {"bsuid BR.1", "username ana"}
        assert await inbox.count("contact_identities WHERE kind = 'username'") == 1

    async def test_of_two_holders_in_one_batch_the_later_has_it(self, inbox: Inbox) -> None:
        async with inbox.session() as session:
            sightings = [
                Sighting(person=person(bsuid="BR.1", username="ana"), at=later(2)),
                Sighting(person=person(bsuid="BR.2", username="ana"), at=later(1)),
            ]
            [first, _] = (await resolve(session, sightings)).contacts

        assert first is not None
        assert "username ana" in await identities(inbox, first)


class TestSuppressions:
    def test_the_hash_is_of_company_kind_and_canonical_value(self) -> None:
        company = UUID("01890000-0000-7000-8000-000000000001")
        told, same = (Identity(kind=IdentityKind.PHONE, value=v) for v in ("(11) 8765-4321", "+5511987654321"))

        assert identity_hash(company, told) == identity_hash(company, same)
        assert identity_hash(new_id(), same) != identity_hash(company, same)
        assert identity_hash(company, Identity(kind=IdentityKind.WA_ID, value="+5511987654321")) != identity_hash(
            company, same
        )

    async def test_somebody_new_who_had_opted_out_before_is_out_at_once(self, inbox: Inbox) -> None:
        """A contact may have been erased, and imported again by a number written in another way."""
        await suppress(inbox, identity_hash(inbox.company, Identity(kind=IdentityKind.PHONE, value="+5511987654321")))

        out = await meet(inbox, person(wa_id="551187654321"))
        in_ = await meet(inbox, person(wa_id="551187650000"))

        assert (await contact(inbox, out)).opted_out_at == later(-60)
        assert (await contact(inbox, in_)).opted_out_at is None

    async def test_somebody_who_turns_out_to_be_them_is_out_as_well(self, inbox: Inbox) -> None:
        ana = await meet(inbox, person(bsuid="BR.1"))
        await suppress(inbox, identity_hash(inbox.company, Identity(kind=IdentityKind.PHONE, value="+5511987654321")))

        await see(inbox, person(bsuid="BR.1", wa_id="5511987654321"))

        assert (await contact(inbox, ana)).opted_out_at is not None

    async def test_what_becomes_known_of_somebody_who_is_out_is_suppressed_too(self, inbox: Inbox) -> None:
        ana = await meet(inbox, person(bsuid="BR.1"))
        async with inbox.session() as session:
            await consent.opt_out(session, [ana])

        await see(inbox, person(bsuid="BR.1", wa_id="5511987654321"))

        hashes = {row[0] for row in await inbox.rows("SELECT identity_hash FROM suppressions")}
        known = (("bsuid", "BR.1"), ("wa_id", "5511987654321"), ("phone", "+5511987654321"))
        assert hashes == {
            identity_hash(inbox.company, Identity(kind=KINDS[kind], value=value)) for kind, value in known
        }

    async def test_the_database_makes_the_same_hash(self, inbox: Inbox) -> None:
        ana = await meet(inbox, person(wa_id="5511987654321"))
        async with inbox.session() as session:
            await consent.opt_out(session, [ana])

        hashes = {row[0] for row in await inbox.rows("SELECT identity_hash FROM suppressions")}
        assert identity_hash(inbox.company, Identity(kind=IdentityKind.PHONE, value="+5511987654321")) in hashes
