"""The labelled sets: requests for a person, opt-outs, and messages that are neither though they look like one.

Written before the rules; a half chosen by hash was kept aside until the rules stood. First looks: the open half 101 of
103 requests and 102 of 109 opt-outs, the held half 112 of 114 and 93 of 96; false alarms 0 of 331 and 2 of 371, both of
opt-out. Three smaller sets ("afterwards") were then written against the rules, with phrasings sought that they might
not know. First looks in order: requests 13 of 25, 8 of 20, 8 of 15; opt-outs 21 of 25, 13 of 20, 14 of 15; false alarms
of either kind 2 of 25, 2 of 20, 1 of 15. All was mended since: what new words meet is the first looks, and the model.

`unusual.jsonl` was written later, before these rules were widened: slang, haste, half sentences, a third of it in
English and Spanish. First looks of the rules as they had been: requests 81 of 120, opt-outs 95 of 120, false alarms 1
of 201. They were widened by one half (38 of 58, 39 of 49); at the other, not looked at before, that made 53 of 62 of
what had been 43, 66 of 71 of what had been 56, and 1 false alarm of 108. Then the rest was mended, too.

`fresh.jsonl` holds four batches, in Portuguese alone. The first, 80 of each, was written before anybody looked at the
rules again: requests 59, opt-outs 69, false alarms 2. The others, 60 of each: 30, 47, 1 of the same rules; 31, 29, 3;
and 43, 47, 0. Then phrases were read by their parts (the first two batches were there to learn from): of the third,
which looks for ways round everything, 38, 37 and 4. Then wishes were learned, from the first three batches and all the
older ones (`leaning.py`): of the fourth, 54, 56 and 0. All of it has been learned from since.

`varied.jsonl` is by twenty writers who had seen neither the rules nor each other's: 130 requests, 130 opt-outs and 260
that look like them each, a fifth in English and a tenth in Spanish; 18 to 20 wrote what only looks like them. First
looks at an even mix, before any of it was learned from (5 and 6): 213 of 260 requests, 242 of 260 opt-outs, false 7 and
8 of 780. After 1 to 11 were (12 and 13, then 16 and 17): 251 and 249 of 260 requests, 256 and 252 opt-outs, false 9 and
7, and 8 and 11, of 780. Of 400 short ones that only look like it (20): 10 and 2. All of it is learned from now.
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Unusual:
    text: str
    language: str
    wants: str  # handoff, opt_out, nothing


def unusual() -> list[Unusual]:
    lines = (_FOLDER / "unusual.jsonl").read_text(encoding="utf-8").splitlines()
    return [Unusual(**json.loads(line)) for line in lines]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fresh:
    text: str
    wants: str  # handoff, opt_out, nothing
    batch: int  # in the order in which they were written


def fresh() -> list[Fresh]:
    lines = (_FOLDER / "fresh.jsonl").read_text(encoding="utf-8").splitlines()
    return [Fresh(**json.loads(line)) for line in lines]


@dataclass(frozen=True, kw_only=True, slots=True)
class Varied:
    text: str
    language: str
    wants: str  # handoff, opt_out, nothing
    writer: int  # who wrote without having seen anybody else's, or the rules


def varied() -> list[Varied]:
    lines = (_FOLDER / "varied.jsonl").read_text(encoding="utf-8").splitlines()
    return [Varied(**json.loads(line)) for line in lines]


def ordinary() -> list[str]:
    """Phrases of the personas that were shipped when this was learned from."""
    lines = (_FOLDER / "ordinary.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


def labelled(name: str) -> list[Labelled]:
    lines = (_FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [Labelled(**json.loads(line)) for line in lines]


def wilson_lower(right: int, of: int) -> float:
    """The lower end of the 95 % interval of a share."""
    share = right / of
    middle = share + _Z**2 / (2 * of)
    spread = _Z * (share * (1 - share) / of + _Z**2 / (4 * of**2)) ** 0.5
    return float((middle - spread) / (1 + _Z**2 / of))
