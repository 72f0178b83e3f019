"""Background entry points: jobs of reading are read on, a stretch at a time, and those that were left are found."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from core import clock
from core.clock import Deadline
from core.db.sessions import TenantSession
from core.floor import Floor
from core.ids import CompanyId
from core.queue import TaskName, enqueue, send, task
from core.storage import open_storage
from knowledge import quarantine
from knowledge.handing_over import Desk
from knowledge.reading import open_reader
from knowledge.stores import jobs

_STRETCH_SECONDS: Final = 120.0  # an item that is begun in it still ends within the time of a task
_MOST_LEFT: Final = 100
_LEFT_FOR: Final = timedelta(days=1)


def desk_of(floor: Floor) -> Desk:
    return Desk(database=floor.database, ring=floor.ring, storage=open_storage(floor.settings.storage_url))


def have_read(session: TenantSession, job: UUID) -> None:
    """A hint that leaves after the commit; the sweep finds what it did not reach."""
    enqueue(session, TaskName.READ_SOURCES, session.tenant_id, job)


@task(TaskName.READ_SOURCES)
async def read_sources(floor: Floor, company: UUID, job: UUID) -> None:
    await read_stretch(floor, CompanyId(company), job, seconds=_STRETCH_SECONDS)


async def carry_on(floor: Floor) -> None:
    """Of any company: jobs whose reader died, or that wait for a site to come back."""
    for company, job in await jobs.due(floor.database, most=_MOST_LEFT):
        send(TaskName.READ_SOURCES, company, job)


async def forget_left(floor: Floor, company: CompanyId) -> int:
    """Uploads of a day ago and more that no item waits for."""
    desk = desk_of(floor)
    async with floor.database.tenant_session(company) as session:
        waiting = await jobs.waiting_files(session)
    before = clock.now() - _LEFT_FOR
    return await quarantine.forget_left(desk.storage, company, waiting=waiting, before=before)


async def read_stretch(floor: Floor, company: CompanyId, job: UUID, *, seconds: float) -> None:
    until = Deadline.after(seconds)
    async with open_reader(desk_of(floor), company, job) as reader:
        await reader.read(until)
    if until.passed:
        send(TaskName.READ_SOURCES, company, job)
