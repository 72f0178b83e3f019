"""Bytes to text: what they say of themselves first, then what was declared, then what is likely here."""

import re
from dataclasses import dataclass
from typing import Final

from knowledge.documents import RefusalReason, Unreadable

_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_IN_PAGE: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:-]{1,40})", re.IGNORECASE)
# Others have no place in a Portuguese, Spanish or English document, and some of them hide tags from a filter.
_KNOWN: Final = {
    **dict.fromkeys(("utf-8", "utf8", "us-ascii", "ascii"), "utf-8"),
    **dict.fromkeys(
        ("iso-8859-1", "iso8859-1", "latin1", "latin-1", "windows-1252", "cp1252", "iso-8859-15"), "cp1252"
    ),
}


@dataclass(frozen=True, slots=True)
class Decoded:
    text: str
    is_guess: bool = False


def decode(data: bytes, declared: str | None = None) -> Decoded:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return Decoded(_strictly(data[len(mark) :], encoding))
    try:
        return Decoded(data.decode("utf-8"))
    except UnicodeDecodeError:
        in_page = _IN_PAGE.search(data[:4096])
        name = declared or (in_page[1].decode() if in_page else "")
        return Decoded(data.decode("cp1252", errors="replace"), is_guess=_KNOWN.get(name.lower()) != "cp1252")


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable(RefusalReason.BROKEN) from None
