"""`masteria status`: what runs here, on which ports, and how much waits."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import psutil
from sqlalchemy.exc import DBAPIError

from admin_api.commands.places import settings_here
from admin_api.terminal import Parser, launch, say, text, write, write_json
from core.db.sessions import Database, Pool
from core.errors import AppError
from core.home import Home
from core.probe import ask
from core.settings import Settings
from graphs.store import queue_depths

_MB: Final = 1024 * 1024


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
        description=text("O que está no ar nesta pasta, em que portas, e quanto espera.", "What runs in this home."),
    )
    parser.add_argument("--home", type=Path, metavar="DIR", help=text("pasta dos dados", "the data folder"))
    parser.add_argument("--json", action="store_true", help=text("em JSON", "as JSON"))
    options = parser.parse_args(arguments)
    settings = Settings.load({"MASTERIA_HOME": str(options.home.absolute())} if options.home else None)
    home = Home(settings.masteria_home)
    if not home.is_held():
        return _nothing_runs(home, as_json=options.json)
    state = home.read_state()
    rows = [_row(name, facts) for name, facts in state.get("processes", {}).items()]
    waiting = asyncio.run(_waiting(options.home))
    is_well = bool(state.get("is_ready")) and all(row.state == "ok" for row in rows)
    if options.json:
        processes = [asdict(row) for row in rows]
        write_json(
            {"running": True, "well": is_well, "url": state.get("url"), "processes": processes, "waiting": waiting}
        )
    else:
        _show(home, state, rows, waiting)
    return 0 if is_well else 1


def _nothing_runs(home: Home, *, as_json: bool) -> int:
    if as_json:
        write_json({"running": False, "well": False, "url": None, "processes": [], "waiting": {}})
    else:
        say(
            f"Nada está no ar em {home.folder}. Suba com `masteria up`.",
            f"Nothing runs in {home.folder}. Run `masteria up`.",
        )
    return 1


def _row(name: str, facts: Mapping[str, Any]) -> Row:
    return Row(
        name=name,
        pid=facts["pid"],
        port=facts["port"],
        restarts=facts["restarts"],
        up_seconds=round(time.time() - facts["started_at"]),
        memory_mb=_memory(facts["pid"]),
        state=_state(facts["pid"], facts["port"]),
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
    if port == 0:  # the embedded servers have no probe: that the queues could be counted speaks for them
        return "ok"
    report = ask(port)
    return "ok" if report.alive else "; ".join(report.reasons) or "no answer"


async def _waiting(home: Path | None) -> dict[str, int]:
    try:
        database = Database(settings_here(home).require("DATABASE_URL"), Pool(size=1))
        depths = await queue_depths(database)
        await database.close()
    except (AppError, OSError, DBAPIError):
        return {}
    return {depth.queue: depth.waiting for depth in depths}


def _show(home: Home, state: Mapping[str, Any], rows: Sequence[Row], waiting: Mapping[str, int]) -> None:
    write(f"{state.get('url')}  ({home.folder})")
    heads = (text("processo", "process"), "pid", text("porta", "port"), text("reinícios", "restarts"), "s", "MB", "")
    write("{:<9} {:>7} {:>6} {:>9} {:>7} {:>5}  {}".format(*heads))
    for row in rows:
        port = row.port or "-"
        line = f"{row.name:<9} {row.pid:>7} {port:>6} {row.restarts:>9} {row.up_seconds:>7} {row.memory_mb:>5}"
        write(f"{line}  {row.state}")
    queues = ", ".join(f"{name} {depth}" for name, depth in waiting.items())
    write(text("na fila: ", "waiting: ") + (queues or "?"))


if __name__ == "__main__":
    launch(main)
