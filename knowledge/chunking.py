"""Blocks to pieces: as much as answers a question by itself, and no more than one matter."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import pairwise
from typing import Final

from knowledge.documents import Block, BlockKind, Flag, Loaded, Piece
from knowledge.sentences import split_sentences
from knowledge.suspicion import addresses_assistants

MOST_WORDS: Final = 220
_EDITION: Final = b"1:"  # to be raised with every change of how sources are read or cut
_ENOUGH_WORDS: Final = 60  # to stand alone beside another matter
_FEW_WORDS: Final = 25  # that introduce what follows
_ROW_WORDS: Final = 80
_LONGEST_QUESTION: Final = 400
_LONGEST_CHARACTERS: Final = 4_000  # of text without spaces


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is not cut any further."""

    text: str
    words: int
    block: Block

    @property
    def is_row(self) -> bool:
        return self.block.kind is BlockKind.ROW


def mark_of(data: bytes) -> str:
    """Of a source's bytes and of how they are cut: the same mark, the same pieces."""
    return sha256(_EDITION + data).hexdigest()


def pieces_of(loaded: Loaded) -> tuple[Piece, ...]:
    """The same text twice under the same headings is one piece: whoever numbers the pages repeats it."""
    pieces: dict[str, Piece] = {}
    for group in _groups(_units(loaded.blocks)):
        piece = _piece(loaded.title, group, position=len(pieces))
        pieces.setdefault(piece.sha256, piece)
    return tuple(pieces.values())


def _units(blocks: Sequence[Block]) -> Iterator[_Unit]:
    for block, following in pairwise((*blocks, None)):
        if block is None:
            raise AssertionError("only what follows the last block is none")
        if (
            block.kind is BlockKind.HEADING
            and following is not None
            and following.headings[: _depth(block)]
            == (
                *block.headings,
                block.text,
            )
        ):
            continue
        yield from _cut(block)


def _depth(heading: Block) -> int:
    return len(heading.headings) + 1


def _cut(block: Block) -> Iterator[_Unit]:
    words = _count(block.text)
    if words <= MOST_WORDS and len(block.text) <= _LONGEST_CHARACTERS:
        yield _Unit(block.text, words, block)
        return
    question, answer = _parted(block)
    for part in _packed(split_sentences(answer, most_words=MOST_WORDS, most_characters=_LONGEST_CHARACTERS)):
        text = f"{question}\n{part}" if question else part
        yield _Unit(text, _count(text), block)


def _parted(block: Block) -> tuple[str, str]:
    """A question is repeated above each part of its answer, unless it is a text itself."""
    question, _, answer = block.text.partition("\n")
    is_asked = block.kind is BlockKind.ANSWER and answer and len(question) <= _LONGEST_QUESTION
    return (question, answer) if is_asked else ("", block.text)


def _packed(sentences: Iterable[str]) -> Iterator[str]:
    part: list[str] = []
    words = characters = 0
    for sentence in sentences:
        count = _count(sentence)
        if part and (words + count > MOST_WORDS or characters + len(sentence) > _LONGEST_CHARACTERS):
            yield " ".join(part)
            part, words, characters = [], 0, 0
        part.append(sentence)
        words += count
        characters += len(sentence)
    if part:
        yield " ".join(part)


def _groups(units: Iterable[_Unit]) -> Iterator[list[_Unit]]:
    group: list[_Unit] = []
    for unit in units:
        if group and not _belongs(unit, group):
            yield group
            group = []
        group.append(unit)
    if group:
        yield group


def _belongs(unit: _Unit, group: Sequence[_Unit]) -> bool:
    words = sum(one.words for one in group)
    last = group[-1]
    if BlockKind.ANSWER in {unit.block.kind, last.block.kind}:
        return False
    if unit.is_row != last.is_row:
        return unit.is_row and words < _FEW_WORDS and unit.block.headings == last.block.headings
    if words + unit.words > (_ROW_WORDS if unit.is_row else MOST_WORDS):
        return False
    if sum(len(one.text) for one in group) + len(unit.text) > _LONGEST_CHARACTERS:
        return False
    return unit.block.headings == last.block.headings or _is_same_matter(unit, group, words)


def _is_same_matter(unit: _Unit, group: Sequence[_Unit], words: int) -> bool:
    """Short chapters side by side share a piece, but one that asks a question is a matter of its own."""
    here, there = group[-1].block.headings, unit.block.headings
    if unit.is_row or words >= _ENOUGH_WORDS or unit.words >= _ENOUGH_WORDS:
        return False
    if any(heading.endswith("?") for heading in (*here[-1:], *there[-1:])):
        return False
    return len(there) > 1 and (here[:-1] == there[:-1] or here == there[:-1])


def _piece(title: str, group: Sequence[_Unit], *, position: int) -> Piece:
    headings = _shared(unit.block.headings for unit in group)
    text = "\n".join(_shown(group, len(headings)))
    flags = (Flag.ADDRESSES_ASSISTANTS,) if addresses_assistants(text) else ()
    piece = Piece(
        text=text,
        title=title,
        headings=headings,
        page=group[0].block.page,
        position=position,
        sha256="",
        flags=flags,
    )
    return replace(piece, sha256=_fingerprint(piece))


def _shown(group: Sequence[_Unit], known: int) -> Iterator[str]:
    """A chapter that is not named above the whole piece is named where it begins."""
    before: tuple[str, ...] | None = None
    for unit in group:
        headings = unit.block.headings
        if headings != before and headings[known:]:
            yield " › ".join(headings[known:])
        before = headings
        yield unit.text


def _shared(paths: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    first, *others = paths
    length = len(first)
    for other in others:
        length = next((at for at in range(min(length, len(other))) if first[at] != other[at]), min(length, len(other)))
    return first[:length]


def _fingerprint(piece: Piece) -> str:
    what = [piece.title, piece.headings, re.sub(r"\s+", " ", piece.text)]
    return sha256(json.dumps(what, ensure_ascii=False).encode(errors="replace")).hexdigest()


def _count(text: str) -> int:
    return len(text.split())
