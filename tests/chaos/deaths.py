"""F2 and F7: processes whose every life ends between what they did and what they said of it."""

import asyncio
import signal

from core.crashpoints import CRASH_AT, CrashPoint
from tests.chaos.children import KILLED
from tests.chaos.facts import Facts
from tests.chaos.oracle import doubled, settled
from tests.chaos.world import World


async def die_behind_every_commit(world: World, *, times: int) -> None:
    """Each message is kept by a life that ends at once, and posted again to the next."""
    [person] = await world.crowd.people(1)
    api = world.stage.api
    api.extra[CRASH_AT] = CrashPoint.RX_POST_COMMIT
    await api.start()
    for _ in range(times):
        await world.say(person)
    await api.until_ended(times, seconds=max(60.0, 3.0 * times))
    assert set(api.ends) == {KILLED}
    del api.extra[CRASH_AT]
    api.signal(signal.SIGKILL)  # the last that was born with a fuse
    for engine in world.stage.engines:
        await engine.start()
    facts = await world.quiet_and_check()
    for process in world.stage.processes:
        await process.stop()
    assert len(facts.said) == times


async def die_behind_every_answer(world: World, *, times: int) -> Facts:
    """Each life of the engine ends when its first call was answered, before anybody wrote that down."""
    [engine] = world.stage.engines
    await world.stage.api.start()
    engine.extra[CRASH_AT] = CrashPoint.SEND_POST_ACCEPT
    await engine.start()
    for number in range(times):
        await world.crowd.queue(await world.crowd.people(2))
        await engine.until_ended(number + 1)
    assert set(engine.ends) == {KILLED}
    del engine.extra[CRASH_AT]
    engine.signal(signal.SIGKILL)  # the last that was born with a fuse
    await world.crowd.queue(await world.crowd.people(2))
    facts = await world.quiet_and_check(90)
    await asyncio.gather(world.stage.api.stop(), engine.stop())
    assert doubled(facts) == []
    assert settled(facts).by_tag >= times / 2
    return facts
