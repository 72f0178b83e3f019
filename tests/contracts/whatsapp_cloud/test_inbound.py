"""Recorded shapes of Meta's webhooks, and the exact events that come out of each."""

from typing import Any

import pytest

from channels.base import Address
from channels.contents import Text, content_from_json, content_to_json
from channels.envelope import InboundEvent, Received, StatusChanged, Unknown
from channels.whatsapp_cloud.reading import read
from channels.whatsapp_cloud.webhook import AddressKind, cut
from tests.contracts.whatsapp_cloud.circumstance_cases import CIRCUMSTANCES
from tests.contracts.whatsapp_cloud.event_cases import CHANGES, OTHERS, PREFERENCES, STATUSES
from tests.contracts.whatsapp_cloud.message_cases import CONTENTS
from tests.contracts.whatsapp_cloud.news_cases import NEWS
from tests.contracts.whatsapp_cloud.webhooks import PHONE_ID, WABA, as_sent, change, inbound, message, webhook

FOREIGN = {
    "value": {
        "metadata": {"display_phone_number": "5521", "phone_number_id": "999"},
        "messages": [message("text", {"body": "não é seu"})],
    },
    "field": "messages",
}
ALL = {**CONTENTS, **CIRCUMSTANCES, **STATUSES, **CHANGES, **PREFERENCES, **NEWS, **OTHERS}


def posted(payload: dict[str, Any]) -> list[InboundEvent]:
    """The whole way: bytes as Meta sends them, cut, and read for the address."""
    [piece] = cut(as_sent(payload))
    assert piece.payload is not None
    return read(piece.payload, PHONE_ID)


class TestEvents:
    @pytest.mark.parametrize("name", CONTENTS)
    def test_a_message_of_a_customer_is_what_it_says(self, name: str) -> None:
        payload, events = CONTENTS[name]
        assert posted(payload) == events

    @pytest.mark.parametrize("name", CIRCUMSTANCES)
    def test_a_message_keeps_its_circumstances(self, name: str) -> None:
        payload, events = CIRCUMSTANCES[name]
        assert posted(payload) == events

    @pytest.mark.parametrize("name", STATUSES)
    def test_a_status_tells_what_became_of_our_message(self, name: str) -> None:
        payload, events = STATUSES[name]
        assert posted(payload) == events

    @pytest.mark.parametrize("name", CHANGES)
    def test_what_changes_something_known_says_what(self, name: str) -> None:
        payload, events = CHANGES[name]
        assert posted(payload) == events

    @pytest.mark.parametrize("name", PREFERENCES)
    def test_a_wish_of_the_customer_is_passed_on(self, name: str) -> None:
        payload, events = PREFERENCES[name]
        assert posted(payload) == events

    @pytest.mark.parametrize("name", NEWS)
    def test_news_of_the_account_are_told_apart(self, name: str) -> None:
        payload, events = NEWS[name]
        assert posted(payload) == events

    @pytest.mark.parametrize("name", OTHERS)
    def test_what_we_have_no_use_for_is_counted(self, name: str) -> None:
        payload, events = OTHERS[name]
        assert posted(payload) == events

    @pytest.mark.parametrize("name", CONTENTS)
    def test_what_a_customer_says_survives_being_kept(self, name: str) -> None:
        [event] = CONTENTS[name][1]
        assert isinstance(event, Received)
        assert content_from_json(content_to_json(event.content)) == event.content


class TestBatch:
    def test_everything_in_one_body_is_read_in_its_order(self) -> None:
        changes = [part for payload, _ in ALL.values() for part in payload["entry"][0]["changes"]]
        entry = {"id": WABA, "time": 1_760_000_000, "changes": changes}
        whole = {"object": "whatsapp_business_account", "entry": [entry]}

        assert read(whole, PHONE_ID) == [event for _, events in ALL.values() for event in events]

    def test_a_thousand_messages_are_a_thousand_events(self) -> None:
        messages = [message("text", {"body": str(number)}, id=f"wamid.{number}") for number in range(1000)]
        events = posted(webhook(change({"messages": messages})))

        assert [
            event.content.body for event in events if isinstance(event, Received) and isinstance(event.content, Text)
        ] == [str(number) for number in range(1000)]

    def test_only_what_is_for_the_address_is_read(self) -> None:
        own = change({"statuses": [{"id": "w", "status": "read", "timestamp": "1760000000"}]})

        events = read(webhook(FOREIGN, own), PHONE_ID)

        assert [type(event) for event in events] == [StatusChanged]

    def test_a_body_for_two_numbers_is_cut_into_one_for_each(self) -> None:
        own = change({"messages": [message("text", {"body": "é seu"})]})
        about_account = {"value": {"event": "ACCOUNT_DELETED"}, "field": "account_update"}

        pieces = cut(as_sent(webhook(FOREIGN, own, about_account, FOREIGN)))

        assert [piece.addresses for piece in pieces] == [
            (Address(kind=AddressKind.PHONE, value="999"),),
            (Address(kind=AddressKind.PHONE, value=PHONE_ID),),
            (Address(kind=AddressKind.ACCOUNT, value=WABA),),
        ]
        assert [piece.payload for piece in pieces] == [webhook(FOREIGN, FOREIGN), webhook(own), webhook(about_account)]

    def test_one_bad_item_does_not_take_its_neighbours_along(self) -> None:
        [good] = inbound("text", {"body": "oi"})["entry"][0]["changes"][0]["value"]["messages"]
        events = read(webhook(change({"messages": [None, good, {"id": 7}, "x", good]})), PHONE_ID)

        assert [type(event) for event in events] == [Unknown, Received, Unknown, Unknown, Received]
