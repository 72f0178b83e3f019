"""Whatever is a zip: a Word document, a workbook, or a folder of files that are sources of their own."""

from pathlib import PurePosixPath
from typing import Final

from knowledge.documents import Loaded, RefusalReason, Unreadable
from knowledge.loaders import docx, xlsx
from knowledge.loaders.answers import Answer, Folder, Hints, Member, Skipped
from knowledge.loaders.archive import Archive, open_archive
from knowledge.loaders.cell import serve

MOST_FILES: Final = 500
MOST_BYTES: Final = 64 * 1024 * 1024  # of all its files
MOST_BYTES_OF_ONE: Final = 32 * 1024 * 1024
LONGEST_NAME: Final = 200
_TYPES: Final = "[Content_Types].xml"
_ZIP: Final = b"PK"
_LITTER: Final = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})


def load(data: bytes, hints: Hints) -> Answer:
    archive = open_archive(data)
    return _document(archive, hints) if _is_document(archive) else _folder(archive)


def _is_document(archive: Archive) -> bool:
    return _TYPES in archive.entries or "mimetype" in archive.entries


def _document(archive: Archive, hints: Hints) -> Loaded:
    if docx.BODY in archive.entries:
        return docx.load(archive, hints)
    if xlsx.BOOK in archive.entries:
        return xlsx.load(archive, hints)
    raise Unreadable(RefusalReason.UNKNOWN_KIND)


def _folder(archive: Archive) -> Folder:
    names = [name for name in archive.entries if not name.endswith("/") and not _is_litter(name)]
    if not names:
        raise Unreadable(RefusalReason.EMPTY)
    if len(names) > MOST_FILES:
        raise Unreadable(RefusalReason.TOO_MANY_FILES)
    if sum(archive.entries[name].file_size for name in names) > MOST_BYTES:
        raise Unreadable(RefusalReason.TOO_LARGE)
    members: list[Member] = []
    skipped: list[Skipped] = []
    for name in names:
        try:
            members.append(_member(archive, name))
        except Unreadable as refused:
            if refused.reason is RefusalReason.BOMB:
                raise
            skipped.append(Skipped(name=name[-LONGEST_NAME:], reason=refused.reason))
    return Folder(members=tuple(members), skipped=tuple(skipped))


def _member(archive: Archive, name: str) -> Member:
    data = archive.read(name, most=MOST_BYTES_OF_ONE)
    if data.startswith(_ZIP) and _is_folder(data):
        raise Unreadable(RefusalReason.NESTED_FOLDER)
    return Member(name=name[-LONGEST_NAME:], data=data)


def _is_folder(data: bytes) -> bool:
    """By its entries: what a file of it is called, or says, proves nothing."""
    try:
        return not _is_document(open_archive(data))
    except Unreadable:
        return False  # refused by itself, with its own reason, when it is read


def _is_litter(name: str) -> bool:
    """What systems leave in a folder and no person put there."""
    return any(part.startswith(".") or part in _LITTER for part in PurePosixPath(name).parts)


if __name__ == "__main__":
    serve(load)
