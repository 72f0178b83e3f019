"""What only Telegram gets wrong, by name; the faults of every provider meet its requests as well.

The paths to set them by: `/telegram/send/<method>` for whatever changes a chat, `/telegram/read/<method>` for what
asks, `/telegram/updates/<getUpdates or webhook>` for what tells, `/telegram/file/` for downloads.
"""

from dataclasses import dataclass
from typing import Final

from sandbox.faults import Fault, Stage

SEND: Final = "/telegram/send/"
READ: Final = "/telegram/read/"
UPDATES: Final = "/telegram/updates/"
FILE: Final = "/telegram/file/"


@dataclass(frozen=True, kw_only=True, slots=True)
class FloodWait(Fault):
    """429 with so many seconds to wait, whatever was sent before."""

    stage = Stage.BEFORE
    path: str | None = SEND
    seconds: int = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class BadGateway(Fault):
    """502 as Telegram answers it: in JSON, with nothing done."""

    stage = Stage.BEFORE
    path: str | None = SEND


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused(Fault):
    """Any refusal, in any words: `not enough rights`, `bot was blocked by the user`."""

    stage = Stage.BEFORE
    path: str | None = SEND
    code: int = 400
    description: str = "Bad Request: chat not found"


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateDuplicated(Fault):
    """Told once more under the same number, though it was confirmed."""

    stage = Stage.STATUS
    path: str | None = UPDATES


TELEGRAM_FAULTS: Final = (FloodWait, BadGateway, Refused, UpdateDuplicated)
