"""How much of a conversation's past a prompt carries: trimmed in blocks, so that it grows at its end alone.

A window that slides by one message would change the beginning of the prompt in every turn, and no provider could reuse
what it knows. Blocks are cut by the messages' own numbers: which ones are dropped depends on nothing else.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from agents.commands import Said
from agents.prompts.contract import as_json

MOST_MESSAGES: Final = 24
BLOCK: Final = 10
MOST_CHARACTERS: Final = 3_390  # 700 tokens
_MOST_OF_ONE: Final = 280
_HALF: Final = BLOCK // 2


def history_lines(history: Sequence[Said]) -> tuple[str, ...]:
    """One line of JSON per message, oldest first."""
    return _fitting(history).lines


def kept(history: Sequence[Said]) -> Sequence[Said]:
    """The newest of them, as many as a prompt has room for."""
    return _fitting(history).said


class _Fitting(NamedTuple):
    said: Sequence[Said]
    lines: tuple[str, ...]


def _fitting(history: Sequence[Said]) -> _Fitting:
    rest = list(history)
    if len(rest) >= MOST_MESSAGES and _begins_within_block(rest):
        rest = _without_first(rest, BLOCK)  # a window of the past that slides under us
    while len(rest) > MOST_MESSAGES:
        rest = _without_first(rest, BLOCK)
    lines = tuple(map(_line, rest))
    while sum(map(len, lines)) + len(lines) > MOST_CHARACTERS and len(rest) > _HALF:
        rest = _without_first(rest, _HALF)
        lines = lines[-len(rest) :]
    return _Fitting(rest, lines)


def _line(said: Said) -> str:
    described = f'"described": {as_json(said.described, most=_MOST_OF_ONE)}, ' if said.described else ""
    words = as_json(said.text, most=_MOST_OF_ONE)
    return f'{{{described}"n": {said.message}, "text": {words}, "who": "{said.author}"}}'


def _block_of(said: Said, size: int) -> int:
    return (said.message - 1) // size


def _begins_within_block(history: Sequence[Said]) -> bool:
    return (history[0].message - 1) % BLOCK != 0


def _without_first(history: list[Said], size: int) -> list[Said]:
    """Without the block that the oldest message is of. Numbers with holes never cost the newest."""
    first = _block_of(history[0], size)
    rest = [said for said in history if _block_of(said, size) != first]
    return rest or history[-_HALF:]
