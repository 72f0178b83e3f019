"""`masteria sandbox`: the simulated providers, for the connections that were made for them."""

import asyncio
import signal
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from admin_api.commands.sandbox_staff import play, staff_of
from admin_api.frame import Frame, framed
from admin_api.tenants.store import all_companies
from admin_api.terminal import Parser, launch, port, text
from channels.stores.connections import OpenedLine, open_lines
from core.db.listen import listen
from core.db.server import clock_shift, turn_clock
from core.db.sessions import Database, Pool
from core.errors import Conflict
from core.floor import Floor, open_floor
from core.logging import get_logger
from core.models.people import ConnectionKind
from sandbox.clock import ClockHeld
from sandbox.whatsapp.accounts import Account
from sandbox.world import Sandbox

_POOL: Final = Pool(size=1, overflow=1)
_SWEEP_SECONDS: Final = 15.0

log = get_logger(__name__)


def main(arguments: Sequence[str]) -> int:
    about = text(
        "Provedores simulados nesta máquina, para as conexões de demonstração.",
        "Simulated providers on this machine, for the connections made for them.",
    )
    with framed("sandbox", arguments, about, _add_options) as frame:
        asyncio.run(_play(frame))
    return 0


def _add_options(parser: Parser) -> None:
    parser.add_argument("--port", type=port, default=0, help=text("porta onde ouvir", "port to listen on"))


async def _play(frame: Frame) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_floor(frame.settings, _POOL) as floor:

        async def turn(shift: timedelta) -> None:
            try:
                async with floor.database.engine.begin() as connection:
                    await turn_clock(connection, shift)
            except Conflict as error:
                raise ClockHeld from error

        async with Sandbox.open(port=frame.options.port, on_turn=turn) as sandbox:
            await sandbox.clock.turn(await _shift(floor.database))
            await _connect_all(floor, sandbox)
            frame.serve()
            await _follow(frame, floor, sandbox, stop)


async def _follow(frame: Frame, floor: Floor, sandbox: Sandbox, stop: asyncio.Event) -> None:
    """Connections come and change while it plays."""
    changed = asyncio.Event()
    beat = frame.pulse.loop("play")
    async with asyncio.TaskGroup() as group:
        url = floor.settings.require("DATABASE_LISTEN_URL" if floor.settings.database_listen_url else "DATABASE_URL")
        listening = group.create_task(listen(url, {"connections": lambda _: changed.set()}))
        ending = group.create_task(stop.wait())
        while not stop.is_set():
            beat.beat()
            changed.clear()
            await _connect_all(floor, sandbox)
            looking = asyncio.ensure_future(changed.wait())
            await asyncio.wait({ending, looking}, timeout=_SWEEP_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            looking.cancel()
        listening.cancel()


async def _connect_all(floor: Floor, sandbox: Sandbox) -> None:
    for company in await all_companies(floor.database):
        async with floor.database.tenant_session(company) as session:
            lines = await open_lines(session, floor.ring)
            staff = [await staff_of(session, opened) for opened in lines.values() if _is_played_bot(opened)]
        for one in staff:
            play(sandbox.telegram, one)
        for opened in lines.values():
            if opened.kind is ConnectionKind.WHATSAPP and opened.line.settings.get("is_sandbox"):
                await sandbox.whatsapp.connect(_account(floor, opened))


def _is_played_bot(opened: OpenedLine) -> bool:
    return opened.kind is ConnectionKind.TELEGRAM and bool(opened.line.settings.get("is_sandbox"))


def _account(floor: Floor, opened: OpenedLine) -> Account:
    settings, secrets = opened.line.settings, opened.line.secrets
    return Account(
        phone_id=settings["phone_number_id"],
        waba_id=settings.get("waba_id", settings["phone_number_id"]),  # templates and news of its own
        display_phone_number=settings.get("display_phone_number", settings["phone_number_id"]),
        access_token=secrets["access_token"],
        app_secret=secrets["app_secret"],
        verify_token=secrets["verify_token"],
        webhook_url=f"{floor.settings.require('MASTERIA_PUBLIC_URL')}/webhooks/whatsapp",
        is_coexistence=bool(settings.get("is_coexistence")),
    )


async def _shift(database: Database) -> timedelta:
    async with database.engine.connect() as connection:
        return await clock_shift(connection)


if __name__ == "__main__":
    launch(main)
