"""What is wrong with a persona's document: where, how badly, and what to do, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from core.texts import Text

Path = tuple[str | int, ...]  # keys and places, from the top of the document


class Level(StrEnum):
    ERROR = "error"
    WARNING = "warning"  # it works, and is probably not what was meant


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    line: int | None  # none where the document is no text, but data of ours
    field: str
    message: Text
    level: Level = Level.ERROR


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """The line on which everything in a document begins."""

    places: Mapping[Path, int] = field(default_factory=dict)

    def of(self, path: Path) -> int | None:
        """Where that would stand which is not there: where the nearest thing around it does."""
        return next((self.places[path[:size]] for size in range(len(path), -1, -1) if path[:size] in self.places), None)


NOWHERE: Final = Lines()


def dotted(path: Path) -> str:
    """As one says it: `stages[1].enter.all[0]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def nearest(name: str, names: list[str]) -> str | None:
    found = get_close_matches(name, names, n=1)
    return found[0] if found else None


def meant(name: str, names: list[str]) -> Text:
    """What to write instead of an unknown name: the nearest, or else a look at all of them."""
    if near := nearest(name, names):
        return Text(f"; você quis dizer `{near}`?", f"; did you mean `{near}`?")
    if not names:
        return Text("", "")
    known = ", ".join(names[:_MOST_NAMES])
    return Text(f"; há: {known}", f"; there are: {known}")


_MOST_NAMES: Final = 20
