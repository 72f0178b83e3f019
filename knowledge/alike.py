"""Whether two questions ask the same: by what they speak of, by what they want to know of it, and by every number."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from knowledge.asking import MOST_WORDS
from knowledge.folding import folded, is_code, meant
from knowledge.small_words import WRAPPING
from knowledge.stemming import stem

SAME: Final = 0.75  # the same question in other words
RELATED: Final = 0.6  # worth counting together
_LIGHT: Final = 0.2
_OTHERWISE: Final = 0.6  # what is left where one asks when and the other where
_LONG: Final = 6  # letters of a word in which a slip is forgiven
_SLIP: Final = 0.9

# What is asked for, by the words that ask it.
_WANTED: Final = {
    "place": ("onde", "aonde", "donde", "where", "endereco", "address", "direccion"),
    "time": ("quando", "cuando", "when", "horario", "hora", "horas", "hours"),
    "amount": (
        "quanto",
        "quanta",
        "quantos",
        "quantas",
        "cuanto",
        "cuantos",
        "cuanta",
        "custa",
        "preco",
        "valor",
        "much",
    ),
    "person": ("quem", "quien", "who"),
    "manner": ("como", "how"),
    "reason": ("porque", "porquê", "why"),
}
_KIND_OF: Final = {word: kind for kind, words in _WANTED.items() for word in words}
_NEGATIONS: Final = frozenset({"nao", "not", "nunca", "never", "sem", "sin", "without"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Gist:
    """A question as it is compared."""

    words: Mapping[str, str]  # its stems, each with the word it is of
    light: frozenset[str]  # those of them that only wrap it
    codes: frozenset[str]
    wants: frozenset[str]
    is_negated: bool

    @classmethod
    def of(cls, question: str, *, most: int = MOST_WORDS) -> "Gist":
        """Of a long one so many words, before others those that do not only wrap it."""
        words, codes = meant(question)
        every = folded(question).replace("?", " ").split()
        plain = sorted((word for word in words if not is_code(word)), key=WRAPPING.__contains__)
        return cls(
            words=dict(islice({stem(word): word for word in plain}.items(), most)),
            light=frozenset(stem(word) for word in words if word in WRAPPING),
            codes=frozenset(codes).union(word for word in words if is_code(word)),
            wants=frozenset(_KIND_OF[word] for word in every if word in _KIND_OF),
            is_negated=not _NEGATIONS.isdisjoint(every) or every[:1] == ["no"],  # else Portuguese for "in the"
        )

    @property
    def matter(self) -> frozenset[str]:
        """What it speaks of."""
        return frozenset(self.words).difference(self.light) | self.codes

    @property
    def says_something(self) -> bool:
        return bool(self.matter)


def likeness(one: Gist, other: Gist) -> float:
    """From 0 to 1. Another number or code is another question, however alike the rest."""
    if one.codes != other.codes or not one.says_something or not other.says_something:
        return 0.0
    shared = _shared(one, other) + _shared(other, one)
    whole = sum(_weight(word, gist) for gist in (one, other) for word in gist.words) + 2 * len(one.codes)
    share = (shared + 2 * len(one.codes)) / whole if whole else 0.0
    is_other = bool(one.wants and other.wants) and one.wants.isdisjoint(other.wants)
    return share * (_OTHERWISE if is_other else 1.0) * (1.0 if one.is_negated == other.is_negated else _OTHERWISE)


def _shared(one: Gist, other: Gist) -> float:
    return sum(_weight(word, one) * _found(word, one, other) for word in one.words)


def _found(word: str, one: Gist, other: Gist) -> float:
    if word in other.words:
        return 1.0
    whole = one.words[word]
    is_near = len(whole) >= _LONG and any(
        is_slip(whole, against)
        for against in other.words.values()
        # Whatever one slip did, it left one of the two ends as it was: most pairs are told apart by that.
        if len(against) >= _LONG and (whole[:2] == against[:2] or whole[-2:] == against[-2:])
    )
    return _SLIP if is_near else 0.0


def is_slip(one: str, other: str) -> bool:
    """At most one letter was added, left out, changed or swapped with the next."""
    if abs(len(one) - len(other)) > 1:
        return False
    same = next((at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), None)
    if same is None:
        return True
    ours, theirs = one[same:], other[same:]
    is_swapped = ours[:2] == theirs[1::-1] and ours[2:] == theirs[2:]
    return ours[1:] == theirs[1:] or ours[1:] == theirs or ours == theirs[1:] or is_swapped


def _weight(word: str, gist: Gist) -> float:
    return _LIGHT if word in gist.light else 1.0
