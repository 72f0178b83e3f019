"""The keys of the spool: what they open, and where they come from."""

import hmac
from pathlib import Path
from typing import Final

import pytest

from core.crypto import InstallationKey, KeyRing
from core.errors import Misconfigured
from core.spool import Spool, SpoolKey, SpoolRing, Unopened, key_id_of
from tests.fixtures.spools import KEY, Handler, open_spool, replayed

OLD: Final = InstallationKey("k-old", b"1" * 32)
NEW: Final = InstallationKey("k-new", b"2" * 32)


def ring_of(*keys: InstallationKey) -> KeyRing:
    return KeyRing(lambda: ",".join(key.line for key in keys), "the test")


def _rotate(file: Path) -> None:
    file.write_text(f"{NEW.line},{OLD.line}")


class TestSpoolKey:
    def test_an_older_key_still_opens_what_it_sealed(self) -> None:
        sealed = KEY.seal(b"abc", aad=b"name")

        rotated = SpoolKey("k2", b"2" * 32, older={"k1": b"1" * 32})

        assert rotated.open(sealed, aad=b"name") == b"abc"
        assert b"k2" in rotated.seal(b"abc", aad=b"name")

    def test_a_key_that_is_not_held_opens_nothing(self) -> None:
        with pytest.raises(Unopened):
            SpoolKey("k2", b"2" * 32).open(KEY.seal(b"abc", aad=b"name"), aad=b"name")

    def test_the_name_of_a_key_alone_opens_nothing(self) -> None:
        with pytest.raises(Unopened):
            SpoolKey("k1", b"2" * 32).open(KEY.seal(b"abc", aad=b"name"), aad=b"name")

    def test_any_flipped_byte_is_noticed(self) -> None:
        sealed = KEY.seal(b"abc", aad=b"name")

        for place in range(len(sealed)):
            with pytest.raises(Unopened):
                KEY.open(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :], aad=b"name")

    @pytest.mark.parametrize(("key_id", "key"), [("k", b"short"), ("", b"1" * 32), ("k" * 256, b"1" * 32)])
    def test_a_key_of_another_shape_is_refused(self, key_id: str, key: bytes) -> None:
        with pytest.raises(Misconfigured):
            SpoolKey(key_id, key)

    def test_it_does_not_show_its_bytes(self) -> None:
        assert "1" * 8 not in repr(KEY)


class TestOf:
    async def test_a_record_sealed_before_a_rotation_opens_after_it(self, tmp_path: Path) -> None:
        await open_spool(tmp_path, key=SpoolKey.of(ring_of(OLD))).append(b"before")

        rotated = open_spool(tmp_path, key=SpoolKey.of(ring_of(NEW, OLD)))
        await rotated.append(b"after")

        assert await replayed(rotated) == [b"before", b"after"]

    async def test_a_record_whose_key_was_retired_is_set_aside(self, tmp_path: Path) -> None:
        await open_spool(tmp_path, key=SpoolKey.of(ring_of(OLD))).append(b"before")

        result = await open_spool(tmp_path, key=SpoolKey.of(ring_of(NEW))).replay(Handler())

        assert result.set_aside == 1

    def test_the_current_key_seals(self) -> None:
        sealed = SpoolKey.of(ring_of(NEW, OLD)).seal(b"abc", aad=b"name")

        assert SpoolKey.of(ring_of(NEW)).open(sealed, aad=b"name") == b"abc"

    def test_a_key_that_was_made_current_a_moment_ago_seals(self, ring: KeyRing) -> None:
        Path(ring.source).write_text(f"{NEW.line},{ring.keys[0].line}")

        assert b"k-new" in SpoolKey.of(ring).seal(b"abc", aad=b"name")

    def test_the_installations_key_itself_opens_nothing(self) -> None:
        sealed = SpoolKey.of(ring_of(NEW)).seal(b"abc", aad=b"name")

        with pytest.raises(Unopened):
            SpoolKey(NEW.name, NEW.secret).open(sealed, aad=b"name")


class TestRing:
    """The keys of a process that runs while others change them."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        file = tmp_path / "keys"
        file.write_text(OLD.line)
        return file

    @pytest.fixture
    def cipher(self, file: Path) -> SpoolRing:
        return SpoolRing(KeyRing(file.read_text, "the test"))

    def test_after_a_rotation_the_new_key_seals(self, file: Path, cipher: SpoolRing) -> None:
        file.write_text(f"{NEW.line},{OLD.line}")

        assert key_id_of(cipher.seal(b"abc", aad=b"name")) == "k-new"

    async def test_what_another_process_sealed_with_a_new_key_opens(
        self, file: Path, cipher: SpoolRing, tmp_path: Path
    ) -> None:
        spool = Spool(tmp_path / "spool", cipher, max_bytes=1_000_000)
        spool.check()
        _rotate(file)
        await open_spool(tmp_path / "spool", key=SpoolKey.of(ring_of(NEW))).append(b"abc")

        assert await replayed(spool) == [b"abc"]

    @pytest.mark.parametrize("broken", ["", "no keys"])
    def test_while_the_keys_cannot_be_read_the_last_ones_seal(self, file: Path, cipher: SpoolRing, broken: str) -> None:
        file.write_text(broken)

        assert cipher.open(cipher.seal(b"abc", aad=b"name"), aad=b"name") == b"abc"


class TestDerive:
    def test_it_is_the_key_that_rfc_5869_names(self) -> None:
        extracted = hmac.digest(bytes(32), OLD.secret, "sha256")

        assert OLD.derive("spool") == hmac.digest(extracted, b"spool\x01", "sha256")

    def test_it_is_the_same_each_time(self) -> None:
        assert OLD.derive("spool") == InstallationKey("another name", OLD.secret).derive("spool")

    def test_purposes_and_keys_differ(self) -> None:
        derived = {key.derive(purpose) for key in (OLD, NEW) for purpose in ("", "spool", "spool2", "cookies")}

        assert len(derived) == 8
        assert {len(key) for key in derived} == {32}
        assert OLD.secret not in derived
