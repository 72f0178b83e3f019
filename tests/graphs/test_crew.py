"""The engine's loops as they are put together: how soon each finds what nobody tells it of."""

import asyncio
from datetime import timedelta
from typing import Final

from agents.gateway.gateway import make_gateway
from channels.policy import Patience
from channels.station import open_station
from core.floor import Floor
from core.probe import Pulse
from graphs import intake, store
from graphs.crew import Crew
from tests.fixtures.inbound import message, open_inbox, someone

LEASE: Final = timedelta(seconds=1)
SOON: Final = 3.0  # well under the five seconds of a sweep
LOOKS: Final = 0.1


class TestIntake:
    async def test_what_a_dead_engine_had_claimed_is_taken_in_when_its_lease_ends(self, floor: Floor) -> None:
        inbox, stop = await open_inbox(floor), asyncio.Event()
        await inbox.post(inbox.body(message(someone(), "w.1", text="oi")))
        assert await store.claim_incoming(floor.database, most=intake.MOST, lease=LEASE)
        gateway = make_gateway(floor.settings)
        async with open_station(floor) as station, asyncio.TaskGroup() as group:
            group.create_task(Crew(station, Patience(), gateway).engine(Pulse()).run(stop))
            async with asyncio.timeout(LEASE.total_seconds() + SOON):
                while not await inbox.count("messages WHERE author = 'customer'"):  # noqa: ASYNC110 - nobody is told
                    await asyncio.sleep(LOOKS)
            stop.set()
        await gateway.close()
