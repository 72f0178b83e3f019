"""Weights for `agents/rules/leaning.py`, from all labelled messages: the same ones each time, on any machine.

`python -m tests.agents.fast_rules.training` writes them after a change to the messages or to what their parts are.
"""

import hashlib
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from agents.rules import leaning
from agents.rules.leaning import BIAS, UNIT, Wish
from agents.rules.sentences import Clause, clauses
from tests.agents.fast_rules.labelled import fresh, labelled, ordinary, unusual, varied

FILE: Final = Path(leaning.__file__).with_name("leaning.tsv")
_ROUNDS: Final = 30
_ROUNDS_OF_WHOLES: Final = 3
_SPEED: Final = 0.5
_SHRINK: Final = 1e-3
_LEAST: Final = 0.1  # what weighs less is left out
_TIMES: Final = 2  # a part that was met but once says nothing

Weights = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Example:
    text: str
    wants: str  # a wish, or nothing


def examples() -> list[Example]:
    """Each text once, in an order that no file decides."""
    every = {one.text: one for one in (*_labelled(), *_ordinary())}
    return sorted(every.values(), key=lambda one: hashlib.sha256(one.text.encode()).digest())


def train(among: Sequence[Example], wish: Wish) -> dict[str, float]:
    """Logistic regression, step by step, with the bias under its name.

    Messages are learned from as wholes at first, and then from the sentence that leans most, as they will be judged.
    """
    lessons = _lessons([*among, *_alone(among)], wish)
    weights: dict[str, float] = defaultdict(float)
    weights[BIAS] = -1.0
    lean = partial(_leans, weights)
    dice = random.Random(1)  # noqa: S311 - the same each time
    for number in range(_ROUNDS):
        dice.shuffle(lessons)
        speed = _SPEED / (1 + 0.3 * number)
        for lesson in lessons:
            row = lesson.whole if number < _ROUNDS_OF_WHOLES else max(lesson.sentences, key=lean, default=lesson.whole)
            _learn(weights, row, lesson.wanted, speed)
    return {part: weight for part, weight in weights.items() if abs(weight) >= _LEAST or part == BIAS}


@dataclass(frozen=True, slots=True)
class _Lesson:
    """The parts of a message, and of each of its sentences."""

    whole: Sequence[str]
    sentences: Sequence[Sequence[str]]
    wanted: float


def _lessons(among: Iterable[Example], wish: Wish) -> list[_Lesson]:
    read = [(one, clauses(one.text)) for one in among]
    met = Counter(part for _, said in read for part in leaning.parts(said))

    def row(said: Sequence[Clause]) -> list[str]:
        return sorted(part for part in leaning.parts(said) if met[part] >= _TIMES)

    return [
        _Lesson(row(said), [row(sentence) for sentence in leaning.sentences(said)], float(one.wants == wish))
        for one, said in read
    ]


def _alone(among: Iterable[Example]) -> Iterator[Example]:
    """Words by themselves are no wish ("mensagem"), but for those with which somebody wished."""
    said = [(one, [clause.words.strip() for clause in clauses(one.text)]) for one in among]
    wishes = {words for one, parts in said if one.wants != "nothing" for words in parts}
    met = Counter(word for _, parts in said for words in parts for word in words.split())
    return (Example(word, "nothing") for word in met if met[word] >= _TIMES and word not in wishes)


def _leans(weights: Mapping[str, float], row: Sequence[str]) -> float:
    return weights[BIAS] + sum(weights[part] for part in row) / math.sqrt(max(len(row), 1))


def _learn(weights: dict[str, float], row: Sequence[str], wanted: float, speed: float) -> None:
    size = 1 / math.sqrt(max(len(row), 1))
    leans = _leans(weights, row)
    error = 1 / (1 + math.exp(-max(-30.0, min(30.0, leans)))) - wanted
    weights[BIAS] -= speed * error * 0.1
    for part in row:
        weights[part] -= speed * (error * size + _SHRINK * weights[part])


def written(by_wish: Mapping[Wish, Weights]) -> Iterator[str]:
    yield f"# {digest(examples())}"
    for part in sorted({part for weights in by_wish.values() for part in weights}):
        columns = (str(round(by_wish[wish].get(part, 0.0) * UNIT)) for wish in (Wish.HANDOFF, Wish.OPT_OUT))
        yield "\t".join((part, *columns))


def digest(among: Iterable[Example]) -> str:
    """Of what was learned from, as its parts are now."""
    told = ("\n".join((one.text, one.wants, *sorted(leaning.parts(clauses(one.text))))) for one in among)
    return hashlib.sha256("\n\n".join(told).encode()).hexdigest()


def _labelled() -> Iterator[Example]:
    for kind in ("handoff", "opt_out", "negative"):
        yield from (Example(one.text, kind) for one in labelled(kind))
    yield from (Example(one.text, one.wants) for one in unusual())
    yield from (Example(one.text, one.wants) for one in fresh())
    yield from (Example(one.text, one.wants) for one in varied())


def _ordinary() -> Iterator[Example]:
    """What people say to our personas, and want nothing of the kind."""
    yield from (Example(text, "nothing") for text in ordinary())


if __name__ == "__main__":
    known = examples()
    FILE.write_text("\n".join(written({wish: train(known, wish) for wish in Wish})) + "\n", encoding="utf-8")
