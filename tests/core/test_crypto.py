"""Tests of sealing, of wrapping, and of the installation's keys."""

import base64
import os
import random
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest

from core.crypto import (
    KEY_BYTES,
    DataKey,
    InstallationKey,
    KeyRing,
    change_key_file,
    key_id_of,
    make_key_file,
    parse_keys,
    write_key_file,
)
from core.errors import Misconfigured, Tampered
from core.ids import new_id
from core.settings import Settings

PLACE: Final = b"connections|credentials|ana|1"
SECRET: Final = b"EAAG-token-de-acesso"
OVERHEAD: Final = 1 + 16 + 12 + 16  # version, key id, nonce, tag
RAW: Final = bytes(range(200, 232))  # holds bytes that the two base64 alphabets write differently
PLAIN: Final = base64.b64encode(RAW).decode()
URLSAFE: Final = base64.urlsafe_b64encode(RAW).decode()
OTHER: Final = base64.b64encode(b"\x01" * KEY_BYTES).decode()


@pytest.fixture
def key() -> DataKey:
    return DataKey(new_id(), os.urandom(KEY_BYTES))


def flipped(blob: bytes, place: int, bit: int) -> bytes:
    return blob[:place] + bytes([blob[place] ^ (1 << bit)]) + blob[place + 1 :]


def every_flip(blob: bytes) -> Iterator[bytes]:
    """One bit of every byte, and every bit of a few."""
    chance = random.Random(2)  # noqa: S311 - which bit is flipped need not be secret
    whole = {0, 1, 16, 17, 28, 29, len(blob) - 1}
    for place in range(len(blob)):
        for bit in range(8) if place in whole else (chance.randrange(8),):
            yield flipped(blob, place, bit)


class TestDataKey:
    @pytest.mark.parametrize("plain", [b"", b"x", SECRET, bytes(70_000)], ids=["empty", "one", "token", "large"])
    def test_what_is_sealed_opens_again(self, key: DataKey, plain: bytes) -> None:
        assert key.unseal(key.seal(plain, PLACE), PLACE) == plain

    def test_a_blob_carries_version_key_and_tag_and_nothing_readable(self, key: DataKey) -> None:
        blob = key.seal(SECRET, PLACE)
        assert len(blob) == len(SECRET) + OVERHEAD
        assert blob[0] == 1
        assert key_id_of(blob) == key.id
        assert SECRET not in blob
        assert key.secret not in blob

    def test_any_flipped_byte_refuses_to_open(self, key: DataKey) -> None:
        for changed in every_flip(key.seal(SECRET, PLACE)):
            with pytest.raises(Tampered):
                key.unseal(changed, PLACE)

    def test_any_truncated_blob_refuses_to_open(self, key: DataKey) -> None:
        blob = key.seal(SECRET, PLACE)
        for length in range(len(blob)):
            with pytest.raises(Tampered):
                key.unseal(blob[:length], PLACE)

    @pytest.mark.parametrize("extra", [b"\x00", b"x" * 40])
    def test_a_longer_blob_refuses_to_open(self, key: DataKey, extra: bytes) -> None:
        with pytest.raises(Tampered):
            key.unseal(key.seal(SECRET, PLACE) + extra, PLACE)

    @pytest.mark.parametrize("version", [0, 2, 255])
    def test_another_version_is_refused(self, key: DataKey, version: int) -> None:
        blob = bytes([version]) + key.seal(SECRET, PLACE)[1:]
        with pytest.raises(Tampered):
            key.unseal(blob, PLACE)
        with pytest.raises(Tampered):
            key_id_of(blob)

    @pytest.mark.parametrize("place", [b"", PLACE + b" ", PLACE[:-1], PLACE.replace(b"ana", b"beto")])
    def test_a_blob_opens_only_where_it_belongs(self, key: DataKey, place: bytes) -> None:
        with pytest.raises(Tampered):
            key.unseal(key.seal(SECRET, PLACE), place)

    def test_another_key_of_the_same_name_does_not_open(self, key: DataKey) -> None:
        with pytest.raises(Tampered):
            DataKey(key.id, os.urandom(KEY_BYTES)).unseal(key.seal(SECRET, PLACE), PLACE)

    def test_the_key_under_another_name_does_not_open(self, key: DataKey) -> None:
        other = DataKey(new_id(), key.secret)
        blob = key.seal(SECRET, PLACE)
        with pytest.raises(Tampered):
            other.unseal(blob[:1] + other.id.bytes + blob[17:], PLACE)

    def test_nonces_differ(self, key: DataKey) -> None:
        nonces = {key.seal(SECRET, PLACE)[17:29] for _ in range(5_000)}
        assert len(nonces) == 5_000

    def test_its_repr_shows_no_secret(self, key: DataKey) -> None:
        assert repr(key) == f"DataKey({key.id})"

    def test_the_refusal_shows_nothing_of_the_blob(self, key: DataKey) -> None:
        with pytest.raises(Tampered) as refused:
            key.unseal(key.seal(SECRET, PLACE), b"elsewhere")
        assert refused.value.__suppress_context__
        assert all(SECRET.decode() not in words for words in refused.value.detail)


class TestInstallationKey:
    def test_what_is_wrapped_unwraps_again(self, key: DataKey) -> None:
        outer = InstallationKey.new()
        assert outer.unwrap(key.id, outer.wrap(key, PLACE), PLACE) == key

    def test_any_flipped_or_missing_byte_refuses_to_unwrap(self, key: DataKey) -> None:
        outer = InstallationKey.new()
        wrapped = outer.wrap(key, PLACE)
        wrong = [flipped(wrapped, place, place % 8) for place in range(len(wrapped))]
        for blob in (*wrong, *(wrapped[:length] for length in range(len(wrapped)))):
            with pytest.raises(Tampered):
                outer.unwrap(key.id, blob, PLACE)

    def test_a_wrapped_key_unwraps_only_where_it_belongs(self, key: DataKey) -> None:
        outer = InstallationKey.new()
        with pytest.raises(Tampered):
            outer.unwrap(key.id, outer.wrap(key, PLACE), b"another company")

    def test_new_keys_differ_and_their_lines_read_back(self) -> None:
        keys = tuple(InstallationKey.new() for _ in range(50))
        assert len({key.secret for key in keys}) == 50
        assert parse_keys(",".join(key.line for key in keys), "here") == keys

    def test_its_repr_shows_no_secret(self) -> None:
        assert repr(InstallationKey("k1", RAW)) == "InstallationKey(k1)"


class TestParseKeys:
    @pytest.mark.parametrize(
        "value",
        [
            f"k1:{PLAIN}",
            f"k1:{PLAIN.rstrip('=')}",
            f"k1:{URLSAFE}",
            f"k1:{URLSAFE.rstrip('=')}",
            f"  k1:{PLAIN} \r\n",
            f"k1:{PLAIN},",
            f"\n,k1:{PLAIN}\n\n",
        ],
    )
    def test_one_key_is_read(self, value: str) -> None:
        assert parse_keys(value, "here") == (InstallationKey("k1", RAW),)

    @pytest.mark.parametrize("between", [",", "\n", ",\n", " , ", "\r\n"])
    def test_several_keys_keep_their_order(self, between: str) -> None:
        keys = parse_keys(f"new:{OTHER}{between}old-1_B:{PLAIN}", "here")
        assert [key.name for key in keys] == ["new", "old-1_B"]

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "  \n ,, ",
            PLAIN,
            f":{PLAIN}",
            f"k1={PLAIN}",
            f"k1: {PLAIN}",
            f"k1:{PLAIN}=",
            f"k1:{PLAIN[:-2]}",
            f"k1:{PLAIN[:-2]}==",
            f"k1:A{PLAIN}",
            f"k1:{base64.b64encode(bytes(16)).decode()}",
            f"k1:{base64.b64encode(bytes(33)).decode()}",
            f"k1:{RAW.hex()}",
            f"k1:{PLAIN[:20]} {PLAIN[21:]}",
            f"k1:{PLAIN[:20]}é{PLAIN[21:]}",
            f"k 1:{PLAIN}",
            f"{'k' * 33}:{PLAIN}",
            f"ká:{PLAIN}",
            f"k1:{PLAIN},k1:{OTHER}",
            f"k1:{PLAIN};k2:{OTHER}",
            f"k1:{PLAIN},k2:",
            f"k1:{PLAIN},lixo",
        ],
    )
    def test_anything_else_is_one_line_that_names_the_source_and_no_key(self, value: str) -> None:
        with pytest.raises(Misconfigured) as refused:
            parse_keys(value, "MASTERIA_SECRET_KEYS")
        for words in (*refused.value.detail, str(refused.value), repr(refused.value)):
            assert "MASTERIA_SECRET_KEYS" in words
            assert "\n" not in words
            assert PLAIN[:12] not in words
            assert OTHER[:12] not in words
        assert refused.value.__cause__ is None


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    make_key_file(path)
    return path


@pytest.fixture
def plain_settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("MASTERIA_SECRET_KEYS", raising=False)
    return Settings.load()


class TestKeyRing:
    def test_the_variable_wins_over_the_file(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MASTERIA_SECRET_KEYS", f"k1:{PLAIN}")
        ring = KeyRing.load(Settings.load(), file)
        assert (ring.names, ring.source) == (("k1",), "MASTERIA_SECRET_KEYS")

    def test_without_the_variable_the_file_is_read(self, file: Path, plain_settings: Settings) -> None:
        ring = KeyRing.load(plain_settings, file)
        assert ring.current.line == file.read_text()
        assert ring.source == str(file)

    def test_without_both_the_variable_is_named(self, tmp_path: Path, plain_settings: Settings) -> None:
        with pytest.raises(Misconfigured, match="MASTERIA_SECRET_KEYS"):
            KeyRing.load(plain_settings, tmp_path / "keys")

    @pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"k1:short", bytes(range(192, 256))])
    def test_a_corrupt_file_is_one_line_that_names_it(
        self, tmp_path: Path, plain_settings: Settings, content: bytes
    ) -> None:
        (tmp_path / "keys").write_bytes(content)
        with pytest.raises(Misconfigured, match=r"Invalid keys in .*keys: .*Restore") as refused:
            KeyRing.load(plain_settings, tmp_path / "keys")
        assert "\n" not in str(refused.value)

    def test_a_file_that_cannot_be_read_is_one_line_that_names_it(
        self, tmp_path: Path, plain_settings: Settings
    ) -> None:
        (tmp_path / "keys").mkdir()
        with pytest.raises(Misconfigured, match=r"Could not read the keys in .*keys .*directory"):
            KeyRing.load(plain_settings, tmp_path / "keys")

    def test_a_key_that_another_process_added_is_found(self, file: Path, plain_settings: Settings) -> None:
        ring, added = KeyRing.load(plain_settings, file), InstallationKey.new()
        change_key_file(file, lambda keys: (added, *keys))
        assert ring.find(added.name) == added
        assert ring.current == added

    def test_a_key_that_another_process_retired_wraps_nothing_more(self, file: Path, plain_settings: Settings) -> None:
        ring, added = KeyRing.load(plain_settings, file), InstallationKey.new()
        write_key_file(file, (added,))
        assert ring.current == added

    def test_a_missing_key_is_named_with_its_source(self, file: Path, plain_settings: Settings) -> None:
        with pytest.raises(Misconfigured, match=f"`k9`.*{file}"):
            KeyRing.load(plain_settings, file).find("k9")

    def test_its_repr_shows_no_secret(self, file: Path, plain_settings: Settings) -> None:
        ring = KeyRing.load(plain_settings, file)
        shown = f"{ring!r} {ring} {ring.keys} {plain_settings!r}"
        assert ring.current.line.partition(":")[2] not in shown
        assert repr(ring.current.secret) not in shown


class TestMakeKeyFile:
    def test_the_file_is_private_and_holds_one_key(self, file: Path) -> None:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert len(parse_keys(file.read_text(), "here")) == 1
        assert list(file.parent.iterdir()) == [file]

    def test_it_is_private_whatever_the_umask(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            make_key_file(tmp_path / "keys")
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600

    @pytest.mark.parametrize("content", [b"", b"\xff", b"k1:short"])
    def test_a_file_that_is_there_is_never_touched(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "keys").write_bytes(content)
        make_key_file(tmp_path / "keys")
        assert (tmp_path / "keys").read_bytes() == content

    def test_not_even_through_a_link_that_leads_nowhere(self, tmp_path: Path) -> None:
        (tmp_path / "keys").symlink_to(tmp_path / "unmounted" / "keys")
        make_key_file(tmp_path / "keys")
        assert (tmp_path / "keys").is_symlink()

    def test_a_folder_that_is_not_there_is_one_line(self, tmp_path: Path) -> None:
        with pytest.raises(Misconfigured, match=str(tmp_path)):
            make_key_file(tmp_path / "none" / "keys")


def turn_keys(file: Path, times: int) -> None:
    for _ in range(times):
        change_key_file(file, lambda keys: (*keys[1:], keys[0]))


class TestChangeKeyFile:
    def test_a_reader_never_sees_half_a_file(self, file: Path) -> None:
        for _ in range(20):
            change_key_file(file, lambda keys: (InstallationKey.new(), *keys))
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(turn_keys, file, 100)
            while not writing.done():
                assert len(parse_keys(file.read_text(), "here")) == 21
            writing.result()

    def test_two_rotations_at_once_keep_both_keys(self, file: Path) -> None:
        with ThreadPoolExecutor(4) as pool:
            for _ in range(40):
                pool.submit(change_key_file, file, lambda keys: (InstallationKey.new(), *keys))
        assert len(parse_keys(file.read_text(), "here")) == 41
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    def test_a_corrupt_file_is_left_as_it_is(self, tmp_path: Path) -> None:
        (tmp_path / "keys").write_text("lixo")
        with pytest.raises(Misconfigured):
            change_key_file(tmp_path / "keys", lambda keys: keys)
        assert (tmp_path / "keys").read_text() == "lixo"
        assert [path.name for path in tmp_path.iterdir()] == ["keys"]


class TestKeyIdOf:
    def test_it_is_the_key_that_sealed(self, key: DataKey) -> None:
        assert key_id_of(key.seal(b"", PLACE)) == key.id

    @pytest.mark.parametrize("blob", [b"", b"\x01", bytes(29), b"\x01" + UUID(int=7).bytes])
    def test_what_is_no_blob_is_refused(self, blob: bytes) -> None:
        with pytest.raises(Tampered):
            key_id_of(blob)
