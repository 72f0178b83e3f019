"""What the actions of `masteria knowledge` work with."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from admin_api.terminal import Parser
from agents.gateway.embeddings import Embeddings
from core.db.sessions import Database, TenantSession
from core.ids import CompanyId

AddParser = Callable[..., Parser]


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Whose knowledge it is about."""

    database: Database
    company: CompanyId
    embeddings: Embeddings | None

    def session(self) -> AbstractAsyncContextManager[TenantSession]:
        return self.database.tenant_session(self.company)
