"""The transaction in which an update is acted on and marked as done: once, however often Telegram repeats it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from admin_api.staff.stores import updates
from core.db.sessions import Database, TenantSession
from core.ids import CompanyId, ConnectionId
from graphs.stores import incoming
from graphs.stores.incoming import Claim

TRIES: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Acting:
    database: Database
    company: CompanyId
    connection: ConnectionId
    claim: Claim
    update_id: int

    @property
    def key(self) -> str:
        return f"update:{self.connection}:{self.update_id}"

    @asynccontextmanager
    async def once(self) -> AsyncIterator[TenantSession | None]:
        """None: it was acted on before, or somebody else is at it."""
        async with self.database.tenant_session(self.company) as session:
            ours = await incoming.finish(session, [self.claim])
            is_new = bool(ours) and await updates.remember(session, self.connection, self.update_id)
            yield session if is_new else None
