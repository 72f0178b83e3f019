"""The map of a web site: the addresses of its pages, and of further maps. Text maps have one address a line."""

import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from knowledge.documents import RefusalReason, Unreadable
from knowledge.loaders.answers import Hints, SiteMap
from knowledge.loaders.cell import serve
from knowledge.loaders.decoding import decode
from knowledge.loaders.xml_events import listen

MOST_PAGES: Final = 5_000
MOST_MAPS: Final = 100
_MOST_UNPACKED: Final = 50 * 1024 * 1024  # what the protocol allows
_LONGEST_ADDRESS: Final = 2_048
_PIECE: Final = 64 * 1024
_GZIP: Final = b"\x1f\x8b"


@dataclass(slots=True)
class _Places:
    pages: dict[str, None] = field(default_factory=dict)
    maps: dict[str, None] = field(default_factory=dict)
    _words: list[str] = field(default_factory=list)
    _inside: str = ""
    _is_place: bool = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        del attributes
        if name in {"url", "sitemap"}:
            self._inside = name
        self._is_place = name == "loc" and bool(self._inside)
        self._words = []

    def end(self, name: str) -> None:
        if name == "loc" and self._is_place:
            self._keep("".join(self._words).strip())
        elif name == self._inside:
            self._inside = ""
        self._is_place = False

    def text(self, text: str) -> None:
        if self._is_place:
            self._words.append(text)

    def _keep(self, address: str) -> None:
        kept, most = (self.maps, MOST_MAPS) if self._inside == "sitemap" else (self.pages, MOST_PAGES)
        if address and len(address) <= _LONGEST_ADDRESS and len(kept) < most:
            kept[address] = None


def load(data: bytes, hints: Hints) -> SiteMap:
    del hints
    pieces = b"".join(_unpacked(data))
    if pieces.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        places = _Places()
        listen((pieces,), places)
        return SiteMap(pages=tuple(places.pages), maps=tuple(places.maps))
    lines = (line.strip() for line in decode(pieces).text.splitlines())
    pages = dict.fromkeys(line for line in lines if line.startswith(("https://", "http://")))
    return SiteMap(pages=tuple(page for page in pages if len(page) <= _LONGEST_ADDRESS)[:MOST_PAGES])


def _unpacked(data: bytes) -> Iterator[bytes]:
    if not data.startswith(_GZIP):
        yield data
        return
    size = 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            while piece := stream.read(_PIECE):
                size += len(piece)
                if size > _MOST_UNPACKED:
                    raise Unreadable(RefusalReason.BOMB)
                yield piece
    except (OSError, EOFError, zlib.error):
        raise Unreadable(RefusalReason.BROKEN) from None


if __name__ == "__main__":
    serve(load)
