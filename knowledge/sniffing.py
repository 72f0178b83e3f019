"""What bytes are, by their marks. The name of a file decides nothing that its bytes decide."""

import re
from enum import StrEnum
from typing import Final

from knowledge.documents import RefusalReason, Unreadable


class Shape(StrEnum):
    """Which parser looks at it first."""

    PDF = "pdf"
    ZIPPED = "zipped"  # an Office document or a folder
    TEXTUAL = "textual"


def shape_of(data: bytes) -> Shape:
    """Raises `Unreadable` for what no parser of ours takes, before any has seen it."""
    if not data.strip(_BLANK):
        raise Unreadable(RefusalReason.EMPTY)
    if data.startswith(_OLD_OFFICE):
        raise Unreadable(RefusalReason.ENCRYPTED if _SEALED_OFFICE in data else RefusalReason.OLD_OFFICE)
    if data.startswith(_PROGRAMS):
        raise Unreadable(RefusalReason.PROGRAM)
    if data.startswith(_FOREIGN) or data[4:8] == b"ftyp":
        raise Unreadable(RefusalReason.UNKNOWN_KIND)
    return _among_ours(data)


def _among_ours(data: bytes) -> Shape:
    is_pdf = _PDF.match(data) is not None
    is_zip = data.startswith(_ZIP)
    if (is_pdf or not is_zip) and _ends_as_zip(data):
        raise Unreadable(RefusalReason.SEVERAL_KINDS)
    if not is_pdf and b"%PDF-" in data[:_HEAD] and (is_zip or b"%%EOF" in data[-_HEAD:]):
        raise Unreadable(RefusalReason.SEVERAL_KINDS)
    if is_pdf:
        return Shape.PDF
    if is_zip:
        return Shape.ZIPPED
    if not _is_text(data):
        raise Unreadable(RefusalReason.UNKNOWN_KIND)
    return Shape.TEXTUAL


def _ends_as_zip(data: bytes) -> bool:
    """Zip readers begin at the end: a file may be one from behind and something else from the front."""
    at = data.rfind(_END_OF_ZIP, max(0, len(data) - _LONGEST_END))
    if at < 0:
        return False
    comment = int.from_bytes(data[at + 20 : at + 22], "little")
    return at + _END_LENGTH + comment == len(data)


def _is_text(data: bytes) -> bool:
    if data.startswith(_WIDE_MARKS):
        return True
    head = data[:_SAMPLE]
    return b"\0" not in data and len(_NOT_IN_TEXT.findall(head)) <= len(head) // 200


_HEAD: Final = 1024
_SAMPLE: Final = 64 * 1024
_BLANK: Final = b" \t\r\n\x0c\0\xef\xbb\xbf\xff\xfe"
_PDF: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,64}%PDF-")
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK")
_END_OF_ZIP: Final = b"PK\x05\x06"
_END_LENGTH: Final = 22
_LONGEST_END: Final = _END_LENGTH + 65535
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SEALED_OFFICE: Final = "EncryptedPackage".encode("utf-16-le")
_WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_NOT_IN_TEXT: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_PROGRAMS: Final = (
    *(b"MZ", b"\x7fELF", b"#!", b"\0asm", b"!<arch>\n", b"dex\n", b"L\0\0\0\x01\x14\x02\0"),
    *(b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"),
)
_FOREIGN: Final = (
    *(b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"BM", b"%!PS", b"{\\rtf"),
    *(b"OggS", b"ID3", b"fLaC", b"\x1aE\xdf\xa3", b"#!AMR", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ"),
)
