"""What `masteria up` does: start everything in order, keep it running, say when it serves, and stop it cleanly."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

from admin_api.programs import SAFE_PATH, PrintLine, Program
from core import telemetry
from core.clock import Deadline
from core.crypto import make_key_file
from core.embedded import DATABASE, Embedded
from core.errors import AppError, Misconfigured, Unavailable
from core.home import Home
from core.probe import ask
from core.servers.process import free_port
from core.servers.server import Server
from core.settings import Settings

READY_SECONDS: Final = 60.0
STOP_SECONDS: Final = 8.6  # of the ten promised: on a busy machine its own end takes a while, too
_FOR_SERVERS: Final = 1.2  # of these: a fast shutdown, and what survives a kill if it takes longer
DRAIN_SECONDS: Final = "7"
_MOST_EARLY_ENDS: Final = 3
_BEHIND_THE_API: Final = 10  # niceness: providers wait for their answer, and what they told us can wait

PROGRAMS: Final[Mapping[str, tuple[str, ...]]] = {
    "api": ("admin_api.serving",),
    "engine": ("admin_api.engine",),
    "worker": ("admin_api.processes", "worker"),
    "beat": ("admin_api.processes", "beat"),
    "staff": ("admin_api.staff.process",),
    "sandbox": ("admin_api.commands.sandbox",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What was asked for."""

    home: Home
    settings: Settings
    port: int
    is_console: bool
    has_sandbox: bool
    print_line: PrintLine


class Supervisor:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._started_at = time.time()
        self._embedded = Embedded.of(plan.home)
        self._servers = self._make_servers()
        self._programs: list[Program] = []
        self._keepers: list[asyncio.Task[None]] = []
        # Our children hold the reading end: when we die, however we die, it tells them.
        self._lifeline, self._our_end = os.pipe()
        self._sandbox_port = free_port() if plan.has_sandbox else 0

    async def run(self, stop: asyncio.Event, on_ready: Callable[[str], None]) -> None:
        starting = asyncio.create_task(self._start_all(on_ready))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                await starting
                await stopping
        finally:
            starting.cancel()
            stopping.cancel()
            await self._stop_all()
            self._plan.home.write_state({"ports": self._ports})

    async def _start_all(self, on_ready: Callable[[str], None]) -> None:
        await self._start_servers()
        await self._make_ready_to_serve()
        self._programs = [self._program(name, words) for name, words in self._chosen().items()]
        await self._start(self._programs)
        await self._wait_until_serving()
        self._write_state(is_ready=True)
        on_ready(self._url)

    def _chosen(self) -> dict[str, tuple[str, ...]]:
        return {name: words for name, words in PROGRAMS.items() if name != "sandbox" or self._plan.has_sandbox}

    async def _start_servers(self) -> None:
        if self._plan.settings.masteria_secret_keys is None:
            make_key_file(self._plan.home.keys_file)
        await self._start(self._servers)
        waits = {"postgres": self._embedded.wait_postgres, "valkey": self._embedded.valkey.wait_ready}
        for server in self._servers:
            await _ready_or_ended(server, waits[server.name]())

    async def _make_ready_to_serve(self) -> None:
        """Migrations and the demo company, in a process of its own: it takes the migrator's password with it."""
        migrator = self._migrator_url()
        environment = self._environment() | ({"DATABASE_MIGRATE_URL": migrator} if migrator else {})
        step = self._python("prepare", ("admin_api.prepare",), environment)
        self._programs = [step]  # so that a stop in the middle stops it too
        if await step.run_once() != 0:
            raise _ended(step)

    async def _start(self, programs: list[Program]) -> None:
        await asyncio.gather(*(program.start() for program in programs))
        for program in programs:
            self._keepers.append(asyncio.create_task(program.keep(self._write_state)))
        self._write_state()

    async def _wait_until_serving(self) -> None:
        deadline = Deadline.after(READY_SECONDS)
        while waiting := await asyncio.to_thread(self._not_serving):
            for program in waiting:
                if program.restarts >= _MOST_EARLY_ENDS or deadline.passed:
                    raise _ended(program)
            await asyncio.sleep(0.1)

    def _not_serving(self) -> list[Program]:
        return [program for program in self._programs if not ask(program.port, path="/ready").alive]

    async def _stop_all(self) -> None:
        """Programs first, so that what they were doing still finds its database; then the servers."""
        end = Deadline.after(STOP_SECONDS)
        await self._stop(self._programs, Deadline.after(STOP_SECONDS - _FOR_SERVERS))
        await self._stop(self._servers, end)
        await asyncio.gather(*self._keepers, return_exceptions=True)

    async def _stop(self, programs: list[Program], deadline: Deadline) -> None:
        for program in programs:
            program.stop()
        while any(program.is_running for program in programs):
            if deadline.passed:
                for program in programs:
                    program.kill()
            await asyncio.sleep(0.02)

    def _make_servers(self) -> list[Program]:
        settings, embedded = self._plan.settings, self._embedded
        servers = []
        if settings.database_url is None:
            servers.append(self._server("postgres", embedded.postgres))
        if settings.redis_url is None:
            servers.append(self._server("valkey", embedded.valkey))
        return servers

    def _server(self, name: str, server: Server) -> Program:
        return Program(
            name=name,
            argv=lambda: server.argv,
            options=lambda: server.start_options,
            prepare=server.prepare,
            is_noise=server.is_noise,
            stop_signal=server.how_to_stop.polite,
            print_line=self._plan.print_line,
        )

    def _program(self, name: str, words: tuple[str, ...]) -> Program:
        home, port = self._plan.home, free_port()
        metrics = home.folder / "run" / "metrics"
        environment = self._environment() | {
            "MASTERIA_METRICS_PORT": str(port),
            telemetry.FOLDER_VARIABLE: str(telemetry.fresh_folder(metrics, name)),
        }
        if name == "api":
            environment["MASTERIA_METRICS_SUM"] = str(metrics)
            words = (*words, "--port", str(self._plan.port))
        if name == "sandbox":
            words = (*words, "--port", str(self._sandbox_port))
        program = self._python(name, words, environment)
        program.port = port
        return program

    def _python(self, name: str, words: tuple[str, ...], environment: Mapping[str, str]) -> Program:
        module, *rest = words
        return Program(
            name=name,
            argv=lambda: [sys.executable, *SAFE_PATH, "-m", module, *rest],
            # A session of its own: Ctrl-C in the terminal reaches us alone, and we stop the others in order.
            options=lambda: {"env": environment, "pass_fds": (self._lifeline,), "start_new_session": True},
            print_line=self._plan.print_line,
            niceness=0 if name == "api" else _BEHIND_THE_API,
        )

    def _environment(self) -> dict[str, str]:
        settings = self._plan.settings
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_MIGRATE_URL"}
        environment |= {
            "MASTERIA_HOME": str(self._plan.home.folder),
            "MASTERIA_PUBLIC_URL": settings.masteria_public_url or self._url,
            "MASTERIA_DRAIN_SECONDS": os.environ.get("MASTERIA_DRAIN_SECONDS", DRAIN_SECONDS),
            "MASTERIA_LIFELINE": str(self._lifeline),
            "MASTERIA_LOG_FORMAT": "console" if self._plan.is_console else "json",
        }
        if settings.database_url is None:
            environment |= {"DATABASE_URL": self._embedded.urls(DATABASE).app, "MASTERIA_EMBEDDED": "true"}
        if settings.redis_url is None:
            environment["REDIS_URL"] = self._embedded.valkey.url
        if self._plan.has_sandbox:
            environment["MASTERIA_SANDBOX_URL"] = f"http://127.0.0.1:{self._sandbox_port}"
        return environment

    def _migrator_url(self) -> str | None:
        given = self._plan.settings.database_migrate_url
        if given is not None:
            return given.get_secret_value()
        return self._embedded.urls(DATABASE).migrator if self._plan.settings.database_url is None else None

    def _write_state(self, *, is_ready: bool = False) -> None:
        before = self._plan.home.read_state()
        self._plan.home.write_state(
            {
                "pid": os.getpid(),
                "url": self._url,
                "is_ready": is_ready or (before.get("is_ready", False) and before.get("pid") == os.getpid()),
                "started_at": self._started_at,
                "ports": self._ports,
                "sandbox": f"http://127.0.0.1:{self._sandbox_port}" if self._plan.has_sandbox else None,
                "processes": {program.name: program.facts() for program in (*self._servers, *self._programs)},
            }
        )

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._plan.port}"

    @property
    def _ports(self) -> dict[str, int]:
        known = {"postgres": self._embedded.postgres.port, "valkey": self._embedded.valkey.port}
        return {name: port for name, port in known.items() if port}


async def _ready_or_ended(program: Program, ready: Coroutine[Any, Any, None]) -> None:
    """Whoever ends again and again will not become ready by being waited for."""
    waiting = asyncio.create_task(ready)
    try:
        while not waiting.done():
            if program.restarts >= _MOST_EARLY_ENDS:
                raise _ended(program)
            await asyncio.wait({waiting}, timeout=0.1)
        await waiting
    finally:
        waiting.cancel()


def _ended(program: Program) -> AppError:
    """In the program's own words where it left any: they are in the reader's language already."""
    if program.last_error:
        return Misconfigured(program.last_error, program.last_error)
    return Unavailable(
        f"O processo `{program.name}` não ficou pronto: veja as linhas dele acima.",
        f"The process `{program.name}` did not become ready: see its lines above.",
    )
