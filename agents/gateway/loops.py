"""Whether the one who answers us is a machine that answers us."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from typing import Final, Literal, NamedTuple

QUICK: Final = timedelta(seconds=4)  # after our last bubble; a person is still reading
QUICK_ANSWERS: Final = 5
REPEATS: Final = 3
ROUNDS: Final = 5
_FEW: Final = 2  # texts that take turns, as the menus of a machine do
_ALIKE: Final = 0.9
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
    answers = list(_answers(history))
    return _is_quick(answers) or _repeats(answers) or _echoes(answers) or _goes_round(answers)


def _is_quick(answers: Sequence[_Answer]) -> bool:
    last = answers[-QUICK_ANSWERS:]
    return len(last) == QUICK_ANSWERS and all(answer.after < QUICK for answer in last)


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
    return len(forms) <= _FEW


def _answers(history: Sequence[Line | tuple[str, str, datetime]]) -> Iterator[_Answer]:
    """Only those to a message of the bot since the last of the staff."""
    since = max((number for number, line in enumerate(history, start=1) if line[0] == "staff"), default=0)
    ours: tuple[str, datetime] | None = None
    texts: list[str] = []
    after = timedelta(0)
    for author, text, at in history[since:]:
        if author == "bot":
            if ours is not None and texts:
                yield _Answer("\n".join(texts), after, ours[0])
            ours, texts = (_folded(text), at), []
        elif ours is not None:
            after = at - ours[1] if not texts else after
            texts.append(_folded(text))
    if ours is not None and texts:
        yield _Answer("\n".join(texts), after, ours[0])


_DIGITS: Final = re.compile(r"\d+")


def _folded(text: str) -> str:
    """Numbers are what changes in the texts of a machine: tickets, times, waiting places."""
    return " ".join(_DIGITS.sub("0", text.casefold()).split())[:_COMPARED]


def _is_long(text: str) -> bool:
    return len(text) >= _LONG


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE
