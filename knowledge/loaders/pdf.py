"""A PDF as headings and paragraphs, each with its page; what stands on top or below every page is left out."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import PurePosixPath
from statistics import median
from typing import Final

from knowledge.documents import Loaded, SourceKind
from knowledge.loaders.answers import Hints
from knowledge.loaders.cell import serve
from knowledge.loaders.draft import Draft
from knowledge.loaders.pdf_lines import Line, Pages, read_pages

_LARGER: Final = 1.12  # than the body's letters
_LONGEST_HEADING: Final = 120
_MOST_LEVELS: Final = 4
_WIDE_GAP: Final = 0.55  # of a line's height
_FEWEST_REPEATS: Final = 3
_BULLET: Final = re.compile(r"(?:[•●▪◦‣*–-]|\(?(?:\d{1,3}|[a-z])[.)])\s+\S")
_DIGITS: Final = re.compile(r"\d+")
_SENTENCE_END: Final = tuple(".!?:;")
_MEANINGLESS_TITLE: Final = re.compile(r"untitled|sem t[ií]tulo|microsoft word|document\d*|.*\.\w{2,5}", re.IGNORECASE)


def load(data: bytes, hints: Hints) -> Loaded:
    pages = read_pages(data)
    draft = Draft()
    for flag, times in pages.flags.items():
        draft.note(flag, times=times)
    lines = list(_without_running_heads(pages))
    levels = _levels(lines)
    for paragraph in _paragraphs(lines, levels):
        draft.page = paragraph[0].page
        level = _level_of(paragraph[0], levels)
        if level:
            draft.heading(_joined(paragraph), level=level)
        else:
            draft.text(_joined(paragraph))
    title = draft.clean(pages.title)
    is_meaningless = _MEANINGLESS_TITLE.fullmatch(title) is not None
    return draft.finish("" if is_meaningless else title, SourceKind.PDF, otherwise=PurePosixPath(hints.name).stem)


def _without_running_heads(pages: Pages) -> Iterator[Line]:
    edges = Counter(mark for lines in pages.lines for mark in {_mark(line) for line in (*lines[:1], *lines[-1:])})
    least = max(_FEWEST_REPEATS, len(pages.lines) // 2)
    for lines in pages.lines:
        for at, line in enumerate(lines):
            is_edge = at in {0, len(lines) - 1}
            if not (is_edge and edges[_mark(line)] >= least):
                yield line


def _mark(line: Line) -> str:
    return _DIGITS.sub("#", line.text.casefold())


def _levels(lines: Sequence[Line]) -> dict[float, int]:
    """The sizes of headings, the largest first."""
    if not lines:
        return {}
    body = median(line.size for line in lines for _ in range(1 + len(line.text) // 20))
    sizes = {line.size for line in lines if line.size > body * _LARGER and len(line.text) <= _LONGEST_HEADING}
    return {size: min(at, _MOST_LEVELS) for at, size in enumerate(sorted(sizes, reverse=True), start=1)}


def _level_of(line: Line, levels: dict[float, int]) -> int:
    if len(line.text) > _LONGEST_HEADING or not any(map(str.isalpha, line.text)):
        return 0
    if line.size in levels:
        return levels[line.size]
    return _MOST_LEVELS + 1 if line.is_bold and not line.text.endswith(_SENTENCE_END) else 0


def _paragraphs(lines: Sequence[Line], levels: dict[float, int]) -> Iterator[list[Line]]:
    paragraph = list(lines[:1])
    for before, line in pairwise(lines):
        if _parts(before, line, levels):
            yield paragraph
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield paragraph


def _parts(before: Line, line: Line, levels: dict[float, int]) -> bool:
    if _level_of(before, levels) != _level_of(line, levels) or _BULLET.match(line.text):
        return True
    ends = before.text.endswith(_SENTENCE_END)
    if line.page != before.page or line.top > before.top:  # the next page or column
        return ends or line.text[:1].isupper()
    return before.bottom - line.top > _WIDE_GAP * max(line.size, 1.0)


def _joined(paragraph: Sequence[Line]) -> str:
    text = paragraph[0].text
    for before, line in pairwise(paragraph):
        is_cut = text.endswith("-") and text[-2:-1].isalpha() and line.text[:1].islower()
        is_one_word = before.is_broken or is_cut
        text = text.removesuffix("-") + line.text if is_one_word else f"{text} {line.text}"
    return text


if __name__ == "__main__":
    serve(load)
