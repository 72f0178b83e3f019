"""Ids as Meta writes them, which never repeat: a database that outlives this sandbox must not meet one twice."""

import base64
import itertools
import secrets
from typing import Final

_OUTBOUND: Final = b"\x15\x02\x00\x11\x18\x12"
_INBOUND: Final = b"\x15\x02\x00\x12\x18\x12"


class Ids:
    def __init__(self) -> None:
        self._run = secrets.token_hex(5).upper()
        self._millions = secrets.randbelow(9_000_000) + 1_000_000
        self._numbers = itertools.count(1)

    def wamid(self, person: str, *, inbound: bool = False) -> str:
        name = person.encode()[-0xFF:]
        mark = _INBOUND if inbound else _OUTBOUND
        raw = b"".join(
            (b"\x1c\x18", bytes([len(name)]), name, mark, f"{self._run}{next(self._numbers):08X}".encode(), b"\x00")
        )
        return f"wamid.{base64.b64encode(raw).decode()}"

    def numeric(self) -> str:
        return f"{self._millions}{next(self._numbers):09d}"

    def trace(self) -> str:
        return f"A{self._run}{next(self._numbers):x}"
