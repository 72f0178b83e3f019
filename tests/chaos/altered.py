"""An engine as it is, but for one hand that a test lays on its adapter."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from admin_api.engine import read_patience
from admin_api.frame import Frame, framed
from agents.gateway.gateway import make_gateway
from channels.registry import Registry
from channels.station import open_station
from core.floor import open_floor
from core.models.people import ConnectionKind
from graphs.crew import Crew

Alter = Callable[[Any], Any]


def main(arguments: Sequence[str], alter: Alter) -> None:
    with framed("engine", arguments, "chaos") as frame:
        asyncio.run(_run(frame, alter))


async def _run(frame: Frame, alter: Alter) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_floor(frame.settings) as floor, open_station(floor) as station:
        adapter = alter(station.registry.get(ConnectionKind.WHATSAPP))
        altered = replace(station, registry=Registry({ConnectionKind.WHATSAPP: adapter}))
        frame.serve()
        await Crew(altered, read_patience(os.environ), make_gateway(frame.settings)).engine(frame.pulse).run(stop)
