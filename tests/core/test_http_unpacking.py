"""Packed bodies, honest and hostile, through the shared client."""

import gzip
import tracemalloc
import zlib

import pytest

from core.http import (
    BrokenOff,
    Garbled,
    Oversized,
)
from tests.fixtures.raw_servers import OK, always, answer_of, get, serving, whole, without_end


class TestUnpacking:
    async def test_a_packed_body_arrives_unpacked(self) -> None:
        packed = whole(gzip.compress(b"hello " * 100), "Content-Encoding: gzip")

        assert (await answer_of(always(packed))).body == b"hello " * 100

    async def test_a_body_packed_in_several_members_arrives_whole(self) -> None:
        packed = whole(gzip.compress(b"one ") + gzip.compress(b"two"), "Content-Encoding: x-gzip")

        assert (await answer_of(always(packed))).body == b"one two"

    async def test_a_small_body_that_packing_enlarges_is_within_its_cap(self) -> None:
        packed = whole(gzip.compress(b"tiny"), "Content-Encoding: gzip")

        assert (await answer_of(always(packed), cap=4)).body == b"tiny"

    async def test_an_empty_body_needs_no_unpacking(self) -> None:
        assert (await answer_of(always(whole(b"", "Content-Encoding: gzip")))).body == b""

    async def test_a_bomb_is_refused_without_being_unpacked(self) -> None:
        bomb = whole(gzip.compress(bytes(64_000_000)), "Content-Encoding: gzip")
        async with serving(always(bomb)) as site:
            tracemalloc.start()
            with pytest.raises(Oversized):
                await get(site.url)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()

        assert peak < 4_000_000

    @pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd", "deflate", "compress", "gzip,identity"])
    async def test_a_packing_that_was_not_asked_for_is_refused(self, encoding: str) -> None:
        with pytest.raises(Garbled):
            await answer_of(always(whole(gzip.compress(b"hi"), f"Content-Encoding: {encoding}")))

    async def test_two_headers_that_name_two_layers_are_refused(self) -> None:
        layered = gzip.compress(gzip.compress(b"hi"))

        with pytest.raises(Garbled):
            await answer_of(always(whole(layered, "Content-Encoding: gzip", "Content-Encoding: gzip")))

    async def test_members_that_unpack_to_nothing_count_as_received(self) -> None:
        empty_members = gzip.compress(b"") * 50
        piece = f"{len(empty_members):x}\r\n".encode() + empty_members + b"\r\n"
        start = OK + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"

        with pytest.raises(Oversized):
            await answer_of(without_end(start, piece))

    async def test_a_packed_body_cut_short_is_broken_off(self) -> None:
        with pytest.raises(BrokenOff):
            await answer_of(always(whole(gzip.compress(b"hello " * 100)[:-10], "Content-Encoding: gzip")))

    @pytest.mark.parametrize(
        "body",
        [b"plain text", zlib.compress(b"hi"), gzip.compress(b"hi") + b"tail"],
        ids=["plain", "zlib", "tail"],  # packed bytes hold the time, and workers must agree on the names
    )
    async def test_a_body_that_is_not_gzip_cannot_be_read(self, body: bytes) -> None:
        with pytest.raises(Garbled):
            await answer_of(always(whole(body, "Content-Encoding: gzip")))
