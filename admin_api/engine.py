"""`masteria engine`: intake, turns and the outbox, in one event loop."""

import asyncio
import signal
from collections.abc import Sequence
from typing import Final

from admin_api.frame import Frame, framed
from admin_api.terminal import launch, text
from core.db.sessions import Pool
from core.floor import open_floor
from graphs.engine import Engine

_POOL: Final = Pool(size=8, overflow=8)


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
    async with open_floor(frame.settings, _POOL) as floor:
        frame.serve()
        await Engine(floor, frame.pulse).run(stop)


if __name__ == "__main__":
    launch(main)
