"""Whether the one who answers us is a machine that answers us."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from typing import Final, Literal, NamedTuple

QUICK: Final = timedelta(seconds=4)  # after our last bubble; a person is still reading
TYPED: Final = 20.0  # characters a second, which nobody's fingers reach
QUICK_ANSWERS: Final = 5
REPEATS: Final = 3
ROUNDS: Final = 5
_FEW: Final = 2  # texts that take turns, as the menus of a machine do
_ALIKE: Final = 0.9
_SHARED: Final = 0.5  # of the words
_LONG: Final = 15  # people say "sim" and "ok" again and again
_COMPARED: Final = 500


class Line(NamedTuple):
    """A message of the past."""

    author: Literal["customer", "bot", "staff"]
    text: str
    at: datetime


class _Answer(NamedTuple):
    """What the customer wrote between two of our messages, and how long after the first of them."""

    text: str
    after: timedelta
    to: str


def is_loop(history: Sequence[Line | tuple[str, str, datetime]]) -> bool:
    """In the order of time. What was before a person of the company wrote says nothing about now."""
    return goes_in_circles(history) or is_quick(history)


def goes_in_circles(history: Sequence[Line | tuple[str, str, datetime]]) -> bool:
    """By the words alone: ours given back, or theirs again and again."""
    answers = [_folded_answer(answer) for answer in _answers(history)[-ROUNDS:]]
    return _repeats(answers) or _echoes(answers) or _goes_round(answers)


def is_quick(history: Sequence[Line | tuple[str, str, datetime]]) -> bool:
    """By the pace alone: longer texts, each sooner than a person could read ours and type them. Ours must have left."""
    last = _answers(history)[-QUICK_ANSWERS:]
    return len(last) == QUICK_ANSWERS and all(map(_is_instant, last))


def _is_instant(answer: _Answer) -> bool:
    typed = len(answer.text) / max(answer.after.total_seconds(), 0.001)
    return _is_long(answer.text) and answer.after < QUICK and typed > TYPED


def _repeats(answers: Sequence[_Answer]) -> bool:
    last = [answer.text for answer in answers[-REPEATS:]]
    return len(last) == REPEATS and all(_is_long(text) and _alike(text, last[0]) for text in last)


def _echoes(answers: Sequence[_Answer]) -> bool:
    last = answers[-_FEW:]
    return len(last) == _FEW and all(_is_long(answer.text) and _alike(answer.text, answer.to) for answer in last)


def _goes_round(answers: Sequence[_Answer]) -> bool:
    """A few long texts in turn."""
    last = [answer.text for answer in answers[-ROUNDS:]]
    if len(last) < ROUNDS or not all(map(_is_long, last)):
        return False
    forms: list[str] = []
    for text in last:
        if not any(_alike(text, form) for form in forms):
            forms.append(text)
        if len(forms) > _FEW:
            return False
    return True


def _answers(history: Sequence[Line | tuple[str, str, datetime]]) -> list[_Answer]:
    """Only those to a message of the bot since the last of the staff; their texts as they were written."""
    return list(_each_answer(history))


def _each_answer(history: Sequence[Line | tuple[str, str, datetime]]) -> Iterator[_Answer]:
    since = max((number for number, line in enumerate(history, start=1) if line[0] == "staff"), default=0)
    ours: tuple[str, datetime] | None = None
    texts: list[str] = []
    after = timedelta(0)
    for author, text, at in history[since:]:
        if author == "bot":
            if ours is not None and texts:
                yield _Answer("\n".join(texts), after, ours[0])
            ours, texts = (text, at), []
        elif ours is not None:
            after = at - ours[1] if not texts else after
            texts.append(text)
    if ours is not None and texts:
        yield _Answer("\n".join(texts), after, ours[0])


_DIGITS: Final = re.compile(r"\d+")


def _folded_answer(answer: _Answer) -> _Answer:
    return answer._replace(text=_folded(answer.text), to=_folded(answer.to))


def _folded(text: str) -> str:
    """Numbers are what changes in the texts of a machine: tickets, times, waiting places."""
    return " ".join(_DIGITS.sub("0", text.casefold()).split())[:_COMPARED]


def _is_long(text: str) -> bool:
    return len(text) >= _LONG


def _share_words(one: str, other: str) -> bool:
    """Asked first, for to compare letter by letter takes a hundred times as long."""
    words, others = one.split(), other.split()
    common = (Counter(words) & Counter(others)).total()
    return 2 * common >= _SHARED * (len(words) + len(others))


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    if 2 * min(len(one), len(other)) < _ALIKE * (len(one) + len(other)) or not _share_words(one, other):
        return False
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE
