"""Passages that came since their vectors were made get theirs, where nobody waits for them."""

from typing import Final
from uuid import UUID

from agents.gateway.embeddings import make_embeddings
from automation import store
from core.clock import Deadline
from core.errors import Conflict, NotFound
from core.floor import Floor
from core.ids import CompanyId
from core.logging import get_logger
from knowledge.embeddings import EmbeddingFailed, EmbeddingPort
from knowledge.reembedding import fill
from knowledge.stores import spaces

_MOST: Final = 1_000
_SECONDS: Final = 90.0  # of one firing: what is left is the next one's

log = get_logger(__name__)


async def embed_due(floor: Floor) -> None:
    """Of all companies, by the model that is set now. Spaces of another one wait until it is set again."""
    port = make_embeddings(floor.settings)
    if port is None:
        return
    try:
        made = await fill_due(floor, port, Deadline.after(_SECONDS))
        log.info("embedding.filled", model=port.name, vectors=made)
    finally:
        await port.close()


async def fill_due(floor: Floor, port: EmbeddingPort, deadline: Deadline) -> int:
    """How many vectors were made. What fails for one company is tried again next time, and no other waits for it."""
    made = 0
    for company, space_id in await store.embedding_due(floor.database, most=_MOST):
        try:
            made += await _fill_one(floor, CompanyId(company), space_id, port, deadline)
        except (EmbeddingFailed, Conflict, NotFound) as error:
            log.warning("embedding.failed", model=port.name, company=company, reason=str(error))
    return made


async def _fill_one(floor: Floor, company: CompanyId, space_id: UUID, port: EmbeddingPort, deadline: Deadline) -> int:
    async with floor.database.tenant_session(company) as session:
        space = await spaces.one(session, space_id)
    if (space.model, space.dimensions) != (port.name, port.dimensions) or deadline.passed:
        return 0
    return await fill(floor.database, company, space_id, port, deadline=deadline)
