"""What providers posted, without one person: what else stands in it stays as it was."""

import json
from typing import Any

import pytest

from graphs.erased_events import NOTHING, Wanted, is_of_topic, without

ANA, BETO = "5511988887777", "5511955554444"
HERS = Wanted(names={f"+{ANA}", ANA, "BR.123"}, numbers=[ANA, "551188887777"])


def posted(*numbers: str, **more: Any) -> bytes:
    """A day of WhatsApp in one body: a message, a profile and a status of each."""
    value = {
        "metadata": {"phone_number_id": "42"},
        "contacts": [{"wa_id": number, "profile": {"name": f"Cliente {number[-4:]}"}} for number in numbers],
        "messages": [{"from": number, "id": f"wamid.{number}", "text": {"body": "oi"}} for number in numbers],
        "statuses": [{"recipient_id": number, "status": "read"} for number in numbers],
        **more,
    }
    return json.dumps({"entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]}).encode()


class TestWithout:
    def test_only_their_own_items_go(self) -> None:
        left = json.loads(without(posted(ANA, BETO), HERS))
        assert left == json.loads(posted(BETO))

    def test_what_does_not_name_them_stays_byte_for_byte(self) -> None:
        body = b' {"a" : [ 1, 2 ]}\n'
        assert without(body, HERS) is body

    def test_a_number_counts_wherever_it_stands_and_without_the_ninth_digit(self) -> None:
        body = json.dumps({"list": ["liga para +55 11", "ou 551188887777!", "fica"]}).encode()
        assert json.loads(without(body, HERS)) == {"list": ["liga para +55 11", "fica"]}

    def test_a_name_counts_where_it_is_the_whole_value(self) -> None:
        body = json.dumps({"list": [{"user_id": "BR.123"}, {"user_id": "BR.1234"}]}).encode()
        assert json.loads(without(body, HERS)) == {"list": [{"user_id": "BR.1234"}]}

    def test_a_number_that_is_no_string_counts_as_well(self) -> None:
        assert json.loads(without(json.dumps([{"to": int(ANA)}, 7]).encode(), HERS)) == [7]

    @pytest.mark.parametrize("body", [json.dumps({"from": ANA, "text": "oi"}).encode(), f"From={ANA}&Body=oi".encode()])
    def test_what_is_about_them_alone_is_wiped(self, body: bytes) -> None:
        assert without(body, HERS) == NOTHING

    def test_what_cannot_be_read_and_does_not_name_them_stays(self) -> None:
        assert without(b"\xff\x00 not json", HERS) == b"\xff\x00 not json"


class TestIsOfTopic:
    def update(self, chat: int, thread: int, *, kind: str = "message") -> bytes:
        message = {"chat": {"id": chat}, "message_thread_id": thread, "text": "pode vir às 10h"}
        return json.dumps({"update_id": 1, kind: message if kind == "message" else {"message": message}}).encode()

    def test_a_line_and_a_press_in_it_are(self) -> None:
        assert is_of_topic(self.update(-100, 40), -100, 40)
        assert is_of_topic(self.update(-100, 40, kind="callback_query"), -100, 40)

    def test_another_topic_or_another_group_is_not(self) -> None:
        assert not is_of_topic(self.update(-100, 41), -100, 40)
        assert not is_of_topic(self.update(-101, 40), -100, 40)
        assert not is_of_topic(b"not json", -100, 40)
