"""A table as rows that can each be understood alone: every value with the name of its column."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from knowledge.documents import Flag
from knowledge.loaders.draft import Draft

MOST_COLUMNS: Final = 200
LONGEST_CELL: Final = 8_000
_LONGEST_NAME: Final = 60
_NUMBER: Final = re.compile(r"[-+]?(?:R\$|US\$|€|£)?\s*[\d.,/:%-]+\s*%?")
_QUESTION: Final = frozenset({"pergunta", "perguntas", "question", "questions", "pregunta", "duvida", "q"})
_ANSWER: Final = frozenset({"resposta", "respostas", "answer", "answers", "respuesta", "r", "a"})


@dataclass(slots=True)
class Table:
    """Give it row after row; the first that looks like names of columns becomes them."""

    draft: Draft
    _names: tuple[str, ...] | None = None
    _pair: tuple[int, int] | None = None
    _has_rows: bool = False

    def add(self, cells: Sequence[str]) -> None:
        row = tuple(self._cell(cell) for cell in cells[:MOST_COLUMNS])
        if len(cells) > MOST_COLUMNS:
            self.draft.note(Flag.TRUNCATED)
        if not any(row):
            return
        if self._names is None:
            self._begin(row)
        elif self._pair is not None:
            self._answer(row, *self._pair)
        else:
            self._row(row, self._names)

    def end(self) -> None:
        """Names of columns with nothing below them are all there is to read."""
        if self._names and not self._has_rows:
            self.draft.row("; ".join(name for name in self._names if name))

    def _begin(self, row: tuple[str, ...]) -> None:
        """A line with one cell above the names is a title."""
        if len([cell for cell in row if cell]) == 1 and len(row) > 1:
            self.draft.text(next(cell for cell in row if cell))
            return
        self._names = row if _are_names(row) else ()
        self._pair = pair_of(row) if self._names else None
        if not self._names:
            self._row(row, ())

    def _row(self, row: tuple[str, ...], names: tuple[str, ...]) -> None:
        self._has_rows = True
        named = [*names, *[""] * (len(row) - len(names))]
        shown = [f"{name}: {cell}" if name else cell for name, cell in zip(named, row, strict=False) if cell]
        self.draft.row("; ".join(shown))

    def _answer(self, row: tuple[str, ...], question: int, answer: int) -> None:
        self._has_rows = True
        cells = dict(enumerate(row))
        self.draft.answer(cells.get(question, ""), cells.get(answer, ""))

    def _cell(self, cell: str) -> str:
        if len(cell) > LONGEST_CELL:
            self.draft.note(Flag.TRUNCATED)
            cell = cell[:LONGEST_CELL]
        return self.draft.clean(cell)


def pair_of(names: Sequence[str]) -> tuple[int, int] | None:
    """Where question and answer stand, if that is what these columns hold."""
    folded = [fold(name) for name in names]
    question = next((at for at, name in enumerate(folded) if name in _QUESTION), None)
    answer = next((at for at, name in enumerate(folded) if name in _ANSWER), None)
    return None if question is None or answer is None else (question, answer)


def fold(name: str) -> str:
    plain = unicodedata.normalize("NFD", name.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).strip(" :.?*")


def _are_names(row: tuple[str, ...]) -> bool:
    filled = [cell for cell in row if cell]
    are_short = all(len(cell) <= _LONGEST_NAME and "\n" not in cell for cell in filled)
    are_words = not any(_NUMBER.fullmatch(cell) for cell in filled)
    return len(filled) > 1 and are_short and are_words and len(set(filled)) == len(filled)
