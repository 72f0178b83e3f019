"""Lists of postings that were fetched lately, by company and by the mark that every write to a base changes."""

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping
from threading import Lock
from typing import Final
from uuid import UUID

from core.db.sessions import TenantSession
from core.ids import CompanyId
from knowledge.stores import postings
from knowledge.stores.postings import Run
from knowledge.tallies import Tally

_ROOM: Final = 48 << 20  # bytes
_EACH: Final = 300  # of an entry, besides what it holds


class Remembered:
    """As much as has room; what was asked for longest ago goes first."""

    def __init__(self, room: int = _ROOM) -> None:
        self._room = room
        self._taken = 0
        self._kept: OrderedDict[tuple[CompanyId, UUID, int, str], tuple[Tally, ...]] = OrderedDict()
        self._lock = Lock()

    async def find(
        self, session: TenantSession, marks: Mapping[UUID, int], words: Collection[str]
    ) -> dict[str, list[Tally]]:
        """`marks` are the bases, each with the one it has now."""
        keys = [(session.tenant_id, base, mark, word) for base, mark in marks.items() for word in words]
        with self._lock:
            known = {key: self._recall(key) for key in keys if key in self._kept}
        missing = [key for key in keys if key not in known]
        if missing:
            fetched = await postings.find(session, list(marks), {word for *_, word in missing})
            fresh = _grouped(session.tenant_id, marks, fetched)
            known |= {key: fresh.get(key, ()) for key in missing}
            with self._lock:
                self._keep({key: known[key] for key in missing})
        found: dict[str, list[Tally]] = {word: [] for word in words}
        for *_, word in keys:
            found[word] = [tally for key, tallies in known.items() if key[3] == word for tally in tallies]
        return found

    def _recall(self, key: tuple[CompanyId, UUID, int, str]) -> tuple[Tally, ...]:
        self._kept.move_to_end(key)
        return self._kept[key]

    def _keep(self, fresh: Mapping[tuple[CompanyId, UUID, int, str], tuple[Tally, ...]]) -> None:
        for key, tallies in fresh.items():
            if key not in self._kept:
                self._kept[key] = tallies
                self._taken += _size(tallies)
        while self._taken > self._room:
            _, tallies = self._kept.popitem(last=False)
            self._taken -= _size(tallies)


def _grouped(
    company: CompanyId, marks: Mapping[UUID, int], runs: Collection[Run]
) -> dict[tuple[CompanyId, UUID, int, str], tuple[Tally, ...]]:
    found: defaultdict[tuple[CompanyId, UUID, int, str], list[Tally]] = defaultdict(list)
    for run in runs:
        found[company, run.base, marks[run.base], run.word].append(Tally.of(run))
    return {key: tuple(tallies) for key, tallies in found.items()}


def _size(tallies: Collection[Tally]) -> int:
    return _EACH + sum(_EACH + tally.size for tally in tallies)
