"""Whether a draft gives away what it was told about itself: fences, rules, the canary, plain or in disguise."""

import base64
import binascii
import codecs
import re
from collections.abc import Iterator
from typing import Final

from agents.checks.folding import folded, tokens
from agents.prompts.contract import Section
from agents.prompts.rules import CANARY_MARK, EVERY_RULE

_RUN: Final = 8  # words in a row that nobody writes by chance
_DISGUISED: Final = (CANARY_MARK, CANARY_MARK[::-1], codecs.encode(CANARY_MARK, "rot13"))
_CODED: Final = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_NAMES: Final = "|".join(re.escape(section.value) for section in Section)
_MODEL: Final = r"(?:large |grande )?(?:ai |ia )?(?:language model|modelo de linguagem|llm)"
_TELLS: Final = re.compile(
    rf"\[\s?\[|\]\s?\]|\b(?:{_NAMES})\b|persona_card|\bask_after\b|\"(?:say|cited|commands|quote)\"\s?:"
    rf"|\b(?:as|como|enquanto|sou|i am|i'm) (?:an? |um |uma )?{_MODEL}\b"
    r"|\b(?:system|developer) (?:prompt|message|instructions?)\b|\bprompt (?:do|de) sistema\b"
    r"|\b(?:minhas|as) (?:instrucoes|regras) (?:internas|do sistema|da plataforma|dizem|sao)\b"
    r"|\bmy (?:instructions|system prompt|internal rules)\b"
    r"|\bignor\w+ (?:all |todas )?(?:as |the )?(?:previous|instrucoes|regras)\b"
)


def canaries(text: str) -> Iterator[str]:
    """Letter by letter, backwards, shifted or encoded."""
    bare = "".join(tokens(text))
    if any(mark in bare for mark in _DISGUISED) or any(CANARY_MARK in one for one in _encoded(text)):
        yield CANARY_MARK


def tells(text: str) -> Iterator[str]:
    """Names of sections, marks of the contract, and the phrases by which models speak of themselves."""
    yield from (found[0] for found in _TELLS.finditer(folded(text)))
    if not _RULES.isdisjoint(_runs(text)):
        yield "rules"


def _encoded(text: str) -> Iterator[str]:
    for found in _CODED.finditer(text):
        yield from _decoded(found[0])


def _decoded(coded: str) -> Iterator[str]:
    """As base64 and as hexadecimal, wherever in it the word may begin."""
    for start in range(4):
        piece = coded.rstrip("=")[start:]
        try:
            raw = base64.b64decode(piece[: len(piece) // 4 * 4], altchars=b"-_" if set("-_") & set(piece) else None)
        except (binascii.Error, ValueError):
            continue
        yield raw.decode("latin-1").lower()
    try:
        yield bytes.fromhex(coded[: len(coded) // 2 * 2]).decode("latin-1").lower()
    except ValueError:
        return


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = tokens(text)
    return (words[start : start + _RUN] for start in range(len(words) - _RUN + 1))


_RULES: Final = frozenset(run for rule in EVERY_RULE for run in _runs(rule))
