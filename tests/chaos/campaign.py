"""A campaign at full speed while its processes are killed: what the product promises most loudly."""

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Final

from tests.chaos.facts import Facts
from tests.chaos.monkeys import Toll
from tests.chaos.outcome import Outcome
from tests.chaos.world import World

# 2 % 503, 1 % 429, and behind the acceptance 2 % dropped, 1 % 500 and 0.5 % slow: half of these prove nothing.
AMBIGUOUS: Final = {"name": "Ambiguous"}
_REQUEUE: Final = """
    UPDATE outbound SET state = 'queued', reason = NULL, lease_until = NULL, unknown_since = NULL, retry_at = NULL
    WHERE state = 'unknown' OR state = 'sending' AND lease_until < now()
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsal:
    name: str
    sends: int
    kills: int
    seconds: float  # over which the kills are spread
    patience: float  # until all is quiet afterwards


async def rehearse(world: World, plan: Rehearsal, dice: random.Random) -> Outcome:
    """The oracle finds nothing wrong, or this fails."""
    began, toll = time.monotonic(), Toll()
    facts = await _run(world, plan, dice, toll)
    released = facts.waiting.quarantined
    if released:
        facts = await _release(world, plan)
    seconds = time.monotonic() - began
    outcome = Outcome.of(plan.name, facts, kills=toll.kills, seconds=seconds, released=released)
    await world.check()
    return outcome


async def rehearse_at_least_once(world: World, plan: Rehearsal, dice: random.Random) -> Outcome:
    """The same with a hand in the tables that sends again whatever nobody answered for: what a task queue would do."""
    began, toll = time.monotonic(), Toll()
    async with toll.meanwhile(_requeue(world)):
        facts = await _run(world, plan, dice, toll)
    seconds = time.monotonic() - began
    return Outcome.of(plan.name, facts, kills=toll.kills, seconds=seconds, is_control=True)


async def _run(world: World, plan: Rehearsal, dice: random.Random, toll: Toll) -> Facts:
    await world.panel.add_faults(AMBIGUOUS)
    batch, people = await world.start_batch(), await world.crowd.people(plan.sends)
    async with world.stage.running():
        async with asyncio.TaskGroup() as group:
            group.create_task(world.crowd.queue(people, batch=batch))
            group.create_task(toll.kill(world.stage.processes, dice, times=plan.kills, seconds=plan.seconds))
        await world.quiet(plan.patience)
        return await world.facts()


async def _release(world: World, plan: Rehearsal) -> Facts:
    """Killers may strike the same event often enough for quarantine: there a person finds it, and lets it go on."""
    async with world.stage.running():
        await world.release_quarantined()
        await world.quiet(plan.patience)
        return await world.facts()


async def _requeue(world: World) -> None:
    async with world.stage.superuser() as superuser:
        while True:
            await superuser.execute(_REQUEUE)
            await asyncio.sleep(0.2)
