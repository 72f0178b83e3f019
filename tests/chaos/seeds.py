"""Where the chance of a run comes from: printed with it, and given again with CHAOS_SEED."""

import os
import random
import secrets
from typing import Final

IS_CHAOS: Final = os.environ.get("CHAOS") == "1"
_MADE_UP: Final = secrets.randbelow(1_000_000) if IS_CHAOS else 1  # `make test` throws the same dice every time
SEED: Final = int(os.environ.setdefault("CHAOS_SEED", str(_MADE_UP)))  # the processes that pytest starts share it


def chance(name: str) -> random.Random:
    """One stream for each thing that is left to chance: a new one does not change what the others draw."""
    return random.Random(f"{SEED}:{name}")  # noqa: S311 - what is drawn must be drawn again with the same seed
