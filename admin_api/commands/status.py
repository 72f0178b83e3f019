"""`masteria status`: what runs here, on which ports, and how much waits."""

import asyncio
import socket
import time
from argparse import Namespace
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeVar

import psutil
from sqlalchemy.exc import DBAPIError

from admin_api.commands import doctor_staff
from admin_api.commands.home_option import add_home, settings_from
from admin_api.commands.places import settings_here
from admin_api.terminal import Parser, launch, say, text, write, write_json
from core.db.sessions import Database, Pool
from core.errors import AppError
from core.home import Home
from core.probe import ask
from core.servers.process import LOOPBACK
from core.spool import SpoolStatus
from core.spool_report import spool_status
from core.texts import language_of_terminal
from graphs.store import Depth, queue_depths

_MB: Final = 1024 * 1024
_SECONDS: Final = 3.0
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    name: str
    pid: int
    port: int
    restarts: int
    up_seconds: int
    memory_mb: int
    state: str


def main(arguments: Sequence[str]) -> int:
    parser = Parser(
        prog="masteria status",
        description=text(
            "O que está no ar, em que portas, quanto espera e há quanto tempo. Sai com 1 se algo não está bem.",
            "What runs in this home, on which ports, and how much waits since when. Exit 1 if something is not well.",
        ),
    )
    add_home(parser)
    parser.add_argument("--json", action="store_true", help=text("em JSON", "as JSON"))
    options = parser.parse_args(arguments)
    settings = settings_from(options)
    home = Home(settings.masteria_home)
    if not home.is_held():
        return _nothing_runs(home, as_json=options.json)
    state = home.read_state()
    waiting = asyncio.run(_asked(options, queue_depths))
    troubles = asyncio.run(_asked(options, doctor_staff.troubles)) or ()
    staff = [line.in_(language_of_terminal()) for line in troubles]
    ports = home.ports()
    rows = [_row(name, {"port": 0} | facts, ports) for name, facts in state.get("processes", {}).items()]
    is_well = bool(state.get("is_ready")) and waiting is not None and all(row.state == "ok" for row in rows)
    spool = _spool(home)
    if options.json:
        processes = [asdict(row) for row in rows]
        queues = [asdict(depth) for depth in waiting or ()]
        addresses = {"url": state.get("url"), "sandbox": state.get("sandbox")}
        facts = {"processes": processes, "waiting": queues, "spool": asdict(spool) if spool else None, "staff": staff}
        write_json({"running": True, "well": is_well, **addresses, **facts})
    else:
        _show(home, state, rows, waiting)
        _show_spool(spool)
        for line in staff:
            write(f"✗ {line}")
    return 0 if is_well else 1


def _nothing_runs(home: Home, *, as_json: bool) -> int:
    if as_json:
        write_json({"running": False, "well": False, "url": None, "sandbox": None, "processes": [], "waiting": []})
    else:
        say(
            f"Nada está no ar em {home.folder}. Suba com `masteria up`.",
            f"Nothing runs in {home.folder}. Run `masteria up`.",
        )
    return 1


def _row(name: str, facts: Mapping[str, Any], server_ports: Mapping[str, int]) -> Row:
    return Row(
        name=name,
        pid=facts["pid"],
        port=server_ports.get(name, facts["port"]),
        restarts=facts["restarts"],
        up_seconds=round(time.time() - facts["started_at"]),
        memory_mb=_memory(facts["pid"]),
        state=_state_of_server(facts["pid"], server_ports[name])
        if name in server_ports
        else _state(facts["pid"], facts["port"]),
    )


def _memory(pid: int) -> int:
    """The process with its children, shared pages counted once among those who share them."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        return round(sum(process.memory_full_info().pss for process in family) / _MB)
    except (psutil.Error, AttributeError):  # another user's process, or a system that counts no shares
        return 0


def _state(pid: int, port: int) -> str:
    if not psutil.pid_exists(pid):
        return "down"
    report = ask(port)
    return "ok" if report.alive else "; ".join(report.reasons) or _silent()


def _state_of_server(pid: int, port: int) -> str:
    """A frozen server's port is open all the same: the system answers for it."""
    if not psutil.pid_exists(pid):
        return "down"
    is_stopped = psutil.Process(pid).status() == psutil.STATUS_STOPPED
    return _silent() if is_stopped or not _accepts(port) else "ok"


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=_SECONDS):
            return True
    except OSError:
        return False


def _silent() -> str:
    return text("sem resposta", "no answer")


async def _asked(options: Namespace, question: Callable[[Database], Awaitable[_Answer]]) -> _Answer | None:
    """None where the database does not answer."""
    try:
        database = Database(settings_here(options).require("DATABASE_URL"), Pool(size=1))
        try:
            async with asyncio.timeout(_SECONDS):
                return await question(database)
        finally:
            await database.close()
    except (AppError, OSError, DBAPIError, TimeoutError):
        return None


def _spool(home: Home) -> SpoolStatus | None:
    """None where this user may not look."""
    try:
        return spool_status(home.folder / "spool")
    except OSError:
        return None


def _show_spool(spool: SpoolStatus | None) -> None:
    if spool is None:
        say("✗ não posso ver o spool", "✗ the spool cannot be seen")
    elif spool.depth or spool.damaged:
        say(
            f"eventos em disco: {spool.depth} ({spool.oldest_seconds:.0f} s); postos de lado: {spool.damaged}",
            f"events on disk: {spool.depth} ({spool.oldest_seconds:.0f} s); set aside: {spool.damaged}",
        )


def _show(home: Home, state: Mapping[str, Any], rows: Sequence[Row], waiting: Sequence[Depth] | None) -> None:
    write(f"{state.get('url') or text('iniciando…', 'starting…')}  ({home.folder})")
    heads = (text("processo", "process"), "pid", text("porta", "port"), text("reinícios", "restarts"), "s", "MB", "")
    write("{:<9} {:>7} {:>6} {:>9} {:>7} {:>5}  {}".format(*heads))
    for row in rows:
        line = f"{row.name:<9} {row.pid:>7} {row.port:>6} {row.restarts:>9} {row.up_seconds:>7} {row.memory_mb:>5}"
        write(f"{line}  {row.state}")
    if waiting is None:
        say("✗ o banco de dados não responde", "✗ the database does not answer")
        return
    queues = ", ".join(f"{depth.queue} {depth.waiting} ({depth.oldest_seconds:.0f} s)" for depth in waiting)
    write(text("na fila (atraso): ", "waiting (lag): ") + queues)


if __name__ == "__main__":
    launch(main)
