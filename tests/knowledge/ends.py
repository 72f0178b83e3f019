"""What became of a hostile file, in a word that a test can compare."""

import resource
from dataclasses import dataclass

from core.clock import Deadline
from knowledge.documents import Flag, Loaded, Refusal, RefusalReason
from knowledge.loaders.answers import Folder, Hints
from knowledge.parsing import CELL, Cell, read_source
from tests.knowledge.harm import Hostile, Taken

MOST_SECONDS = 31.0
MOST_CHILD_BYTES = 600 * 1024 * 1024
MOST_GROWTH_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    name: str
    end: RefusalReason | Taken
    flags: frozenset[Flag]
    text: str
    is_late: bool


async def end_of(file: Hostile, cell: Cell = CELL) -> End:
    data = file.make()
    deadline = Deadline.after(MOST_SECONDS)
    got = await read_source(data, Hints(name=file.name), cell=cell)
    is_late = deadline.passed
    match got:
        case Refusal():
            return End(name=file.name, end=got.reason, flags=frozenset(), text="", is_late=is_late)
        case Folder():
            return End(name=file.name, end=Taken.FOLDER, flags=frozenset(), text="", is_late=is_late)
        case Loaded():
            text = "\n".join((got.title, *(block.text for block in got.blocks)))
            flags = frozenset(note.flag for note in got.notes)
            return End(name=file.name, end=Taken.SOURCE, flags=flags, text=text, is_late=is_late)


def faults_of(file: Hostile, end: End) -> list[str]:
    """Why this is not how it should have ended; nothing if it is."""
    faults = {
        f"{file.name} ended in {end.end.name}": end.end not in file.ends,
        f"{file.name} took too long": end.is_late,
        f"{file.name} lacks a flag of {sorted(file.flags)}": end.end is Taken.SOURCE and not file.flags <= end.flags,
        f"{file.name} shows what is hidden": bool(file.unread) and file.unread in end.text,
    }
    return [fault for fault, is_so in faults.items() if is_so]


def child_bytes() -> int:
    """The largest that any child of this process ever was."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def own_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
