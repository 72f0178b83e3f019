"""What a file is, by its first bytes alone: a small table of signatures, and what nobody may be handed by us.

Nothing is unpacked and nothing is parsed, so there is nothing here that a hostile file could break.
"""

import re
from dataclasses import dataclass
from typing import Final

LOOKED_AT: Final = 4096  # bytes from the start; less only where the file ends
UNKNOWN: Final = "application/octet-stream"
_OLD_OFFICE: Final = "application/x-ole-storage"
_ZIP: Final = "application/zip"


@dataclass(frozen=True, slots=True)
class FileType:
    mime: str
    is_active: bool = False  # something that a browser or a machine would run


def sniff(head: bytes, *, declared: str | None = None) -> FileType:
    """The declared type decides only between what one container may hold, such as sound or film in MP4."""
    if _is_program(head) or _ACTIVE_START.match(_text_of(head)):
        return FileType(UNKNOWN, is_active=True)
    mime = _by_signature(head) or _by_structure(head) or ("text/plain" if _is_text(head) else UNKNOWN)
    wanted = bare(declared)
    return FileType(wanted if wanted in _MAY_ALSO_BE.get(mime, ()) else mime)


def is_active_by_name(filename: str | None, declared: str | None) -> bool:
    """What its name or its sender calls a program or a page: scripts look like any other text."""
    ending = (filename or "").rstrip(". \t").rpartition(".")[2].casefold()
    return ending in _ACTIVE_ENDINGS or bare(declared) in _ACTIVE_TYPES


def bare(mime: str | None) -> str:
    return (mime or "").partition(";")[0].strip().casefold()


def _is_program(head: bytes) -> bool:
    if head.startswith(_PROGRAMS) or (head.startswith(_PROGRAMS_LIKE_TEXT) and b"\0" in head):
        return True
    return head.startswith(_ZIPPED) and any(name in head for name in _PROGRAMS_IN_ZIP)


def _by_signature(head: bytes) -> str | None:
    return next((mime for magic, mime in _SIGNATURES if head.startswith(magic)), None)


def _by_structure(head: bytes) -> str | None:
    """Containers, whose kind stands behind their mark; and sound without a header, which begins with a frame."""
    if head.startswith(b"RIFF"):
        return _IN_RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        return next((mime for prefix, mime in _BRANDS if head.startswith(prefix, 8)), "video/mp4")
    if head.startswith(b"OggS"):
        return "video/ogg" if b"theora" in head[:512] else "audio/ogg"
    if head.startswith(_ZIPPED):
        return next((mime for name, mime in _OFFICE if name in head), _ZIP)
    # Eleven ones, and the layer in bits 2 and 3.
    has_frame = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0  # noqa: PLR2004 - the frame's own marks
    return _IN_FRAME.get(head[1] & 0x06) if has_frame else None


def _is_text(head: bytes) -> bool:
    text = _text_of(head)
    return bool(text) and not any(ord(character) in _NOT_IN_TEXT for character in text)


def _text_of(head: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, errors="replace")
    return head.decode("utf-8", errors="replace")


_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"#!AMR", "audio/amr"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"{\\rtf", "application/rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLD_OFFICE),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b\x08", "application/gzip"),
)
_IN_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_IN_FRAME: Final = {0x00: "audio/aac", 0x02: "audio/mpeg"}
_ZIPPED: Final = (b"PK\x03\x04", b"PK\x05\x06")
_PROGRAMS: Final = (
    b"\x7fELF",
    *(b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"),
    *(b"\0asm", b"L\0\0\0\x01\x14\x02\0", b"!<arch>\n"),
)
_PROGRAMS_LIKE_TEXT: Final = (b"MZ", b"dex\n", b"ITSF", b"FWS", b"CWS", b"ZWS")
_PROGRAMS_IN_ZIP: Final = (b"AndroidManifest.xml", b"classes.dex", b"META-INF/MANIFEST.MF", b".class", b".exe")
_BRANDS: Final = (
    (b"M4A", "audio/mp4"),
    (b"M4B", "audio/mp4"),
    (b"3g", "video/3gpp"),
    (b"qt", "video/quicktime"),
    (b"hei", "image/heic"),
    (b"hev", "image/heic"),
    (b"mif1", "image/heic"),
    (b"avif", "image/avif"),
)
_OPEN_XML: Final = "application/vnd.openxmlformats-officedocument"
_DOCX: Final = f"{_OPEN_XML}.wordprocessingml.document"
_XLSX: Final = f"{_OPEN_XML}.spreadsheetml.sheet"
_PPTX: Final = f"{_OPEN_XML}.presentationml.presentation"
_OPEN_DOCUMENT: Final = "application/vnd.oasis.opendocument"
_OFFICE: Final = (
    (b"word/", _DOCX),
    (b"xl/", _XLSX),
    (b"ppt/", _PPTX),
    *((f"mimetype{_OPEN_DOCUMENT}.{kind}".encode(), f"{_OPEN_DOCUMENT}.{kind}") for kind in ("text", "spreadsheet")),
    (b"mimetypeapplication/epub+zip", "application/epub+zip"),
)
_MAY_ALSO_BE: Final = {
    "video/mp4": frozenset({"audio/mp4", "audio/x-m4a"}),
    "video/3gpp": frozenset({"audio/3gpp"}),
    "video/webm": frozenset({"audio/webm", "video/x-matroska"}),
    "audio/ogg": frozenset({"audio/opus", "application/ogg"}),
    _ZIP: frozenset({_DOCX, _XLSX, _PPTX}),
    _OLD_OFFICE: frozenset({"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"}),
    "text/plain": frozenset({"text/csv", "text/vcard", "text/x-vcard", "text/calendar", "application/json"}),
}
# Browsers skip white space before they look for a tag, and take any tag for a page, whatever follows it.
_ACTIVE_START: Final = re.compile(r"\ufeff?\s*(?:<[!?/a-z]|#!(?!AMR)|%!PS)", re.IGNORECASE)
_BYTE_ORDER_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_NOT_IN_TEXT: Final = frozenset(range(0x20)) - frozenset(b"\t\n\r\x0c\x1b")
_ACTIVE_TYPES: Final = frozenset(
    {
        *("text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml", "application/hta"),
        *("text/javascript", "application/javascript", "application/ecmascript", "application/x-javascript"),
        *("application/x-sh", "application/x-csh", "text/x-shellscript", "application/x-httpd-php", "text/x-python"),
        *("application/x-msdownload", "application/x-msdos-program", "application/x-msi", "application/x-bat"),
        *("application/vnd.android.package-archive", "application/java-archive", "application/x-executable"),
        *("application/x-shockwave-flash", "application/x-ms-shortcut", "application/wasm"),
    }
)
_ACTIVE_ENDINGS: Final = frozenset(
    {
        *("htm", "html", "xhtml", "shtml", "mht", "mhtml", "svg", "svgz", "xml", "xsl", "xslt", "hta", "chm", "swf"),
        *("js", "mjs", "jse", "vbs", "vbe", "wsf", "wsh", "ps1", "psm1", "bat", "cmd", "sh", "bash", "php", "py", "pl"),
        *("exe", "dll", "com", "scr", "msi", "msp", "cpl", "pif", "lnk", "reg", "inf", "jar", "class", "apk", "xapk"),
        *("aab", "dex", "app", "dmg", "pkg", "deb", "rpm", "elf", "run", "wasm", "url", "scf", "jnlp", "iso"),
    }
)
