"""Who comes in: whose key, in which role, and what becomes of those who try keys."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from admin_api.app import make_app
from admin_api.auth import Throttle
from admin_api.principals import Principal
from admin_api.resources import resources
from admin_api.tenants.store import open_api_key
from core import clock
from core.floor import Floor
from core.ids import new_id
from core.models.people import ApiKey, Role
from core.models.record import ActorKind
from core.valkey import open_valkey
from tests.fixtures.api import NOBODY, client_of
from tests.fixtures.desk import Desk, desks, open_desk

PATH: Final = "contacts"


@pytest.fixture
async def desk(floor: Floor) -> AsyncIterator[Desk]:
    async with desks(floor) as (desk, _):
        yield desk


async def change_keys(desk: Desk, role: Role, **values: Any) -> None:
    async with desk.floor.database.tenant_session(desk.company) as session:
        await session.execute(update(ApiKey).where(ApiKey.role == role).values(**values))


async def last_used(desk: Desk, role: Role) -> Any:
    async with desk.floor.database.tenant_session(desk.company) as session:
        return await session.scalar(select(ApiKey.last_used_at).where(ApiKey.role == role))


async def ask(desk: Desk, **headers: str) -> httpx.Response:
    return await desk.client.get(f"/api/v1/{PATH}", headers={"accept-language": "en"} | headers)


class TestCredentials:
    async def test_a_good_key_comes_in(self, desk: Desk) -> None:
        answer = await desk.get(PATH)
        assert (answer.status_code, answer.json()) == (200, {"items": [], "next": None})

    async def test_without_one_the_way_to_one_is_told(self, desk: Desk) -> None:
        answer = await ask(desk)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert "X-API-Key" in answer.json()["detail"]
        assert "masteria token" in answer.json()["detail"]

    async def test_a_bearer_token_is_not_taken_yet_and_that_is_said(self, desk: Desk) -> None:
        for header in ("Bearer abc", "bearer eyJhbGciOiJub25lIn0.e30."):
            answer = await ask(desk, authorization=header)
            assert answer.status_code == 401
            assert "`Bearer` tokens are not taken here yet" in answer.json()["detail"]

    async def test_beside_a_good_key_a_bearer_token_changes_nothing(self, desk: Desk) -> None:
        assert (await desk.get(PATH, headers={"authorization": "Bearer x"})).status_code == 200

    @pytest.mark.parametrize(
        "key",
        [
            "mia_",
            "mia_" + "A" * 43,
            "mia_" + "A" * 5_000,
            "' OR 1=1 --",
            "Bearer mia_x",
            "mia_" + "é" * 43,
            "mia_" + "A" * 42 + "\t",
        ],
    )
    async def test_a_key_that_never_was_one_is_refused(self, desk: Desk, key: str) -> None:
        answer = await desk.client.get(f"/api/v1/{PATH}", headers=[(b"x-api-key", key.encode("latin-1"))])
        assert answer.status_code == 401
        assert key not in answer.text

    async def test_of_two_keys_none_is_believed(self, desk: Desk) -> None:
        both = [("x-api-key", desk.keys[Role.OWNER]), ("x-api-key", desk.keys[Role.VIEWER])]
        answer = await desk.client.get(f"/api/v1/{PATH}", headers=both)
        assert answer.status_code == 401

    async def test_a_key_in_the_query_or_a_cookie_is_none(self, desk: Desk) -> None:
        key = desk.keys[Role.OWNER]
        answer = await desk.client.get(f"/api/v1/{PATH}?api_key={key}", headers={"cookie": f"x-api-key={key}"})
        assert answer.status_code == 401
        assert key not in answer.text

    async def test_a_revoked_key_is_refused_at_once(self, desk: Desk) -> None:
        assert (await desk.get(PATH)).status_code == 200
        await change_keys(desk, Role.OWNER, revoked_at=clock.now())
        assert (await desk.get(PATH)).status_code == 401
        assert (await desk.get(PATH, Role.ADMIN)).status_code == 200

    async def test_a_key_is_good_until_it_expires(self, desk: Desk) -> None:
        await change_keys(desk, Role.OWNER, expires_at=clock.now() + timedelta(hours=1))
        assert (await desk.get(PATH)).status_code == 200
        await change_keys(desk, Role.OWNER, expires_at=clock.now())
        assert (await desk.get(PATH)).status_code == 401

    @pytest.mark.parametrize(("turned", "expires", "status"), [(48, 1, 200), (-48, -1, 401)])
    async def test_a_clock_that_a_rehearsal_turned_moves_no_expiry(
        self, desk: Desk, turned: int, expires: int, status: int
    ) -> None:
        await change_keys(desk, Role.OWNER, expires_at=clock.now() + timedelta(hours=expires))
        clock.follow_shift(timedelta(hours=turned))
        try:
            assert (await desk.get(PATH)).status_code == status
        finally:
            clock.follow_shift(timedelta(0))

    async def test_it_is_settled_before_the_body_is_read(self, desk: Desk) -> None:
        for body in (b"{", b"\xff", b'{"x": 1}'):
            answer = await desk.client.post("/api/v1/contacts?odd=1", content=body)
            assert answer.status_code == 401


class TestLastUsed:
    async def test_it_is_noted_at_most_once_a_minute(self, desk: Desk) -> None:
        await asyncio.gather(*(desk.get(PATH) for _ in range(4)))
        first = await last_used(desk, Role.OWNER)
        await desk.get(PATH)
        assert first is not None
        assert await last_used(desk, Role.OWNER) == first

        await change_keys(desk, Role.OWNER, last_used_at=clock.now() - timedelta(seconds=61))
        await desk.get(PATH)
        assert await last_used(desk, Role.OWNER) > first

    async def test_of_a_refused_key_nothing_is_noted(self, desk: Desk) -> None:
        await change_keys(desk, Role.VIEWER, revoked_at=clock.now())
        await desk.get(PATH, Role.VIEWER)
        assert await last_used(desk, Role.VIEWER) is None


class TestRoles:
    @pytest.mark.parametrize(
        ("role", "allowed"),
        [
            (Role.VIEWER, {Role.VIEWER}),
            (Role.AGENT, {Role.VIEWER, Role.AGENT}),
            (Role.ADMIN, {Role.VIEWER, Role.AGENT, Role.ADMIN}),
            (Role.OWNER, set(Role)),
        ],
    )
    async def test_each_may_do_what_the_weaker_ones_may(self, desk: Desk, role: Role, allowed: set[Role]) -> None:
        principal = await open_api_key(desk.floor.database, desk.keys[role])
        assert principal is not None
        assert {needed for needed in Role if principal.may(needed)} == allowed

    async def test_a_key_acts_for_itself_in_the_record(self, desk: Desk) -> None:
        principal = await open_api_key(desk.floor.database, desk.keys[Role.ADMIN])
        assert isinstance(principal, Principal)
        assert (principal.company, principal.actor.kind) == (desk.company, ActorKind.API_KEY)
        async with desk.floor.database.tenant_session(desk.company) as session:
            assert (await session.get_one(ApiKey, (desk.company, principal.actor.id))).role is Role.ADMIN

    async def test_too_weak_a_role_is_told_which_one_it_takes(self, desk: Desk) -> None:
        answer = await desk.post("contacts", {"phone": "+5511999990000"}, Role.VIEWER)
        assert answer.status_code == 403
        assert "`viewer`" in answer.json()["detail"]
        assert "`agent` or more" in answer.json()["detail"]

    async def test_it_is_settled_before_the_body_is_read(self, desk: Desk) -> None:
        assert (await desk.post("contacts", {"nonsense": 1}, Role.VIEWER)).status_code == 403

    def test_a_route_that_names_no_role_cannot_be_made(self) -> None:
        with pytest.raises(ValueError, match="says once which role it needs"):
            resources("things").get("")(_open_to_all)


async def _open_to_all() -> None:
    """An endpoint whose author forgot."""


@dataclass(frozen=True, slots=True)
class Guesser:
    """Somebody who tries keys at one application, from whatever address."""

    app: FastAPI

    async def ask(self, address: str, key: str | None) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(f"/api/v1/{PATH}", headers={} if key is None else {"x-api-key": key})

    async def until_slowed(self, tries: Iterable[tuple[str, str]]) -> tuple[int, httpx.Response]:
        """How many tries were answered before the first that has to wait. A slow machine earns some more meanwhile."""
        for count, (address, key) in enumerate(tries):
            answer = await self.ask(address, key)
            if answer.status_code != 401:
                return count, answer
        raise AssertionError("nobody was slowed down")


def guesses() -> Iterator[str]:
    """No two of which begin alike."""
    for _ in range(200):
        yield f"mia_{new_id().hex[::-1]:A<43}"


class TestThrottle:
    """Wrong keys are slowed down by address and by the key's beginning; right ones never are."""

    @pytest.fixture
    def guesser(self, floor: Floor) -> Guesser:
        return Guesser(make_app(floor))

    async def test_one_address_is_told_to_wait_and_another_is_not(self, guesser: Guesser) -> None:
        count, slowed = await guesser.until_slowed(("203.0.113.1", guess) for guess in guesses())
        assert (count >= 30, slowed.status_code) == (True, 429)
        assert 1 <= int(slowed.headers["retry-after"]) <= 60
        assert (await guesser.ask("203.0.113.2", next(guesses()))).status_code == 401

    async def test_an_ipv6_network_counts_as_one(self, guesser: Guesser) -> None:
        spread = ((f"2001:db8:0:1::{number:x}", guess) for number, guess in enumerate(guesses()))
        count, slowed = await guesser.until_slowed(spread)
        assert (count >= 30, slowed.status_code) == (True, 429)
        assert (await guesser.ask("2001:db8:0:2::1", next(guesses()))).status_code == 401

    async def test_addresses_that_are_none_count_as_one(self, guesser: Guesser) -> None:
        spread = ((f"socket-{number}", guess) for number, guess in enumerate(guesses()))
        count, slowed = await guesser.until_slowed(spread)
        assert (count >= 30, slowed.status_code) == (True, 429)

    async def test_the_beginning_of_one_key_is_counted_over_all_addresses(self, guesser: Guesser) -> None:
        start = next(guesses())[:12]
        spread = ((f"198.51.100.{number}", f"{start}{number:A<35}") for number in range(200))
        count, slowed = await guesser.until_slowed(spread)
        assert (10 <= count < 30, slowed.status_code) == (True, 429)

    async def test_a_right_key_passes_however_many_wrong_ones_came(self, guesser: Guesser, desk: Desk) -> None:
        key = desk.keys[Role.OWNER]
        await guesser.until_slowed(("203.0.113.4", key[:12] + "A" * 35) for _ in range(200))
        await guesser.until_slowed(("203.0.113.4", guess) for guess in guesses())
        assert (await guesser.ask("203.0.113.4", key)).status_code == 200

    async def test_no_key_at_all_is_no_guess(self, guesser: Guesser) -> None:
        answers = [await guesser.ask("203.0.113.5", None) for _ in range(40)]
        assert {answer.status_code for answer in answers} == {401}

    async def test_without_valkey_keys_open_and_it_is_said_once(
        self, floor: Floor, desk: Desk, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with open_valkey(f"redis://:secret-word@{NOBODY}/0") as away:
            guesser = Guesser(make_app(replace(floor, valkey=away)))
            wrong = [await guesser.ask("203.0.113.6", guess) for guess in islice(guesses(), 3)]
            right = await guesser.ask("203.0.113.6", desk.keys[Role.OWNER])
        assert [answer.status_code for answer in (*wrong, right)] == [401, 401, 401, 200]
        assert caplog.text.count("auth.throttle_away") == 1

    async def test_its_return_and_next_absence_are_said_again(
        self, floor: Floor, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with open_valkey(f"redis://:secret-word@{NOBODY}/0") as away:
            throttle = Throttle(away)
            await throttle.count("203.0.113.7", "mia_aaaaaaaa")
            throttle._valkey = floor.valkey
            await throttle.count("203.0.113.7", "mia_aaaaaaaa")
            throttle._valkey = away
            await throttle.count("203.0.113.7", "mia_aaaaaaaa")
        assert caplog.text.count("auth.throttle_away") == 2

    async def test_no_key_is_in_a_log_line(self, guesser: Guesser, caplog: pytest.LogCaptureFixture) -> None:
        guess = next(guesses())
        await guesser.until_slowed(("203.0.113.8", guess) for _ in range(200))
        assert guess[4:] not in caplog.text


class TestOpenDesk:
    async def test_keys_of_one_company_never_open_another(self, floor: Floor) -> None:
        async with client_of(make_app(floor)) as client:
            first, second = await open_desk(floor, client), await open_desk(floor, client)
            await first.contact("Ana")
            assert len((await first.get(PATH)).json()["items"]) == 1
            assert (await second.get(PATH)).json()["items"] == []
