"""Files sealed at rest: each with a key of its own, sealed by the company's vault, in chunks that cannot be rearranged.

A sealed file is `mark | chunk | chunk | …`. Each chunk is AES-256-GCM with its number, and whether it is the last one,
as its nonce: cut short, repeated or reordered, it does not open. The file's key is new for each file, so that no nonce
is used twice with it. It lies in a sealed column of the file's row, where a rotation of the company's keys finds it.
"""

import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.crypto import KEY_BYTES, tampered
from core.ids import CompanyId
from core.vault import Vault, place

_MARK: Final = b"MIA1"
_CHUNK: Final = 64 * 1024
_TAG: Final = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealing:
    """What one file is sealed with, made while the vault was open."""

    sealed_key: bytes  # for the row
    key: bytes = field(repr=False)


def new_sealing(vault: Vault, media: UUID) -> Sealing:
    key = os.urandom(KEY_BYTES)
    return Sealing(sealed_key=vault.keys[0].seal(key, _place(vault.company, media)), key=key)


async def seal(plain: AsyncIterable[bytes], sealing: Sealing) -> AsyncGenerator[bytes, None]:
    yield _MARK
    cipher, number = AESGCM(sealing.key), 0
    async for chunk, is_last in _cut(plain, _CHUNK):
        yield cipher.encrypt(_nonce(number, is_last=is_last), chunk, None)
        number += 1


async def unseal(
    sealed: AsyncIterable[bytes], vault: Vault, media: UUID, sealed_key: bytes
) -> AsyncGenerator[bytes, None]:
    """Raises `Tampered` at the first chunk that is not the one that was written there."""
    cipher = AESGCM(vault.open(sealed_key, _place(vault.company, media)))
    pieces = aiter(sealed)
    head = await _take(pieces, len(_MARK))
    if head is None or head.begins != _MARK:
        raise tampered()
    number = 0
    async for chunk, is_last in _cut(_behind(head.rest, pieces), _CHUNK + _TAG):
        try:
            yield cipher.decrypt(_nonce(number, is_last=is_last), chunk, None)
        except InvalidTag:
            raise tampered() from None
        number += 1


@dataclass(frozen=True, slots=True)
class _Taken:
    begins: bytes
    rest: bytes


async def _take(pieces: AsyncIterator[bytes], size: int) -> _Taken | None:
    buffer = bytearray()
    async for piece in pieces:
        buffer += piece
        if len(buffer) >= size:
            return _Taken(bytes(buffer[:size]), bytes(buffer[size:]))
    return None


async def _behind(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in pieces:
        yield piece


async def _cut(pieces: AsyncIterable[bytes], size: int) -> AsyncIterator[tuple[bytes, bool]]:
    """In chunks of this size, the last of which is whatever is left, and says that it is the last one."""
    buffer = bytearray()
    async for piece in pieces:
        buffer += piece
        while len(buffer) > size:
            yield bytes(buffer[:size]), False
            del buffer[:size]
    yield bytes(buffer), True


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11) + bytes([is_last])


def _place(company: CompanyId, media: UUID) -> bytes:
    return place("media_files", "sealed_key", company, media)
