"""What the engine reads and writes across companies: through `priv`, which gives ids and numbers only."""

from dataclasses import dataclass

from sqlalchemy import text

from core import telemetry
from core.db.sessions import Database
from core.floor import Floor
from core.models.outbox import Lane


@dataclass(frozen=True, kw_only=True, slots=True)
class Depth:
    """How much waits in one queue, and since when the oldest does."""

    queue: str
    waiting: int
    oldest_seconds: float


async def queue_depths(database: Database) -> list[Depth]:
    async with database.crossing() as session:
        rows = await session.execute(text("SELECT queue, depth, oldest_seconds FROM priv.queue_depths()"))
    return [Depth(queue=row.queue, waiting=row.depth, oldest_seconds=row.oldest_seconds) for row in rows]


async def publish_depths(floor: Floor) -> None:
    """How much waits, where a graph and an alert can see it."""
    depths = {depth.queue: depth for depth in await queue_depths(floor.database)}
    telemetry.TURNS_DUE.set(depths["turns"].waiting)
    telemetry.EVENT_LAG.set(depths["incoming"].oldest_seconds)
    for lane in Lane:
        queued = depths.get(f"outbox.{lane}")
        telemetry.outbox_queued(lane=lane).set(queued.waiting if queued else 0)
