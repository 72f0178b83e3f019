"""What `masteria knowledge add` was told to read: files, folders, standard input, pages and site maps."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from core.errors import Malformed, Misconfigured, NotFound, Refused
from core.texts import Text
from knowledge.parsing import MOST_BYTES
from knowledge.web import Fetched, Visitor

_STDIN: Final = "-"
_PASTED: Final = "texto-colado.txt"
_SITE_MAP: Final = (".xml", ".xml.gz")


@dataclass(frozen=True, kw_only=True, slots=True)
class Thing:
    """A source: a file, a page, or what is typed in, where it is neither."""

    name: str  # by which its base knows it
    path: Path | None = None
    address: str | None = None

    @property
    def is_site_map(self) -> bool:
        return self.address is not None and urlsplit(self.address).path.endswith(_SITE_MAP)


@dataclass(frozen=True, kw_only=True, slots=True)
class Got:
    data: bytes = field(repr=False)
    charset: str | None = None


def things(paths: Sequence[str]) -> list[Thing]:
    found = [thing for path in paths for thing in _of(path)]
    names = [thing.name for thing in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise Malformed(
            f"`{twice}` aparece duas vezes: o segundo tomaria o lugar do primeiro.",
            f"`{twice}` is there twice: the second would take the place of the first.",
        )
    return found


async def with_pages(found: Sequence[Thing], visitor: Visitor) -> list[Thing]:
    """Site maps as the pages that they name."""
    every: dict[str, Thing] = {}
    for thing in found:
        if thing.address is None or not thing.is_site_map:
            every[thing.name] = thing
            continue
        pages = await visitor.pages_of(thing.address)
        if not isinstance(pages, Sequence):
            raise Refused(f"{thing.address}: {pages.words.pt}", f"{thing.address}: {pages.words.en}")
        every |= {page: Thing(name=page, address=page) for page in pages}
    return list(every.values())


async def read(thing: Thing, visitor: Visitor | None) -> Got | Text:
    """Its bytes, or why there are none."""
    if thing.address is None or visitor is None:
        return Got(data=await asyncio.to_thread(_read, thing.path))
    page = await visitor.page(thing.address)
    return Got(data=page.data, charset=page.charset) if isinstance(page, Fetched) else page.words


def _of(told: str) -> Iterator[Thing]:
    path = Path(told)
    if told == _STDIN:
        yield Thing(name=_PASTED)
    elif told.startswith(("http://", "https://")):
        yield Thing(name=told, address=told)
    elif path.is_dir():
        yield from _of_folder(path)
    elif path.is_file():
        yield Thing(name=path.name, path=path)
    else:
        raise NotFound(f"Não há arquivo nem pasta `{told}`.", f"There is no file or folder `{told}`.")


def _of_folder(folder: Path) -> Iterator[Thing]:
    """Not what is hidden, and no link: it may lead anywhere."""
    inside = [(path, path.relative_to(folder)) for path in sorted(folder.rglob("*"))]
    files = [
        (path, Path(folder.resolve().name) / name)
        for path, name in inside
        if path.is_file() and not path.is_symlink() and not any(part.startswith(".") for part in name.parts)
    ]
    if not files:
        raise NotFound(f"Não há arquivos na pasta `{folder}`.", f"There are no files in the folder `{folder}`.")
    yield from (Thing(name=name.as_posix(), path=path) for path, name in files)


def _read(path: Path | None) -> bytes:
    """One byte more than is allowed says that it is too much."""
    if path is None:
        return sys.stdin.read(MOST_BYTES + 1).encode()
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Misconfigured(
            f"Não consegui ler `{path}`: {error.strerror}.", f"Could not read `{path}`: {error.strerror}."
        ) from error
