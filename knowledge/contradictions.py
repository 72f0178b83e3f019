"""Where a passage says something else than an approved answer: another price, term or hour, or the contrary."""

import re
from collections import defaultdict
from typing import Final

from knowledge.folding import folded, meant
from knowledge.stemming import stem

_SENTENCE: Final = re.compile(r"(?<=[.!?;])\s+|\n+")
_ALIKE: Final = 0.4  # of the words of the shorter, from which on two sentences speak of the same
_SAME_BUT_NOT: Final = 0.6
_MONEY: Final = re.compile(r"(?:r\$|us\$|\$|€)\s?(\d[\d.,]*\d|\d)|(\d[\d.,]*\d|\d)\s?(?:reais|real|dolares|euros?)\b")
_HOUR: Final = re.compile(r"\b(\d{1,2})(?::|h)(\d{2})?\b")
_MEASURED: Final = re.compile(r"(\d[\d.,]*\d|\d)\s?(%|[a-z]{2,})")
# "no" is also Portuguese for "in the": a negation only where it begins.
_NEGATION: Final = re.compile(r"\A\W*no\b|\b(?:nao|nunca|jamais|not|never|sem|sin|without)\b")
_UNITS: Final = {
    "dia": "day", "dias": "day", "days": "day", "day": "day", "hora": "hour", "horas": "hour", "hours": "hour",
    "mes": "month", "meses": "month", "months": "month", "ano": "year", "anos": "year", "years": "year",
    "semana": "week", "semanas": "week", "weeks": "week", "minutos": "minute", "minutes": "minute",
    "vezes": "times", "parcelas": "times", "pontos": "points", "km": "km", "kg": "kg", "cm": "cm", "%": "%",
}  # fmt: skip


def differing(answer: str, passage: str) -> str | None:
    """The sentence of the passage that speaks of the same and says otherwise."""
    for sentence in _SENTENCE.split(passage):
        if any(_differ(said, sentence) for said in _SENTENCE.split(answer)):
            return sentence.strip()
    return None


def _differ(said: str, sentence: str) -> bool:
    ours, theirs = _values(said), _values(sentence)
    share = _share(said, sentence)
    kinds = ours.keys() & theirs.keys()
    if kinds and share >= _ALIKE:
        return any(ours[kind].isdisjoint(theirs[kind]) for kind in kinds)
    return share >= _SAME_BUT_NOT and _is_negated(said) != _is_negated(sentence)


def _values(text: str) -> dict[str, set[str]]:
    """What it counts and names, by what is counted."""
    plain = folded(text)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for one in _MONEY.finditer(plain):
        found["money"].add(_plain_number(one[1] or one[2]))
    for one in _HOUR.finditer(plain):
        found["clock"].add(f"{int(one[1])}:{one[2] or '00'}")
    for one in _MEASURED.finditer(plain):
        if unit := _UNITS.get(one[2]):
            found[unit].add(_plain_number(one[1]))
    return found


def _plain_number(written: str) -> str:
    words = meant(written)[0]
    return words[0] if words else written


def _share(one: str, other: str) -> float:
    """Of the words that are no numbers, those that both have, of the shorter."""
    first, second = (_stems(text) for text in (one, other))
    return len(first & second) / min(len(first), len(second)) if first and second else 0.0


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in meant(text)[0] if word.isalpha() and word not in _UNITS)


def _is_negated(text: str) -> bool:
    return _NEGATION.search(folded(text)) is not None
