"""`masteria engine`: intake, turns and the outbox, in one event loop."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Final

from admin_api.frame import Frame, framed
from admin_api.terminal import launch, text
from agents.gateway.embeddings import make_embeddings
from agents.gateway.gateway import make_gateway
from channels.policy import Patience
from channels.station import open_station
from core.crashpoints import CHAOS
from core.db.sessions import Pool
from core.errors import Misconfigured
from core.floor import open_floor
from graphs import recovery
from graphs.crew import Crew

CHAOS_PATIENCE: Final = "MASTERIA_CHAOS_PATIENCE"
# Shared by hundreds of turns: a line beyond those that are kept would be opened anew each time.
POOL: Final = Pool(size=16, overflow=0, wait=20.0)


def main(arguments: Sequence[str]) -> int:
    about = text(
        "Cuida das conversas: o que entra, os turnos, o que sai.", "Runs conversations: intake, turns, outbox."
    )
    with framed("engine", arguments, about) as frame:
        asyncio.run(_run(frame))
    return 0


async def _run(frame: Frame) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        gateway = make_gateway(frame.settings)
        stack.push_async_callback(gateway.close)
        if (embeddings := make_embeddings(frame.settings)) is not None:
            stack.push_async_callback(embeddings.close)
        floor = await stack.enter_async_context(open_floor(frame.settings, POOL))
        station = await stack.enter_async_context(open_station(floor))
        await recovery.hold_after_restore(floor)
        await gateway.warm()
        if embeddings is not None:
            await embeddings.warm()
        frame.serve()
        await Crew(station, read_patience(os.environ), gateway, embeddings).engine(frame.pulse).run(stop)


def read_patience(environment: Mapping[str, str]) -> Patience:
    """Seconds of a call, a lease and a silence: a rehearsal cannot wait for hours, and nobody else may be hurried."""
    told = environment.get(CHAOS_PATIENCE)
    if not told or environment.get(CHAOS) != "1":
        return Patience()
    try:
        call, lease, silence = (timedelta(seconds=float(part)) for part in told.split(","))
    except ValueError:
        raise Misconfigured(
            f"Valor inválido em {CHAOS_PATIENCE}: esperado chamada,posse,silêncio em segundos, como 2.5,8,4.",
            f"Invalid value in {CHAOS_PATIENCE}: expected call,lease,silence in seconds, such as 2.5,8,4.",
        ) from None
    return Patience(call=call, lease=lease, silence=silence, news=silence / 3)


if __name__ == "__main__":
    launch(main)
