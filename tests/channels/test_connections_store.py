"""Connections as they are made and changed: who may have which address, and what a change leaves behind."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Final

import pytest
from sqlalchemy import select, text

from channels.stores import connections
from channels.stores.connections import Change, Listing
from core.audit import OPERATOR
from core.crypto import KeyRing
from core.db.sessions import Database
from core.embedded import Urls
from core.errors import AppError, Conflict, Malformed, NotFound
from core.ids import CompanyId, ConnectionId, new_id
from core.models.people import ConnectionKind, ConnectionState
from core.models.record import ActorKind, AuditEntry
from core.vault import Shredded, shred
from tests.fixtures.databases import until_somebody_waits
from tests.fixtures.office import NEW, SECRETS, Office, listening, of_phone
from tests.fixtures.servers import Servers

STATES: Final = ConnectionState


@pytest.fixture
def office(database: Database, ring: KeyRing, ana: CompanyId) -> Office:
    return Office(database, ring, ana)


@pytest.fixture
def other(database: Database, ring: KeyRing, beto: CompanyId) -> Office:
    return Office(database, ring, beto)


class TestCreate:
    async def test_it_is_active_and_opens_with_what_was_told(self, office: Office) -> None:
        connection = await office.make(replace(NEW, persona="vendas"))

        row = await office.get(connection)
        assert (row.kind, row.name, row.persona) == (ConnectionKind.WHATSAPP, "Loja", "vendas")
        assert (row.state, row.state_reason, row.health, row.checked_at) == (STATES.ACTIVE, None, {}, None)
        assert row.settings == {"phone_number_id": "1001", "waba_id": "2001"}
        assert await office.secrets(connection) == SECRETS

    async def test_its_addresses_lead_to_it_for_its_company_alone(self, office: Office, other: Office) -> None:
        connection = await office.make()

        assert await office.at("whatsapp.phone", "1001") == connection
        assert await office.at("whatsapp.account", "2001") == connection
        assert await other.at("whatsapp.phone", "1001") is None

    async def test_it_is_on_record_without_its_secrets(self, office: Office) -> None:
        connection = await office.make()

        assert await office.recorded() == [("connection.created", {"kind": "whatsapp", "name": "Loja"})]
        assert await office.told() == [("connection.created", {"kind": "whatsapp"})]
        async with office.database.tenant_session(office.company) as session:
            entry = (await session.scalars(select(AuditEntry).where(AuditEntry.subject_id == connection))).one()
        assert entry.actor_kind is ActorKind.OPERATOR

    async def test_the_secrets_are_nowhere_in_the_clear(self, office: Office, servers: Servers, urls: Urls) -> None:
        await office.make()

        tables = (
            "SELECT connections::text FROM connections",
            "SELECT addresses::text FROM addresses",
            "SELECT audit_log::text FROM audit_log",
            "SELECT domain_events::text FROM domain_events",
        )
        async with servers.superuser(urls) as superuser:
            rows = [await superuser.fetch(table) for table in tables]
        written = str(rows)
        assert "Loja" in written
        assert "zebra" not in written
        assert b"zebra".hex() not in written

    async def test_whoever_listens_learns_of_it_at_the_commit(self, office: Office, urls: Urls) -> None:
        async with listening(urls) as heard:
            await office.make()
        assert heard == [str(office.company)]

    async def test_what_is_told_wrongly_is_refused_before_anything_is_kept(self, office: Office) -> None:
        for wrong in (
            replace(NEW, settings={}),
            replace(NEW, secrets={}),
            replace(NEW, name=""),
            replace(NEW, persona=" "),
            replace(NEW, kind=ConnectionKind.SMS),
        ):
            with pytest.raises(Malformed):
                await office.make(wrong)
        assert await office.recorded() == []
        assert await office.at("whatsapp.phone", "1001") is None

    async def test_a_name_is_given_once(self, office: Office) -> None:
        await office.make()
        with pytest.raises(Conflict, match="this name"):
            await office.make(replace(NEW, settings={"phone_number_id": "1002"}))
        assert await office.at("whatsapp.phone", "1002") is None

    async def test_a_number_of_another_company_is_refused_without_naming_it(
        self, office: Office, other: Office
    ) -> None:
        theirs = await other.make()
        with pytest.raises(Conflict) as refused:
            await office.make()

        told = str(refused.value.detail)
        assert "in use" in told
        assert not [word for word in (str(theirs), str(other.company), "beto", "Beto", "Loja") if word in told]
        assert await other.at("whatsapp.phone", "1001") == theirs

    async def test_an_account_of_another_company_is_refused_too(self, office: Office, other: Office) -> None:
        await other.make()
        with pytest.raises(Conflict, match="in use"):
            await office.make(replace(NEW, settings={"phone_number_id": "1009", "waba_id": "2001"}))
        assert await office.at("whatsapp.phone", "1009") is None

    async def test_a_number_of_the_company_itself_is_refused_with_the_way_to_its_connection(
        self, office: Office
    ) -> None:
        connection = await office.make()
        with pytest.raises(Conflict, match=str(connection)):
            await office.make(replace(NEW, name="Outra"))

    async def test_numbers_of_one_company_share_its_account(self, office: Office) -> None:
        await office.make()
        second = await office.make(replace(NEW, name="Dois", settings={"phone_number_id": "1002", "waba_id": "2001"}))
        assert await office.at("whatsapp.account", "2001") == second

    async def test_of_two_companies_at_once_one_gets_the_number(self, office: Office, other: Office) -> None:
        async with office.database.tenant_session(office.company) as session:
            row = await connections.create(session, office.ring, NEW, OPERATOR)
            waiting = asyncio.create_task(other.make())
            await until_somebody_waits(office.database.engine)
        with pytest.raises(Conflict, match="in use"):
            await waiting
        assert await office.at("whatsapp.phone", "1001") == row.id

    async def test_of_two_at_once_in_one_company_one_gets_the_number(self, office: Office) -> None:
        both = [office.make(), office.make(replace(NEW, name="Outra"))]
        made = await asyncio.gather(*both, return_exceptions=True)
        assert sorted(type(one).__name__ for one in made) == ["Conflict", "UUID"]

    async def test_without_the_companys_keys_there_is_none(self, office: Office) -> None:
        async with office.database.tenant_session(office.company) as session:
            await shred(session)
        with pytest.raises(Shredded):
            await office.make()


class TestChange:
    async def test_only_what_is_told_is_different(self, office: Office) -> None:
        connection = await office.make(replace(NEW, persona="vendas"))
        before = await office.get(connection)

        after = await office.change(connection, Change(name="Balcão"))

        assert (after.name, after.persona, after.settings) == ("Balcão", "vendas", before.settings)
        assert after.updated_at > before.updated_at
        assert await office.secrets(connection) == SECRETS
        assert (await office.recorded())[1:] == [("connection.changed", {"changed": ["name"]})]
        changed = {"kind": "whatsapp", "changed": ["name"], "state": "active"}
        assert (await office.told())[1:] == [("connection.changed", changed)]

    async def test_a_change_of_nothing_leaves_no_trace(self, office: Office, urls: Urls) -> None:
        connection = await office.make()
        before = await office.get(connection)
        async with listening(urls) as heard:
            same = Change(name="Loja", persona=None, is_enabled=True, settings={"phone_number_id": "1001"})
            after = await office.change(connection, same)
        assert after.updated_at == before.updated_at
        assert heard == []
        assert len(await office.recorded()) == 1

    async def test_whoever_listens_learns_of_it(self, office: Office, urls: Urls) -> None:
        connection = await office.make()
        async with listening(urls) as heard:
            await office.change(connection, Change(secrets={"access_token": "EAAnew"}))
        assert heard == [str(office.company)]

    async def test_a_persona_can_be_taken_away(self, office: Office) -> None:
        connection = await office.make(replace(NEW, persona="vendas"))
        assert (await office.change(connection, Change(persona=None))).persona is None

    async def test_one_secret_can_be_rotated_alone(self, office: Office) -> None:
        connection = await office.make()
        await office.change(connection, Change(secrets={"access_token": "EAAnew"}))
        assert await office.secrets(connection) == {**SECRETS, "access_token": "EAAnew"}
        assert (await office.recorded())[-1] == ("connection.changed", {"changed": ["credentials"]})

    async def test_new_credentials_end_a_refusal_of_the_old(self, office: Office) -> None:
        connection = await office.make()
        await office.set_state(connection, STATES.CREDENTIAL_REFUSED, "credential_refused")
        row = await office.change(connection, Change(secrets={"access_token": "EAAnew"}))
        assert (row.state, row.state_reason) == (STATES.ACTIVE, None)

    async def test_new_credentials_wake_no_connection_that_a_person_disabled(self, office: Office) -> None:
        connection = await office.make()
        await office.change(connection, Change(is_enabled=False))
        row = await office.change(connection, Change(secrets={"access_token": "EAAnew"}))
        assert row.state is STATES.DISABLED

    async def test_credentials_that_cannot_be_read_can_be_replaced_whole_and_not_in_part(
        self, office: Office, servers: Servers, urls: Urls
    ) -> None:
        connection = await office.make()
        async with servers.superuser(urls) as superuser:
            await superuser.execute("UPDATE connections SET credentials = set_byte(credentials, 60, 0)")
            await superuser.execute("UPDATE connections SET credentials = set_byte(credentials, 61, 0)")
        with pytest.raises(AppError, match="Sealed data"):
            await office.change(connection, Change(secrets={"access_token": "x"}))
        await office.change(connection, Change(secrets=SECRETS))
        assert await office.secrets(connection) == SECRETS

    async def test_disabling_and_enabling_are_states_and_on_record(self, office: Office) -> None:
        connection = await office.make()
        assert (await office.change(connection, Change(is_enabled=False))).state is STATES.DISABLED
        assert (await office.change(connection, Change(is_enabled=True))).state is STATES.ACTIVE
        assert [action for action, _ in await office.recorded()] == ["connection.created", *["connection.changed"] * 2]

    async def test_the_number_itself_cannot_change(self, office: Office) -> None:
        connection = await office.make()
        with pytest.raises(Malformed, match="make another connection"):
            await office.change(connection, Change(settings={"phone_number_id": "1002"}))

    async def test_a_used_name_is_refused(self, office: Office) -> None:
        await office.make()
        second = await office.make(of_phone("1002"))
        with pytest.raises(Conflict, match="this name"):
            await office.change(second, Change(name="Loja"))
        assert (await office.get(second)).name == "Linha 1002"

    async def test_another_account_lets_go_of_the_first(self, office: Office, other: Office) -> None:
        connection = await office.make()
        await office.change(connection, Change(settings={"waba_id": "2002"}))

        assert await office.at("whatsapp.account", "2002") == connection
        assert await office.at("whatsapp.phone", "1001") == connection
        await other.make(replace(NEW, settings={"phone_number_id": "1003", "waba_id": "2001"}))

    async def test_an_account_that_another_line_of_the_company_has_stays_the_companys(
        self, office: Office, other: Office
    ) -> None:
        first = await office.make()
        second = await office.make(replace(NEW, name="Dois", settings={"phone_number_id": "1002", "waba_id": "2001"}))
        await office.change(second, Change(settings={"waba_id": "2002"}))

        assert await office.at("whatsapp.account", "2001") == first
        with pytest.raises(Conflict, match="in use"):
            await other.make(replace(NEW, settings={"phone_number_id": "1003", "waba_id": "2001"}))

    async def test_an_account_of_another_company_is_refused_and_nothing_is_lost(
        self, office: Office, other: Office
    ) -> None:
        await other.make()
        connection = await office.make(of_phone("1002"))
        with pytest.raises(Conflict, match="in use"):
            await office.change(connection, Change(settings={"waba_id": "2001"}))
        assert await office.at("whatsapp.phone", "1002") == connection

    async def test_another_companys_connection_is_no_connection(self, office: Office, other: Office) -> None:
        theirs = await other.make()
        for unknown in (theirs, ConnectionId(new_id())):
            with pytest.raises(NotFound, match="There is no such connection"):
                await office.change(unknown, Change(name="Minha"))
            with pytest.raises(NotFound, match="There is no such connection"):
                await office.get(unknown)


class TestListSome:
    async def test_they_come_in_the_order_of_making_and_by_pages(self, office: Office, other: Office) -> None:
        made = [await office.make(of_phone(str(number))) for number in range(5)]
        await other.make()
        async with office.database.tenant_session(office.company) as session:
            whole = await connections.list_some(session, Listing())
            page = await connections.list_some(session, Listing(after=made[1], most=2))
        assert [row.id for row in whole] == made
        assert [row.id for row in page] == made[2:4]

    async def test_they_are_found_by_kind_state_and_words(self, office: Office) -> None:
        first, second = await office.make(replace(NEW, name="100% Loja")), await office.make(of_phone("1002"))
        await office.change(second, Change(is_enabled=False))
        for wanted, found in (
            (Listing(kind=ConnectionKind.SMS), []),
            (Listing(state=STATES.DISABLED), [second]),
            (Listing(words="LOJA"), [first]),
            (Listing(words="0% l"), [first]),
            (Listing(words="_"), []),
        ):
            async with office.database.tenant_session(office.company) as session:
                assert [row.id for row in await connections.list_some(session, wanted)] == found, wanted


class TestRollback:
    async def test_what_is_rolled_back_is_not_told(self, office: Office, urls: Urls) -> None:
        async with listening(urls) as heard:
            with suppress(LookupError):
                await self.make_and_fail(office)
        assert heard == []
        assert await office.at("whatsapp.phone", "1001") is None

    async def make_and_fail(self, office: Office) -> None:
        async with office.database.tenant_session(office.company) as session:
            await connections.create(session, office.ring, NEW, OPERATOR)
            await session.execute(text("SELECT 1"))
            raise LookupError
