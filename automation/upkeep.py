"""What a clock starts: each schedule's work, once per firing."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

from automation import store
from automation.schedule import ScheduleName, schedule_named
from core import clock
from core.floor import Floor
from core.ids import CompanyId
from core.logging import get_logger
from core.queue import TaskName, send

_TICKS_KEPT: Final = timedelta(days=30)

log = get_logger(__name__)


async def run_tick(floor: Floor, name: ScheduleName) -> bool:
    """Do the work of this firing; False where somebody else does it or did."""
    fire_at = schedule_named(name).fire_at(clock.now())
    if not await store.claim_tick(floor.database, name.value, fire_at):
        return False
    await _WORK[name](floor)
    await store.finish_tick(floor.database, name.value, fire_at)
    return True


async def forget_old(floor: Floor, companies: list[CompanyId]) -> int:
    """One transaction per company."""
    forgotten = 0
    for company in companies:
        async with floor.database.tenant_session(company) as session:
            forgotten += await store.forget_old_events(session, clock.now())
    log.info("upkeep.forgotten", companies=len(companies), events=forgotten)
    return forgotten


async def _start_forgetting(floor: Floor) -> None:
    await store.forget_ticks(floor.database, clock.now() - _TICKS_KEPT)
    async for chunk in store.chunks_of_companies(floor.database):
        send(TaskName.FORGET_OLD, chunk)


_WORK: Final[Mapping[ScheduleName, Callable[[Floor], Awaitable[None]]]] = {
    ScheduleName.FORGET_OLD: _start_forgetting,
}
