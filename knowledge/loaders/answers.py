"""What a child may answer, and the bytes in which it does: one line of JSON, behind it the files of a folder."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from knowledge.documents import Loaded, RefusalReason


@dataclass(frozen=True, kw_only=True, slots=True)
class Hints:
    """What was said of a source by whoever sent it: looked at where its bytes leave a choice."""

    name: str = ""
    charset: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A file of a zipped folder."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Skipped:
    """A file of a zipped folder that is not taken, and why."""

    name: str
    reason: RefusalReason


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder:
    members: tuple[Member, ...]
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteMap:
    pages: tuple[str, ...]
    maps: tuple[str, ...] = ()  # further ones that it names


Answer = Loaded | Folder | SiteMap | RefusalReason


def encode(answer: Answer) -> bytes:
    match answer:
        case Loaded():
            return _line({"loaded": _loaded(answer)})
        case Folder():
            names = [[member.name, len(member.data)] for member in answer.members]
            skipped = [[skip.name, skip.reason.name] for skip in answer.skipped]
            head = _line({"folder": {"members": names, "skipped": skipped}})
            return b"".join((head, *(member.data for member in answer.members)))
        case SiteMap():
            return _line({"site_map": {"pages": answer.pages, "maps": answer.maps}})
        case RefusalReason():
            return _line({"refused": answer.name})


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _loaded(loaded: Loaded) -> dict[str, Any]:
    """Headings are told once: every block of a chapter has the same."""
    headings: dict[tuple[str, ...], int] = {}
    blocks: list[Sequence[Any]] = [
        (block.text, block.kind.value, headings.setdefault(block.headings, len(headings)), block.page)
        for block in loaded.blocks
    ]
    return {
        "title": loaded.title,
        "kind": loaded.kind.value,
        "headings": list(headings),
        "blocks": blocks,
        "notes": [(note.flag.value, note.times, note.page) for note in loaded.notes],
    }
