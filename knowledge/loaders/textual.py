"""Whatever is text: which kind it is, is seen in it, and only between kinds that look alike in its name."""

import re
from pathlib import PurePosixPath
from typing import Final

from knowledge.documents import Flag, Loaded, RefusalReason, SourceKind, Unreadable
from knowledge.loaders import comma_separated, json_text, markdown, plain_text, web_page
from knowledge.loaders.answers import Hints
from knowledge.loaders.cell import serve
from knowledge.loaders.decoding import decode
from knowledge.loaders.draft import MOST_TEXT_BYTES, Draft

_PAGE: Final = re.compile(r"\s*(?:<!--.{0,4000}?-->\s*)?<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_PIECE_OF_PAGE: Final = re.compile(r"\s*<(?:div|p|h[1-6]|table|ul|ol|main|article|section|span)\b[^>]*>", re.IGNORECASE)
_XML: Final = re.compile(r"\s*<(?:\?xml|svg|!entity|!doctype)", re.IGNORECASE)
_XHTML: Final = re.compile(r"<html\b[^>]*xmlns", re.IGNORECASE)
_ENTITY: Final = re.compile(r"<!entity", re.IGNORECASE)
_HEAD: Final = 8192
_SAMPLE: Final = 200_000
_AS_IT_STANDS: Final = frozenset({SourceKind.TXT, SourceKind.MARKDOWN})  # nothing of it is mere markup


def load(data: bytes, hints: Hints) -> Loaded:
    decoded = decode(data, hints.charset)
    draft = Draft()
    if decoded.is_guess:
        draft.note(Flag.ENCODING_GUESSED)
    name = PurePosixPath(hints.name)
    kind = _kind_of(decoded.text, name.suffix.lower())
    if kind in _AS_IT_STANDS and len(decoded.text) > MOST_TEXT_BYTES:
        raise Unreadable(RefusalReason.TOO_MUCH_TEXT)
    title = _read(decoded.text, draft, kind, name.suffix.lower())
    names_itself = kind in {SourceKind.MARKDOWN, SourceKind.HTML}
    return draft.finish(title if names_itself else name.stem, kind, otherwise=name.stem)


def _kind_of(text: str, ending: str) -> SourceKind:
    head = text[:_HEAD]
    if _PAGE.match(head) or _PIECE_OF_PAGE.match(head) or (_XML.match(head) and _XHTML.search(head)):
        return SourceKind.HTML
    if _XML.match(head):
        raise Unreadable(RefusalReason.UNSAFE_XML if _ENTITY.search(head) else RefusalReason.UNKNOWN_KIND)
    if head.lstrip()[:1] in {"{", "["} and (ending in {".json", ".jsonl"} or text.rstrip()[-1:] in {"}", "]"}):
        return SourceKind.JSON
    is_table = ending in {".csv", ".tsv"} or (ending not in {".md", ".txt"} and comma_separated.delimiter_of(text))
    if is_table:
        return SourceKind.CSV
    is_markdown = ending in {".md", ".markdown"} or markdown.LOOKS_LIKE.search(text[:_SAMPLE])
    return SourceKind.MARKDOWN if is_markdown else SourceKind.TXT


def _read(text: str, draft: Draft, kind: SourceKind, ending: str) -> str:
    match kind:
        case SourceKind.HTML:
            return web_page.read(text, draft)
        case SourceKind.MARKDOWN:
            return markdown.read(text, draft)
        case SourceKind.JSON:
            _read_json(text, draft, is_named_so=ending in {".json", ".jsonl"})
        case SourceKind.CSV:
            comma_separated.read(
                text, draft, delimiter=comma_separated.delimiter_of(text) or comma_separated.likeliest(text)
            )
        case _:
            plain_text.read(text, draft)
    return ""


def _read_json(text: str, draft: Draft, *, is_named_so: bool) -> None:
    try:
        value = json_text.parse(text)
    except Unreadable:
        if is_named_so:
            raise
        plain_text.read(text, draft)  # "[aviso] …" only begins like it
        return
    json_text.read(value, draft)


if __name__ == "__main__":
    serve(load)
