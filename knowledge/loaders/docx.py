"""A Word document: headings by their outline, paragraphs, tables, pages as Word last laid them out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from knowledge.documents import Flag, Loaded, RefusalReason, SourceKind, Unreadable
from knowledge.loaders.answers import Hints
from knowledge.loaders.archive import Archive
from knowledge.loaders.draft import Draft
from knowledge.loaders.table import Table
from knowledge.loaders.xml_events import listen

BODY: Final = "word/document.xml"
_STYLES: Final = "word/styles.xml"
_PROPERTIES: Final = "docProps/core.xml"
_MOST_XML: Final = 128 * 1024 * 1024
_MOST_STYLES: Final = 8 * 1024 * 1024
_HEADING_NAME: Final = re.compile(r"(?:heading|t[ií]tulo)\s*(\d)", re.IGNORECASE)
_TINIEST: Final = 3  # half points
_OFF: Final = frozenset({"0", "false", "off"})


def load(archive: Archive, hints: Hints) -> Loaded:
    draft = Draft()
    draft.page = 1
    if any(name.endswith("vbaProject.bin") for name in archive.entries):
        draft.note(Flag.MACROS)
    if any(name.startswith("word/embeddings/") for name in archive.entries):
        draft.note(Flag.EMBEDDED_FILES)
    styles, title = _Styles(), _Title()
    if _STYLES in archive.entries:
        listen(archive.pieces(_STYLES, most=_MOST_STYLES), styles)
    if _PROPERTIES in archive.entries:
        listen(archive.pieces(_PROPERTIES, most=_MOST_STYLES), title)
    body = _Body(draft, styles.levels)
    listen(archive.pieces(BODY, most=_MOST_XML), body)
    if not body.was_document:
        raise Unreadable(RefusalReason.BROKEN)
    if body.pages == 1:
        draft.forget_pages()  # where none ends, nobody knows where the first one does
    return draft.finish("".join(title.words), SourceKind.DOCX, otherwise=PurePosixPath(hints.name).stem)


@dataclass(slots=True)
class _Title:
    words: list[str] = field(default_factory=list)
    _is_inside: bool = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        del attributes
        self._is_inside = name == "title"

    def end(self, name: str) -> None:
        del name
        self._is_inside = False

    def text(self, text: str) -> None:
        if self._is_inside:
            self.words.append(text)


@dataclass(slots=True)
class _Styles:
    """Which styles are headings, and of what level."""

    levels: dict[str, int] = field(default_factory=dict)
    _style: str = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        value = attributes.get("val", "")
        if name == "style":
            self._style = attributes.get("styleId", "")
        elif name == "name" and (found := _HEADING_NAME.match(value)):
            self.levels[self._style] = int(found[1])
        elif name == "name" and value.lower() == "title":
            self.levels[self._style] = 1
        elif name == "outlineLvl" and value.isdigit() and int(value) < 9:  # noqa: PLR2004 - nine means body text
            self.levels.setdefault(self._style, int(value) + 1)

    def end(self, name: str) -> None:
        del name

    def text(self, text: str) -> None:
        del text


@dataclass(slots=True)
class _Rows:
    table: Table
    cells: list[str] = field(default_factory=list)
    cell: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Paragraph:
    words: list[str] = field(default_factory=list)
    level: int = 0


@dataclass(slots=True)
class _Body:
    draft: Draft
    levels: Mapping[str, int]
    pages: int = 1
    was_document: bool = False
    _paragraphs: list[_Paragraph] = field(default_factory=list)  # a text box lies in the one it is anchored to
    _tables: list[_Rows] = field(default_factory=list)
    _doubles: int = 0  # what is told a second time, for older programs
    _is_text: bool = False
    _is_hidden: bool = False
    _in_run: bool = False
    _is_page_new: bool = True

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        match name:
            case "document":
                self.was_document = True
            case "p":
                self._paragraphs.append(_Paragraph())
            case "r":
                self._is_hidden, self._in_run = False, True
            case "t":
                self._is_text = True
            case "tbl":
                self._tables.append(_Rows(Table(self.draft)))
            case "Fallback":
                self._doubles += 1
            case _:
                self._start_property(name, attributes)

    def _start_property(self, name: str, attributes: Mapping[str, str]) -> None:
        value = attributes.get("val", "")
        if name in {"pStyle", "outlineLvl"} and self._paragraphs:
            level = int(value) + 1 if name == "outlineLvl" and value in set("012345678") else self.levels.get(value, 0)
            self._paragraphs[-1].level = level or self._paragraphs[-1].level
        elif name in {"tab", "br", "cr"} and self._paragraphs and self._in_run:
            self._paragraphs[-1].words.append(" " if name == "tab" else "\n")
        elif self._in_run and _hides(name, value):
            self._is_hidden = True
        if name == "lastRenderedPageBreak" or (name == "br" and attributes.get("type") == "page"):
            self._turn_page()

    def _turn_page(self) -> None:
        """A break that somebody set is told once more by Word, where it laid the next page out."""
        if not self._is_page_new:
            self.pages += 1
            self.draft.page = self.pages
        self._is_page_new = True

    def end(self, name: str) -> None:
        match name:
            case "t":
                self._is_text = False
            case "r":
                self._in_run = False
            case "Fallback":
                self._doubles -= 1
            case "p" if self._paragraphs:
                self._end_paragraph(self._paragraphs.pop())
            case "tc" | "tr" if self._tables:
                self._end_in_table(name, self._tables[-1])
            case "tbl" if self._tables:
                self._tables.pop().table.end()

    def text(self, text: str) -> None:
        if not self._is_text or self._doubles or not self._paragraphs:
            return
        self._is_page_new = False
        if self._is_hidden:
            self.draft.note(Flag.HIDDEN_TEXT)
        else:
            self._paragraphs[-1].words.append(text)

    def _end_paragraph(self, paragraph: _Paragraph) -> None:
        text = "".join(paragraph.words)
        if self._tables:
            self._tables[-1].cell.append(text)
        elif paragraph.level:
            self.draft.heading(text, level=paragraph.level)
        else:
            self.draft.text(text)

    def _end_in_table(self, name: str, rows: _Rows) -> None:
        if name == "tc":
            rows.cells.append("\n".join(rows.cell))
            rows.cell = []
        else:
            rows.table.add(rows.cells)
            rows.cells = []


def _hides(name: str, value: str) -> bool:
    match name:
        case "vanish" | "webHidden":
            return value.lower() not in _OFF
        case "color":
            return value.upper() == "FFFFFF"
        case "sz":
            return value.isdigit() and int(value) <= _TINIEST
    return False
