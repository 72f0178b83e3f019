"""What lies in a spool, for whoever looks at it from outside: it needs no key, and changes nothing."""

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Final

from core.spool import NAME, SpoolStatus, age_of, key_id_of

_LONGEST_HEAD: Final = 2 + 255


def spool_status(folder: Path) -> SpoolStatus:
    """Where there is no spool, nothing waits. An OSError where this user may not look."""
    names = sorted(path.name for path in _files(folder / "records") if NAME.fullmatch(path.name))
    return SpoolStatus(
        depth=len(names),
        size=sum(map(_size_of, _files(folder / "records"))),
        oldest_seconds=age_of(names),
        damaged=len(_files(folder / "damaged")),
    )


def spool_keys_in_use(folder: Path) -> Counter[str]:
    """How many records each key is needed for, also of those set aside or only half written."""
    used: Counter[str] = Counter()
    for path in (path for name in ("drafts", "records", "damaged") for path in _files(folder / name)):
        with suppress(FileNotFoundError), path.open("rb") as file:
            if (key := key_id_of(file.read(_LONGEST_HEAD))) is not None:
                used[key] += 1
    return used


def _files(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def _size_of(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0
