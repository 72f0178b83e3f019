"""What is told about numbers, accounts and people who wrote nothing."""

from typing import Any

import pytest

from sandbox.whatsapp.accounts import Number
from sandbox.world import Sandbox
from tests.sandbox.numbers import ANA, ANA_ID, NUMBER, WABA, account
from tests.sandbox.receiving import Receiver


async def told(sandbox: Sandbox, receiver: Receiver, field: str) -> dict[str, Any]:
    await sandbox.settle()
    [value] = receiver.values(field)
    return value


class TestAccounts:
    async def test_a_management_field_has_a_time_and_no_metadata(
        self, sandbox: Sandbox, number: Number, receiver: Receiver
    ) -> None:
        violation = {"violation_info": {"violation_type": "SCAM"}}
        sandbox.whatsapp.events.account(number.business, "ACCOUNT_VIOLATION", violation)
        value = await told(sandbox, receiver, "account_update")

        [entry] = receiver.posts[0].json["entry"]
        assert value == {"event": "ACCOUNT_VIOLATION", **violation}
        assert (entry["id"], entry["time"]) == (WABA, int(entry["time"]))

    async def test_a_limit_is_told_for_the_number_and_the_business(
        self, sandbox: Sandbox, number: Number, receiver: Receiver
    ) -> None:
        sandbox.whatsapp.events.messaging_limit(number, "TIER_100K")

        assert await told(sandbox, receiver, "phone_number_quality_update") == {
            "display_phone_number": "551133334444",
            "event": "ONBOARDING",
            "max_daily_conversations_per_business": "TIER_100K",
        }
        assert await told(sandbox, receiver, "business_capability_update") == {
            "max_daily_conversations_per_business": "TIER_100K"
        }
        assert number.messaging_limit == "TIER_100K"

    async def test_alerts_reviews_and_names_are_told(
        self, sandbox: Sandbox, number: Number, receiver: Receiver
    ) -> None:
        events = sandbox.whatsapp.events
        events.alert(number.business, severity="CRITICAL", kind="OBA_REJECTED", description="x")
        events.review(number.business, "REJECTED")
        events.name(number, "Padaria", "DEFERRED")

        alert = await told(sandbox, receiver, "account_alerts")
        review = await told(sandbox, receiver, "account_review_update")
        name = await told(sandbox, receiver, "phone_number_name_update")
        assert (alert["entity_id"], alert["alert_info"]["alert_severity"]) == (WABA, "CRITICAL")
        assert review == {"decision": "REJECTED"}
        assert (name["decision"], name["requested_verified_name"]) == ("DEFERRED", "Padaria")
        assert number.name_status == "DEFERRED"

    async def test_a_business_with_two_numbers_is_told_once(
        self, sandbox: Sandbox, number: Number, receiver: Receiver
    ) -> None:
        await sandbox.whatsapp.connect(account(phone_id="2", webhook_url=receiver.url))
        sandbox.whatsapp.events.review(number.business, "APPROVED")

        assert await told(sandbox, receiver, "account_review_update") == {"decision": "APPROVED"}


class TestPeople:
    @pytest.mark.parametrize(("wants", "word"), [(False, "stop"), (True, "resume")])
    async def test_a_wish_about_marketing_is_told(
        self, sandbox: Sandbox, number: Number, receiver: Receiver, *, wants: bool, word: str
    ) -> None:
        person = sandbox.whatsapp.people.person(phone=ANA, user_id="BR.15")
        sandbox.whatsapp.events.preference(number, person, wants_marketing=wants)
        value = await told(sandbox, receiver, "user_preferences")

        [wish] = value["user_preferences"]
        assert (wish["wa_id"], wish["user_id"], wish["value"]) == (ANA_ID, "BR.15", word)
        assert (wish["category"], type(wish["timestamp"])) == ("marketing_messages", int)
        assert value["contacts"][0]["wa_id"] == ANA_ID
        assert value["metadata"]["phone_number_id"] == NUMBER

    async def test_a_click_has_neither_contacts_nor_messages(
        self, sandbox: Sandbox, number: Number, receiver: Receiver
    ) -> None:
        sandbox.whatsapp.events.link_click(number)
        value = await told(sandbox, receiver, "messages")

        assert value.keys() == {"messaging_product", "metadata", "user_actions"}

    async def test_an_error_may_stand_alone(self, sandbox: Sandbox, number: Number, receiver: Receiver) -> None:
        sandbox.whatsapp.events.system_error(number, 131000)
        value = await told(sandbox, receiver, "messages")

        assert value.keys() == {"messaging_product", "metadata", "errors"}
        assert value["errors"][0]["code"] == 131000
