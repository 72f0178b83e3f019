"""What a clock starts: each schedule's work, once per firing."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from automation import store
from automation.embedding import embed_due
from automation.renewing import renew_due
from automation.schedule import ScheduleName, schedule_named
from channels.adapters import open_registry
from channels.lines import Lines
from channels.watch import look_after
from core import clock
from core.floor import Floor
from core.ids import CompanyId
from core.logging import get_logger
from core.queue import TaskName, send
from core.storage import open_storage
from graphs.erasure import remove_files
from graphs.stray_files import forget_strays
from knowledge.tasks import carry_on, forget_left

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
    """Of each company by itself: its events, and files that nothing refers to any more."""
    forgotten, storage = 0, open_storage(floor.settings.storage_url)
    for company in companies:
        async with floor.database.tenant_session(company) as session:
            forgotten += await store.forget_old_events(session, clock.now())
        await forget_left(floor, company)
        await remove_files(floor.database, storage, company)
        await forget_strays(floor.database, storage, company)
    log.info("upkeep.forgotten", companies=len(companies), events=forgotten)
    return forgotten


async def watch_connections(floor: Floor, companies: list[CompanyId]) -> int:
    """Tokens and templates, ahead of trouble."""
    lines = Lines(floor.database, floor.ring)
    async with open_registry(floor.settings) as registry:
        answered = [await look_after(floor.database, registry, lines, company) for company in companies]
    log.info("upkeep.connections_watched", companies=len(companies), answered=sum(answered))
    return sum(answered)


async def _start_forgetting(floor: Floor) -> None:
    await store.forget_installation(floor.database, clock.now())
    await _send_chunks(floor, TaskName.FORGET_OLD)


async def _start_watching(floor: Floor) -> None:
    await _send_chunks(floor, TaskName.WATCH_CONNECTIONS)


async def _send_chunks(floor: Floor, name: TaskName) -> None:
    async for chunk in store.chunks_of_companies(floor.database):
        send(name, chunk)


_WORK: Final[Mapping[ScheduleName, Callable[[Floor], Awaitable[None]]]] = {
    ScheduleName.FORGET_OLD: _start_forgetting,
    ScheduleName.WATCH_CONNECTIONS: _start_watching,
    ScheduleName.READ_ON: carry_on,
    ScheduleName.EMBED: embed_due,
    ScheduleName.RENEW: renew_due,
}
