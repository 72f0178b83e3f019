"""What a hostile file is to a test: how it is made, what it is called, and what may become of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from knowledge.documents import Flag, RefusalReason


class Taken(Enum):
    """It is read: what harms in it is left out, or does nothing."""

    SOURCE = "source"
    FOLDER = "folder"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hostile:
    name: str
    make: Callable[[], bytes]
    ends: frozenset[RefusalReason | Taken]
    flags: frozenset[Flag] = field(default=frozenset())
    unread: str = ""  # what no block may hold
    is_quick: bool = False  # one of those that every run of the tests takes


def refused(*reasons: RefusalReason) -> frozenset[RefusalReason | Taken]:
    return frozenset(reasons)


TAKEN: frozenset[RefusalReason | Taken] = frozenset({Taken.SOURCE})
