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
    kept = list(history)
    if len(kept) >= MOST_MESSAGES and _begins_within_block(kept):
        kept = _without_first(kept, BLOCK)  # a window of the past that slides under us
    while len(kept) > MOST_MESSAGES:
        kept = _without_first(kept, BLOCK)
    lines = [(said.message, _line(said)) for said in kept]
    while sum(len(line) + 1 for _, line in lines) > MOST_CHARACTERS and len(kept) > _HALF:
        kept = _without_first(kept, _HALF)
        lines = lines[-len(kept) :]
    return tuple(line for _, line in lines)


def _line(said: Said) -> str:
    return as_json({"n": said.message, "who": said.author, "text": said.text}, most=_MOST_OF_ONE)


def _block_of(said: Said, size: int) -> int:
    return (said.message - 1) // size


def _begins_within_block(kept: Sequence[Said]) -> bool:
    return (kept[0].message - 1) % BLOCK != 0


def _without_first(kept: list[Said], size: int) -> list[Said]:
    """Without the block that the oldest message is of. Numbers with holes never cost the newest."""
    first = _block_of(kept[0], size)
    rest = [said for said in kept if _block_of(said, size) != first]
    return rest or kept[-_HALF:]
