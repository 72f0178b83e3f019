"""`make bench-knowledge-full DATA=…`: the same among a million passages; reported, in no gate, and it takes an hour."""

import sys
from typing import Final

from bench import knowledge

SIZES: Final = (*knowledge.SIZES, 1_000_000)

if __name__ == "__main__":
    sys.exit(knowledge.main(SIZES))
