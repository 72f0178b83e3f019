"""The labelled sets: requests for a person, opt-outs, and messages that are neither though they look like one.

Written before the rules; a half chosen by hash was kept aside until the rules stood. First looks: the open half 101 of
103 requests and 102 of 109 opt-outs, the held half 112 of 114 and 93 of 96; false alarms 0 of 331 and 2 of 371, both of
opt-out. Three smaller sets ("afterwards") were then written against the rules, with phrasings sought that they might
not know. First looks in order: requests 13 of 25, 8 of 20, 8 of 15; opt-outs 21 of 25, 13 of 20, 14 of 15; false alarms
of either kind 2 of 25, 2 of 20, 1 of 15. All was mended since: what new words meet is the first looks, and the model.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent
_Z: Final = 1.959964


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    text: str
    language: str
    kind: str

    @property
    def is_held(self) -> bool:
        return self.kind != "afterwards" and hashlib.sha256(self.text.encode()).digest()[0] % 2 == 1


def labelled(name: str) -> list[Labelled]:
    lines = (_FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [Labelled(**json.loads(line)) for line in lines]


def wilson_lower(right: int, of: int) -> float:
    """The lower end of the 95 % interval of a share."""
    share = right / of
    middle = share + _Z**2 / (2 * of)
    spread = _Z * (share * (1 - share) / of + _Z**2 / (4 * of**2)) ** 0.5
    return float((middle - spread) / (1 + _Z**2 / of))
