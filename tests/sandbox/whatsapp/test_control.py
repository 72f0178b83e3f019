"""WhatsApp driven over HTTP alone: accounts, customers, what they write, and what they are told."""

import base64
from typing import Any

import httpx
import pytest

from sandbox.whatsapp.accounts import Number
from sandbox.whatsapp.customers import Customer
from sandbox.world import Sandbox
from tests.sandbox.asking import get, post
from tests.sandbox.numbers import ANA, ANA_ID, NUMBER, SECRET, TOKEN, WABA, text
from tests.sandbox.receiving import VERIFY_TOKEN, Receiver

MESSAGES = f"/{NUMBER}/messages"
BODY = {"type": "BODY", "text": "Oi, tudo bem?"}
TEMPLATE = {"name": "oi", "language": "pt_BR", "category": "UTILITY", "components": [BODY]}


def written(content: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"phone_id": NUMBER, "person": {"phone": ANA, "name": "Ana"}, "content": content, **changes}


class TestAccounts:
    async def test_one_is_added_after_the_handshake_and_told_without_secrets(
        self, panel: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        account = {
            "phone_id": NUMBER,
            "waba_id": WABA,
            "display_phone_number": "+551133334444",
            "access_token": TOKEN,
            "app_secret": SECRET,
            "verify_token": VERIFY_TOKEN,
            "webhook_url": receiver.url,
        }

        answer = await panel.post("/whatsapp/accounts", json={"account": account, "verify": True})
        listed = await get(panel, "/whatsapp/accounts")

        assert (answer.status_code, answer.json()["phone_id"]) == (201, NUMBER)
        assert listed == {"accounts": [answer.json()]}
        assert not any(secret in str(listed) for secret in (TOKEN, SECRET, VERIFY_TOKEN))

    async def test_one_whose_address_does_not_answer_is_not_added(
        self, panel: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        account = {
            "phone_id": NUMBER,
            "waba_id": WABA,
            "display_phone_number": "+551133334444",
            "access_token": TOKEN,
            "app_secret": SECRET,
            "verify_token": "another",
            "webhook_url": receiver.url,
        }

        told = await post(panel, "/whatsapp/accounts", {"account": account, "verify": True}, status=409)

        assert "verify_token" in told["error"]["pt"]
        assert await get(panel, "/whatsapp/accounts") == {"accounts": []}

    async def test_its_health_is_set(
        self, panel: httpx.AsyncClient, meta: httpx.AsyncClient, ana: Customer, receiver: Receiver
    ) -> None:
        health = {"quality_rating": "RED", "token_is_valid": False, "messaging_limit": "TIER_10K"}

        told = (await panel.patch(f"/whatsapp/accounts/{ana.number.id}", json=health)).json()

        assert (told["quality_rating"], told["messaging_limit"]) == ("RED", "TIER_10K")
        assert (await meta.post(MESSAGES, json=text())).json()["error"]["code"] == 190
        await receiver.until(1, lambda each: list(each.values("business_capability_update")))

    async def test_one_is_removed(self, panel: httpx.AsyncClient, meta: httpx.AsyncClient, number: Number) -> None:
        assert (await panel.delete(f"/whatsapp/accounts/{number.id}")).status_code == 200
        assert (await panel.delete(f"/whatsapp/accounts/{number.id}")).status_code == 404
        assert (await meta.get(f"/{number.id}")).status_code == 401

    @pytest.mark.usefixtures("number")
    async def test_an_app_has_one_secret(self, panel: httpx.AsyncClient) -> None:
        account = {
            "phone_id": "1",
            "waba_id": "2",
            "display_phone_number": "55",
            "access_token": "t",
            "app_secret": "another",
            "app_id": "777888999",
        }

        await post(panel, "/whatsapp/accounts", {"account": account}, status=409)


@pytest.mark.usefixtures("number")
class TestCustomers:
    async def test_a_message_reaches_the_business_and_opens_the_window(
        self, panel: httpx.AsyncClient, meta: httpx.AsyncClient, receiver: Receiver, sandbox: Sandbox
    ) -> None:
        about = {"context": {"message_id": "wamid.X"}, "referral": {"source_url": "https://fb.me/x", "source_id": "9"}}
        told = await post(
            panel, "/whatsapp/messages", written({"type": "text", "body": "olá"}, about=about), status=201
        )
        await sandbox.settle()

        [message] = receiver.messages
        assert (message["id"], message["text"]["body"], message["from"]) == (told["id"], "olá", ANA_ID)
        assert (message["context"]["id"], message["referral"]["source_type"]) == ("wamid.X", "ad")
        assert (await meta.post(MESSAGES, json=text())).status_code == 200
        assert await get(panel, f"/whatsapp/webhooks/acknowledged/{told['id']}") == {"acknowledged": True}

    async def test_a_file_is_received_and_sent(
        self, panel: httpx.AsyncClient, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        file = {"data": base64.b64encode(b"\x00ogg\xff").decode(), "mime_type": "audio/ogg; codecs=opus"}
        media = await post(panel, "/whatsapp/media", {"phone_id": NUMBER, "file": file}, status=201)
        content = {"type": "media", "kind": "audio", "is_voice": True, **media}
        await post(panel, "/whatsapp/messages", written(content), status=201)

        [message] = await receiver.until(1, lambda each: each.messages)
        found = (await meta.get(f"/{message['audio']['id']}")).json()

        assert message["audio"]["voice"] is True
        assert (await meta.get(found["url"])).content == b"\x00ogg\xff"

    @pytest.mark.parametrize(
        ("told", "status"),
        [
            (written({"type": "nothing"}), 422),
            (written({"type": "text"}), 422),
            (written({"type": "text", "body": "x", "more": 1}), 422),
            (written({"type": "media", "kind": "image", "media_id": "404"}), 404),
            (written({"type": "text", "body": "x"}, phone_id="404"), 404),
            (written({"type": "text", "body": "x"}, person={}), 422),
            (written({"type": "text", "body": "x"}, person={"user_id": "nobody"}), 422),
        ],
    )
    async def test_what_cannot_be_written_is_refused(
        self, panel: httpx.AsyncClient, receiver: Receiver, told: dict[str, Any], status: int
    ) -> None:
        await post(panel, "/whatsapp/messages", told, status=status)

        assert receiver.posts == []

    async def test_a_person_may_hide_fail_or_be_rewritten(
        self, panel: httpx.AsyncClient, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        person = {"phone": ANA, "user_id": "BR.15", "username": "@ana", "hides_phone": True}
        told = await post(
            panel, "/whatsapp/customers", {"person": person, "wa_id": "551187654321", "fails_with": 131026}
        )
        assert told == {"wa_id": "551187654321", "user_id": "BR.15"}
        await panel.put("/whatsapp/statuses", json={"sent": {"least": 0, "most": 0}})

        await post(panel, "/whatsapp/messages", written({"type": "text", "body": "x"}), status=201)
        answer = await meta.post(MESSAGES, json=text())
        [status] = await receiver.until(1, lambda each: each.statuses)

        assert "wa_id" not in next(receiver.values("messages"))["contacts"][0]
        assert answer.json()["contacts"][0]["wa_id"] == "551187654321"
        assert (status["status"], status["errors"][0]["code"]) == ("failed", 131026)

    async def test_the_rule_of_the_ninth_digit_is_set(self, panel: httpx.AsyncClient, meta: httpx.AsyncClient) -> None:
        await panel.put("/whatsapp/ninth-digit", json={"ninth_digit": "dropped"})
        await post(panel, "/whatsapp/messages", written({"type": "text", "body": "x"}), status=201)

        answer = await meta.post(MESSAGES, json=text())

        assert answer.json()["contacts"] == [{"input": ANA, "wa_id": "551187654321"}]

    async def test_who_stops_marketing_is_told_and_kept(
        self, panel: httpx.AsyncClient, receiver: Receiver, sandbox: Sandbox
    ) -> None:
        await post(
            panel,
            "/whatsapp/preferences",
            {"phone_id": NUMBER, "person": {"phone": ANA}, "wants_marketing": False},
        )

        [value] = await receiver.until(1, lambda each: list(each.values("user_preferences")))
        assert value["user_preferences"][0]["value"] == "stop"
        assert sandbox.whatsapp.people.person(phone=ANA).has_stopped_marketing

    async def test_only_a_coexistence_number_echoes(self, panel: httpx.AsyncClient, receiver: Receiver) -> None:
        told = written({"type": "text", "body": "sou eu, o dono"})
        await post(panel, "/whatsapp/echoes", told, status=409)
        account = {
            "phone_id": "9",
            "waba_id": "8",
            "display_phone_number": "5511",
            "access_token": "t",
            "app_secret": "s",
            "webhook_url": receiver.url,
            "is_coexistence": True,
        }
        await post(panel, "/whatsapp/accounts", {"account": account}, status=201)

        await post(panel, "/whatsapp/echoes", told | {"phone_id": "9"}, status=201)

        [value] = await receiver.until(1, lambda each: list(each.values("smb_message_echoes")))
        assert value["message_echoes"][0]["to"] == ANA_ID


@pytest.mark.usefixtures("ana")
class TestDelivery:
    async def test_statuses_are_held_told_and_released(
        self, panel: httpx.AsyncClient, meta: httpx.AsyncClient, receiver: Receiver, sandbox: Sandbox
    ) -> None:
        none = {"least": 0, "most": 0}
        await panel.put(
            "/whatsapp/statuses",
            json={"sent": none, "delivered": none, "read_share": 0, "delivered_share": 1, "duplicated": 0},
        )
        await post(panel, "/whatsapp/statuses/hold")
        wamid = (await meta.post(MESSAGES, json=text())).json()["messages"][0]["id"]
        await post(panel, "/whatsapp/statuses/tell", {"wamid": wamid, "status": "read"})
        await receiver.until(1, lambda each: each.statuses)
        await sandbox.settle()

        held = (await get(panel, "/whatsapp/statuses"))["held"]
        assert held == [{"wamid": wamid, "status": status} for status in ("sent", "delivered")]
        assert receiver.statuses_of(wamid) == ["read"]
        assert await post(panel, "/whatsapp/statuses/release") == {"released": 2}
        await receiver.until(3, lambda each: each.statuses)
        assert set(receiver.statuses_of(wamid)) == {"sent", "delivered", "read"}
        await post(panel, "/whatsapp/statuses/tell", {"wamid": "wamid.404", "status": "read"}, status=404)

    async def test_webhooks_are_set_paused_and_counted(
        self, panel: httpx.AsyncClient, receiver: Receiver, sandbox: Sandbox
    ) -> None:
        await panel.put("/whatsapp/webhooks", json={"batch_size": 2, "first_retry": 0.01})
        await post(panel, "/whatsapp/webhooks/pause")
        for _ in range(3):
            await post(panel, "/whatsapp/messages", written({"type": "text", "body": "x"}), status=201)
        before = len(receiver.posts)

        await post(panel, "/whatsapp/webhooks/resume")
        await sandbox.settle()
        counters = (await get(panel, "/counters"))["webhooks"]

        assert before == 1
        assert sorted(len(post.changes) for post in receiver.posts[1:]) == [1, 2]
        assert (counters["acknowledged_updates"], counters["pending"]) == (4, 0)

    async def test_templates_are_added_and_judged(
        self, panel: httpx.AsyncClient, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        template = await post(panel, "/whatsapp/templates", {"waba_id": WABA, "template": TEMPLATE}, status=201)
        change = {"status": "PAUSED", "reason": "LOW_QUALITY", "quality": "RED", "category": "MARKETING"}
        changed = (await panel.patch(f"/whatsapp/templates/{template['id']}", json=change)).json()
        sent = {"messaging_product": "whatsapp", "to": ANA, "type": "template"}
        sent["template"] = {"name": "oi", "language": {"code": "pt_BR"}}  # type: ignore[assignment] # a dict of JSON

        assert (template["status"], changed["status"], changed["category"]) == ("APPROVED", "PAUSED", "MARKETING")
        assert (await meta.post(MESSAGES, json=sent)).json()["error"]["code"] == 132015
        [value] = await receiver.until(1, lambda each: list(each.values("message_template_status_update")))
        assert (value["event"], value["reason"]) == ("PAUSED", "LOW_QUALITY")
        assert (await get(panel, "/whatsapp/templates", waba_id=WABA))["templates"] == [changed]
        await post(panel, "/whatsapp/templates", {"waba_id": WABA, "template": TEMPLATE}, status=422)

    async def test_a_message_under_pacing_is_judged(
        self, panel: httpx.AsyncClient, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        template = await post(panel, "/whatsapp/templates", {"waba_id": WABA, "template": TEMPLATE}, status=201)
        await panel.patch(f"/whatsapp/templates/{template['id']}", json={"is_paced": True})
        sent = {"messaging_product": "whatsapp", "to": ANA, "type": "template"}
        sent["template"] = {"name": "oi", "language": {"code": "pt_BR"}}  # type: ignore[assignment] # a dict of JSON
        message = (await meta.post(MESSAGES, json=sent)).json()["messages"][0]
        assert (await get(panel, "/whatsapp/statuses"))["paced"] == [message["id"]]

        await post(panel, "/whatsapp/statuses/judge", {"wamid": message["id"], "is_good": False})

        [status] = await receiver.until(1, lambda each: each.statuses)
        assert (message["message_status"], status["errors"][0]["code"]) == ("held_for_quality_assessment", 132015)
        await post(panel, "/whatsapp/statuses/judge", {"wamid": message["id"], "is_good": True}, status=404)

    async def test_any_event_may_be_told(self, panel: httpx.AsyncClient, receiver: Receiver) -> None:
        await post(
            panel, "/whatsapp/events", {"waba_id": WABA, "field": "security", "value": {"event": "PIN"}}, status=201
        )
        [value] = await receiver.until(1, lambda each: list(each.values("security")))
        await post(
            panel, "/whatsapp/events", {"phone_id": NUMBER, "field": "calls", "value": {"calls": []}}, status=201
        )
        [call] = await receiver.until(1, lambda each: list(each.values("calls")))

        assert value == {"event": "PIN"}
        assert call["metadata"]["phone_number_id"] == NUMBER
        await post(panel, "/whatsapp/events", {"waba_id": "404", "field": "x", "value": {}}, status=404)

    async def test_the_review_is_set(self, panel: httpx.AsyncClient, sandbox: Sandbox) -> None:
        await panel.put("/whatsapp/review", json={"seconds": 0, "verdict": "REJECTED"})

        assert sandbox.whatsapp.templates.review.verdict == "REJECTED"
