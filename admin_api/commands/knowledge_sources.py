"""What `masteria knowledge add` was told to read: files, folders, standard input, pages and site maps."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from core.errors import Malformed, NotFound
from core.ids import CompanyId
from core.targets import Blocked
from core.texts import Text
from knowledge import handing_over
from knowledge.documents import RefusalReason, Unreadable
from knowledge.handing_over import Desk
from knowledge.parsing import MOST_BYTES
from knowledge.reading import words_of
from knowledge.web import WebReason

_STDIN: Final = "-"
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


def things(paths: Sequence[str], pasted: str | None) -> list[Thing]:
    """What is pasted has no name but the one it is given: under one name for all, each would replace the last."""
    if (_STDIN in paths) != (pasted is not None):
        raise Malformed(
            "`-` pede --name NOME, pelo qual a base o conhece; --name só vale com `-`.",
            "`-` wants --name NAME, by which the base knows it; --name goes with `-` alone.",
        )
    found = [thing for path in paths for thing in _of(path, pasted)]
    names = [thing.name for thing in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise Malformed(
            f"`{twice}` aparece duas vezes: o segundo tomaria o lugar do primeiro.",
            f"`{twice}` is there twice: the second would take the place of the first.",
        )
    return found


async def hand_over(desk: Desk, company: CompanyId, base: UUID, thing: Thing) -> UUID | Text:
    """The job that reads it, or why there is none."""
    try:
        return await _hand_over(desk, company, base, thing)
    except (Malformed, Unreadable) as refused:
        return refused.detail
    except Blocked:
        return words_of(WebReason.ADDRESS.name)
    except UnicodeDecodeError:
        return words_of(RefusalReason.UNKNOWN_KIND.name)
    except OSError as error:
        return Text(f"Não consegui ler: {error.strerror}.", f"I could not read it: {error.strerror}.")


async def _hand_over(desk: Desk, company: CompanyId, base: UUID, thing: Thing) -> UUID:
    if thing.address is not None:
        told = handing_over.hand_over_site if thing.is_site_map else handing_over.hand_over_page
        return await told(desk, company, base, address=thing.address)
    if thing.path is None:
        pasted = await asyncio.to_thread(sys.stdin.read, MOST_BYTES + 1)
        return await handing_over.hand_over_text(desk, company, base, name=thing.name, text=pasted)
    folder, _, name = thing.name.rpartition("/")
    data = await asyncio.to_thread(_read, thing.path)
    return await handing_over.hand_over_file(desk, company, base, name=name, data=data, folder=folder)


def _of(told: str, pasted: str | None) -> Iterator[Thing]:
    path = Path(told)
    if told == _STDIN and pasted is not None:
        yield Thing(name=pasted)
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


def _read(path: Path) -> bytes:
    """One byte more than is allowed says that it is too much."""
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)
