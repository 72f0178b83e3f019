"""CSV, whatever parts its cells: which of the usual marks it is, is seen by how evenly each cuts the lines."""

import csv
import io
from collections import Counter
from typing import Final

from knowledge.documents import Flag, RefusalReason, Unreadable
from knowledge.loaders.draft import MOST_TEXT_BYTES, Draft
from knowledge.loaders.table import Table

_DELIMITERS: Final = ";\t,|"
_SAMPLE: Final = 100_000
_SAMPLE_LINES: Final = 40
_LEAST_EVEN: Final = 0.8


def delimiter_of(text: str) -> str | None:
    """None: it is no table. Two lines are the least, one of names and one of values."""
    sample = "\n".join(text[:_SAMPLE].splitlines()[:_SAMPLE_LINES])
    scores = {delimiter: _evenness(sample, delimiter) for delimiter in _DELIMITERS}
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] >= _LEAST_EVEN else None


def likeliest(text: str) -> str:
    """Of what is called a table and is too short or uneven to tell."""
    line = text[:_SAMPLE].partition("\n")[0]
    return max(_DELIMITERS, key=line.count)


def _evenness(sample: str, delimiter: str) -> float:
    try:
        rows = [row for row in csv.reader(io.StringIO(sample), delimiter=delimiter) if any(row)]
    except csv.Error:
        return 0.0
    widths = Counter(len(row) for row in rows)
    if len(rows) <= 1 or not widths:
        return 0.0
    width = max(widths, key=widths.__getitem__)
    return widths[width] / len(rows) if width > 1 else 0.0


def read(text: str, draft: Draft, *, delimiter: str) -> None:
    csv.field_size_limit(MOST_TEXT_BYTES)
    table = Table(draft)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            table.add(row)
        table.end()
    except csv.Error:
        if draft.is_empty:
            raise Unreadable(RefusalReason.BROKEN) from None
        draft.note(Flag.TRUNCATED)
