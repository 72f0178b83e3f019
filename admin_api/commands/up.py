"""`masteria up`: everything on one machine, with nothing to install or sign up for."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from admin_api.commands.home_option import add_home, settings_from
from admin_api.listening import listen_on
from admin_api.programs import SAFE_PATH
from admin_api.supervisor import READY_SECONDS, Plan, Supervisor
from admin_api.terminal import Parser, launch, port, say, text, write
from core.errors import Unavailable
from core.home import Home
from core.settings import Settings

_DETACH_SECONDS: Final = READY_SECONDS + 60.0  # the servers and the migrations come before the supervisor counts
_COLOURS: Final = {
    "api": 36,
    "engine": 32,
    "worker": 33,
    "beat": 35,
    "postgres": 34,
    "valkey": 31,
    "prepare": 90,
    "sandbox": 35,
    "staff": 96,
}


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    settings = settings_from(options)
    home = Home.open(settings.masteria_home)
    if options.detach:
        return _detach(home, options)
    with home.hold():
        listen_on("127.0.0.1", options.port).close()
        asyncio.run(_supervise(home, settings, options))
    return 0


def _parser() -> Parser:
    about = text(
        "Sobe todos os processos nesta máquina, com PostgreSQL e Valkey embutidos onde não há endereço dado. "
        "Na primeira vez cria a empresa `demo`. Ctrl-C para tudo.",
        "Starts every process on this machine, with an embedded PostgreSQL and Valkey where no address is given. "
        "The first run makes the company `demo`. Ctrl-C stops everything.",
    )
    parser = Parser(prog="masteria up", description=about)
    add_home(parser)
    parser.add_argument("--port", type=port, default=8000, metavar="N", help=text("porta da API", "the API's port"))
    parser.add_argument(
        "--no-sandbox",
        action="store_true",
        help=text("sem provedores simulados", "no simulated providers"),
    )
    parser.add_argument(
        "--detach", action="store_true", help=text("volta quando tudo estiver no ar", "return when all serves")
    )
    return parser


async def _supervise(home: Home, settings: Settings, options: Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a terminal that is closed hangs up
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    plan = Plan(
        home=home,
        settings=settings,
        port=options.port,
        is_console=sys.stderr.isatty(),
        has_sandbox=not options.no_sandbox,
        print_line=_print_line,
    )
    await Supervisor(plan).run(stop, on_ready=_say_ready)


def _say_ready(url: str) -> None:
    write(f"READY {url}")
    if sys.stderr.isatty():
        hint = text(
            "         │ em outro terminal: source .venv/bin/activate && masteria status   (Ctrl-C aqui para tudo)",
            "         │ in another terminal: source .venv/bin/activate && masteria status   (Ctrl-C here stops all)",
        )
        sys.stderr.write(f"{hint}\n")


def _print_line(name: str, line: str) -> None:
    mark = f"{name:<8} │"
    if sys.stderr.isatty():
        mark = f"\033[{_COLOURS.get(name, 37)}m{mark}\033[0m"
    sys.stderr.write(f"{mark} {line}\n")


def _detach(home: Home, options: Namespace) -> int:
    """Start ourselves once more in the background, and wait for the line that says it serves."""
    log = home.folder / "logs" / "up.log"
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    words = ["--home", str(home.folder), "--port", str(options.port), *(["--no-sandbox"] if options.no_sandbox else [])]
    with log.open("wb") as file:
        child = subprocess.Popen(
            [sys.executable, *SAFE_PATH, "-m", "admin_api.commands.up", *words],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    for _ in range(round(_DETACH_SECONDS * 10)):
        state = home.read_state()
        if state.get("pid") == child.pid and state.get("is_ready"):
            write(f"READY {state['url']}")
            say(
                f"Em segundo plano (processo {child.pid}); registro em {log}; pare com `masteria down`.",
                f"In the background (process {child.pid}); log in {log}; stop it with `masteria down`.",
            )
            return 0
        if child.poll() is not None:
            sys.stderr.write(_last_error(log))
            return child.returncode
        time.sleep(0.1)
    os.kill(child.pid, signal.SIGTERM)
    raise Unavailable(f"Nada ficou pronto a tempo: veja {log}.", f"Nothing became ready in time: see {log}.")


def _last_error(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    errors = [line for line in lines if line.startswith("✗")] or lines[-1:]
    return "".join(f"{line}\n" for line in errors[-1:])


if __name__ == "__main__":
    launch(main)
