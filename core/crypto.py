"""Sealing bytes with AES-256-GCM, and the installation's own keys.

A company's secrets are sealed with the company's data keys (`core/vault.py`); those are wrapped by the installation's
keys, of which the first one listed wraps and every listed one unwraps. A sealed blob is
`version | key id | nonce | ciphertext and tag`, and what it belongs to is its associated data.
"""

import base64
import binascii
import fcntl
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import Misconfigured, Tampered
from core.home import named_failure, write_private
from core.settings import Settings

VERSION: Final = 1
KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_ID_BYTES: Final = 16
_TAG_BYTES: Final = 16
_KEY_LINE: Final = re.compile(r"([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]{43}=?)")


@dataclass(frozen=True, slots=True)
class DataKey:
    """A key with the identifier that every blob sealed by it carries."""

    id: UUID
    secret: bytes

    def __repr__(self) -> str:
        return f"DataKey({self.id})"

    def seal(self, plain: bytes, belongs_to: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        head = bytes([VERSION]) + self.id.bytes
        return head + nonce + AESGCM(self.secret).encrypt(nonce, plain, head + belongs_to)

    def unseal(self, blob: bytes, belongs_to: bytes) -> bytes:
        head, nonce, sealed = _parts(blob)
        try:
            return AESGCM(self.secret).decrypt(nonce, sealed, head + belongs_to)
        except InvalidTag:
            raise tampered() from None


def looks_sealed(blob: bytes) -> bool:
    return blob[:1] == bytes([VERSION]) and len(blob) >= 1 + _ID_BYTES + _NONCE_BYTES + _TAG_BYTES


def key_id_of(blob: bytes) -> UUID:
    head, _, _ = _parts(blob)
    return UUID(bytes=head[1:])


def _parts(blob: bytes) -> tuple[bytes, bytes, bytes]:
    head, rest = blob[: 1 + _ID_BYTES], blob[1 + _ID_BYTES :]
    if len(rest) < _NONCE_BYTES or head[0] != VERSION:
        raise tampered()
    return head, rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]


def tampered() -> Tampered:
    return Tampered(
        "Um dado cifrado não pertence ao lugar onde está, ou foi alterado: restaure-o de uma cópia.",
        "Sealed data does not belong where it was found, or was changed: restore it from a copy.",
    )


@dataclass(frozen=True, slots=True)
class InstallationKey:
    """Wraps data keys; it never touches a company's data itself."""

    name: str
    secret: bytes

    def __repr__(self) -> str:
        return f"InstallationKey({self.name})"

    @classmethod
    def new(cls) -> Self:
        return cls(f"k{os.urandom(4).hex()}", os.urandom(KEY_BYTES))

    def wrap(self, key: DataKey, belongs_to: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self.secret).encrypt(nonce, key.secret, belongs_to)

    def unwrap(self, key_id: UUID, wrapped: bytes, belongs_to: bytes) -> DataKey:
        nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            return DataKey(key_id, AESGCM(self.secret).decrypt(nonce, sealed, belongs_to))
        except (InvalidTag, ValueError):
            raise tampered() from None

    def derive(self, purpose: str) -> bytes:
        """A key for that purpose alone, always the same, that tells nothing of this one or of another purpose's."""
        return HKDF(SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(self.secret)

    @property
    def line(self) -> str:
        return f"{self.name}:{base64.b64encode(self.secret).decode()}"


class KeyRing:
    """The installation's keys, from MASTERIA_SECRET_KEYS or the home's file, which is read again when it changed."""

    def __init__(self, read: Callable[[], str], source: str) -> None:
        self._read = read
        self.source = source
        self._keys = parse_keys(read(), source)

    @classmethod
    def load(cls, settings: Settings, home_file: Path) -> Self:
        if settings.masteria_secret_keys is not None:
            return cls(settings.masteria_secret_keys.get_secret_value, "MASTERIA_SECRET_KEYS")
        if not os.path.lexists(home_file):
            raise Misconfigured(
                "Falta MASTERIA_SECRET_KEYS: defina-a (id:base64 de 32 bytes), ou use `masteria up`, que a cria.",
                "MASTERIA_SECRET_KEYS is not set: set it (id:base64 of 32 bytes), or use `masteria up`.",
            )
        return cls(lambda: _read_key_file(home_file), str(home_file))

    @property
    def current(self) -> InstallationKey:
        """Read anew each time: what a rotation retired a moment ago must not wrap one more key."""
        self.reload()
        return self._keys[0]

    @property
    def keys(self) -> tuple[InstallationKey, ...]:
        return self._keys

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(key.name for key in self._keys)

    def find(self, name: str) -> InstallationKey:
        """A key that another process added a moment ago is found by reading the source again."""
        if name not in self.names:
            self.reload()
        for key in self._keys:
            if key.name == name:
                return key
        raise Misconfigured(
            f"A chave `{name}`, que protege dados desta instalação, não está em {self.source}: acrescente-a de volta.",
            f"The key `{name}`, which protects data of this installation, is not in {self.source}: add it back.",
        )

    def reload(self) -> None:
        self._keys = parse_keys(self._read(), self.source)


def parse_keys(value: str, source: str) -> tuple[InstallationKey, ...]:
    """`id:base64,…`; the keys themselves never appear in an error."""
    keys = tuple(_parse_key(part.strip(), source) for part in re.split(r"[,\n]", value) if part.strip())
    if not keys or len({key.name for key in keys}) != len(keys):
        raise _bad_keys(source)
    return keys


def make_key_file(path: Path) -> None:
    """The first key of a new home; a file that is there is never touched."""
    if not os.path.lexists(path):
        write_key_file(path, (InstallationKey.new(),))


def write_key_file(path: Path, keys: tuple[InstallationKey, ...]) -> None:
    with named_failure(path):
        write_private(path, ",\n".join(key.line for key in keys))


def change_key_file(path: Path, change: Callable[[tuple[InstallationKey, ...]], tuple[InstallationKey, ...]]) -> None:
    """Read and replaced under a lock: of two rotations at once, neither may write the other's new key away."""
    with named_failure(path):
        lock = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write_key_file(path, change(parse_keys(_read_key_file(path), str(path))))
    finally:
        os.close(lock)


def _read_key_file(path: Path) -> str:
    try:
        return path.read_text()
    except UnicodeDecodeError:
        raise _bad_keys(str(path)) from None
    except OSError as error:
        raise Misconfigured(
            f"Não consegui ler as chaves em {path} ({error.strerror}): confira o dono e a permissão, "
            "ou restaure-as de uma cópia.",
            f"Could not read the keys in {path} ({error.strerror}): check its owner and mode, "
            "or restore them from a copy.",
        ) from error


def _parse_key(part: str, source: str) -> InstallationKey:
    match = _KEY_LINE.fullmatch(part)
    if match is None:
        raise _bad_keys(source)
    name, encoded = match.groups()
    try:
        secret = base64.b64decode(encoded.rstrip("=") + "=", altchars=b"-_" if set("-_") & set(encoded) else None)
    except binascii.Error:
        raise _bad_keys(source) from None
    if len(secret) != KEY_BYTES:
        raise _bad_keys(source)
    return InstallationKey(name, secret)


def _bad_keys(source: str) -> Misconfigured:
    return Misconfigured(
        f"Chaves inválidas em {source}: esperado id:base64 de 32 bytes, separados por vírgula, cada id uma vez. "
        "Restaure-as de uma cópia: sem elas os segredos guardados não podem ser lidos.",
        f"Invalid keys in {source}: expected id:base64 of 32 bytes, separated by commas, each id once. "
        "Restore them from a copy: without them the stored secrets cannot be read.",
    )
