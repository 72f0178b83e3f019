"""What a child that read a stranger's file says, checked word by word: it may have been taken over by that file."""

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge.documents import Block, BlockKind, Flag, Loaded, Note, Refusal, RefusalReason, SourceKind
from knowledge.loaders.answers import Folder, Member, SiteMap, Skipped
from knowledge.loaders.draft import LONGEST_TITLE, MOST_BLOCKS, MOST_TEXT_BYTES

_LONGEST_NAME: Final = 300
_MOST_SAID: Final = 32 * 1024 * 1024  # of a source with all the text it may have, beside the files of a folder
_MOST_NAMED: Final = 10_000
_Page = Annotated[int, Field(ge=1, le=1_000_000)] | None
_Name = Annotated[str, Field(max_length=_LONGEST_NAME)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Loaded(_Said):
    title: str = Field(max_length=LONGEST_TITLE)
    kind: SourceKind
    headings: list[tuple[str, ...]]
    blocks: list[tuple[str, BlockKind, Annotated[int, Field(ge=0)], _Page]] = Field(max_length=MOST_BLOCKS)
    notes: list[tuple[Flag, Annotated[int, Field(ge=1)], _Page]] = Field(max_length=len(Flag))


class _Folder(_Said):
    members: list[tuple[_Name, Annotated[int, Field(ge=0)]]] = Field(max_length=_MOST_NAMED)
    skipped: list[tuple[_Name, str]] = Field(max_length=_MOST_NAMED)


class _SiteMap(_Said):
    pages: list[str] = Field(max_length=_MOST_NAMED)
    maps: list[str] = Field(max_length=_MOST_NAMED)


class _Answer(_Said):
    loaded: _Loaded | None = None
    folder: _Folder | None = None
    site_map: _SiteMap | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Unheard:
    """No answer of ours: cut off, or not what a loader of ours says."""


Heard = Loaded | Folder | SiteMap | Refusal | Unheard


def hear(said: bytes) -> Heard:
    head, _, rest = said.partition(b"\n")
    answer = _parsed(head)
    if answer.refused is not None:
        reason = RefusalReason.__members__.get(answer.refused)
        return Refusal(reason=reason) if reason else Unheard()
    if answer.loaded is not None:
        return _loaded(answer.loaded)
    if answer.folder is not None:
        return _folder(answer.folder, rest)
    if answer.site_map is not None:
        return SiteMap(pages=tuple(answer.site_map.pages), maps=tuple(answer.site_map.maps))
    return Unheard()


def _parsed(head: bytes) -> _Answer:
    """Of what is no answer an empty one."""
    try:
        return _Answer.model_validate_json(head) if len(head) <= _MOST_SAID else _Answer()
    except ValidationError:
        return _Answer()


def _loaded(said: _Loaded) -> Loaded | Unheard:
    is_sane = all(at < len(said.headings) for _, _, at, _ in said.blocks)
    if not is_sane or sum(len(text) for text, *_ in said.blocks) > MOST_TEXT_BYTES:
        return Unheard()
    return Loaded(
        title=_storable(said.title),
        kind=said.kind,
        blocks=tuple(
            Block(text=_storable(text), kind=kind, headings=tuple(map(_storable, said.headings[at])), page=page)
            for text, kind, at, page in said.blocks
        ),
        notes=tuple(Note(flag=flag, times=times, page=page) for flag, times, page in said.notes),
    )


def _folder(said: _Folder, rest: bytes) -> Folder | Unheard:
    if sum(size for _, size in said.members) != len(rest):
        return Unheard()
    members: list[Member] = []
    at = 0
    for name, size in said.members:
        members.append(Member(name=_storable(name), data=rest[at : at + size]))
        at += size
    reasons = RefusalReason.__members__
    skipped = [Skipped(name=_storable(name), reason=reasons[why]) for name, why in said.skipped if why in reasons]
    return Folder(members=tuple(members), skipped=tuple(skipped))


def _storable(text: str) -> str:
    """PostgreSQL takes every character but this one."""
    return text.replace("\0", " ")
