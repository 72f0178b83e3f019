"""Tests of looking at a spool from outside."""

from pathlib import Path

import pytest

from core.spool import SpoolKey
from core.spool_report import spool_keys_in_use, spool_status
from tests.fixtures.spools import Handler, open_spool

OTHER = SpoolKey("k2", b"2" * 32)


class TestStatus:
    async def test_what_waits_and_what_was_set_aside_are_told_apart(self, tmp_path: Path) -> None:
        await open_spool(tmp_path).append(b"abc")
        await open_spool(tmp_path, key=OTHER).replay(Handler())
        await open_spool(tmp_path).append(b"def")

        status = spool_status(tmp_path)

        assert (status.depth, status.damaged) == (1, 1)
        assert status.size > 0
        assert 0 <= status.oldest_seconds < 30

    def test_where_there_is_none_nothing_waits_and_nothing_is_made(self, tmp_path: Path) -> None:
        assert spool_status(tmp_path / "none").depth == 0
        assert not (tmp_path / "none").exists()


class TestKeysInUse:
    async def test_each_record_counts_for_its_key_also_where_it_was_set_aside(self, tmp_path: Path) -> None:
        await open_spool(tmp_path).append(b"abc")
        await open_spool(tmp_path, key=OTHER).replay(Handler())
        for _ in range(2):
            await open_spool(tmp_path, key=OTHER).append(b"def")

        assert spool_keys_in_use(tmp_path) == {"k1": 1, "k2": 2}

    @pytest.mark.parametrize("content", [b"", b"\x01", b"\x01\x05k", b"\x02\x02k1", b"\x01\x00"])
    def test_what_is_no_record_counts_for_none(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "records").mkdir()
        (tmp_path / "records" / "x").write_bytes(content)

        assert not spool_keys_in_use(tmp_path)
