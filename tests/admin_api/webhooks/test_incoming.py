"""Tests of an event as a record of the spool."""

import struct
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admin_api.webhooks.incoming import Incoming, pack, unpack
from core.errors import Malformed
from core.ids import CompanyId, ConnectionId, new_id
from core.models.stream import Consumer

_rows = st.builds(
    Incoming,
    company=st.uuids().map(CompanyId),
    connection=st.none() | st.uuids().map(ConnectionId),
    consumer=st.sampled_from(Consumer),
    body=st.binary(max_size=200),
    digest=st.binary(min_size=32, max_size=32),
    headers=st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=4),
    payload=st.none() | st.text(max_size=200),
    id=st.uuids(),
    received_at=st.datetimes(timezones=st.just(UTC)),
)


class TestPack:
    @settings(max_examples=200, deadline=None)
    @given(st.lists(_rows, max_size=5))
    def test_what_was_packed_unpacks_as_it_was(self, rows: list[Incoming]) -> None:
        assert unpack(pack(rows)) == rows

    def test_half_a_surrogate_pair_survives(self) -> None:
        [row] = unpack(pack([_row(payload="\ud83d")]))
        assert row.payload == "\ud83d"

    @pytest.mark.parametrize("record", [b"", b"\x01", b"\x02\x00\x00\x00\x02[]", b"\x01\x00\x00\x00\x02{[", b"garbage"])
    def test_a_record_of_another_version_is_refused(self, record: bytes) -> None:
        with pytest.raises(Malformed):
            unpack(record)

    @pytest.mark.parametrize(
        "heads",
        [
            "[1]",
            "[{}]",
            "1",
            "null",
            '[{"body_size":"1","payload_size":0}]',
            '[{"body_size":0,"payload_size":null,"connection":null,"company":1}]',
            '[{"body_size":0,"payload_size":null,"connection":null,"company":"x"}]',
        ],
    )
    def test_a_head_that_says_other_things_is_refused(self, heads: str) -> None:
        with pytest.raises(Malformed):
            unpack(struct.pack(">BI", 1, len(heads)) + heads.encode())

    def test_a_consumer_of_a_later_release_is_refused(self) -> None:
        with pytest.raises(Malformed):
            unpack(pack([_row()]).replace(b'"engine"', b'"spirit"'))


class TestIncoming:
    def test_each_gets_its_own_key_at_receipt(self) -> None:
        first, second = _row(), _row()
        assert first.id < second.id
        assert first.received_at <= second.received_at <= datetime.now(UTC) + timedelta(seconds=1)

    def test_its_size_is_what_it_weighs_in_memory(self) -> None:
        assert _row(body=b"1234", payload="12").size == 6
        assert _row(body=b"1234").size == 4


def _row(*, body: bytes = b"{}", payload: str | None = None) -> Incoming:

    return Incoming(
        company=CompanyId(new_id()),
        connection=None,
        consumer=Consumer.ENGINE,
        body=body,
        digest=b"",
        headers={},
        payload=payload,
    )
