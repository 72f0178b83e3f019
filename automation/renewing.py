"""What an earlier edition of the code took from texts is taken anew, where nobody waits for it."""

from datetime import timedelta
from typing import Final

from automation import store
from core.clock import Deadline
from core.errors import NotFound
from core.floor import Floor
from core.ids import CompanyId
from core.logging import get_logger
from knowledge import gaps
from knowledge.features import EDITION
from knowledge.stores import editions

_AT_ONCE: Final = 500  # passages in a transaction: their base is written to by nobody else so long
_SECONDS: Final = 90.0  # of one firing: what is left is the next one's
_ALL_NEW: Final = f"knowledge:edition:{EDITION}"
_LOOKED_FOR: Final = timedelta(days=1)  # a worker of the release before may still have written

log = get_logger(__name__)


async def renew_due(floor: Floor) -> None:
    """Of all companies, until there is nothing left; then nobody looks for a day."""
    if await floor.valkey.exists(_ALL_NEW):
        return
    if await renew_all(floor, Deadline.after(_SECONDS)):
        await floor.valkey.set(_ALL_NEW, "1", ex=_LOOKED_FOR)


async def renew_all(floor: Floor, deadline: Deadline) -> bool:
    """Whether nothing is left."""
    renewed = 0
    async for companies in store.chunks_of_companies(floor.database):
        for company in companies:
            renewed += await _renew_one(floor, company, deadline)
    log.info("knowledge.renewed", edition=EDITION, passages=renewed, is_all=not deadline.passed)
    return not deadline.passed


async def _renew_one(floor: Floor, company: CompanyId, deadline: Deadline) -> int:
    renewed = 0
    while not deadline.passed:
        try:
            async with floor.database.tenant_session(company) as session:
                some = await editions.renew_some(session, most=_AT_ONCE)
                if not some:
                    await gaps.renew(session)
                    break
        except NotFound:  # a base that was removed meanwhile
            continue
        renewed += some
    return renewed
