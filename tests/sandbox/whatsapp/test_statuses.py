"""Statuses as the business hears of them: their shape, their order, lost, doubled, held, early."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from sandbox.faults import StatusesDuplicated, StatusesLost
from sandbox.whatsapp.accounts import Number
from sandbox.whatsapp.customers import Circumstances, Customer
from sandbox.whatsapp.inbound import Referral
from sandbox.whatsapp.status_plan import PROMPT, Failing, Span, Status
from sandbox.whatsapp.webhooks import WebhookSettings
from sandbox.world import Sandbox
from tests.sandbox.numbers import ANA, ANA_ID, BETO, NUMBER, WABA, account, message, text
from tests.sandbox.receiving import Receiver

MESSAGES: Final = f"/{NUMBER}/messages"
SPREAD: Final = Span(least=0.001, most=0.02)


@pytest.fixture(autouse=True)
def prompt(sandbox: Sandbox) -> None:
    """One call after the other, as two at once come in no order."""
    sandbox.whatsapp.statuses.settings = PROMPT
    sandbox.whatsapp.webhooks.settings = WebhookSettings(concurrency=1)


async def send(meta: httpx.AsyncClient, **changes: Any) -> str:
    answer = await meta.post(MESSAGES, json=text(**changes))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["messages"][0]["id"])


class TestShape:
    async def test_each_status_is_as_meta_tells_it(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, ana: Customer, receiver: Receiver
    ) -> None:
        wamid = await send(meta, biz_opaque_callback_data="a.1.m")
        await sandbox.settle()

        sent, delivered, read = receiver.statuses
        price = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "service"}
        common = {"id": wamid, "recipient_id": ANA_ID, "biz_opaque_callback_data": "a.1.m"}
        assert read == common | {"status": "read", "timestamp": read["timestamp"]}
        for told, status in ((sent, "sent"), (delivered, "delivered")):
            origin = {"origin": {"type": "service"}}
            conversation = told["conversation"]
            assert told == common | {
                "status": status,
                "timestamp": told["timestamp"],
                "pricing": price,
                "conversation": conversation | origin,
            }
        assert abs(int(sent["timestamp"]) - sandbox.clock.seconds()) < 5
        value = next(each for each in receiver.values("messages") if "statuses" in each)
        assert value["metadata"] == {"display_phone_number": "551133334444", "phone_number_id": ana.number.id}
        assert receiver.posts[-1].json["entry"][0]["id"] == WABA

    async def test_newer_shapes_have_no_conversation(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        await sandbox.whatsapp.connect(account(webhook_url=receiver.url, webhook_version="v24.0"))
        sandbox.whatsapp.customer(ANA, of=NUMBER).says("oi")
        await send(meta)
        await sandbox.settle()

        assert [set(status) & {"conversation", "pricing"} for status in receiver.statuses] == [
            {"pricing"},
            {"pricing"},
            set(),
        ]

    async def test_without_a_tag_none_is_told(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, ana: Customer, receiver: Receiver
    ) -> None:
        ana.says("oi")
        await send(meta)
        await sandbox.settle()

        assert not any("biz_opaque_callback_data" in status for status in receiver.statuses)

    async def test_a_user_id_is_told_but_not_of_a_failure(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, number: Number, receiver: Receiver
    ) -> None:
        customer = sandbox.whatsapp.customer(ANA, of=number.id, name="Ana", user_id="BR.15")
        customer.says("oi")
        customer.person.hides_phone = True
        by_id = await meta.post(MESSAGES, json=text(to=None, recipient="BR.15"))
        await sandbox.settle()
        sandbox.whatsapp.statuses.tell(by_id.json()["messages"][0]["id"], Status.FAILED, code=131026)
        await send(meta)
        await sandbox.settle()

        hidden, failed, by_phone = receiver.statuses[0], receiver.statuses[3], receiver.statuses[-1]
        values = [value for value in receiver.values("messages") if "statuses" in value]
        assert (hidden["recipient_user_id"], hidden.get("recipient_id")) == ("BR.15", None)
        assert values[0]["contacts"] == [{"profile": {"name": "Ana"}, "user_id": "BR.15"}]
        assert "recipient_user_id" not in failed
        assert failed["errors"][0].keys() == {"code", "title", "message", "error_data", "href"}
        assert by_phone["recipient_id"] == ANA_ID
        assert not any("contacts" in value for value in values if value["statuses"] == [failed])

    @pytest.mark.usefixtures("ana")
    async def test_a_voice_note_is_played(self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver) -> None:
        voice = message("audio", {"link": "https://example.com/a.ogg", "voice": True})
        wamid = (await meta.post(MESSAGES, json=voice)).json()["messages"][0]["id"]
        await sandbox.settle()

        assert receiver.statuses_of(wamid) == ["sent", "delivered", "read", "played"]


class TestMoney:
    @pytest.mark.parametrize(
        ("today", "price"),
        [
            (datetime(2026, 9, 30, tzinfo=UTC), {"billable": False, "type": "free_customer_service"}),
            (datetime(2026, 10, 2, tzinfo=UTC), {"billable": True, "type": "regular"}),
        ],
    )
    async def test_answers_cost_money_since_october_2026(
        self,
        sandbox: Sandbox,
        meta: httpx.AsyncClient,
        ana: Customer,
        receiver: Receiver,
        today: datetime,
        price: dict[str, Any],
    ) -> None:
        await sandbox.clock.turn(today - sandbox.clock.now())
        ana.person.wrote_at.clear()
        ana.says("oi")
        await send(meta)
        await sandbox.settle()

        assert receiver.statuses[0]["pricing"] == price | {"pricing_model": "PMP", "category": "service"}

    async def test_who_came_by_an_ad_is_free_for_three_days(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, ana: Customer, receiver: Receiver
    ) -> None:
        ana.says("vi o anúncio", Circumstances(referral=Referral(source_url="https://fb.me/x", source_id="1")))
        await sandbox.clock.turn(timedelta(hours=71))
        ana.says("oi")
        await send(meta)
        await sandbox.settle()
        await sandbox.clock.turn(timedelta(hours=2))
        await send(meta)
        await sandbox.settle()

        kinds = [status["pricing"]["type"] for status in receiver.statuses if status["status"] == "sent"]
        assert kinds == ["free_entry_point", "regular"]

    @pytest.mark.usefixtures("ana")
    async def test_a_template_costs_its_category(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        body = {"type": "BODY", "text": "Promoção!"}
        new = {"name": "promo", "language": "pt_BR", "category": "MARKETING", "components": [body]}
        sandbox.whatsapp.templates.add(WABA, new)
        await meta.post(MESSAGES, json=message("template", {"name": "promo", "language": {"code": "pt_BR"}}))
        await sandbox.settle()

        assert receiver.statuses[0]["pricing"]["category"] == "marketing"


@pytest.mark.usefixtures("ana")
class TestOrder:
    async def test_shuffled_ones_come_in_every_order(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        sandbox.whatsapp.statuses.settings = replace(PROMPT, sent=SPREAD, delivered=SPREAD, read=SPREAD, shuffled=1)
        wamids = [await send(meta) for _ in range(40)]
        await sandbox.settle()

        orders = {tuple(receiver.statuses_of(wamid)) for wamid in wamids}
        assert all(sorted(order) == ["delivered", "read", "sent"] for order in orders)
        assert len(orders) > 3

    async def test_a_reading_may_come_without_a_delivery(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        sandbox.whatsapp.statuses.settings = replace(PROMPT, read_alone=1)
        wamid = await send(meta)
        await sandbox.settle()

        assert receiver.statuses_of(wamid) == ["sent", "read"]
        assert "pricing" in receiver.statuses[-1]


@pytest.mark.usefixtures("ana")
class TestLostAndDoubled:
    async def test_doubled_ones_are_the_same_twice(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        sandbox.whatsapp.statuses.settings = replace(PROMPT, duplicated=1)
        wamid = await send(meta)
        await sandbox.settle()

        assert sorted(receiver.statuses_of(wamid)) == sorted(["sent", "delivered", "read"] * 2)
        sent = [status for status in receiver.statuses if status["status"] == "sent"]
        assert sent[0] == sent[1]

    async def test_lost_ones_never_come(self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver) -> None:
        sandbox.whatsapp.statuses.settings = replace(PROMPT, lost=1)
        await send(meta)
        await sandbox.settle()

        assert receiver.statuses == []

    async def test_the_faults_of_that_name_choose_whom(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        sandbox.whatsapp.customer(BETO, of=NUMBER).says("oi")
        sandbox.faults.add(StatusesLost(recipient=ANA), StatusesDuplicated(recipient=BETO, times=1))
        to_ana, to_beto = await send(meta), await send(meta, to=BETO)
        await sandbox.settle()

        assert receiver.statuses_of(to_ana) == []
        assert sorted(receiver.statuses_of(to_beto)) == ["delivered", "read", "sent", "sent"]


@pytest.mark.usefixtures("ana")
class TestFailures:
    async def test_a_share_fails_later(self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver) -> None:
        sandbox.whatsapp.statuses.settings = replace(PROMPT, failing=(Failing(share=1, code=131049),))
        wamid = await send(meta)
        await sandbox.settle()

        assert receiver.statuses_of(wamid) == ["failed"]
        assert receiver.statuses[0]["errors"][0]["code"] == 131049

    async def test_one_person_fails_until_he_does_not(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        sandbox.whatsapp.statuses.fail_for(ANA, 131048)
        first = await send(meta)
        await sandbox.settle()
        sandbox.whatsapp.statuses.fail_for(ANA, None)
        second = await send(meta)
        await sandbox.settle()

        assert receiver.statuses_of(first) == ["failed"]
        assert receiver.statuses_of(second) == ["sent", "delivered", "read"]

    async def test_who_is_not_on_whatsapp_is_accepted_and_fails(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        sandbox.whatsapp.people.person(phone=ANA).is_reachable = False
        await send(meta)
        await sandbox.settle()

        assert [status["errors"][0]["code"] for status in receiver.statuses] == [131026]


@pytest.mark.usefixtures("ana")
class TestByHand:
    async def test_a_hold_keeps_them_and_a_release_tells_them(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        statuses = sandbox.whatsapp.statuses
        statuses.hold()
        first, second = await send(meta), await send(meta)
        await sandbox.settle()
        assert receiver.statuses == []

        assert statuses.release(first) == 3
        await sandbox.settle()
        assert (len(receiver.statuses_of(first)), receiver.statuses_of(second)) == (3, [])
        assert {told.message.wamid for told in statuses.held} == {second}

        assert statuses.release() == 3
        third = await send(meta)
        await sandbox.settle()
        assert [len(receiver.statuses_of(wamid)) for wamid in (first, second, third)] == [3, 3, 3]

    async def test_any_status_is_told_by_hand(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        statuses = sandbox.whatsapp.statuses
        statuses.settings = replace(PROMPT, is_on=False)
        wamid = await send(meta, biz_opaque_callback_data="a.1.m")
        for status in (Status.READ, Status.SENT, Status.FAILED, Status.DELIVERED):
            statuses.tell(wamid, status, code=131026 if status is Status.FAILED else None)
            await sandbox.settle()

        assert receiver.statuses_of(wamid) == ["read", "sent", "failed", "delivered"]
        assert {status["biz_opaque_callback_data"] for status in receiver.statuses} == {"a.1.m"}
        with pytest.raises(KeyError):
            statuses.tell("wamid.404", Status.READ)


@pytest.mark.usefixtures("ana")
class TestBeforeTheAnswer:
    async def test_sent_is_told_before_the_send_is_answered(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        sandbox.whatsapp.statuses.settings = replace(PROMPT, sent_before_answer=True)
        receiver.delay = 0.05
        sending = asyncio.create_task(send(meta))
        [status] = await receiver.until(1, lambda each: each.statuses)

        assert (status["status"], sending.done()) == ("sent", False)
        assert await sending == status["id"]
        await sandbox.settle()
        assert receiver.statuses_of(status["id"]) == ["sent", "delivered", "read"]

    async def test_a_deaf_receiver_hears_it_again_after_the_answer(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        sandbox.whatsapp.statuses.settings = replace(PROMPT, sent_before_answer=True, delivered_share=0)
        sandbox.whatsapp.webhooks.settings = replace(sandbox.whatsapp.webhooks.settings, first_retry=0.01)
        receiver.answers = [503]
        wamid = await send(meta)
        await sandbox.settle()

        assert receiver.statuses_of(wamid) == ["sent", "sent"]


class TestPacing:
    @pytest.mark.parametrize(("is_good", "told"), [(True, ["sent", "delivered", "read"]), (False, ["failed"])])
    async def test_a_held_message_goes_on_or_fails_with_132015(
        self,
        sandbox: Sandbox,
        meta: httpx.AsyncClient,
        number: Number,
        receiver: Receiver,
        *,
        is_good: bool,
        told: list[str],
    ) -> None:
        body = {"type": "BODY", "text": "Promoção!"}
        new = {"name": "promo", "language": "pt_BR", "category": "MARKETING", "components": [body]}
        sandbox.whatsapp.templates.add(number.business.id, new).is_paced = True
        content = message("template", {"name": "promo", "language": {"code": "pt_BR"}})
        [answer] = (await meta.post(MESSAGES, json=content)).json()["messages"]
        await sandbox.settle()
        silent = receiver.statuses == []

        sandbox.whatsapp.statuses.judge(answer["id"], is_good=is_good)
        await sandbox.settle()

        assert (answer["message_status"], silent) == ("held_for_quality_assessment", True)
        assert receiver.statuses_of(answer["id"]) == told
        assert sandbox.whatsapp.statuses.paced == ()
        if not is_good:
            assert receiver.statuses[0]["errors"][0]["code"] == 132015
