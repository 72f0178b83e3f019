"""The lines of a PDF's pages, with what a reader's eye goes by: size, weight, place, and whether it shows at all."""

import ctypes
import sys
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from pypdfium2_raw import bindings as pdfium  # type: ignore[import-untyped]  # generated; the rest of it draws

from knowledge.documents import Flag, RefusalReason, Unreadable
from knowledge.loaders.pdf_shown import Shown, shown_of

MOST_PAGES: Final = 2_000
MOST_CHARACTERS: Final = 6_000_000
_BOLD: Final = 600
_BLANK: Final = 0x20  # and what lies below it
_NEEDS_PASSWORD: Final = frozenset({4, 5})
_UTF_16: Final = "utf-16-le" if sys.byteorder == "little" else "utf-16-be"
_HYPHENS: Final = frozenset({0x02, 0xFFFE})


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    page: int
    size: float
    top: float
    bottom: float
    is_bold: bool
    is_broken: bool  # its last word goes on in the next line


@dataclass(slots=True)
class Pages:
    """Of one document, read to the end."""

    title: str = ""
    lines: list[list[Line]] = field(default_factory=list)
    flags: dict[Flag, int] = field(default_factory=dict)
    characters: int = 0

    def note(self, flag: Flag, times: int = 1) -> None:
        if times:
            self.flags[flag] = self.flags.get(flag, 0) + times


def read_pages(data: bytes) -> Pages:
    pdfium.FPDF_InitLibrary()
    pages = Pages()
    with _document(data) as document:
        count = pdfium.FPDF_GetPageCount(document)
        if count > MOST_PAGES:
            raise Unreadable(RefusalReason.TOO_MANY_PAGES)
        pages.title = _title(document)
        pages.note(Flag.EMBEDDED_FILES, pdfium.FPDFDoc_GetAttachmentCount(document))
        pages.note(Flag.MACROS, max(0, pdfium.FPDFDoc_GetJavaScriptActionCount(document)))
        for index in range(count):
            pages.lines.append(_read_page(document, index, pages))
    return pages


@contextmanager
def _document(data: bytes) -> Iterator[object]:
    document = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    if not document:
        is_sealed = pdfium.FPDF_GetLastError() in _NEEDS_PASSWORD
        raise Unreadable(RefusalReason.ENCRYPTED if is_sealed else RefusalReason.BROKEN)
    try:
        yield document
    finally:
        pdfium.FPDF_CloseDocument(document)


def _title(document: object) -> str:
    buffer = ctypes.create_string_buffer(1024)
    length: int = pdfium.FPDF_GetMetaText(document, b"Title", buffer, len(buffer))
    return buffer.raw[: max(0, min(length, len(buffer)) - 2)].decode("utf-16-le", errors="ignore")


def _read_page(document: object, index: int, pages: Pages) -> list[Line]:
    page = pdfium.FPDF_LoadPage(document, index)
    text_page = pdfium.FPDFText_LoadPage(page) if page else None
    if not text_page:
        pages.note(Flag.NO_TEXT_ON_PAGE)
        return []
    try:
        shown = shown_of(page)
        lines = [line for line in _lines(text_page, index + 1, shown, pages) if line.text]
    finally:
        pdfium.FPDFText_ClosePage(text_page)
        pdfium.FPDF_ClosePage(page)
    pages.note(Flag.TEXT_UNDER_PICTURE, int(shown.is_scanned))
    if not lines:
        pages.note(Flag.NO_TEXT_ON_PAGE)
    return lines


def _lines(text_page: object, number: int, shown: Shown, pages: Pages) -> Iterator[Line]:
    count = pdfium.FPDFText_CountChars(text_page)
    pages.characters += count
    if pages.characters > MOST_CHARACTERS:
        raise Unreadable(RefusalReason.TOO_MUCH_TEXT)
    codes: list[int] = []
    seen: list[int] = []  # where letters stand that a reader sees
    hidden = 0
    for at, code in enumerate(_codes(text_page, count)):
        if code in {0x0A, 0x0D}:
            if seen:
                yield _line(text_page, codes, seen, number)
            codes, seen = [], []
        elif shown.hidden and shown.hides(pdfium.FPDFText_GetTextObject(text_page, at)):
            hidden += code > _BLANK
        else:
            codes.append(code)
            if code > _BLANK:
                seen.append(at)
    if seen:
        yield _line(text_page, codes, seen, number)
    pages.note(Flag.HIDDEN_TEXT, int(hidden > 0))


def _codes(text_page: object, count: int) -> list[int]:
    """All at once, unless some letters are told as two: then each is asked for, which takes three times as long."""
    buffer = (ctypes.c_ushort * (count + 1))()
    if pdfium.FPDFText_GetText(text_page, 0, count, buffer) == count + 1:
        return list(buffer[:count])
    return [pdfium.FPDFText_GetUnicode(text_page, at) for at in range(count)]


def _line(text_page: object, codes: list[int], seen: list[int], number: int) -> Line:
    box = pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(text_page, seen[0], box)
    is_broken = codes[-1] in _HYPHENS
    return Line(
        text=_text(codes[:-1] if is_broken else codes),
        page=number,
        size=round(abs(box.top - box.bottom), 1),
        top=max(box.top, box.bottom),
        bottom=min(box.top, box.bottom),
        is_bold=all(pdfium.FPDFText_GetFontWeight(text_page, at) >= _BOLD for at in (seen[0], seen[-1])),
        is_broken=is_broken,
    )


def _text(codes: list[int]) -> str:
    """Code units of UTF-16, half of a pair each where a letter is beyond 65,535."""
    units = array("H", [code & 0xFFFF for code in codes if code not in _HYPHENS]).tobytes()
    return " ".join(units.decode(_UTF_16, errors="ignore").split())
