"""B2 and B14: whatever stands in a webhook, reading it never fails, and what comes out can be stored."""

import dataclasses
import json
import time
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.contents import Choice, Media, Text, Unsupported, content_from_json, content_to_json
from channels.envelope import Echoed, Edited, Identity, InboundEvent, Person, Received, StatusChanged, Unknown
from channels.whatsapp_cloud.fields import DEEPEST, LONGEST_TEXT
from channels.whatsapp_cloud.reading import read
from core import clock
from core.models.people import IdentityKind
from tests.channels.whatsapp_cloud.hostile import NAUGHTY, SHAPES, json_values, nested, spoiled, texts
from tests.contracts.whatsapp_cloud.webhooks import CONTACT, PHONE_ID, change, inbound, message, status, webhook

KINDS = get_args(InboundEvent)


def assert_fit(events: list[InboundEvent]) -> None:
    """Known shapes, which PostgreSQL takes as text and as JSON, and which are read again as they were."""
    assert events == [] or all(isinstance(event, KINDS) for event in events)
    for event in events:
        written = json.dumps(dataclasses.asdict(event), ensure_ascii=False, allow_nan=False, default=str)
        assert "\\u0000" not in written.replace("\\\\", "")
        assert len(written.encode()) < 4_000_000
        assert depth_of(dataclasses.asdict(event)) <= DEEPEST + 8
        if isinstance(event, Received | Echoed | Edited):
            assert content_from_json(content_to_json(event.content)) == event.content


def depth_of(value: Any) -> int:
    level, depth = [value], 0
    while level:
        depth += 1
        parts = [part for part in level if isinstance(part, dict | list | tuple)]
        level = [child for part in parts for child in (part.values() if isinstance(part, dict) else part)]
    return depth


def one(payload: dict[str, Any]) -> Received:
    [event] = read(payload, PHONE_ID)
    assert isinstance(event, Received)
    assert_fit([event])
    return event


class TestAnyShape:
    @given(json_values)
    def test_any_json_at_all_is_read(self, value: Any) -> None:
        assert_fit(read(value, PHONE_ID))

    @given(json_values)
    def test_any_entries_are_read(self, value: Any) -> None:
        assert_fit(read({"object": "whatsapp_business_account", "entry": value}, PHONE_ID))

    @given(st.sampled_from(["messages", "smb_message_echoes", "user_preferences", "account_update", "x"]), json_values)
    def test_any_value_is_read(self, field: str, value: Any) -> None:
        assert_fit(read({"entry": [{"id": "1", "changes": [{"field": field, "value": value}]}]}, PHONE_ID))

    @given(
        st.dictionaries(
            st.sampled_from(
                ["messages", "message_echoes", "statuses", "user_preferences", "errors", "contacts", "user_actions"]
            ),
            json_values,
        )
    )
    def test_any_lists_in_a_value_are_read(self, value: dict[str, Any]) -> None:
        assert_fit(read(webhook(change(value)), PHONE_ID))

    @settings(max_examples=1500, deadline=None)
    @given(st.sampled_from(SHAPES), st.integers(min_value=0, max_value=10**9))
    def test_a_real_webhook_with_a_part_gone_wrong_is_read(self, payload: dict[str, Any], seed: int) -> None:
        assert_fit(read(spoiled(payload, seed), PHONE_ID))

    @pytest.mark.parametrize("payload", [None, [], "x", 1, True, {}, {"entry": None}, {"entry": {}}, {"entry": "x"}])
    def test_a_body_without_entries_is_counted(self, payload: Any) -> None:
        assert read(payload, PHONE_ID) == [Unknown(what="body")]

    @pytest.mark.parametrize("entry", [None, 1, [], {}, {"changes": None}, {"changes": {}}])
    def test_an_entry_without_changes_is_counted(self, entry: Any) -> None:
        assert read({"entry": [entry]}, PHONE_ID) == [Unknown(what="entry")]

    @pytest.mark.parametrize("part", [None, 1, {}, {"value": None}, {"value": []}])
    def test_a_change_without_a_value_is_counted(self, part: Any) -> None:
        assert read({"entry": [{"changes": [part]}]}, PHONE_ID) == [Unknown(what="change")]

    def test_nulls_everywhere_are_read(self) -> None:
        message_of_nulls = dict.fromkeys(["from", "id", "timestamp", "type", "text", "context", "referral", "errors"])
        value = {"metadata": None, "contacts": [None, {"profile": None, "wa_id": None}], "messages": [message_of_nulls]}
        status_of_nulls = dict.fromkeys(["id", "status", "timestamp", "recipient_id", "errors", "pricing"])

        events = read(webhook(change({**value, "statuses": [status_of_nulls, None]})), PHONE_ID)

        assert [type(event) for event in events] == [Unknown, Unknown, Unknown]

    @pytest.mark.parametrize("what", ["a" * 500, "x y\n", "\x00", "{{7*7}}", "é", "\ud800"])
    def test_the_name_of_what_is_unknown_is_harmless(self, what: str) -> None:
        [event] = read(webhook(change({"a": 1}, what)), PHONE_ID)

        assert isinstance(event, Unknown)
        assert event.what.isascii()
        assert event.what.isprintable()
        assert len(event.what) <= 70


class TestTexts:
    @given(texts)
    def test_any_text_arrives_as_far_as_it_can_be_stored(self, said: str) -> None:
        content = one(inbound("text", {"body": said})).content

        marked = (
            "\ufffd" if character == "\x00" or unicodedata.category(character) == "Cs" else character
            for character in said[:LONGEST_TEXT]
        )
        assert content == Text(body="".join(marked))

    @pytest.mark.parametrize("said", NAUGHTY)
    def test_a_naughty_text_is_a_message_wherever_it_stands(self, said: str) -> None:
        payloads = [
            inbound("text", {"body": said}),
            inbound("image", {"id": "1", "caption": said, "mime_type": said, "sha256": said}),
            inbound("document", {"id": "1", "filename": said}),
            inbound("location", {"latitude": 1, "longitude": 2, "name": said, "address": said}),
            inbound("contacts", [{"name": {"formatted_name": said}, "phones": [{"phone": said}], "vcard": said}]),
            inbound("reaction", {"message_id": "w", "emoji": said}),
            inbound("button", {"payload": said, "text": said}),
            inbound("interactive", {"type": "list_reply", "list_reply": {"id": said, "title": said}}),
            inbound("interactive", {"type": "nfm_reply", "nfm_reply": {"response_json": said}}),
            inbound("order", {"catalog_id": said, "text": said, "product_items": [{"product_retailer_id": said}]}),
            inbound("text", {"body": "oi"}, referral={"headline": said, said: said}),
        ]
        for payload in payloads:
            assert one(payload).content.type != "unsupported"

    @pytest.mark.parametrize("name", NAUGHTY)
    def test_a_naughty_name_is_a_name(self, name: str) -> None:
        contact = {**CONTACT, "profile": {"name": name, "username": name}}
        event = one(webhook(change({"contacts": [contact], "messages": [message("text", {"body": "oi"})]})))

        assert event.sender.name is None or len(event.sender.name) <= 512

    def test_a_long_text_is_cut(self) -> None:
        content = one(inbound("text", {"body": "á" * 200_000})).content

        assert content == Text(body="á" * LONGEST_TEXT)

    def test_a_nul_and_half_a_character_become_marks(self) -> None:
        assert one(inbound("text", {"body": "a\x00b\ud83dc\udc00"})).content == Text(body="a\ufffdb\ufffdc\ufffd")

    def test_what_was_not_understood_is_kept_within_bounds(self) -> None:
        event = one(inbound("hologram", {"deep": nested(500), "wide": [{"a": "x" * 100_000}] * 50_000}))

        assert isinstance(event.content, Unsupported)
        assert depth_of(event.content.raw) <= DEEPEST
        assert event.content.raw["hologram"]["wide"][0]["a"] == "x" * LONGEST_TEXT
        assert len(json.dumps(event.content.raw)) < 500_000

    def test_a_form_that_answers_in_a_thousand_storeys_is_read(self) -> None:
        answer = '{"a":' * 900 + "1" + "}" * 900
        content = one(
            inbound("interactive", {"type": "nfm_reply", "nfm_reply": {"name": "flow", "response_json": answer}})
        ).content

        assert isinstance(content, Choice)
        assert depth_of(content.data) <= DEEPEST


class TestPeople:
    @pytest.mark.parametrize(
        "number", ["", "abc", "12", "1" * 30, "5511 98765", "٥٥١١٩٨٧٦٥٤٣٢١", [], {}, True, 1.5, "\x00"]
    )
    def test_a_number_that_is_none_is_no_identity(self, number: Any) -> None:
        event = one(webhook(change({"messages": [message("text", {"body": "oi"}, **{"from": number})]})))

        assert [identity.kind for identity in event.sender.identities] == [IdentityKind.BSUID]

    @pytest.mark.parametrize("user_id", ["BR", "BR.", "br.1", "BR.a b", "BR." + "1" * 129, "BR.é", ".1", 7, None, []])
    def test_a_user_id_that_is_none_is_no_identity(self, user_id: Any) -> None:
        event = one(webhook(change({"messages": [message("text", {"body": "oi"}, from_user_id=user_id)]})))

        assert [identity.kind for identity in event.sender.identities] == [IdentityKind.WA_ID, IdentityKind.PHONE]

    def test_a_message_of_nobody_is_counted(self) -> None:
        nobody = message("text", {"body": "oi"}, **{"from": "x", "from_user_id": "x"})

        assert read(webhook(change({"messages": [nobody]})), PHONE_ID) == [Unknown(what="message.person")]

    @pytest.mark.parametrize("number", [None, "x", [], {}])
    def test_a_wish_of_nobody_is_counted(self, number: Any) -> None:
        wish = {"wa_id": number, "value": "stop", "timestamp": 1760000000}

        assert (
            read(webhook(change({"user_preferences": [wish, wish]})), PHONE_ID)
            == [Unknown(what="preference.person")] * 2
        )

    def test_two_messages_of_nobody_do_not_share_the_one_profile(self) -> None:
        nobody = message("text", {"body": "oi"}, **{"from": None, "from_user_id": None})
        events = read(webhook(change({"contacts": [CONTACT], "messages": [nobody, nobody]})), PHONE_ID)

        assert events == [Unknown(what="message.person")] * 2

    def test_a_number_of_another_country_keeps_its_digits(self) -> None:
        event = one(
            webhook(
                change({"messages": [message("text", {"body": "hi"}, **{"from": "16505551234", "from_user_id": None})]})
            )
        )

        assert event.sender == Person(
            identities=(
                Identity(kind=IdentityKind.WA_ID, value="16505551234"),
                Identity(kind=IdentityKind.PHONE, value="+16505551234"),
            )
        )


class TestMoments:
    @pytest.mark.parametrize(
        "timestamp", [None, "", "x", "-1", "0", "1e999", "nan", [], True, "99999999999999", 10**40, "1"]
    )
    def test_a_time_that_is_none_is_the_present(self, timestamp: Any) -> None:
        before = clock.now()
        event = one(inbound("text", {"body": "oi"}, timestamp=timestamp))

        assert before <= event.at <= clock.now()

    def test_a_time_that_is_none_is_that_of_the_entry(self) -> None:
        payload = inbound("text", {"body": "oi"}, timestamp="x")
        payload["entry"][0]["time"] = 1_750_000_000

        assert one(payload).at == datetime.fromtimestamp(1_750_000_000, UTC)

    def test_a_time_far_ahead_does_not_hold_the_window_open(self) -> None:
        ahead = clock.now() + timedelta(days=30)

        assert one(inbound("text", {"body": "oi"}, timestamp=str(int(ahead.timestamp())))).at <= clock.now()

    def test_a_time_a_little_ahead_is_believed(self) -> None:
        ahead = int((clock.now() + timedelta(minutes=5)).timestamp())

        assert one(inbound("text", {"body": "oi"}, timestamp=str(ahead))).at == datetime.fromtimestamp(ahead, UTC)


class TestIds:
    @pytest.mark.parametrize("provider_id", [None, "", [], {}, True, 1.5, "w" * 513])
    def test_a_message_that_could_come_twice_unnoticed_is_counted(self, provider_id: Any) -> None:
        assert read(inbound("text", {"body": "oi"}, id=provider_id), PHONE_ID) == [Unknown(what="message.id")]

    @pytest.mark.parametrize("provider_id", [None, "", [], "w" * 513])
    def test_a_status_of_nothing_is_counted(self, provider_id: Any) -> None:
        assert read(status("read", id=provider_id), PHONE_ID) == [Unknown(what="status.id")]

    @pytest.mark.parametrize("tag", [None, "", [], {}, "x" * 600])
    def test_a_tag_that_cannot_be_ours_is_none(self, tag: Any) -> None:
        [event] = read(status("read", biz_opaque_callback_data=tag), PHONE_ID)

        assert isinstance(event, StatusChanged)
        assert event.tag is None

    def test_a_tag_as_long_as_may_be_comes_back_whole(self) -> None:
        [event] = read(status("read", biz_opaque_callback_data="x" * 512), PHONE_ID)

        assert isinstance(event, StatusChanged)
        assert event.tag == "x" * 512


class TestKinds:
    """B14: always a message or a recorded ignore."""

    @pytest.mark.parametrize(
        "kind", ["poll", "poll_update", "event", "view_once", "live_location", "request_welcome", "x" * 300]
    )
    def test_a_kind_that_we_cannot_show_says_so_and_is_kept(self, kind: str) -> None:
        content = one(inbound(kind, {"name": "?"})).content

        assert isinstance(content, Unsupported)
        assert content.what == kind[:64]
        assert content.raw[kind] == {"name": "?"}

    @pytest.mark.parametrize("kind", [None, 7, [], {}, "", "none"])
    def test_a_message_without_a_kind_is_kept(self, kind: Any) -> None:
        whole = {**message("text", {"body": "oi"}), "type": kind}

        assert isinstance(one(webhook(change({"messages": [whole]}))).content, Unsupported)

    @pytest.mark.parametrize(
        ("latitude", "longitude"), [(91, 0), (0, 181), ("x", 0), (None, None), ("nan", 0), (True, 0)]
    )
    def test_a_place_that_is_not_on_earth_is_not_shown(self, latitude: Any, longitude: Any) -> None:
        event = one(inbound("location", {"latitude": latitude, "longitude": longitude}))

        assert isinstance(event.content, Unsupported)

    def test_an_hour_of_audio_is_a_file_like_any_other(self) -> None:
        event = one(inbound("audio", {"id": "1", "mime_type": "audio/ogg", "voice": True, "file_size": 10**9}))

        assert event.content == Media(kind="voice", provider_media_id="1", mime="audio/ogg")


class TestSpeed:
    def test_a_thousand_messages_are_read_in_far_less_than_a_second(self) -> None:
        messages = [message("text", {"body": f"olá {number} 😀"}, id=f"w{number}") for number in range(1000)]
        payload = webhook(change({"contacts": [CONTACT], "messages": messages}))
        started = time.perf_counter()
        events = read(payload, PHONE_ID)

        assert len(events) == 1000
        assert time.perf_counter() - started < 0.5
