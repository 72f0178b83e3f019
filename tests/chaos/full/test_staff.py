"""F37 by the clock: 300 notes within a minute, at Telegram's own limits, under flood waits and broken answers."""

import asyncio
import time

import pytest

from admin_api.staff.pacing import Rates
from channels.telegram_staff.notes import Say
from channels.telegram_staff.rich import Rich
from core.floor import Floor
from sandbox.faults import AcceptThenDrop
from sandbox.telegram.faults import BadGateway, FloodWait
from sandbox.telegram.flood import FloodSettings
from tests.admin_api.staff.transport import open_desk

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

_SEND = "/telegram/send/sendMessage"
_NOTES = 300
_TOPICS = 10


class TestPace:
    async def test_300_notes_in_60_seconds_are_all_said_in_order_and_nobody_is_flooded(self, floor: Floor) -> None:
        async with open_desk(floor) as desk:
            await desk.be_bound()
            desk.sandbox.telegram.office.flood.settings = FloodSettings()
            places = [await desk.topic(f"Cliente {number}") for number in range(_TOPICS)]
            faults = FloodWait(times=2, seconds=3), BadGateway(times=3, path=_SEND), AcceptThenDrop(times=3, path=_SEND)
            for fault in faults:
                desk.sandbox.faults.add(fault)
            begun, keys = time.monotonic(), []
            async with desk.at_work(Rates()):
                for number in range(_NOTES):
                    line = Say(text=Rich(f"<{number:03}>"), merges=True)
                    keys.append(await desk.post(line, places[number % _TOPICS]))
                    await asyncio.sleep(max(0.0, begun + 60 * number / _NOTES - time.monotonic()))
                await desk.until_done(*keys, seconds=120)
            states = await desk.states()
            assert {states[key] for key in keys} <= {"sent", "merged"}
            assert desk.sandbox.telegram.office.flood.refused <= 3
            for first, place in enumerate(places):
                told = "".join(desk.texts(thread=await desk.thread_of(place)))
                heard = [told.index(f"<{number:03}>") for number in range(first, _NOTES, _TOPICS)]
                assert heard == sorted(heard)
