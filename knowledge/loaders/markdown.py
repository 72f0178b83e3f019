"""Markdown, as far as structure goes: headings, tables, lists, code, comments that nobody sees."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from knowledge.documents import Flag
from knowledge.loaders.draft import Draft
from knowledge.loaders.table import Table

LOOKS_LIKE: Final = re.compile(r"^(?:#{1,6} \S|```|[*-] \[[ xX]\] |\|(?: ?:?-{3,}:? ?\|)+\s*$)", re.MULTILINE)
_FRONT: Final = re.compile(r"\A---\n(.{0,20000}?)\n---\n", re.DOTALL)
_TITLE: Final = re.compile(r"^title:\s*[\"']?(.{1,200}?)[\"']?\s*$", re.MULTILINE)
_HEADING: Final = re.compile(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*")
_UNDERLINE: Final = re.compile(r" {0,3}(=+|-{2,})\s*")
_FENCE: Final = re.compile(r" {0,3}(```|~~~)")
_DIVIDER: Final = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_RULE: Final = re.compile(r"\s*([-*_])(?:\s*\1){2,}\s*")
_ITEM: Final = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s+")
_IMAGE: Final = re.compile(r"!\[([^\]\n]{0,500})\]\([^()\s]{0,2000}(?: \"[^\"\n]{0,500}\")?\)")
_LINK: Final = re.compile(r"\[([^\]\n]{1,500})\]\((https?://[^()\s]{1,2000})(?: \"[^\"\n]{0,500}\")?\)")
_INNER_LINK: Final = re.compile(r"\[([^\]\n]{1,500})\]\([^()\s]{0,2000}\)")
_STRONG: Final = re.compile(r"(\*\*|__)(?=\S)(.{1,2000}?)(?<=\S)\1")
_EMPHASIS: Final = re.compile(r"(?<![\w*])([*_])(?=[^\s*_])([^*_\n]{1,1000})(?<=\S)\1(?![\w*])")
_BREAKS: Final = ("  ", "\\")  # at the end of a line
_LONGEST_LINE: Final = 10_000  # longer ones nobody wrote by hand
_TAG: Final = re.compile(r"</?[a-zA-Z][^<>\n]{0,500}>")


@dataclass(slots=True)
class _Reader:
    draft: Draft
    lines: list[str] = field(default_factory=list)
    table: Table | None = None
    fence: str | None = None

    def take(self, line: str) -> None:
        if self._is_code(line):
            return
        if len(line) > _LONGEST_LINE:
            self.lines.append(line)
            return
        heading = _HEADING.fullmatch(line)
        if heading:
            self.flush()
            self.draft.heading(_plain(heading[2]), level=len(heading[1]))
        elif _UNDERLINE.fullmatch(line) and len(self.lines) == 1 and not _ITEM.match(self.lines[0]):
            level = 1 if "=" in line else 2
            self.draft.heading(_plain(self.lines.pop()), level=level)
        elif not line.strip() or _RULE.fullmatch(line):
            self.flush()
        else:
            self._take_text(line)

    def flush(self) -> None:
        if self.table is not None:
            self.table.end()
            self.table = None
        if self.lines:
            self.draft.text("\n".join(self.lines if self.fence else _unwrapped(self.lines)))
            self.lines.clear()

    def _is_code(self, line: str) -> bool:
        fence = _FENCE.match(line)
        if fence and (self.fence is None or self.fence == fence[1]):
            self.flush()
            self.fence = None if self.fence else fence[1]
            return True
        if self.fence:
            self.lines.append(line)
        return self.fence is not None

    def _take_text(self, line: str) -> None:
        if self.table is not None:
            if not _DIVIDER.fullmatch(line):
                self.table.add(_cells(line))
            return
        if "|" in line and _DIVIDER.fullmatch(line) and self.lines and "|" in self.lines[-1]:
            names = _cells(self.lines.pop())
            self.flush()
            self.table = Table(self.draft)
            self.table.add(names)
            return
        self.lines.append(line)


def read(text: str, draft: Draft) -> str:
    """Gives the title that it names for itself, or none."""
    text = text.replace("\r\n", "\n")
    front = _FRONT.match(text)
    title = _TITLE.search(front[1]) if front else None
    reader = _Reader(draft)
    for line in _visible(text[front.end() :] if front else text, draft):
        reader.take(line)
    reader.flush()
    return title[1] if title else ""


def _visible(text: str, draft: Draft) -> Iterator[str]:
    """A comment is for whoever writes the document."""
    while "<!--" in text:
        before, _, behind = text.partition("<!--")
        comment, _, text = behind.partition("-->")
        yield from before.splitlines()
        if comment.strip():
            draft.note(Flag.HIDDEN_TEXT)
    yield from text.splitlines()


def _unwrapped(lines: Iterable[str]) -> list[str]:
    """A paragraph goes on in the next line, unless that is an item or the end of this one says otherwise."""
    whole: list[list[str]] = []
    for line in lines:
        if whole and not _ITEM.match(line) and not whole[-1][-1].endswith(_BREAKS):
            whole[-1].append(line.lstrip())
        else:
            whole.append([line])
    return [_plain(" ".join(part.rstrip(" \\") for part in parts)) for parts in whole]


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [_plain(cell.replace("\0", "|").strip()) for cell in inner.replace("\\|", "\0").split("|")]


def _plain(line: str) -> str:
    if len(line) > _LONGEST_LINE:
        return line
    line = _LINK.sub(r"\1 (\2)", _IMAGE.sub(r"\1", line))
    line = _EMPHASIS.sub(r"\2", _STRONG.sub(r"\2", _INNER_LINK.sub(r"\1", line)))
    return _TAG.sub("", line.replace("`", ""))
