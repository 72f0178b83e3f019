"""How it is told: signed over the bytes, batched, concurrent, again until it is heard; and the handshake."""

import asyncio
import json
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest

from sandbox.whatsapp.accounts import Destination, Number
from sandbox.whatsapp.customers import Customer
from sandbox.whatsapp.envelope import MOST_BYTES, Update, bodies, envelope
from sandbox.whatsapp.webhooks import HandshakeFailed, WebhookSettings
from sandbox.world import Sandbox
from tests.sandbox.numbers import ANA, APP, BETO, NUMBER, SECRET, WABA, account, text
from tests.sandbox.receiving import VERIFY_TOKEN, Receiver, receiving

QUICK = WebhookSettings(first_retry=0.01, retry_factor=1.0)


def write(sandbox: Sandbox, count: int, *, of: str = NUMBER) -> list[str]:
    customer = sandbox.whatsapp.customer(ANA, of=of)
    return [customer.says(f"n{number}") for number in range(count)]


class TestSignature:
    async def test_it_is_over_the_bytes_with_the_secret_of_the_app(self, ana: Customer, receiver: Receiver) -> None:
        [post] = receiver.posts

        assert post.is_signed_with(SECRET)
        assert not post.is_signed_with("another")
        assert post.content_type == "application/json"
        assert post.json["object"] == "whatsapp_business_account"
        assert ana.number.account.app_secret == SECRET

    async def test_what_is_not_ascii_is_escaped_in_lower_case(
        self, sandbox: Sandbox, ana: Customer, receiver: Receiver
    ) -> None:
        ana.says("ação é 👍 \ud83d")
        await sandbox.settle()

        post = receiver.posts[-1]
        assert post.body.isascii()
        assert b"a\\u00e7\\u00e3o \\u00e9 \\ud83d\\udc4d \\ud83d" in post.body
        assert post.is_signed_with(SECRET)

    async def test_each_app_signs_with_its_own(self, sandbox: Sandbox, receiver: Receiver, number: Number) -> None:
        other = account(phone_id="2", waba_id="3", app_id="4", app_secret="other", webhook_url=receiver.url)
        await sandbox.whatsapp.connect(other)
        write(sandbox, 1)
        write(sandbox, 1, of="2")
        await sandbox.settle()

        signed = {post.json["entry"][0]["id"]: post for post in receiver.posts}
        assert signed[number.business.id].is_signed_with(SECRET)
        assert signed["3"].is_signed_with("other")


class TestEnvelope:
    def test_updates_are_grouped_as_meta_groups_them(self) -> None:
        def status(waba: str, phone_id: str, wamid: str, *contacts: str) -> Update:
            value = {"metadata": {"phone_number_id": phone_id}, "statuses": [{"id": wamid}]}
            return Update(
                waba_id=waba, field="messages", value=value | ({"contacts": list(contacts)} if contacts else {})
            )

        message = Update(waba_id="1", field="messages", value={"metadata": {}, "messages": [{"id": "m"}]})
        event = Update(waba_id="1", field="security", value={}, time=7)
        repeated = status("1", "a", "s1", "c1")
        told = envelope([repeated, status("1", "a", "s2", "c2"), status("1", "b", "s3"), message, event, repeated])

        first, second = told["entry"]
        assert [change["field"] for change in first["changes"]] == ["messages"] * 4
        values = [change["value"] for change in first["changes"]]
        assert [each["id"] for each in values[0]["statuses"]] == ["s1", "s2"]
        assert values[0]["contacts"] == ["c1", "c2"]
        assert [each["id"] for each in values[3]["statuses"]] == ["s1"]
        assert (second["time"], second["changes"]) == (7, [{"field": "security", "value": {}}])
        assert "time" not in first
        assert repeated.value["statuses"] == [{"id": "s1"}]

    def test_a_body_keeps_within_metas_size(self) -> None:
        updates = [Update(waba_id="1", field="x", value={"text": "x" * 500_000}) for _ in range(10)]

        made = list(bodies(updates))

        assert len(made) > 1
        assert all(len(body) <= MOST_BYTES for body, _ in made)
        assert sum(len(json.loads(body)["entry"][0]["changes"]) for body, _ in made) == 10


@pytest.mark.usefixtures("number")
class TestBatches:
    async def test_a_thousand_fit_into_one(self, sandbox: Sandbox, receiver: Receiver) -> None:
        sandbox.whatsapp.webhooks.settings = WebhookSettings(batch_seconds=0.05)
        write(sandbox, 1500)
        await sandbox.settle()

        assert sorted(len(post.changes) for post in receiver.posts) == [500, 1000]

    async def test_without_waiting_what_is_there_goes_together(self, sandbox: Sandbox, receiver: Receiver) -> None:
        sandbox.whatsapp.webhooks.settings = WebhookSettings(concurrency=2, batch_size=50)
        write(sandbox, 60)
        await sandbox.settle()

        assert [len(post.changes) for post in receiver.posts][:2] == [1, 1]
        assert len(receiver.messages) == 60
        assert receiver.most_in_flight == 2

    async def test_they_leave_concurrently(self, sandbox: Sandbox, receiver: Receiver) -> None:
        receiver.delay = 0.05
        write(sandbox, 20)
        await sandbox.settle()

        assert receiver.most_in_flight == 8

    async def test_telling_never_blocks_sending(
        self, sandbox: Sandbox, receiver: Receiver, meta: httpx.AsyncClient
    ) -> None:
        receiver.answering.clear()
        write(sandbox, 100)
        for _ in range(20):
            assert (await meta.post(f"/{NUMBER}/messages", json=text())).status_code == 200

        assert sandbox.whatsapp.webhooks.counters.acknowledged_posts == 0
        receiver.answering.set()
        await sandbox.settle()
        assert len(receiver.messages) == 100

    async def test_a_pause_is_silence_and_then_all_of_it(self, sandbox: Sandbox, receiver: Receiver) -> None:
        sandbox.whatsapp.webhooks.pause()
        write(sandbox, 3)
        await asyncio.sleep(0.02)
        assert (receiver.posts, sandbox.whatsapp.webhooks.pending) == ([], 3)

        sandbox.whatsapp.webhooks.resume()
        await sandbox.settle()

        assert len(receiver.messages) == 3


@pytest.mark.usefixtures("number")
class TestRetries:
    @pytest.mark.parametrize("status", [500, 503, 404, 400, 302, 201, 204])
    async def test_anything_but_200_is_told_again_with_the_same_bytes(
        self, sandbox: Sandbox, receiver: Receiver, status: int
    ) -> None:
        sandbox.whatsapp.webhooks.settings = QUICK
        receiver.answers = [status, status]
        [wamid] = write(sandbox, 1)
        await sandbox.settle()

        assert len({(post.body, post.signature) for post in receiver.posts}) == 1
        assert len(receiver.posts) == 3
        counters = sandbox.whatsapp.webhooks.counters
        assert (counters.posts, counters.failed_posts, counters.acknowledged_posts) == (3, 2, 1)
        assert sandbox.whatsapp.webhooks.was_acknowledged(wamid)

    async def test_the_pauses_grow(self, sandbox: Sandbox, receiver: Receiver) -> None:
        sandbox.whatsapp.webhooks.settings = WebhookSettings(first_retry=0.01, retry_factor=4, longest_retry=0.05)
        receiver.answers = [500] * 3
        write(sandbox, 1)
        start = time.perf_counter()
        await sandbox.settle()

        assert time.perf_counter() - start >= 0.01 + 0.04 + 0.05

    async def test_nobody_there_is_told_again(self, sandbox: Sandbox, receiver: Receiver) -> None:
        sandbox.whatsapp.webhooks.settings = replace(QUICK, retry_for=0.05)
        await sandbox.whatsapp.connect(account(webhook_url="http://127.0.0.1:1/hook"))
        [wamid] = write(sandbox, 1)
        await sandbox.settle()

        assert sandbox.whatsapp.webhooks.counters.failed_posts > 1
        assert not sandbox.whatsapp.webhooks.was_acknowledged(wamid)
        assert receiver.posts == []

    async def test_who_answers_too_late_is_told_again(self, sandbox: Sandbox, receiver: Receiver) -> None:
        sandbox.whatsapp.webhooks.settings = replace(QUICK, timeout=0.05)
        receiver.delay = 0.2
        write(sandbox, 1)
        await receiver.until(2)

        assert sandbox.whatsapp.webhooks.counters.failed_posts >= 1

    async def test_after_its_time_it_is_given_up(self, sandbox: Sandbox, receiver: Receiver) -> None:
        sandbox.whatsapp.webhooks.settings = replace(QUICK, retry_for=0.02)
        receiver.answers = [500] * 1000
        write(sandbox, 1)
        await sandbox.settle()

        assert sandbox.whatsapp.webhooks.counters.given_up == 1
        assert sandbox.whatsapp.webhooks.pending == 0

    async def test_what_was_heard_may_come_again(self, sandbox: Sandbox, receiver: Receiver) -> None:
        sandbox.whatsapp.webhooks.settings = WebhookSettings(duplicated=1)
        write(sandbox, 1)
        first, second = await receiver.until(2)

        assert first == second


class TestUnheard:
    async def test_without_an_address_nothing_is_told(self, sandbox: Sandbox) -> None:
        await sandbox.whatsapp.connect(account())
        write(sandbox, 2)
        await sandbox.settle()

        assert sandbox.whatsapp.webhooks.counters.unheard == 2

    async def test_a_waba_that_is_not_subscribed_is_silence(self, sandbox: Sandbox, receiver: Receiver) -> None:
        number = await sandbox.whatsapp.connect(account(webhook_url=receiver.url, is_subscribed=False))
        write(sandbox, 1)
        sandbox.whatsapp.events.review(number.business, "APPROVED")
        await sandbox.settle()

        assert receiver.posts == []


class TestSettings:
    @pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"concurrency": 0}, {"retry_factor": 0.5}, {"timeout": 0}])
    def test_what_cannot_work_is_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="1 or more"):
            WebhookSettings(**wrong)


class TestHandshake:
    async def test_an_address_that_answers_the_challenge_is_connected(
        self, sandbox: Sandbox, receiver: Receiver
    ) -> None:
        number = await sandbox.whatsapp.connect(account(webhook_url=receiver.url), verify=True)

        assert number.destination == Destination(receiver.url, SECRET)
        assert SECRET not in repr(number.destination)

    @pytest.mark.parametrize("change", [{"verify_token": "another"}, {"webhook_url": "http://127.0.0.1:1/"}])
    async def test_one_that_does_not_is_not(self, sandbox: Sandbox, receiver: Receiver, change: dict[str, Any]) -> None:
        with pytest.raises(HandshakeFailed):
            await sandbox.whatsapp.connect(account(**({"webhook_url": receiver.url} | change)), verify=True)

        assert list(sandbox.whatsapp.accounts) == []


@pytest.mark.usefixtures("number")
class TestOverrides:
    async def test_a_number_wins_over_its_waba_and_that_over_the_app(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        async with receiving() as of_waba, receiving() as of_number:
            told = {"override_callback_uri": of_waba.url, "verify_token": VERIFY_TOKEN}
            assert (await meta.post(f"/{WABA}/subscribed_apps", json=told)).json() == {"success": True}
            write(sandbox, 1)
            await of_waba.until(1)
            own = {"webhook_configuration": told | {"override_callback_uri": of_number.url}}
            assert (await meta.post(f"/{NUMBER}", json=own)).json() == {"success": True}
            write(sandbox, 2)
            await of_number.until(2)
            listed = (await meta.get(f"/{NUMBER}", params={"fields": "webhook_configuration"})).json()
            sandbox.whatsapp.events.review(sandbox.whatsapp.accounts.business(WABA), "APPROVED")
            await sandbox.settle()

            assert [len(each.posts) for each in (receiver, of_waba, of_number)] == [1, 1, 2]
            assert receiver.posts[0].changes[0]["field"] == "account_review_update"
            assert listed["webhook_configuration"] == {
                "phone_number": of_number.url,
                "whatsapp_business_account": of_waba.url,
                "application": receiver.url,
            }

    async def test_an_empty_one_takes_it_away(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        async with receiving() as other:
            told = {"override_callback_uri": other.url, "verify_token": VERIFY_TOKEN}
            await meta.post(f"/{NUMBER}", json={"webhook_configuration": told})
            await meta.post(f"/{NUMBER}", json={"webhook_configuration": {"override_callback_uri": ""}})
            await meta.post(f"/{WABA}/subscribed_apps", json=told)
            await meta.post(f"/{WABA}/subscribed_apps")
            write(sandbox, 1)
            await receiver.until(1)

            assert other.posts == []

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"verify_token": "another"}, 2200),
            ({"override_callback_uri": "http://127.0.0.1:1/x"}, 2200),
            ({"override_callback_uri": "http://127.0.0.1/" + "x" * 200}, 100),
            ({"verify_token": None}, 131008),
        ],
    )
    async def test_one_that_does_not_answer_is_refused(
        self, meta: httpx.AsyncClient, receiver: Receiver, change: dict[str, Any], code: int
    ) -> None:
        told = {"override_callback_uri": receiver.url, "verify_token": VERIFY_TOKEN} | change

        for path, body in ((f"/{NUMBER}", {"webhook_configuration": told}), (f"/{WABA}/subscribed_apps", told)):
            assert (await meta.post(path, json=body)).json()["error"]["code"] == code


@pytest.mark.usefixtures("number")
class TestSubscriptions:
    async def test_an_app_comes_and_goes(self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver) -> None:
        path = f"/{WABA}/subscribed_apps"
        [app] = (await meta.get(path)).json()["data"]
        await meta.delete(path)
        nobody = (await meta.get(path)).json()["data"]
        write(sandbox, 1)
        await meta.post(path)
        sandbox.whatsapp.customer(BETO, of=NUMBER).says("agora sim")
        await sandbox.settle()

        assert app["whatsapp_business_api_data"]["id"] == APP
        assert nobody == []
        assert [message["text"]["body"] for message in receiver.messages] == ["agora sim"]
