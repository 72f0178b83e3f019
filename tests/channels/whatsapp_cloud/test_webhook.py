"""The border of the webhook: signatures, and bodies cut by address, from whoever can reach us."""

import hashlib
import hmac
import json
import random
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import Address
from channels.whatsapp_cloud.fields import DEEPEST
from channels.whatsapp_cloud.reading import read
from channels.whatsapp_cloud.webhook import AddressKind, Piece, cut, is_signed
from tests.channels.whatsapp_cloud.hostile import NAUGHTY, SHAPES, json_values, nested, spoiled
from tests.contracts.whatsapp_cloud.webhooks import PHONE_ID, WABA, as_sent, change, inbound, message, webhook

SECRET = "0123456789abcdef0123456789abcdef"
# Signed by `openssl dgst -sha256 -hmac`: Meta's escapes, in lower case, are part of what is signed.
BODY = rb'{"object":"whatsapp_business_account","entry":[{"id":"1","note":"ol\u00e1"}]}'
SIGNATURE = "sha256=67fb19c08d07c81a3aaa812355bad3f78cb340870811cae63b9946a0bbcf6904"
PHONE = Address(kind=AddressKind.PHONE, value=PHONE_ID)
ACCOUNT = Address(kind=AddressKind.ACCOUNT, value=WABA)
THREE_MEGABYTES = 3_000_000


def sign(body: bytes) -> str:
    return f"sha256={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}"


class TestIsSigned:
    def test_a_body_signed_with_the_secret_is_believed(self) -> None:
        assert is_signed(BODY, [SIGNATURE], app_secret=SECRET)
        assert is_signed(BODY, SIGNATURE, app_secret=SECRET)

    @pytest.mark.parametrize(
        "signatures",
        [
            *([], [""], "", ["sha256="], [SIGNATURE, SIGNATURE], [SIGNATURE, ""], (SIGNATURE, SIGNATURE)),
            *([SIGNATURE.upper()], [SIGNATURE.replace("sha256", "SHA256")], [SIGNATURE[:-1]], [SIGNATURE + "0"]),
            *(
                [SIGNATURE[:-1] + SIGNATURE[-1].upper() + "\n"],
                [SIGNATURE + "\n"],
                [" " + SIGNATURE],
                [SIGNATURE + " "],
            ),
            *([SIGNATURE[7:]], ["sha1=" + SIGNATURE[7:]], ["sha256:" + SIGNATURE[7:]], [f"{SIGNATURE}, {SIGNATURE}"]),
            *(
                ["sha256=" + "g" * 64],
                ["sha256=" + "0" * 64],
                ["sha256=" + "٣" * 64],
                ["\x00" * 71],
                ["sha256=" + "é" * 64],
            ),
            *([SIGNATURE[:7] + SIGNATURE[7:].upper()], [SIGNATURE[:70] + "\ud800"]),
        ],
    )
    def test_anything_but_one_whole_signature_proves_nothing(self, signatures: list[str]) -> None:
        assert not is_signed(BODY, signatures, app_secret=SECRET)

    @pytest.mark.parametrize("secret", ["", SECRET[:-1], SECRET.upper(), "é", "\ud800"])
    def test_another_secret_does_not_fit(self, secret: str) -> None:
        assert not is_signed(BODY, [SIGNATURE], app_secret=secret)

    def test_nobody_signs_with_an_empty_secret(self) -> None:
        forged = f"sha256={hmac.new(b'', BODY, hashlib.sha256).hexdigest()}"

        assert not is_signed(BODY, [forged], app_secret="")

    def test_the_very_bytes_are_signed_and_not_what_they_mean(self) -> None:
        again = json.dumps(json.loads(BODY), ensure_ascii=False, separators=(",", ":")).encode()

        assert json.loads(again) == json.loads(BODY)
        assert not is_signed(again, [SIGNATURE], app_secret=SECRET)

    @given(st.binary(max_size=200), st.integers(min_value=0, max_value=63))
    def test_one_wrong_digit_is_wrong(self, body: bytes, place: int) -> None:
        right = sign(body)
        digit = "0" if right[7 + place] != "0" else "1"

        assert is_signed(body, [right], app_secret=SECRET)
        assert not is_signed(body, [right[: 7 + place] + digit + right[8 + place :]], app_secret=SECRET)


class TestAddresses:
    def test_a_message_is_for_its_number(self) -> None:
        payload = inbound("text", {"body": "oi"})

        assert cut(as_sent(payload)) == [Piece(addresses=(PHONE,), payload=payload)]

    def test_news_without_a_number_are_for_the_account(self) -> None:
        payload = {
            "entry": [{"id": WABA, "time": 1, "changes": [{"field": "account_update", "value": {"event": "X"}}]}]
        }

        assert cut(as_sent(payload)) == [Piece(addresses=(ACCOUNT,), payload=payload)]

    def test_a_number_written_as_a_number_is_the_same(self) -> None:
        payload = {"entry": [{"changes": [{"value": {"metadata": {"phone_number_id": int(PHONE_ID)}}}]}]}

        assert cut(as_sent(payload))[0].addresses == (PHONE,)
        assert read(payload, PHONE_ID) != []

    @pytest.mark.parametrize("value", ["", "abc", "12 ", "1" * 33, -1, 1.5, True, [], {}, 10**40, "١٢", "1\n", "../1"])
    def test_what_cannot_be_an_address_is_none(self, value: Any) -> None:
        payload = {"entry": [{"id": WABA, "changes": [{"value": {"metadata": {"phone_number_id": value}}}]}]}

        assert cut(as_sent(payload))[0].addresses == ()

    def test_a_change_of_a_number_is_never_taken_for_the_accounts(self) -> None:
        """Somebody else's number under our account's id would be read by us."""
        payload = {"entry": [{"id": WABA, "changes": [{"value": {"metadata": {"phone_number_id": "x"}}}]}]}

        assert ACCOUNT not in [address for piece in cut(as_sent(payload)) for address in piece.addresses]

    def test_what_has_no_address_comes_last(self) -> None:
        nobody = {"value": {"metadata": {"phone_number_id": "x"}}}
        pieces = cut(as_sent(webhook(nobody, change({"messages": []}))))

        assert [piece.addresses for piece in pieces] == [(PHONE,), ()]
        assert [piece.payload for piece in pieces] == [webhook(change({"messages": []})), webhook(nobody)]

    def test_an_entry_keeps_what_stands_beside_its_changes(self) -> None:
        other = {"value": {"metadata": {"phone_number_id": "9"}}}
        payload = {"object": "o", "entry": [{"id": WABA, "time": 7, "x": 1, "changes": [change({}), other]}], "y": 2}

        assert [piece.payload for piece in cut(as_sent(payload))] == [
            {"object": "o", "entry": [{"id": WABA, "time": 7, "x": 1, "changes": [change({})]}], "y": 2},
            {"object": "o", "entry": [{"id": WABA, "time": 7, "x": 1, "changes": [other]}], "y": 2},
        ]

    def test_the_last_of_two_equal_keys_counts(self) -> None:
        """As in PostgreSQL: what is judged here is what is read there."""
        twice = b'{"phone_number_id":"8","phone_number_id":"9"}'
        body = b'{"entry":[],"entry":[{"id":"2","changes":[{"value":{"metadata":' + twice + b"}}]}]}"

        assert [piece.addresses for piece in cut(body)] == [(Address(kind=AddressKind.PHONE, value="9"),)]

    @given(st.lists(st.integers(min_value=0, max_value=4), max_size=12))
    def test_cutting_loses_nothing_and_doubles_nothing(self, numbers: list[int]) -> None:
        def of(number: int, place: int) -> dict[str, Any]:
            metadata = {} if number == 0 else {"metadata": {"phone_number_id": str(number)}}
            return {"value": {**metadata, "place": place}, "field": "messages"}

        entries = [{"id": str(100 + place % 2), "changes": [of(number, place)]} for place, number in enumerate(numbers)]
        pieces = cut(as_sent({"entry": entries}))

        changes = [
            part["value"]["place"]
            for piece in pieces
            for entry in (piece.payload or {})["entry"]
            for part in entry["changes"]
        ]
        assert sorted(changes) == list(range(len(numbers)))


class TestHostileBodies:
    @given(st.binary(max_size=300))
    def test_any_bytes_at_all_are_cut(self, body: bytes) -> None:
        assert cut(body)

    @given(json_values)
    def test_any_json_at_all_is_cut_into_what_can_be_stored(self, value: Any) -> None:
        assert_storable(cut(json.dumps(value).encode()))

    @settings(max_examples=300, deadline=None)
    @given(st.sampled_from(SHAPES), st.integers(min_value=0, max_value=10**9))
    def test_a_real_webhook_with_a_part_gone_wrong_is_cut(self, payload: dict[str, Any], seed: int) -> None:
        pieces = cut(json.dumps(spoiled(payload, seed)).encode())

        assert_storable(pieces)
        for piece in pieces:
            read(piece.payload or {}, PHONE_ID)

    @settings(max_examples=300, deadline=None)
    @given(st.sampled_from(SHAPES), st.integers(min_value=0, max_value=10**9))
    def test_bytes_gone_wrong_on_the_way_are_cut(self, payload: dict[str, Any], seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - to be drawn again from the seed that Hypothesis shows
        body = bytearray(as_sent(payload))
        for _ in range(chance.randint(1, 5)):
            place = chance.randrange(len(body))
            body[place : place + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))

        assert_storable(cut(bytes(body)))

    @pytest.mark.parametrize("said", NAUGHTY)
    def test_a_naughty_text_is_cut_into_what_can_be_stored(self, said: str) -> None:
        pieces = cut(as_sent(inbound("text", {"body": said})))

        assert_storable(pieces)
        assert [piece.addresses for piece in pieces] == [(PHONE,)]

    @pytest.mark.parametrize(
        "body",
        [
            *(b"", b"\x00", b"{", b"null", b"[]", b'"x"', b"1", b"NaN", b"\xff\xfe", b"<xml/>", b"a=1&b=2"),
            *(b"[" * 2000, b'{"a":' * 2000, b"[" * 2000 + b"]" * 2000),
        ],
    )
    def test_what_is_no_object_has_no_payload(self, body: bytes) -> None:
        assert cut(body) == [Piece(addresses=(), payload=None)]

    def test_a_body_that_begins_with_a_mark_of_its_order_is_read(self) -> None:
        assert cut(b"\xef\xbb\xbf" + as_sent(inbound("text", {"body": "oi"})))[0].addresses == (PHONE,)

    def test_bytes_that_are_no_text_become_marks(self) -> None:
        body = as_sent(inbound("text", {"body": "@"})).replace(b'"@"', b'"a\xff\xfe\xed\xa0\x80b"')
        [piece] = cut(body)

        assert piece.payload is not None
        assert "\ufffd" in json.dumps(piece.payload, ensure_ascii=False)

    @pytest.mark.parametrize("token", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1E+999"])
    def test_a_number_that_is_none_becomes_nothing(self, token: bytes) -> None:
        body = b'{"entry":[{"id":"1","changes":[{"value":{"a":' + token + b"}}]}]}"
        [piece] = cut(body)

        assert piece.payload == {"entry": [{"id": "1", "changes": [{"value": {"a": None}}]}]}

    @pytest.mark.parametrize("depth", [DEEPEST - 6, DEEPEST, 200, 400])
    def test_what_lies_too_deep_is_cut_off_and_its_neighbours_are_kept(self, depth: int) -> None:
        deep = change({"messages": [message("text", {"body": "fundo"}), {"x": nested(depth)}]})
        [piece] = cut(as_sent(webhook(deep)))

        assert_storable([piece])
        assert piece.payload is not None
        assert piece.payload["entry"][0]["changes"][0]["value"]["messages"][0]["text"] == {"body": "fundo"}

    def test_addresses_are_found_in_what_cannot_be_parsed(self) -> None:
        body = as_sent(inbound("text", {"body": "oi"}))[:-1] + b"," + b"[" * 5000
        [piece] = cut(body)

        assert piece == Piece(addresses=(PHONE, ACCOUNT), payload=None)

    def test_an_address_inside_what_somebody_wrote_is_none(self) -> None:
        said = '{"metadata":{"phone_number_id":"666"},"id":"667","changes":[]}'
        body = as_sent(inbound("text", {"body": said}))[:-1]
        [piece] = cut(body)

        assert piece == Piece(addresses=(PHONE, ACCOUNT), payload=None)

    def test_brackets_inside_what_somebody_wrote_are_no_parts(self) -> None:
        """Else one customer could hide the messages of all others in the batch."""
        bodies = ["[" * 4096, "," * 4096, '"[{' * 1365, "\\" * 4096 + "[", '\\"' * 2000]
        messages = [message("text", {"body": bodies[number % 5]}, id=f"w{number}") for number in range(200)]
        [piece] = cut(as_sent(webhook(change({"messages": messages}))))

        assert piece.payload is not None
        assert len(read(piece.payload, PHONE_ID)) == 200


BOMBS: dict[str, bytes] = {
    "lists in lists": b"[" * THREE_MEGABYTES,
    "objects in objects": b'{"a":' * (THREE_MEGABYTES // 5),
    "many lists": b'{"entry":[' + b"[]," * 1_000_000 + b"[]]}",
    "many nulls": b'{"entry":[' + b"null," * 600_000 + b"null]}",
    "many objects": b'{"entry":[' + b"{}," * 1_000_000 + b"{}]}",
    "many entries": b'{"entry":[' + b'{"id":1},' * 330_000 + b"{}]}",
    "many keys": b"{" + b'"a":1,' * 500_000 + b'"a":1}',
    "many numbers": b'{"a":[' + b"1e5," * 700_000 + b"1]}",
    "half characters": b'{"a":"' + rb"\ud83d" * 500_000 + b'"}',
    "NULs": b'{"a":"' + rb"\u0000" * 500_000 + b'"}',
    "no text": b"\xff" * THREE_MEGABYTES,
    "quotes": b'"' * THREE_MEGABYTES,
    "backslashes": b'{"a":"' + b"\\" * THREE_MEGABYTES,
    "an unfinished string": b'{"a":"' + rb"\"" * 1_500_000,
    "a number without end": b'{"phone_number_id":' + b"9" * THREE_MEGABYTES,
    "many numbers of lines": b'"phone_number_id":1,' * 150_000,
    "many accounts": b'"id":"1","time":' * 190_000,
    "blanks": b'"phone_number_id"' + b" " * THREE_MEGABYTES,
}


class TestSpeed:
    @pytest.mark.parametrize("name", BOMBS)
    def test_b2_no_body_of_three_megabytes_holds_the_process_up(self, name: str) -> None:
        assert seconds_to_cut(BOMBS[name]) < 0.25

    def test_b2_a_thousand_items_of_three_megabytes_are_cut_at_once(self) -> None:
        changes = [
            {**change({"messages": [message("text", {"body": "olá 😀 " * 140}, id=f"w{number}")]})}
            for number in range(1000)
        ]
        body = as_sent(webhook(*changes))

        assert len(body) > THREE_MEGABYTES * 0.8
        assert len((cut(body)[0].payload or {})["entry"][0]["changes"]) == 1000
        assert seconds_to_cut(body) < 0.25


def seconds_to_cut(body: bytes) -> float:
    """Of the processor, the best of three: what else the machine does is not ours. Well under 0.1 s."""
    return min(_timed(body) for _ in range(3))


def _timed(body: bytes) -> float:
    started = time.process_time()
    assert cut(body)
    return time.process_time() - started


def assert_storable(pieces: list[Piece]) -> None:
    assert pieces
    for piece in pieces:
        written = json.dumps(piece.payload, ensure_ascii=False, allow_nan=False)
        assert "\\u0000" not in written.replace("\\\\", "")
        assert written.encode()
