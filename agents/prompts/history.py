"""How much of a conversation's past a prompt carries: trimmed in blocks, so that it grows at its end alone.

A window that slides by one message would change the beginning of the prompt in every turn, and no provider could reuse
what it knows. Blocks are cut by the messages' own numbers: which ones are dropped depends on nothing else.
"""

from collections.abc import Sequence
from typing import Final

from agents.commands import Said
from agents.prompts.contract import as_json

MOST_MESSAGES: Final = 24
BLOCK: Final = 10
MOST_CHARACTERS: Final = 3_390  # 700 tokens
_MOST_OF_ONE: Final = 280
_HALF: Final = BLOCK // 2


def history_lines(history: Sequence[Said]) -> tuple[str, ...]:
    """One line of JSON per message, oldest first."""
    return tuple(map(_line, kept(history)))


def kept(history: Sequence[Said]) -> Sequence[Said]:
    """The newest of them, as many as a prompt has room for."""
    rest = list(history)
    if len(rest) >= MOST_MESSAGES and _begins_within_block(rest):
        rest = _without_first(rest, BLOCK)  # a window of the past that slides under us
    while len(rest) > MOST_MESSAGES:
        rest = _without_first(rest, BLOCK)
    sizes = [len(_line(said)) + 1 for said in rest]
    while sum(sizes) > MOST_CHARACTERS and len(rest) > _HALF:
        rest = _without_first(rest, _HALF)
        sizes = sizes[-len(rest) :]
    return rest


def _line(said: Said) -> str:
    line = {"n": said.message, "who": said.author, "text": said.text}
    return as_json({**line, "described": said.described} if said.described else line, most=_MOST_OF_ONE)


def _block_of(said: Said, size: int) -> int:
    return (said.message - 1) // size


def _begins_within_block(history: Sequence[Said]) -> bool:
    return (history[0].message - 1) % BLOCK != 0


def _without_first(history: list[Said], size: int) -> list[Said]:
    """Without the block that the oldest message is of. Numbers with holes never cost the newest."""
    first = _block_of(history[0], size)
    rest = [said for said in history if _block_of(said, size) != first]
    return rest or history[-_HALF:]
