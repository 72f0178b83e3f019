"""What every resource does alike: one transaction a request, committed before anyone is told."""

from collections.abc import AsyncIterator
from typing import Annotated, Final

import pytest
from sqlalchemy import select, text

from admin_api.app import make_app
from admin_api.auth import Needs
from admin_api.principals import Principal
from admin_api.resources import Body, Session, Words, resources
from core.db.sessions import TenantSession
from core.errors import Conflict
from core.floor import Floor
from core.ids import new_id
from core.models.people import Contact, Role
from tests.fixtures.api import client_of
from tests.fixtures.desk import Desk, open_desk

KEY: Final = {"idempotency-key": "k-1"}
things: Final = resources("things")

Admin = Annotated[Principal, Needs(Role.ADMIN)]


class Thing(Body):
    name: Words
    then: Words = ""


@things.post("", status_code=201)
async def make_thing(session: Session, actor: Admin, body: Thing) -> str:
    """Writes, and then comes to the end that was asked for."""
    row = Contact(tenant_id=actor.company, id=new_id(), name=body.name)
    session.add(row)
    if body.then == "refuse":
        raise Conflict("Não.", "No.")
    if body.then == "fail at the commit":
        session.write_last("things", _refuse)
    if body.then == "take too long":
        await session.execute(text("SET LOCAL statement_timeout = '50ms'"))
        await session.execute(text("SELECT pg_sleep(5)"))
    if body.then == "break":
        await session.execute(text("SELECT 1 / 0"))
    return str(row.id)


@things.get("/count", dependencies=[Needs(Role.VIEWER)])
async def count_things(session: Session, again: Session) -> bool:
    return session is again


async def _refuse(_: TenantSession) -> None:
    raise Conflict("Tarde demais.", "Too late.")


@pytest.fixture
async def desk(floor: Floor) -> AsyncIterator[Desk]:
    app = make_app(floor)
    app.include_router(things)
    async with client_of(app) as client:
        yield await open_desk(floor, client)


async def names(desk: Desk) -> list[str | None]:
    async with desk.floor.database.tenant_session(desk.company) as session:
        return list(await session.scalars(select(Contact.name)))


class TestTransaction:
    async def test_what_is_answered_is_committed(self, desk: Desk) -> None:
        assert (await desk.post("things", {"name": "a"})).status_code == 201
        assert await names(desk) == ["a"]

    @pytest.mark.parametrize(
        ("then", "status"), [("refuse", 409), ("fail at the commit", 409), ("take too long", 503), ("break", 500)]
    )
    async def test_what_was_refused_or_failed_left_nothing(self, desk: Desk, then: str, status: int) -> None:
        assert (await desk.post("things", {"name": "a", "then": then})).status_code == status
        assert await names(desk) == []

    async def test_what_failed_at_the_commit_is_not_remembered_as_done(self, desk: Desk) -> None:
        body = {"name": "a", "then": "fail at the commit"}
        first = await desk.post("things", body, headers=KEY)
        again = await desk.post("things", body, headers=KEY)
        assert (first.status_code, again.status_code) == (409, 409)
        assert "idempotency-replayed" not in again.headers

    async def test_a_query_that_takes_too_long_may_be_asked_again(self, desk: Desk) -> None:
        answer = await desk.post("things", {"name": "a", "then": "take too long"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")

    async def test_whoever_asks_twice_for_the_session_gets_the_same(self, desk: Desk) -> None:
        assert (await desk.get("things/count")).json() is True


class TestBody:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"name": "a", "tenant_id": str(new_id())}, "body.tenant_id"),
            ({"name": "a\x00"}, "body.name"),
            ({"name": "a\u202e"}, "body.name"),
            ({"name": "a" * 121}, "body.name"),
            ({"name": 7}, "body.name"),
            ({}, "body.name"),
            ([], "body"),
        ],
    )
    async def test_what_is_not_known_or_not_fit_is_named(self, desk: Desk, body: object, field: str) -> None:
        answer = await desk.post("things", body)
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])

    @pytest.mark.parametrize("body", [b"", b"{", b"null", b"\xff", b'{"name": "\\ud800"}', b'{"name": NaN}'])
    async def test_what_cannot_be_read_is_the_callers_mistake(self, desk: Desk, body: bytes) -> None:
        headers = desk.key() | {"content-type": "application/json"}
        answer = await desk.client.post("/api/v1/things", content=body, headers=headers)
        assert answer.status_code in {400, 422}
        assert answer.headers["content-type"] == "application/problem+json"
