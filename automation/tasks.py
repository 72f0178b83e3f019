"""Background entry points: shells around plain functions, with ids for arguments."""

from uuid import UUID

from automation.schedule import ScheduleName
from automation.upkeep import forget_old, run_tick, watch_connections
from core.floor import Floor
from core.ids import CompanyId
from core.queue import TaskName, task


@task(TaskName.TICK)
async def tick(floor: Floor, schedule: str) -> None:
    await run_tick(floor, ScheduleName(schedule))


@task(TaskName.FORGET_OLD)
async def forget_old_chunk(floor: Floor, companies: list[UUID]) -> None:
    await forget_old(floor, [CompanyId(company) for company in companies])


@task(TaskName.WATCH_CONNECTIONS)
async def watch_connections_chunk(floor: Floor, companies: list[UUID]) -> None:
    await watch_connections(floor, [CompanyId(company) for company in companies])
