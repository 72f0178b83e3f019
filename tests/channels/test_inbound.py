"""Reading what was posted: by the adapter of the channel, from JSON or bytes, and with a name for what fails."""

import json
from typing import Any

import pytest

from channels.contents import Json, Text
from channels.envelope import InboundEvent, Received, Unknown
from channels.inbound import Posted, Unreadable, address_of, read
from channels.registry import Registry
from core.errors import Malformed
from core.models.people import ConnectionKind
from tests.fixtures.inbound import Reader, message, someone

OWN = {"phone_number_id": "42"}


def post(*things: Json, number: str = "42") -> dict[str, Any]:
    changes = [
        {"field": thing["field"], "value": {"metadata": {"phone_number_id": number}, **thing["value"]}}
        for thing in things
    ]
    return {"object": "whatsapp_business_account", "entry": [{"id": "77", "changes": changes}]}


def read_post(payload: Json | None = None, body: bytes = b"", reader: Reader | None = None) -> list[InboundEvent]:
    reader = reader or Reader()
    posted = Posted(kind=ConnectionKind.WHATSAPP, settings=OWN, payload=payload, body=body)
    return read(posted, Registry({reader.kind: reader}))


def texts(events: list[InboundEvent]) -> list[str]:
    return [event.content.body for event in events if isinstance(event, Received) and isinstance(event.content, Text)]


class TestRead:
    def test_what_was_kept_as_json_is_read_as_it_is(self) -> None:
        assert texts(read_post(post(message(someone(), "w.1", text="oi")))) == ["oi"]

    def test_what_is_for_another_number_of_the_account_is_not_ours(self) -> None:
        assert read_post(post(message(someone(), "w.1", text="oi"), number="43")) == []

    def test_what_could_not_be_kept_as_json_is_read_from_its_bytes(self) -> None:
        body = json.dumps(post(message(someone(), "w.1", text="o\x00i \ud800!"))).encode()

        assert texts(read_post(body=body)) == ["o\ufffdi \ufffd!"]

    @pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b" \n"])
    def test_what_stands_before_the_first_bracket_does_no_harm(self, mark: bytes) -> None:
        body = mark + json.dumps(post(message(someone(), "w.1", text="oi"))).encode()

        assert texts(read_post(body=body)) == ["oi"]

    def test_bytes_that_are_no_text_stand_for_a_mark(self) -> None:
        body = json.dumps(post(message(someone(), "w.1", text="oi!"))).encode().replace(b"oi!", b"o\xff!")

        assert texts(read_post(body=body)) == ["o\ufffd!"]

    def test_a_number_that_is_none_stands_for_nothing(self) -> None:
        thing = message(someone(), "w.1", location={"latitude": float("nan"), "longitude": float("inf")})
        [event] = read_post(body=json.dumps(post(thing)).encode())

        assert "nan" not in repr(event).lower()

    def test_a_shape_that_nobody_knows_is_no_error(self) -> None:
        assert read_post({"entry": [{"changes": [{"field": "novelty", "value": {}}]}]}) == [
            Unknown(what="field.novelty")
        ]


class TestUnreadable:
    @pytest.mark.parametrize(
        ("body", "cause"),
        [
            (b"", "JSONDecodeError"),
            (b"not json", "JSONDecodeError"),
            (b"[1, 2]", "TypeError"),
            (b'"oi"', "TypeError"),
            (b'{"a": ' + b"[" * 100_000, "RecursionError"),
        ],
    )
    def test_what_is_no_object_says_why(self, body: bytes, cause: str) -> None:
        with pytest.raises(Unreadable) as caught:
            read_post(body=body)

        assert caught.value.cause == cause

    @pytest.mark.parametrize(
        "error",
        [
            KeyError("x"),
            AttributeError("x"),
            TypeError("x"),
            ZeroDivisionError(),
            RecursionError(),
            Malformed("x", "x"),
        ],
    )
    def test_whatever_an_adapter_stumbles_over_has_a_name(self, error: Exception) -> None:
        def stumble() -> list[InboundEvent]:
            raise error

        with pytest.raises(Unreadable) as caught:
            read_post({"mark": 1}, reader=Reader(faults={"mark": stumble}))

        assert caught.value.cause == type(error).__name__

    def test_a_channel_without_an_adapter_is_one_of_them(self) -> None:
        posted = Posted(kind=ConnectionKind.WHATSAPP, settings=OWN, payload={"entry": []})

        with pytest.raises(Unreadable):
            read(posted, Registry({}))

    def test_it_says_nothing_of_what_was_said(self) -> None:
        with pytest.raises(Unreadable) as caught:
            read_post(body=b"meu CPF")

        assert "CPF" not in f"{caught.value.detail.pt} {caught.value.detail.en}"


class TestAddressOf:
    def test_a_number_is_known_by_its_id_at_the_provider(self) -> None:
        assert address_of(ConnectionKind.WHATSAPP, {"phone_number_id": "42", "waba_id": "7"}) == "42"

    def test_without_a_setting_it_is_known_by_nothing(self) -> None:
        assert address_of(ConnectionKind.WHATSAPP, {}) == ""
