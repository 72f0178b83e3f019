"""Identifiers: UUIDv7, made before the insert, so that they sort by time and can be sealed against."""

import os
import threading
import time
from typing import Final, NewType
from uuid import UUID

CompanyId = NewType("CompanyId", UUID)
UserId = NewType("UserId", UUID)
ConnectionId = NewType("ConnectionId", UUID)
ContactId = NewType("ContactId", UUID)
ConversationId = NewType("ConversationId", UUID)
MessageId = NewType("MessageId", UUID)
TurnId = NewType("TurnId", UUID)
PersonaVersionId = NewType("PersonaVersionId", UUID)

_STEPS_PER_MS: Final = 4096  # the 12 bits of `rand_a` count steps inside the millisecond
_lock = threading.Lock()
_last_step = 0


def new_id() -> UUID:
    """A UUIDv7 that is greater than every earlier one of this process."""
    random = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    milliseconds, fraction = divmod(_next_step(), _STEPS_PER_MS)
    return UUID(int=(milliseconds << 80) | (7 << 76) | (fraction << 64) | (2 << 62) | random)


def _next_step() -> int:
    global _last_step  # noqa: PLW0603 - the order within a process needs one memory per process
    with _lock:
        _last_step = max(time.time_ns() * _STEPS_PER_MS // 1_000_000, _last_step + 1)
        return _last_step
