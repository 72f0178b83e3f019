"""A whole installation under test: an api, engines and a provider as processes, on a database of its own."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from core.embedded import Urls
from core.floor import Floor, open_floor
from core.home import Home
from core.servers.process import free_port
from tests.chaos.children import Kept, Nursery, Program, kept
from tests.chaos.estate import Estate
from tests.chaos.panel import Panel
from tests.chaos.proxy import Proxy
from tests.chaos.seeds import SEED
from tests.fixtures.api import environment_of, settings_of

MODULES: Final = ("admin_api.engine", "admin_api.serving", "sandbox.world")
# Call, lease and silence, in seconds. A call starts within 5 s of its claim, so that it ends before the lease does.
PATIENCE: Final = "2.5,8,4"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What the stage is made of. Lines go through a proxy where a test wants to disturb them."""

    engines: int = 2
    patience: str = PATIENCE
    engine_module: str = "admin_api.engine"
    memory: int | None = None  # of an engine's address space
    disturbed: frozenset[str] = frozenset()  # of "postgres", "valkey", "provider", "api"
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """Where everybody listens, and the proxies that stand before some of them."""

    ports: dict[str, int]
    proxies: dict[str, Proxy]

    def port(self, name: str) -> int:
        """The one that is shown to the processes."""
        return self.proxies[name].port if name in self.proxies else self.ports[name]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    estate: Estate
    nursery: Nursery
    urls: Urls
    home: Path
    floor: Floor
    panel: Panel
    lines: Lines
    sandbox: Kept
    api: Kept
    engines: tuple[Kept, ...]

    @classmethod
    @asynccontextmanager
    async def open(cls, estate: Estate, nursery: Nursery, plan: Plan | None = None) -> AsyncIterator["Stage"]:
        """The provider runs; whoever tests starts the rest."""
        plan = plan or Plan()
        async with AsyncExitStack() as stack:
            urls = await stack.enter_async_context(estate.database())
            await estate.flush_valkey()  # what another database left there would look as if this one were restored
            home = stack.enter_context(_new_home())
            floor = await stack.enter_async_context(open_floor(settings_of(estate.servers, urls, home)))
            lines = await _open_lines(stack, estate, plan)
            sandbox = Kept(_sandbox(lines.ports["provider"]), nursery, home / "logs")
            await stack.enter_async_context(kept([sandbox]))
            panel = await stack.enter_async_context(Panel.open(lines.ports["provider"]))
            await panel.answers()
            environment = _environment(estate, urls, home, lines) | plan.environment
            environment |= {"MASTERIA_CHAOS_PATIENCE": plan.patience}
            programs = [
                _program("api", "admin_api.serving", environment, ("--port", str(lines.ports["api"]))),
                *(
                    replace(_program(f"engine{number}", plan.engine_module, environment), memory=plan.memory)
                    for number in range(plan.engines)
                ),
            ]
            api, *engines = [Kept(program, nursery, home / "logs") for program in programs]
            yield cls(
                estate=estate,
                nursery=nursery,
                urls=urls,
                home=home,
                floor=floor,
                panel=panel,
                lines=lines,
                sandbox=sandbox,
                api=api,
                engines=tuple(engines),
            )

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.lines.port('api')}"

    @property
    def processes(self) -> tuple[Kept, ...]:
        """Those that may be killed."""
        return (self.api, *self.engines)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with kept(self.processes):
            await asyncio.gather(*(each.serves() for each in self.processes))
            yield

    def another(self, like: Kept, *, name: str, words: tuple[str, ...] = ()) -> Kept:
        """One more of a kind, which nobody has started."""
        program = replace(like.program, name=name, words=("--debug", *words), port=free_port())
        environment = {**program.environment, "MASTERIA_METRICS_PORT": str(program.port)}
        return Kept(replace(program, environment=environment), self.nursery, like.folder)

    async def command(self, module: str, *words: str) -> int:
        """A command of ours, run to its end."""
        environment = dict(self.api.program.environment) | {"MASTERIA_METRICS_PORT": "0"}
        program = Program(name="command", module=module, words=words, environment=environment)
        process = Kept(program, self.nursery, self.home / "logs")
        await process.start(is_once=True)
        return await process.ended()

    @asynccontextmanager
    async def superuser(self) -> "AsyncIterator[asyncpg.Connection[Any]]":
        async with self.estate.servers.superuser(self.urls) as connection:
            yield connection

    def last_words(self) -> str:
        return "\n".join(f"--- {each.name} {each.ends}\n{each.last_words()}" for each in self.processes)


@contextmanager
def _new_home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="masteria-stage-"))
    try:
        yield Home.open(folder).folder
    finally:
        shutil.rmtree(folder)


async def _open_lines(stack: AsyncExitStack, estate: Estate, plan: Plan) -> Lines:
    ports = {
        "postgres": estate.embedded.postgres.port,
        "valkey": estate.embedded.valkey.port,
        "provider": free_port(),
        "api": free_port(),
    }
    proxies = {name: await stack.enter_async_context(Proxy.to(ports[name])) for name in sorted(plan.disturbed)}
    return Lines(ports=ports, proxies=proxies)


def _environment(estate: Estate, urls: Urls, home: Path, lines: Lines) -> dict[str, str]:
    environment = environment_of(estate.servers, urls, home)
    return environment | {
        "DATABASE_URL": _at(environment["DATABASE_URL"], lines.port("postgres")),
        "REDIS_URL": _at(environment["REDIS_URL"], lines.port("valkey")),
        "MASTERIA_CHAOS": "1",
        "WHATSAPP_API_BASE": f"http://127.0.0.1:{lines.port('provider')}",
    }


def _at(url: str, port: int) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}"))


def _program(name: str, module: str, environment: dict[str, str], words: tuple[str, ...] = ()) -> Program:
    port = free_port()
    return Program(
        name=name,
        module=module,
        words=("--debug", *words),
        environment=environment | {"MASTERIA_METRICS_PORT": str(port)},
        port=port,
    )


def _sandbox(port: int) -> Program:
    return Program(name="sandbox", module="sandbox", words=("--port", str(port), "--seed", str(SEED)))
