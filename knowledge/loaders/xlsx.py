"""A workbook: each sheet a chapter, each row with the names of its columns; what is folded away is left out."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from knowledge.documents import Flag, Loaded, SourceKind
from knowledge.loaders.answers import Hints
from knowledge.loaders.archive import Archive
from knowledge.loaders.draft import MOST_TEXT_BYTES, Draft
from knowledge.loaders.table import LONGEST_CELL, MOST_COLUMNS, Table
from knowledge.loaders.xlsx_numbers import Styles
from knowledge.loaders.xml_events import listen

BOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_STRINGS: Final = "xl/sharedStrings.xml"
_STYLES: Final = "xl/styles.xml"
_MOST_XML: Final = 200 * 1024 * 1024
_MOST_SHEETS: Final = 200
_TRUE: Final = frozenset({"1", "true"})


def load(archive: Archive, hints: Hints) -> Loaded:
    draft = Draft()
    if any(name.endswith("vbaProject.bin") for name in archive.entries):
        draft.note(Flag.MACROS)
    book, relations, strings, formats = _Book(), _Relations(), _Strings(draft), _Formats()
    for name, listener in ((BOOK, book), (_RELATIONS, relations), (_STRINGS, strings), (_STYLES, formats)):
        if name in archive.entries:
            listen(archive.pieces(name, most=_MOST_XML), listener)
    styles = Styles(formats.formats, formats.codes, is_1904=book.is_1904)
    for title, path in _sheets(book, relations, archive, draft):
        draft.start_over(title)
        table = Table(draft)
        listen(archive.pieces(path, most=_MOST_XML), _Sheet(table, strings.values, styles))
        table.end()
    return draft.finish(PurePosixPath(hints.name).stem, SourceKind.XLSX)


@dataclass(slots=True)
class _Heard:
    """What most of a workbook's files have in common: nothing is done with most of it."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        del name, attributes

    def end(self, name: str) -> None:
        del name

    def text(self, text: str) -> None:
        del text


@dataclass(slots=True)
class _Book(_Heard):
    sheets: list[Mapping[str, str]] = field(default_factory=list)
    is_1904: bool = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "sheet" and len(self.sheets) < _MOST_SHEETS:
            self.sheets.append(attributes)
        elif name == "workbookPr":
            self.is_1904 = attributes.get("date1904") in _TRUE


@dataclass(slots=True)
class _Relations(_Heard):
    targets: dict[str, str] = field(default_factory=dict)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            self.targets[attributes.get("Id", "")] = attributes.get("Target", "")


def _sheets(book: _Book, relations: _Relations, archive: Archive, draft: Draft) -> Iterator[tuple[str, str]]:
    for sheet in book.sheets:
        if sheet.get("state", "visible") != "visible":
            draft.note(Flag.HIDDEN_TEXT)
            continue
        target = relations.targets.get(sheet.get("id", ""), "")
        path = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
        if path in archive.entries:
            yield sheet.get("name", ""), path


@dataclass(slots=True)
class _Strings(_Heard):
    """Texts that cells name by number."""

    draft: Draft
    values: list[str] = field(default_factory=list)
    _words: list[str] = field(default_factory=list)
    _is_text: bool = False
    _is_reading_aid: bool = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        del attributes
        self._is_text = name == "t"
        self._is_reading_aid = self._is_reading_aid or name == "rPh"
        if name == "si":
            self._words = []

    def end(self, name: str) -> None:
        self._is_text = False
        if name == "rPh":
            self._is_reading_aid = False
        elif name == "si":
            value = "".join(self._words)
            if len(value) > LONGEST_CELL:
                self.draft.note(Flag.TRUNCATED)
            self.values.append(value[:LONGEST_CELL])

    def text(self, text: str) -> None:
        if self._is_text and not self._is_reading_aid:
            self._words.append(text)


@dataclass(slots=True)
class _Formats(_Heard):
    formats: list[int] = field(default_factory=list)
    codes: dict[int, str] = field(default_factory=dict)
    _is_cell: bool = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        number = attributes.get("numFmtId", "")
        if name == "cellXfs":
            self._is_cell = True
        elif name == "numFmt" and number.isdecimal():
            self.codes[int(number[:9])] = attributes.get("formatCode", "")[:200]
        elif name == "xf" and self._is_cell:
            self.formats.append(int(number[:9]) if number.isdecimal() else 0)

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._is_cell = False


@dataclass(slots=True)
class _Sheet(_Heard):
    table: Table
    strings: list[str]
    styles: Styles
    _hidden_columns: set[int] = field(default_factory=set)
    _row: dict[int, str] = field(default_factory=dict)
    _is_hidden_row: bool = False
    _column: int = -1
    _kind: str = ""
    _style: str = ""
    _value: list[str] = field(default_factory=list)
    _is_value: bool = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        match name:
            case "c":
                self._column = _column_of(attributes.get("r", ""), self._column + 1)
                self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
                self._value = []
            case "row":
                self._row, self._column = {}, -1
                self._is_hidden_row = attributes.get("hidden") in _TRUE
            case "col" if attributes.get("hidden") in _TRUE:
                self._hide(attributes.get("min", ""), attributes.get("max", ""))
            case "v" | "t":
                self._is_value = True

    def end(self, name: str) -> None:
        match name:
            case "v" | "t":
                self._is_value = False
            case "c":
                self._end_cell()
            case "row":
                self._end_row()

    def text(self, text: str) -> None:
        if self._is_value:
            self._value.append(text)

    def _hide(self, first: str, last: str) -> None:
        if first.isdecimal() and last.isdecimal():
            self._hidden_columns.update(range(int(first[:6]) - 1, min(int(last[:6]), MOST_COLUMNS)))

    def _end_cell(self) -> None:
        shown = self._shown("".join(self._value))
        if not shown:
            return
        if self._is_hidden_row or self._column in self._hidden_columns:
            self.table.draft.note(Flag.HIDDEN_TEXT)
        elif self._column > MOST_COLUMNS:
            self.table.draft.note(Flag.TRUNCATED)
        else:
            self._row[self._column] = shown

    def _shown(self, value: str) -> str:
        match self._kind:
            case "s":
                at = int(value) if value.isdecimal() and len(value) < len(str(MOST_TEXT_BYTES)) + 2 else -1
                return self.strings[at] if 0 <= at < len(self.strings) else ""
            case "b":
                return "sim" if value == "1" else "não"
            case "e":
                return ""
            case "n":
                return self.styles.show(value, self._style)
        return value

    def _end_row(self) -> None:
        if self._row:
            self.table.add([self._row.get(column, "") for column in range(max(self._row) + 1)])


def _column_of(reference: str, following: int) -> int:
    """`BC12` is column 54, counted from none. A cell without a reference follows its neighbour."""
    number = 0
    for letter in reference[:4].upper():
        if not "A" <= letter <= "Z":
            break
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1 if number else following
