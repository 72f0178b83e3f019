"""What the engine reads and writes across companies: through `priv`, which gives ids and numbers only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import text

from core import clock, telemetry
from core.db.server import clock_shift
from core.db.sessions import Database
from core.floor import Floor
from core.ids import CompanyId, TurnId
from core.models.outbox import Lane
from graphs.stores import effects, hearing, incoming, timers, turns


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
    async with floor.database.crossing() as session:
        telemetry.HANDOFFS_OPEN.set((await session.scalars(text("SELECT priv.handoffs_open()"))).one())
    telemetry.TURNS_DUE.set(depths["turns"].waiting)
    telemetry.EVENT_LAG.set(depths["incoming"].oldest_seconds)
    for lane in Lane:
        queued = depths.get(f"outbox.{lane}")
        telemetry.outbox_queued(lane=lane).set(queued.waiting if queued else 0)


async def follow_clock(floor: Floor) -> bool:
    """Take over the shift of the business clock; true where it changed."""
    async with floor.database.crossing() as session:
        shift = await clock_shift(await session.connection())
    return clock.follow_shift(shift)


async def claim_incoming(
    database: Database, *, most: int, lease: timedelta, suspects: bool = False
) -> list[incoming.Claim]:
    """The oldest that nobody has tried yet; or, of those whose last try did not end, one."""
    bound = {"most": most, "lease": lease, "suspects": suspects}
    async with database.crossing() as session:
        return [
            incoming.Claim(
                company=CompanyId(row.company),
                event=row.event,
                received=row.received,
                fence=row.held_fence,
                tries=row.tries,
            )
            for row in (await session.execute(_CLAIM_INCOMING, bound)).all()
        ]


async def claim_turns(database: Database, *, most: int, lease: timedelta, suspects: bool = False) -> list[turns.Claim]:
    """Those that fall due; or, of those that were begun again and again and never ended, one."""
    bound = {"most": most, "lease": lease, "suspects": suspects}
    async with database.crossing() as session:
        return [
            turns.Claim(company=CompanyId(row.company), turn=TurnId(row.turn), fence=row.held_fence, tries=row.tries)
            for row in await session.execute(_CLAIM_TURNS, bound)
        ]


async def hold_turns(database: Database, running: Sequence[turns.Claim], lease: timedelta) -> None:
    """For so long from now, if they still are ours; for no time is to give them back."""
    bound = {
        "companies": [claim.company for claim in running],
        "turns": [claim.turn for claim in running],
        "fences": [claim.fence for claim in running],
    }
    async with database.crossing() as session:
        await session.execute(_HOLD_TURNS, bound | {"lease": lease})


async def overtaken(database: Database, running: Sequence[turns.Claim]) -> list[TurnId]:
    """Of turns that run, those in whose conversation the customer seems to have written again."""
    bound = {"companies": [claim.company for claim in running], "turns": [claim.turn for claim in running]}
    async with database.crossing() as session:
        return [TurnId(row.turn) for row in await session.execute(_OVERTAKEN, bound)]


async def claim_timers(database: Database, *, most: int, lease: timedelta) -> list[timers.Claim]:
    async with database.crossing() as session:
        return [
            timers.Claim(company=CompanyId(row.company), timer=row.timer, fence=row.held_fence)
            for row in await session.execute(_CLAIM_TIMERS, {"most": most, "lease": lease})
        ]


async def claim_effects(database: Database, *, most: int, lease: timedelta) -> list[effects.Claim]:
    async with database.crossing() as session:
        return [
            effects.Claim(company=CompanyId(row.company), effect=row.effect, fence=row.held_fence)
            for row in await session.execute(_CLAIM_EFFECTS, {"most": most, "lease": lease})
        ]


async def claim_hearing(database: Database, *, most: int, lease: timedelta) -> list[hearing.Claim]:
    """Files whose words somebody waits for."""
    async with database.crossing() as session:
        return [
            hearing.Claim(company=CompanyId(row.company), media=row.media, fence=row.held_fence)
            for row in await session.execute(_CLAIM_HEARING, {"most": most, "lease": lease})
        ]


async def seconds_to_next(database: Database, work: str) -> float | None:
    """Until the first turn, timer or effect is due; None where none waits."""
    async with database.crossing() as session:
        seconds: float | None = await session.scalar(_NEXT_DUE, {"work": work})
        return None if seconds is None else max(0.0, float(seconds))


_CLAIM_INCOMING: Final = text("""
    SELECT company, event, received, held_fence, tries
    FROM priv.claim_incoming('engine', CAST(:most AS integer), CAST(:lease AS interval), CAST(:suspects AS boolean))
""")
_CLAIM_TURNS: Final = text("""
    SELECT company, turn, held_fence, tries
    FROM priv.claim_turns(CAST(:most AS integer), CAST(:lease AS interval), :suspects)
""")
_HOLD_TURNS: Final = text("""
    SELECT priv.hold_turns(CAST(:companies AS uuid[]), CAST(:turns AS uuid[]), CAST(:fences AS bigint[]),
        CAST(:lease AS interval))
""")
_OVERTAKEN: Final = text("SELECT turn FROM priv.overtaken(CAST(:companies AS uuid[]), CAST(:turns AS uuid[]))")
_CLAIM_TIMERS: Final = text("""
    SELECT company, timer, held_fence FROM priv.claim_timers(CAST(:most AS integer), CAST(:lease AS interval))
""")
_CLAIM_EFFECTS: Final = text("""
    SELECT company, effect, held_fence FROM priv.claim_effects(CAST(:most AS integer), CAST(:lease AS interval))
""")
_CLAIM_HEARING: Final = text("""
    SELECT company, media, held_fence FROM priv.claim_hearing(CAST(:most AS integer), CAST(:lease AS interval))
""")
_NEXT_DUE: Final = text("SELECT seconds FROM priv.next_due() WHERE work = :work")
