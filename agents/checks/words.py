"""A model's words made fit to be sent: plain text, without marks, pictures, ids or a second question."""

import re
from collections.abc import Iterator
from typing import Final

from agents.prompts.contract import clean

_IMAGE: Final = re.compile(r"!\[[^\]\n]*\]\([^)\n]*\)|!\[[^\]\n]*\]\[[^\]\n]*\]|<img\b[^>]*>", re.IGNORECASE)
_LINK: Final = re.compile(r"\[([^\]\n]+)\]\(\s*<?([^)\s>]+)>?[^)\n]*\)")
_FENCE: Final = re.compile(r"^\s*(?:```|~~~).*$", re.MULTILINE)
_ELEMENT: Final = re.compile(
    r"<!--.*?-->|<(script|style)\b.*?</\1\s*>|</?[a-z][^<>\n]{0,300}>", re.IGNORECASE | re.DOTALL
)
_BREAK: Final = re.compile(r"<br\s*/?>|</(?:p|div|li|h\d)>", re.IGNORECASE)
_HEADING: Final = re.compile(r"^\s{0,3}(?:#{1,6}|>)\s+", re.MULTILINE)
_RULE: Final = re.compile(r"^\s*(?:[-*_]\s*){3,}$|^\s*\|?[\s:|-]*\|[\s:|-]*$", re.MULTILINE)
_STRONG: Final = re.compile(r"(\*\*\*|\*\*|___|__|~~|\*)(?=\S)([^*\n]*?\S)\1(?!\w)")
_CODE: Final = re.compile(r"`+")
_BULLET: Final = re.compile(r"^(\s*)[*•]\s+", re.MULTILINE)
_CITATION: Final = re.compile(r"\s*[\[(【](?:(?:id\s*[=:]\s*)?(p\d{1,3})(?:\s*[,;]\s*(?=p))?)+[\])】]", re.IGNORECASE)
_ID: Final = re.compile(r"p\d{1,3}", re.IGNORECASE)
_BLANKS: Final = re.compile(r"[ \t\u00a0]{2,}")
_LINES: Final = re.compile(r"\n{3,}")
_SENTENCE: Final = re.compile(r"(?<=[.!?…])[\"”’)\]]*\s+|\n+")
_END: Final = re.compile(r"[.!?…][\"”’)\]]*(?=\s|$)")


def plain(text: str) -> str:
    """Without markup: what a channel would show as signs, or worse, fetch."""
    bare = _FENCE.sub("", _IMAGE.sub("", clean(text)))
    bare = _LINK.sub(_linked, bare)
    bare = _ELEMENT.sub("", _BREAK.sub("\n", bare))
    bare = _CITATION.sub("", _HEADING.sub("", _RULE.sub("", bare)))
    bare = _CODE.sub("", _BULLET.sub(r"\1- ", _STRONG.sub(r"\2", bare)))
    lines = (line.rstrip() for line in _BLANKS.sub(" ", bare).split("\n"))
    return _LINES.sub("\n\n", "\n".join(lines)).strip()


def cited_within(text: str) -> Iterator[str]:
    """Ids that were put among the words instead of beside them."""
    for mark in _CITATION.finditer(text):
        yield from (found.lower() for found in _ID.findall(mark[0]))


def without_last_questions(text: str) -> str:
    """Without what it asks at its end: our own question follows."""
    kept = text
    while kept.rstrip('"”’)]} ').endswith("?"):
        starts = [0, *(mark.end() for mark in _SENTENCE.finditer(kept) if mark.end() < len(kept))]
        kept = kept[: starts[-1]].rstrip()
    return kept


def capped(text: str, most: int) -> str:
    """Whole sentences as far as they go."""
    if len(text) <= most:
        return text
    ends = [mark.end() for mark in _END.finditer(text[: most + 1]) if mark.end() <= most]
    return text[: ends[-1]] if ends else text[: most - 1].rpartition(" ")[0].rstrip(",;: ") + "…"


def _linked(link: re.Match[str]) -> str:
    words, address = link[1].strip(), link[2]
    return address if words == address else f"{words}: {address}"
