"""The Graph's other objects: fields of a number, what a token is, and paths that are not there."""

from typing import Any

import httpx
import pytest

from sandbox.whatsapp.accounts import Number, Pace
from sandbox.world import Sandbox
from tests.sandbox.numbers import APP, NUMBER, SECRET, TOKEN, WABA, account

WANTED = "quality_rating,status,name_status,throughput,whatsapp_business_manager_messaging_limit"


class TestNumber:
    async def test_it_tells_the_fields_that_were_asked_for(self, meta: httpx.AsyncClient, number: Number) -> None:
        number.quality_rating, number.status, number.messaging_limit = "RED", "FLAGGED", "TIER_10K"

        assert (await meta.get(f"/{NUMBER}", params={"fields": WANTED})).json() == {
            "quality_rating": "RED",
            "status": "FLAGGED",
            "name_status": "APPROVED",
            "throughput": {"level": "HIGH"},
            "whatsapp_business_manager_messaging_limit": "TIER_10K",
            "id": NUMBER,
        }

    @pytest.mark.usefixtures("number")
    async def test_without_a_question_it_tells_the_usual(self, meta: httpx.AsyncClient) -> None:
        told = (await meta.get(f"/{NUMBER}")).json()

        assert told["display_phone_number"] == "+551133334444"
        assert "webhook_configuration" not in told

    @pytest.mark.parametrize(
        ("pace", "level"),
        [(None, "STANDARD"), (Pace(per_second=80), "STANDARD"), (Pace(per_second=1000), "HIGH"), (Pace(), "HIGH")],
    )
    async def test_a_fast_number_says_so(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, pace: Pace | None, level: str
    ) -> None:
        await sandbox.whatsapp.connect(account(pace=pace))

        told = (await meta.get(f"/{NUMBER}", params={"fields": "throughput"})).json()
        assert told["throughput"] == {"level": level}

    @pytest.mark.usefixtures("number")
    async def test_a_field_that_is_none_is_refused(self, meta: httpx.AsyncClient) -> None:
        error = (await meta.get(f"/{NUMBER}", params={"fields": "id,secret"})).json()["error"]

        assert error["message"].startswith("(#100) Tried accessing nonexisting field (secret)")


@pytest.mark.usefixtures("number")
class TestDebugToken:
    @pytest.mark.parametrize("path", ["/debug_token", "/v23.0/debug_token"])
    async def test_the_app_learns_what_its_token_may(self, sandbox: Sandbox, path: str) -> None:
        query = {"input_token": TOKEN, "access_token": f"{APP}|{SECRET}"}
        async with httpx.AsyncClient() as client:
            data = (await client.get(f"{sandbox.url}{path}", params=query)).json()["data"]

        assert (data["is_valid"], data["app_id"], data["expires_at"]) == (True, APP, 0)
        assert set(data["scopes"]) >= {"whatsapp_business_messaging", "whatsapp_business_management"}
        assert {tuple(scope["target_ids"]) for scope in data["granular_scopes"]} == {(WABA,)}

    async def test_a_token_may_ask_about_itself(self, meta: httpx.AsyncClient) -> None:
        data = (await meta.get("/debug_token", params={"input_token": TOKEN})).json()["data"]

        assert data["is_valid"] is True

    @pytest.mark.parametrize("asked", ["wrong", ""])
    async def test_one_that_is_not_valid_says_why(self, meta: httpx.AsyncClient, number: Number, asked: str) -> None:
        data = (await meta.get("/debug_token", params={"input_token": asked})).json()["data"]

        assert (data["is_valid"], data["error"]["code"], number.id) == (False, 190, NUMBER)

    async def test_one_of_another_app_is_not_told(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        other = account(phone_id="2", waba_id="3", app_id="4", app_secret="s", access_token="other")
        await sandbox.whatsapp.connect(other)

        data = (await meta.get("/debug_token", params={"input_token": "other"})).json()["data"]

        assert data["is_valid"] is False

    @pytest.mark.parametrize("asking", [f"{APP}|wrong", "nobody|x", "", "x"])
    async def test_a_stranger_may_not_ask(self, sandbox: Sandbox, asking: str) -> None:
        query = {"input_token": TOKEN, "access_token": asking}
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{sandbox.url}/v23.0/debug_token", params=query)

        assert (answer.status_code, answer.json()["error"]["code"]) == (401, 190)


@pytest.mark.usefixtures("number")
class TestPaths:
    @pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
    async def test_an_object_that_is_not_there(self, meta: httpx.AsyncClient, method: str) -> None:
        error = (await meta.request(method, "/404404")).json()["error"]

        assert (error["code"], error["error_subcode"]) == (100, 33)

    @pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
    async def test_a_stranger_learns_nothing_of_what_is_there(self, sandbox: Sandbox, method: str) -> None:
        async with httpx.AsyncClient(base_url=f"{sandbox.url}/v23.0") as client:
            answers = [await client.request(method, path) for path in ("/404404", f"/{WABA}/message_templates")]

        assert [answer.json()["error"]["code"] for answer in answers] == [190, 190]

    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", f"/{NUMBER}/register"), ("PUT", f"/{NUMBER}/messages"), ("GET", "/a/b/c"), ("GET", f"/{NUMBER}/")],
    )
    async def test_a_path_that_is_none_is_refused_in_metas_words(
        self, meta: httpx.AsyncClient, method: str, path: str
    ) -> None:
        answer = await meta.request(method, path)

        assert (answer.status_code, answer.json()["error"]["code"]) == (400, 2500)


class TestAccounts:
    async def test_one_that_is_added_again_is_replaced(self, sandbox: Sandbox, number: Number) -> None:
        again = await sandbox.whatsapp.connect(account(access_token="new"))

        assert list(sandbox.whatsapp.accounts) == [again] != [number]
        assert sandbox.whatsapp.accounts.of_token(TOKEN) == []
        assert sandbox.whatsapp.accounts.business(WABA).numbers == [again]

    async def test_the_same_one_again_changes_nothing(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, number: Number
    ) -> None:
        number.quality_rating = "RED"
        await meta.delete(f"/{WABA}/subscribed_apps")

        again = await sandbox.whatsapp.connect(account(webhook_url=number.account.webhook_url))

        assert again is number
        assert (again.quality_rating, again.business.is_subscribed) == ("RED", False)

    async def test_one_in_its_place_keeps_what_its_waba_was_told(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, number: Number
    ) -> None:
        await meta.delete(f"/{WABA}/subscribed_apps")

        changed = await sandbox.whatsapp.connect(account(access_token="new"))
        told = await sandbox.whatsapp.connect(account(access_token="new", is_subscribed=False))
        back = await sandbox.whatsapp.connect(account(access_token="new"))

        assert changed.business is number.business is told.business is back.business
        assert back.destination is None, "no address"
        assert back.business.is_subscribed

    async def test_apps_without_a_name_are_told_apart_by_their_secrets(self, sandbox: Sandbox) -> None:
        first, second, third = [
            await sandbox.whatsapp.connect(account(phone_id=phone_id, waba_id="9", app_id="", app_secret=secret))
            for phone_id, secret in (("1", "a"), ("2", "b"), ("3", "a"))
        ]

        assert first.account.app == third.account.app != second.account.app
        assert first.account.app.isdecimal()

    @pytest.mark.parametrize(
        "change", [{"phone_id": "2", "app_secret": "another"}, {"phone_id": WABA}, {"phone_id": "2", "waba_id": NUMBER}]
    )
    async def test_a_contradiction_is_refused(self, sandbox: Sandbox, number: Number, change: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"secret|number or a WABA"):
            await sandbox.whatsapp.connect(account(**change))

        assert list(sandbox.whatsapp.accounts) == [number]

    async def test_no_secret_is_in_its_picture(self, number: Number) -> None:
        assert not any(secret in repr(number.account) for secret in (TOKEN, SECRET, "verify-me"))
