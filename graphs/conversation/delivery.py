"""A reply as people send it: in a few messages, each after the time that it takes to type."""

import re
from collections.abc import Sequence
from typing import Final

from agents.personas.definition import ChannelRules, TypingDelay
from graphs.conversation.state import Bubble

_PARAGRAPH: Final = re.compile(r"\n{2,}")
_SENTENCE: Final = re.compile(r"(?<=[.!?…])\s+(?=[^\s])")
_SPACES: Final = re.compile(r"[ \t]+")


def bubbles(parts: Sequence[str], rules: ChannelRules) -> tuple[Bubble, ...]:
    """Each part begins a message of its own; what is too long is cut at sentences, and at words if it must be."""
    pieces = [piece for part in parts for piece in _pieces(_tidy(part), rules.bubble_chars)]
    kept = _joined(pieces, rules)
    delays, so_far = [], 0.0
    for text in kept:
        so_far += typing_seconds(text, rules.typing_delay)
        delays.append(round(so_far, 1))
    return tuple(Bubble(text=text, delay_seconds=delay) for text, delay in zip(kept, delays, strict=True))


def typing_seconds(text: str, delay: TypingDelay) -> float:
    seconds = len(text) / delay.characters_per_second
    return min(max(seconds, delay.min.total_seconds()), delay.max.total_seconds())


def _tidy(text: str) -> str:
    lines = (_SPACES.sub(" ", line).strip() for line in text.strip().splitlines())
    return "\n".join(lines)


def _pieces(text: str, most: int) -> list[str]:
    """Paragraphs; of one that is too long its lines, and of such a line its sentences, as many as fit together.

    What stands on a line of its own stays in one piece: it may be a code that somebody copies.
    """
    found: list[str] = []
    for paragraph in filter(None, _PARAGRAPH.split(text)):
        lines = [piece for line in paragraph.split("\n") for piece in _of_line(line, most)]
        found += _filled(lines, most, between="\n")
    return found


def _of_line(line: str, most: int) -> list[str]:
    if len(line) <= most:
        return [line]
    return _filled([part for one in _SENTENCE.split(line) for part in _words(one, most)], most, between=" ")


def _filled(parts: Sequence[str], most: int, *, between: str) -> list[str]:
    found: list[str] = []
    for part in parts:
        if found and len(found[-1]) + len(between) + len(part) <= most:
            found[-1] = f"{found[-1]}{between}{part}"
        else:
            found.append(part)
    return found


def _words(sentence: str, most: int) -> list[str]:
    """A sentence that is too long by itself is cut between words; a word that is, anywhere."""
    if len(sentence) <= most:
        return [sentence]
    found = [""]
    for word in sentence.split():
        for start in range(0, len(word), most):
            part = word[start : start + most]
            if found[-1] and len(found[-1]) + 1 + len(part) <= most:
                found[-1] = f"{found[-1]} {part}"
            elif found[-1]:
                found.append(part)
            else:
                found[-1] = part
    return found


def _joined(pieces: Sequence[str], rules: ChannelRules) -> list[str]:
    """No more than the channel takes: the shortest neighbours are put together first, and nothing is dropped."""
    kept = list(pieces)
    while len(kept) > rules.max_bubbles:
        place = min(range(len(kept) - 1), key=lambda one: len(kept[one]) + len(kept[one + 1]))
        kept[place : place + 2] = [f"{kept[place]}\n\n{kept[place + 1]}"]
    return kept
