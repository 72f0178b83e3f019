"""Connections and users over HTTP: who may, what comes out, and what never does."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select
from typing_extensions import override

from admin_api.tenants.store import add_member
from channels.base import Health, Line
from channels.errors import AccountBlocked, CredentialRefused, RateLimited, Unproven
from channels.registry import Registry
from channels.stores import connections
from channels.stores.connections import open_lines
from core.audit import OPERATOR
from core.clock import Deadline
from core.errors import AppError
from core.floor import Floor
from core.http import TimedOut
from core.ids import ConnectionId, new_id
from core.models.people import Connection, ConnectionKind, ConnectionState, Role
from core.models.record import AuditEntry
from tests.fixtures.desk import SECRETS, Desk, desks
from tests.fixtures.outbox import Provider


@dataclass
class Checked(Provider):
    """Answers a check as it was told to."""

    answers: list[Health | AppError] = field(default_factory=list)
    asked: list[Line] = field(default_factory=list)
    look: Callable[[], int] | None = None  # at something, while it is asked
    seen: list[int] = field(default_factory=list)

    @override
    async def check(self, line: Line, deadline: Deadline) -> Health:
        assert 0 < deadline.remaining <= 10
        self.asked.append(line)
        if self.look is not None:
            self.seen.append(self.look())
        answer = self.answers.pop(0)
        if isinstance(answer, Health):
            return answer
        raise answer


@pytest.fixture
def provider() -> Checked:
    return Checked()


@pytest.fixture
async def both(floor: Floor, provider: Checked) -> AsyncIterator[tuple[Desk, Desk]]:
    async with desks(floor, Registry({ConnectionKind.WHATSAPP: provider})) as both:
        yield both


@pytest.fixture
def desk(both: tuple[Desk, Desk]) -> Desk:
    return both[0]


@pytest.fixture
def other(both: tuple[Desk, Desk]) -> Desk:
    return both[1]


def new(number: int, **told: Any) -> dict[str, Any]:
    usual = {"kind": "whatsapp", "name": f"Linha {number}", "phone_number_id": str(number)}
    return {**usual, **SECRETS, **told}


async def secrets_of(desk: Desk, connection: str) -> dict[str, str]:
    async with desk.floor.database.tenant_session(desk.company) as session:
        [line] = (await open_lines(session, desk.floor.ring)).values()
    assert str(line.line.connection) == connection
    return dict(line.line.secrets)


async def state_of(desk: Desk, connection: ConnectionId) -> ConnectionState:
    async with desk.floor.database.tenant_session(desk.company) as session:
        return (await connections.get(session, connection)).state


class TestCreateConnection:
    async def test_it_answers_with_the_connection_and_none_of_its_secrets(self, desk: Desk) -> None:
        body = new(500001, waba_id="600001", display_phone_number="+55 11 99999-0000", persona="vendas")
        answer = await desk.post("connections", body)

        made = answer.json()
        assert answer.status_code == 201
        assert answer.headers["location"] == f"/api/v1/connections/{made['id']}"
        assert answer.headers["etag"].startswith('"')
        assert made | {"id": "", "created_at": "", "updated_at": ""} == {
            "id": "",
            "kind": "whatsapp",
            "name": "Linha 500001",
            "persona": "vendas",
            "state": "active",
            "state_reason": None,
            "state_detail": None,
            "phone_number_id": "500001",
            "waba_id": "600001",
            "display_phone_number": "+55 11 99999-0000",
            "bot_id": None,
            "health": {},
            "checked_at": None,
            "created_at": "",
            "updated_at": "",
        }
        assert await secrets_of(desk, made["id"]) == SECRETS
        assert (await desk.get(f"connections/{made['id']}")).json() == made

    async def test_the_key_that_made_it_is_on_record(self, desk: Desk) -> None:
        made = (await desk.post("connections", new(500002), Role.ADMIN)).json()
        async with desk.floor.database.tenant_session(desk.company) as session:
            entries = await session.scalars(select(AuditEntry).where(AuditEntry.action == "connection.created"))
            [entry] = entries
        assert (str(entry.subject_id), entry.actor_kind) == (made["id"], "api_key")
        assert "zebra" not in str(entry.detail)

    @pytest.mark.parametrize(
        ("told", "field"),
        [
            ({"phone_number_id": None}, "body.phone_number_id"),
            ({"phone_number_id": 500003}, "body.phone_number_id"),
            ({"access_token": ""}, "body.access_token"),
            ({"app_secret": None}, "body.app_secret"),
            ({"kind": "carrier-pigeon"}, "body.kind"),
            ({"name": ""}, "body.name"),
            ({"tenant_id": str(new_id())}, "body.tenant_id"),
            ({"state": "active"}, "body.state"),
            ({"is_sandbox": True}, "body.is_sandbox"),
            ({"id": str(new_id())}, "body.id"),
        ],
    )
    async def test_a_wrong_field_is_named_and_no_secret_is_repeated(
        self, desk: Desk, told: dict[str, Any], field: str
    ) -> None:
        answer = await desk.post("connections", new(500003, **told))
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])
        assert "zebra" not in answer.text

    async def test_a_channel_of_a_later_release_says_not_yet(self, desk: Desk) -> None:
        answer = await desk.post("connections", {"kind": "sms", "name": "SMS"})
        assert answer.status_code == 422
        assert "do not exist here yet" in answer.json()["detail"]

    async def test_a_number_of_another_company_answers_without_naming_it(self, desk: Desk, other: Desk) -> None:
        theirs = (await other.post("connections", new(500004, name="Canário"))).json()
        answer = await desk.post("connections", new(500004))
        assert answer.status_code == 409
        for secret in (theirs["id"], str(other.company), other.slug, "Canário"):
            assert secret not in answer.text

    async def test_a_number_of_its_own_leads_to_its_connection(self, desk: Desk) -> None:
        made = (await desk.post("connections", new(500005))).json()
        answer = await desk.post("connections", new(500005, name="Outra"))
        assert (answer.status_code, made["id"] in answer.json()["detail"]) == (409, True)


class TestListConnections:
    async def test_it_shows_the_companys_own_and_no_secret(self, desk: Desk, other: Desk) -> None:
        made = [str(await desk.connection()) for _ in range(3)]
        await other.connection()
        answer = await desk.get("connections", Role.VIEWER)
        assert [row["id"] for row in answer.json()["items"]] == made
        assert "zebra" not in answer.text
        assert [row["id"] for row in await desk.pages("connections", 2)] == made

    async def test_it_filters_by_kind_state_and_words(self, desk: Desk) -> None:
        first, second = str(await desk.connection(name="Balcão")), str(await desk.connection(name="100%"))
        await desk.patch(f"connections/{second}", {"state": "disabled"})
        for query, found in (
            ("kind=whatsapp", [first, second]),
            ("kind=sms", []),
            ("state=disabled", [second]),
            ("q=balc", [first]),
            ("q=%25", [second]),
            ("q=", [first, second]),
        ):
            rows = (await desk.get(f"connections?{query}")).json()["items"]
            assert [row["id"] for row in rows] == found, query

    @pytest.mark.parametrize("query", ["kind=pigeon", "state=on", "name=x", "q=%00", "q=" + "x" * 121])
    async def test_a_filter_that_is_none_is_malformed(self, desk: Desk, query: str) -> None:
        assert (await desk.get(f"connections?{query}")).status_code == 422


class TestChangeConnection:
    async def test_what_is_told_is_different_and_the_tag_with_it(self, desk: Desk) -> None:
        connection = await desk.connection()
        before = await desk.get(f"connections/{connection}")
        answer = await desk.patch(f"connections/{connection}", {"name": "Balcão", "persona": "vendas"})

        assert (answer.status_code, answer.json()["name"], answer.json()["persona"]) == (200, "Balcão", "vendas")
        assert answer.headers["etag"] != before.headers["etag"]
        assert (await desk.get(f"connections/{connection}")).headers["etag"] == answer.headers["etag"]

    async def test_a_secret_is_rotated_and_not_shown(self, desk: Desk) -> None:
        connection = await desk.connection()
        answer = await desk.patch(f"connections/{connection}", {"access_token": "EAAzebra2"})
        assert "zebra" not in answer.text
        assert await secrets_of(desk, str(connection)) == SECRETS | {"access_token": "EAAzebra2"}

    @pytest.mark.parametrize("word", ["enabled", "active"])
    async def test_it_is_disabled_and_enabled(self, desk: Desk, word: str) -> None:
        connection = await desk.connection()
        disabled = (await desk.patch(f"connections/{connection}", {"state": "disabled"})).json()
        assert (disabled["state"], "Disabled" in disabled["state_detail"]) == ("disabled", True)
        enabled = (await desk.patch(f"connections/{connection}", {"state": word})).json()
        assert (enabled["state"], enabled["state_detail"]) == ("active", None)

    async def test_a_persona_is_taken_away_by_null_alone(self, desk: Desk) -> None:
        connection = await desk.connection()
        await desk.patch(f"connections/{connection}", {"persona": "vendas"})
        kept = (await desk.patch(f"connections/{connection}", {"name": "X", "state": None})).json()
        gone = (await desk.patch(f"connections/{connection}", {"persona": None})).json()
        assert (kept["persona"], gone["persona"]) == ("vendas", None)

    async def test_whoever_read_an_older_one_is_told_to_read_again(self, desk: Desk) -> None:
        connection = await desk.connection()
        read = (await desk.get(f"connections/{connection}")).headers["etag"]
        first = await desk.patch(f"connections/{connection}", {"name": "A"}, headers={"if-match": read})
        second = await desk.patch(f"connections/{connection}", {"name": "B"}, headers={"if-match": read})
        assert (first.status_code, second.status_code) == (200, 412)
        assert (await desk.get(f"connections/{connection}")).json()["name"] == "A"

    @pytest.mark.parametrize(("tag", "status"), [("*", 200), ('"x"', 412), ("", 412), ('W/"x"', 412)])
    async def test_a_tag_that_is_not_the_current_one_stops_the_change(self, desk: Desk, tag: str, status: int) -> None:
        connection = await desk.connection()
        answer = await desk.patch(f"connections/{connection}", {"name": "A"}, headers={"if-match": tag})
        assert answer.status_code == status

    async def test_one_of_several_tags_may_be_the_current_one_and_a_weak_one_is_none(self, desk: Desk) -> None:
        connection = await desk.connection()
        tag = (await desk.get(f"connections/{connection}")).headers["etag"]
        weak = await desk.patch(f"connections/{connection}", {"name": "A"}, headers={"if-match": f"W/{tag}"})
        several = await desk.patch(f"connections/{connection}", {"name": "A"}, headers={"if-match": f'"x", {tag}'})
        assert (weak.status_code, several.status_code) == (412, 200)

    async def test_what_a_provider_reports_makes_no_reader_stale(self, desk: Desk, provider: Checked) -> None:
        connection = await desk.connection()
        tag = (await desk.get(f"connections/{connection}")).headers["etag"]
        provider.answers.append(Health(detail={"quality": "GREEN"}))
        await desk.post(f"connections/{connection}/test")
        answer = await desk.patch(f"connections/{connection}", {"name": "A"}, headers={"if-match": tag})
        assert answer.status_code == 200

    @pytest.mark.parametrize(
        "body",
        [
            {"phone_number_id": "1"},
            {"kind": "sms"},
            {"state": "credential_refused"},
            {"state_reason": "x"},
            {"health": {}},
            {"tenant_id": "x"},
            {"waba_id": "x"},
            {"name": ""},
            {"access_token": ""},
            [],
        ],
    )
    async def test_what_nobody_may_change_is_refused(self, desk: Desk, body: Any) -> None:
        connection = await desk.connection()
        before = (await desk.get(f"connections/{connection}")).json()
        assert (await desk.patch(f"connections/{connection}", body)).status_code == 422
        assert (await desk.get(f"connections/{connection}")).json() == before


class TestTestConnection:
    async def test_what_the_provider_says_is_answered_and_kept(self, desk: Desk, provider: Checked) -> None:
        connection = await desk.connection()
        provider.answers.append(Health(detail={"quality": "GREEN"}))
        answer = (await desk.post(f"connections/{connection}/test")).json()

        assert (answer["ok"], answer["code"], answer["detail"]) == (True, None, None)
        assert (answer["state"], answer["health"]) == ("active", {"quality": "GREEN"})
        shown = (await desk.get(f"connections/{connection}")).json()
        assert (shown["health"], shown["checked_at"]) == (answer["health"], answer["checked_at"])
        assert [(line.connection, line.secrets) for line in provider.asked] == [(connection, SECRETS)]

    @pytest.mark.parametrize(
        ("failure", "code", "state"),
        [
            (CredentialRefused("190"), "credential_refused", "credential_refused"),
            (AccountBlocked("131031"), "account_blocked", "account_blocked"),
            (RateLimited("4"), "rate_limited", "active"),
            (Unproven("garbled"), "no_answer", "active"),
            (TimedOut("https://provider"), "no_answer", "active"),
        ],
    )
    async def test_what_the_provider_refuses_is_an_answer_that_says_what_to_do(
        self, desk: Desk, provider: Checked, failure: AppError, code: str, state: str
    ) -> None:
        connection = await desk.connection()
        provider.answers.append(failure)
        answer = await desk.post(f"connections/{connection}/test")

        told = answer.json()
        assert (answer.status_code, told["ok"], told["code"], told["state"]) == (200, False, code, state)
        assert told["detail"] == failure.detail.en
        assert await state_of(desk, connection) == state

    async def test_the_words_are_in_the_language_asked_for(self, desk: Desk, provider: Checked) -> None:
        connection = await desk.connection()
        provider.answers.append(CredentialRefused("190"))
        headers = {"accept-language": "pt-BR"}
        told = (await desk.post(f"connections/{connection}/test", headers=headers)).json()["detail"]
        shown = (await desk.get(f"connections/{connection}", headers=headers)).json()
        assert told == CredentialRefused.operator_text.pt == shown["state_detail"]
        assert shown["state_reason"] == "credential_refused"

    async def test_a_good_answer_gives_back_what_a_bad_one_took(self, desk: Desk, provider: Checked) -> None:
        connection = await desk.connection()
        provider.answers += [CredentialRefused("190"), Health(detail={})]
        for state in (ConnectionState.CREDENTIAL_REFUSED, ConnectionState.ACTIVE):
            await desk.post(f"connections/{connection}/test")
            assert await state_of(desk, connection) is state

    async def test_what_a_person_disabled_stays_so(self, desk: Desk, provider: Checked) -> None:
        connection = await desk.connection()
        await desk.patch(f"connections/{connection}", {"state": "disabled"})
        provider.answers += [CredentialRefused("190"), Health(detail={})]
        for _ in range(2):
            assert (await desk.post(f"connections/{connection}/test")).json()["state"] == "disabled"

    async def test_an_eager_tester_is_told_to_wait(self, desk: Desk, provider: Checked) -> None:
        connection, another = await desk.connection(), await desk.connection()
        provider.answers += [Health(detail={}) for _ in range(30)]
        count = 0
        while (answer := await desk.post(f"connections/{connection}/test")).status_code == 200:
            count += 1
        assert (3 <= count < 20, answer.status_code) == (True, 429)
        assert int(answer.headers["retry-after"]) >= 1
        assert (await desk.post(f"connections/{another}/test")).status_code == 200

    async def test_a_channel_without_an_adapter_says_so(self, desk: Desk) -> None:
        row = Connection(id=new_id(), kind=ConnectionKind.SMS, name="SMS")
        await desk.add(row)
        told = (await desk.post(f"connections/{row.id}/test")).json()
        assert (told["ok"], told["code"]) == (False, "no_channel")

    async def test_credentials_that_cannot_be_read_are_said_to_be_so(self, desk: Desk, other: Desk) -> None:
        theirs = await other.connection()
        async with other.floor.database.tenant_session(other.company) as session:
            blob = (await connections.get(session, theirs)).credentials
        row = Connection(id=new_id(), kind=ConnectionKind.WHATSAPP, name="W", credentials=blob)
        await desk.add(row)
        told = (await desk.post(f"connections/{row.id}/test")).json()
        assert (told["ok"], told["code"]) == (False, "unreadable")

    async def test_while_the_provider_is_asked_no_transaction_is_open(self, desk: Desk, provider: Checked) -> None:
        connection = await desk.connection()
        pool: Any = desk.floor.database.engine.pool
        provider.look = pool.checkedout
        provider.answers.append(Health(detail={}))
        assert (await desk.post(f"connections/{connection}/test")).status_code == 200
        assert provider.seen == [0]


class TestUsers:
    async def join(self, desk: Desk, email: str, role: Role) -> str:
        async with desk.floor.database.tenant_session(desk.company) as session:
            return str((await add_member(session, email=email, name="", role=role, by=OPERATOR)).user)

    async def test_members_are_listed_by_id_and_role(self, desk: Desk, other: Desk) -> None:
        ana = await self.join(desk, "ana@exemplo.com", Role.OWNER)
        bia = await self.join(desk, "bia@exemplo.com", Role.AGENT)
        await self.join(other, "caio@exemplo.com", Role.OWNER)
        rows = (await desk.get("users")).json()["items"]
        assert [(row["id"], row["role"]) for row in rows] == [(ana, "owner"), (bia, "agent")]
        assert [row["id"] for row in await desk.pages("users", 1)] == [ana, bia]
        assert (await desk.get(f"users/{bia}")).json() == rows[1]

    async def test_they_are_found_by_role_and_by_their_whole_address(self, desk: Desk, other: Desk) -> None:
        ana = await self.join(desk, "ana@exemplo.com", Role.OWNER)
        await self.join(other, "dora@exemplo.com", Role.OWNER)
        for query, found in (
            ("role=owner", [ana]),
            ("role=agent", []),
            ("email=ANA@exemplo.com", [ana]),
            ("email=ana", []),
            ("email=dora@exemplo.com", []),
            ("email=nobody@exemplo.com", []),
        ):
            assert [row["id"] for row in (await desk.get(f"users?{query}")).json()["items"]] == found, query

    async def test_a_viewer_does_not_see_them(self, desk: Desk) -> None:
        assert (await desk.get("users", Role.VIEWER)).status_code == 403

    async def test_a_person_of_another_company_is_nobody_here(self, desk: Desk, other: Desk) -> None:
        theirs = await self.join(other, "caio@exemplo.com", Role.OWNER)
        there, nowhere = await desk.get(f"users/{theirs}"), await desk.get(f"users/{new_id()}")
        assert (there.status_code, there.content) == (404, nowhere.content)
