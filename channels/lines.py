"""The connections of a process, opened: kept for a minute, and forgotten at once when one changes."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from channels.stores.connections import OpenedLine, open_lines
from core.clock import Deadline
from core.crypto import KeyRing
from core.db.sessions import Database
from core.ids import CompanyId, ConnectionId

_KEPT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Kept:
    lines: dict[ConnectionId, OpenedLine]
    until: Deadline


@dataclass(slots=True)
class Lines:
    """Secrets live here in memory only."""

    database: Database
    ring: KeyRing
    _companies: dict[CompanyId, _Kept] = field(default_factory=dict)
    _changes: int = 0

    async def of(self, company: CompanyId, wanted: Collection[ConnectionId] = ()) -> dict[ConnectionId, OpenedLine]:
        """All of the company's; asked for one that is not known yet, it looks again."""
        kept = self._companies.get(company)
        if kept is not None and not kept.until.passed and set(wanted) <= kept.lines.keys():
            return kept.lines
        seen = self._changes
        async with self.database.tenant_session(company) as session:
            lines = await open_lines(session, self.ring)
        if seen == self._changes:  # else what was read may be older than the news of a change
            self._companies[company] = _Kept(lines, Deadline.after(_KEPT_SECONDS))
        return lines

    def forget(self, company: str) -> None:
        """Told by the database which company's connections changed; "" when news may have been missed."""
        self._changes += 1
        if not company:
            self._companies.clear()
        for known in [known for known in self._companies if str(known) == company]:
            del self._companies[known]
