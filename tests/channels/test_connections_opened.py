"""Connections as the engine meets them: opened for a call, and changed by what the provider makes known."""

from datetime import UTC, datetime
from typing import Final

import pytest

from channels.base import Health
from channels.stores.connections import Change, open_lines
from core.crypto import KeyRing
from core.db.sessions import Database
from core.embedded import Urls
from core.ids import CompanyId, ConnectionId, new_id
from core.models.people import Connection, ConnectionKind, ConnectionState
from core.vault import rotate_company, shred
from tests.fixtures.office import NEW, SECRETS, Office, listening, of_phone
from tests.fixtures.servers import Servers

STATES: Final = ConnectionState


@pytest.fixture
def office(database: Database, ring: KeyRing, ana: CompanyId) -> Office:
    return Office(database, ring, ana)


@pytest.fixture
def other(database: Database, ring: KeyRing, beto: CompanyId) -> Office:
    return Office(database, ring, beto)


class TestOpenLines:
    async def test_all_of_the_company_and_of_no_other_are_opened_in_any_state(
        self, office: Office, other: Office
    ) -> None:
        first, second = await office.make(), await office.make(of_phone("1002"))
        await other.make(of_phone("1003"))
        await office.change(second, Change(is_enabled=False))
        async with office.database.tenant_session(office.company) as session:
            opened = await open_lines(session, office.ring)
        assert {connection: line.state for connection, line in opened.items()} == {
            first: STATES.ACTIVE,
            second: STATES.DISABLED,
        }
        assert opened[first].kind is ConnectionKind.WHATSAPP
        assert opened[first].line.connection == first
        assert opened[first].line.settings == {"phone_number_id": "1001", "waba_id": "2001"}

    async def test_those_named_are_opened_and_what_is_not_ours_is_left_out(self, office: Office, other: Office) -> None:
        connection, theirs = await office.make(), await other.make(of_phone("1003"))
        async with office.database.tenant_session(office.company) as session:
            named = await open_lines(session, office.ring, [connection, theirs, ConnectionId(new_id())])
            nothing = await open_lines(session, office.ring, [])
        assert set(named) == {connection}
        assert nothing == {}

    async def test_its_secrets_are_not_shown_by_accident(self, office: Office) -> None:
        connection = await office.make()
        async with office.database.tenant_session(office.company) as session:
            opened = await open_lines(session, office.ring)
        assert "zebra" not in repr(opened[connection])
        assert "zebra" not in repr(NEW)
        assert "zebra" not in repr(Change(secrets=SECRETS))

    async def test_one_that_was_tampered_with_takes_no_other_along(
        self, office: Office, servers: Servers, urls: Urls, caplog: pytest.LogCaptureFixture
    ) -> None:
        good, bad = await office.make(), await office.make(of_phone("1002"))
        async with servers.superuser(urls) as superuser:
            moved = (
                "UPDATE connections SET credentials = (SELECT credentials FROM connections WHERE id = $1) WHERE id = $2"
            )
            await superuser.execute(moved, good, bad)
        async with office.database.tenant_session(office.company) as session:
            opened = await open_lines(session, office.ring)
        assert set(opened) == {good}
        assert "connection.unreadable" in caplog.text
        assert str(bad) in caplog.text

    async def test_they_open_after_the_keys_were_rotated(self, office: Office) -> None:
        connection = await office.make()
        assert await rotate_company(office.database, office.ring, office.company) == 1
        assert await office.secrets(connection) == SECRETS

    async def test_a_connection_without_credentials_needs_no_keys(self, office: Office) -> None:
        connection = ConnectionId(new_id())
        async with office.database.tenant_session(office.company) as session:
            await shred(session)
            session.add(Connection(tenant_id=office.company, id=connection, kind=ConnectionKind.SMS, name="x"))
        async with office.database.tenant_session(office.company) as session:
            assert (await open_lines(session, office.ring))[connection].line.secrets == {}


class TestSetState:
    async def test_what_the_provider_made_known_is_kept_told_and_on_record(self, office: Office, urls: Urls) -> None:
        connection = await office.make()
        async with listening(urls) as heard:
            assert await office.set_state(connection, STATES.ACCOUNT_BLOCKED, "account_blocked")

        row = await office.get(connection)
        assert (row.state, row.state_reason) == (STATES.ACCOUNT_BLOCKED, "account_blocked")
        assert heard == [str(office.company)]
        assert (await office.recorded())[-1] == (
            "connection.state_changed",
            {"state": "account_blocked", "reason": "account_blocked"},
        )
        assert (await office.told())[-1][1]["state"] == "account_blocked"

    async def test_the_same_again_is_no_news(self, office: Office, urls: Urls) -> None:
        connection = await office.make()
        await office.set_state(connection, STATES.CREDENTIAL_REFUSED, "credential_refused")
        async with listening(urls) as heard:
            assert not await office.set_state(connection, STATES.CREDENTIAL_REFUSED, "credential_refused")
        assert heard == []

    async def test_it_can_work_again(self, office: Office) -> None:
        connection = await office.make()
        await office.set_state(connection, STATES.CREDENTIAL_REFUSED, "credential_refused")
        assert await office.set_state(connection, STATES.ACTIVE, None)
        assert (await office.get(connection)).state_reason is None

    @pytest.mark.parametrize("state", [STATES.ACTIVE, STATES.CREDENTIAL_REFUSED])
    async def test_what_a_person_disabled_stays_so(self, office: Office, state: ConnectionState) -> None:
        connection = await office.make()
        await office.change(connection, Change(is_enabled=False))
        assert not await office.set_state(connection, state, None)
        assert (await office.get(connection)).state is STATES.DISABLED

    async def test_an_unknown_connection_is_no_difference(self, office: Office, other: Office) -> None:
        theirs = await other.make()
        assert not await office.set_state(theirs, STATES.ACCOUNT_BLOCKED, "x")
        assert (await other.get(theirs)).state is STATES.ACTIVE


class TestNoteHealth:
    async def test_what_the_provider_says_is_kept_and_nobody_is_woken(self, office: Office, urls: Urls) -> None:
        connection = await office.make()
        before = await office.get(connection)
        health = Health(detail={"quality": "GREEN"}, token_expires_at=datetime(2027, 1, 1, tzinfo=UTC))
        async with listening(urls) as heard:
            await office.note(connection, health)

        row = await office.get(connection)
        assert row.health == {"quality": "GREEN", "token_expires_at": "2027-01-01T00:00:00+00:00"}
        assert row.checked_at is not None
        assert row.updated_at == before.updated_at
        assert heard == []

    async def test_another_companys_is_not_noted(self, office: Office, other: Office) -> None:
        theirs = await other.make()
        await office.note(theirs, Health(detail={"quality": "RED"}))
        assert (await other.get(theirs)).health == {}
