"""`python -m tests.chaos.poisoned`: an engine that one word in a message ends, and another makes greedy."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from channels.base import Adapter
from channels.envelope import InboundEvent
from tests.chaos import altered

DEADLY: Final = "cianureto"
GREEDY: Final = "gula"
MEMORY: Final = 4 << 30  # of address space, which the greedy one goes beyond
CODE: Final = 9


@dataclass(frozen=True, slots=True)
class Poisoned:
    """What is not about reading is the adapter's own."""

    adapter: Adapter

    def read(self, payload: Mapping[str, Any], line_address: str) -> list[InboundEvent]:
        words = json.dumps(payload)
        if DEADLY in words:
            os._exit(CODE)
        if GREEDY in words:
            bytearray(2 * MEMORY)
        return self.adapter.read(payload, line_address)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.adapter, name)


if __name__ == "__main__":
    altered.main(sys.argv[1:], Poisoned)
