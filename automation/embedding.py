"""Passages that came since their vectors were made get theirs, where nobody waits for them."""

from typing import Final

from agents.gateway.embeddings import make_embeddings
from automation import store
from core.clock import Deadline
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
    except EmbeddingFailed as error:
        log.warning("embedding.failed", model=port.name, reason=str(error))
    else:
        log.info("embedding.filled", model=port.name, vectors=made)
    finally:
        await port.close()


async def fill_due(floor: Floor, port: EmbeddingPort, deadline: Deadline) -> int:
    """How many vectors were made. Raises `EmbeddingFailed`: what was made before stays."""
    made = 0
    for company, space_id in await store.embedding_due(floor.database, most=_MOST):
        async with floor.database.tenant_session(CompanyId(company)) as session:
            space = await spaces.one(session, space_id)
        if (space.model, space.dimensions) == (port.name, port.dimensions) and not deadline.passed:
            made += await fill(floor.database, CompanyId(company), space_id, port, deadline=deadline)
    return made
