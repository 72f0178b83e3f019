"""A file on its way to the storage: counted, hashed and looked at, piece by piece, and refused before it is whole."""

import base64
import binascii
import hashlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Final

from channels.file_types import LOOKED_AT, is_active_by_name, sniff
from channels.stores.media import Reason
from core.errors import Refused

_HEX: Final = re.compile(r"[0-9a-fA-F]{64}")
_DIGEST_BYTES: Final = 32


class Unwanted(Refused):
    """Not a file that we keep."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"O arquivo não foi guardado ({reason}).", f"The file was not kept ({reason}).")
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Announced:
    """What we were told of a file before it came, and the most that we take."""

    most: int
    size: int | None = None
    digests: frozenset[bytes] = frozenset()
    mime: str | None = None
    filename: str | None = None

    def refuse_at_once(self) -> None:
        if (self.size or 0) > self.most:
            raise Unwanted(Reason.TOO_LARGE)
        if is_active_by_name(self.filename, self.mime):
            raise Unwanted(Reason.ACTIVE)


class Inspected:
    """Begin, then take the pieces. The last one leaves only when the whole was what it was said to be."""

    def __init__(self, source: AsyncIterator[bytes], announced: Announced) -> None:
        self._source = source
        self._announced = announced
        self._digest = hashlib.sha256()
        self._first = b""
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    async def begin(self) -> str:
        """The type that the first bytes show."""
        first = bytearray()
        while len(first) < LOOKED_AT and (piece := await self._next()) is not None:
            first += piece
        self._first = bytes(first)
        if not self._first:
            raise Unwanted(Reason.EMPTY)
        found = sniff(self._first[:LOOKED_AT], declared=self._announced.mime)
        if found.is_active:
            raise Unwanted(Reason.ACTIVE)
        return found.mime

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        held = self._first
        while (piece := await self._next()) is not None:
            yield held
            held = piece
        self._demand_whole()
        yield held

    async def _next(self) -> bytes | None:
        piece = await anext(self._source, None)
        if piece is not None:
            self.size += len(piece)
            self._digest.update(piece)
        if self.size > self._announced.most:
            raise Unwanted(Reason.TOO_LARGE)
        return piece

    def _demand_whole(self) -> None:
        """A digest says all; without one the length has to do."""
        digests = self._announced.digests
        is_same = digests <= {self._digest.digest()} if digests else self._announced.size in {None, self.size}
        if not is_same:
            raise Unwanted(Reason.ALTERED)


def digests_of(told: Iterable[str | None]) -> frozenset[bytes]:
    """As bytes, from hexadecimal or base64; what is neither tells nothing."""
    return frozenset(digest for one in told if one and (digest := _digest_of(one.strip())))


def _digest_of(told: str) -> bytes | None:
    if _HEX.fullmatch(told):
        return bytes.fromhex(told)
    try:
        digest = base64.b64decode(told + "=" * (-len(told) % 4), altchars=b"-_" if set("-_") & set(told) else None)
    except (binascii.Error, ValueError):
        return None
    return digest if len(digest) == _DIGEST_BYTES else None
