"""Files made by hand, so that a test can make the wrong ones too: PDFs, Office documents, zips."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

W: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
S: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
R: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES: Final = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


@dataclass(frozen=True, slots=True)
class Words:
    """A line of a PDF page, as it is drawn."""

    text: str
    y: int
    size: int = 12
    x: int = 72
    before: str = ""  # operators: a colour, a render mode

    @property
    def drawn(self) -> bytes:
        shown = self.text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode("cp1252")
        return f"q {self.before} BT /F1 {self.size} Tf {self.x} {self.y} Td (".encode() + shown + b") Tj ET Q\n"


def pdf(
    pages: Sequence[bytes], *, catalog: str = "", trailer: str = "", more: Mapping[int, bytes] | None = None
) -> bytes:
    """Objects 1 to 3 are catalog, pages and font; `more` are numbered from 100."""
    kids = " ".join(f"{10 + 2 * at} 0 R" for at in range(len(pages)))
    objects = {
        1: f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode(),
        2: f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} /MediaBox [0 0 595 842] >>".encode(),
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        **(more or {}),
    }
    for at, content in enumerate(pages):
        objects[10 + 2 * at] = page_object(11 + 2 * at)
        objects[11 + 2 * at] = stream(content)
    return assembled(objects, trailer=trailer)


def page_object(content: int, *, resources: str = "") -> bytes:
    fonts = f"/Resources << /Font << /F1 3 0 R >> {resources} >>"
    return f"<< /Type /Page /Parent 2 0 R {fonts} /Contents {content} 0 R >>".encode()


def stream(content: bytes, entries: str = "") -> bytes:
    return f"<< /Length {len(content)} {entries} >>\nstream\n".encode() + content + b"\nendstream"


def assembled(objects: Mapping[int, bytes], *, trailer: str = "", size: int | None = None) -> bytes:
    file, places = io.BytesIO(), {}
    file.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    for number, content in sorted(objects.items()):
        places[number] = file.tell()
        file.write(f"{number} 0 obj\n".encode() + content + b"\nendobj\n")
    start = file.tell()
    file.write(b"xref\n0 1\n0000000000 65535 f \n")
    for number, place in places.items():
        file.write(f"{number} 1\n{place:010} 00000 n \n".encode())
    largest = size or max(objects) + 1
    file.write(f"trailer\n<< /Size {largest} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode())
    return file.getvalue()


def text_pdf(*pages: Sequence[Words], catalog: str = "", trailer: str = "") -> bytes:
    return pdf([b"".join(words.drawn for words in page) for page in pages], catalog=catalog, trailer=trailer)


def zipped(files: Mapping[str, str | bytes], *, ways: Mapping[str, int] | None = None) -> bytes:
    """`ways` are the outer attributes of single entries: a symlink is one by them."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (ways or {}).get(name, 0o100644) << 16
            archive.writestr(entry, content)
    return file.getvalue()


@lru_cache(maxsize=1)
def _zeros() -> bytes:
    """A megabyte of nothing, deflated so that it can be repeated without being unpacked."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)


def bomb(megabytes: int) -> bytes:
    """Raw deflate that unpacks to so much."""
    return _zeros() * megabytes + b"\x03\x00"


def zlib_bomb(megabytes: int) -> bytes:
    return b"\x78\xda" + bomb(megabytes) + b"\0\0\0\0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A zip's entry with whatever it says of itself."""

    name: bytes
    packed: bytes
    declared: int
    way: int = 8
    flags: int = 0
    at: int | None = None  # where its bytes are said to be; none: where they are


def raw_zip(entries: Sequence[Entry]) -> bytes:
    body, places = bytearray(), []
    for entry in entries:
        places.append(len(body) if entry.at is None else entry.at)
        if entry.at is None:
            head = (20, entry.flags, entry.way, 0, 0, 0, len(entry.packed), entry.declared, len(entry.name), 0)
            body += b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", *head) + entry.name + entry.packed
    start = len(body)
    for entry, place in zip(entries, places, strict=True):
        sizes = (0, len(entry.packed), entry.declared, len(entry.name), 0, 0, 0, 0, 0, place)
        body += b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, entry.flags, entry.way, 0, 0)
        body += struct.pack("<IIIHHHHHII", *sizes) + entry.name
    count = min(len(entries), 0xFFFF)
    return bytes(body) + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(body) - start, start, 0)


def docx(body: str, *, head: str = '<?xml version="1.0"?>', more: Mapping[str, str | bytes] | None = None) -> bytes:
    document = f'{head}<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
    return zipped({"[Content_Types].xml": TYPES, "word/document.xml": document, **(more or {})})


def paragraph(text: str, *, style: str = "", run: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r><w:rPr>{run}</w:rPr><w:t>{text}</w:t></w:r></w:p>"


def xlsx(
    sheets: Mapping[str, str],
    *,
    strings: str = "",
    more: Mapping[str, str | bytes] | None = None,
    states: Mapping[str, str] | None = None,
) -> bytes:
    """Each sheet is the XML of its rows."""
    names = "".join(
        f'<sheet name="{name}" sheetId="{at}" state="{(states or {}).get(name, "visible")}" r:id="rId{at}"/>'
        for at, name in enumerate(sheets, start=1)
    )
    relations = "".join(
        f'<Relationship Id="rId{at}" Target="worksheets/sheet{at}.xml"/>' for at in range(1, len(sheets) + 1)
    )
    files: dict[str, str | bytes] = {
        "[Content_Types].xml": TYPES,
        "xl/workbook.xml": f'<workbook xmlns="{S}" xmlns:r="{R}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships>{relations}</Relationships>",
        "xl/sharedStrings.xml": strings or f'<sst xmlns="{S}"/>',
    }
    for at, rows in enumerate(sheets.values(), start=1):
        files[f"xl/worksheets/sheet{at}.xml"] = f'<worksheet xmlns="{S}"><sheetData>{rows}</sheetData></worksheet>'
    return zipped(files | dict(more or {}))


def row(*cells: str, hidden: bool = False) -> str:
    shown = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    return f'<row hidden="{int(hidden)}">{shown}</row>'
