"""What a draft says was done, will be done, or may be had: things that words cannot make true.

A clause counts as said where nothing in it denies it; what is asked or offered under a condition promises nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from agents.checks.atoms import Atom, Kind
from agents.checks.facts import Facts, unborne
from agents.checks.folding import KEPT, folded
from agents.checks.phrases import (
    ABSTENTION,
    ACTIONS,
    CONDITION,
    ERRAND,
    FAVOUR,
    HANDOVER,
    NOT,
    OFFER,
    PRICE,
    STATES,
    THEIRS,
)

_CALL_BACK: Final = "retorno.prometer"
_SENTENCE: Final = re.compile(r"(?P<words>(?:[^.!?\n]|\.(?=\w))+)(?P<end>[.!?\n]*)")
_SHORTLY: Final = 4  # words


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    text: str  # folded
    asks: bool


@lru_cache(maxsize=KEPT)
def sentences(text: str) -> tuple[Sentence, ...]:
    found = ((one["words"].strip(), one["end"]) for one in _SENTENCE.finditer(folded(text)))
    return tuple(Sentence(text=words, asks="?" in end) for words, end in found if words)


def actions(text: str, *, done: frozenset[str], approved: str) -> Iterator[str]:
    """Claims that something was done, by us or by itself, which no tool has done and no approved text says."""
    for sentence in sentences(text):
        for claim, tool in ACTIONS:
            for found in claim.finditer(sentence.text):
                is_loose = claim in STATES and bool(CONDITION.search(sentence.text[: found.start()]))
                if is_loose or sentence.asks or tool in done or _is_denied(sentence.text, found.start()):
                    continue
                if found[0] not in approved:
                    yield found[0]


def handovers(text: str) -> Iterator[str]:
    """Promises of a person. An offer, which waits for an answer, is none."""
    for sentence in sentences(text):
        for found in HANDOVER.finditer(sentence.text):
            is_offer = sentence.asks or bool(OFFER.search(sentence.text[: found.end()]))
            if not is_offer and not _is_denied(sentence.text, found.start()):
                yield found[0]


def errands(text: str, *, done: frozenset[str]) -> Iterator[str]:
    """Promises to do something later: nobody would. Between two turns there is no one who remembers."""
    if _CALL_BACK in done:
        return
    for sentence in sentences(text):
        for found in ERRAND.finditer(sentence.text):
            if not sentence.asks and not _is_denied(sentence.text, found.start()):
                yield found[0]


def favours(text: str, *, given: str) -> Iterator[str]:
    """Discounts, refunds, gifts and guarantees that the company's own texts do not mention."""
    for sentence in sentences(text):
        if ABSTENTION.search(sentence.text):
            continue
        for found in FAVOUR.finditer(sentence.text):
            is_meant = not sentence.asks and not _is_denied(sentence.text, found.start(), within_clause=True)
            if is_meant and _stem(found[0]) not in given:
                yield found[0]


def prices(text: str, company: Facts) -> Iterator[Atom]:
    """Amounts that are called a price and that the company never named: the customer's own figure is none."""
    for sentence in sentences(text):
        is_price = bool(PRICE.search(sentence.text)) and not THEIRS.search(sentence.text)
        if (is_price or FAVOUR.search(sentence.text)) and not sentence.asks:
            yield from (atom for atom in unborne(sentence.text, company) if atom.kind in {Kind.MONEY, Kind.PERCENT})


def abstains(text: str) -> bool:
    """Whether it says that it does not know, and little more."""
    return any(ABSTENTION.search(sentence.text) for sentence in sentences(text))


def joined(texts: Sequence[str]) -> str:
    return "\n".join(folded(text) for text in texts)


def _is_denied(sentence: str, start: int, *, within_clause: bool = False) -> bool:
    """By a "not" shortly before it in the same clause; "não se preocupe, agendei" denies nothing."""
    clause = re.split(r"[,;:]", sentence[:start])[-1]
    before = clause.split() if within_clause else clause.split()[-_SHORTLY:]
    return any(NOT.fullmatch(word) for word in before)


def _stem(word: str) -> str:
    return word[:6]
