"""Processes that are kept running, whoever kills them: a supervisor of a few lines, and the hands of the killers."""

import asyncio
import itertools
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from core.probe import ask

ROOT: Final = Path(__file__).parents[2]
KILLED: Final = -signal.SIGKILL
_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 1.0
_LOOKS: Final = 0.02


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """`python -m module words`. `port` is where it says whether it serves."""

    name: str
    module: str
    words: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    memory: int | None = None


@dataclass(slots=True)
class Life:
    pid: int
    ended: "asyncio.Future[int]"


@dataclass(slots=True)
class Nursery:
    """The other end of `nursery.py`."""

    child: asyncio.subprocess.Process
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _births: "dict[int, asyncio.Future[Life]]" = field(default_factory=dict)
    _lives: dict[int, Life] = field(default_factory=dict)
    _ready: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @asynccontextmanager
    async def open(cls, *modules: str) -> AsyncIterator["Nursery"]:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.chaos.nursery",
            *modules,
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        nursery = cls(child)
        reading = asyncio.create_task(nursery._listen())
        try:
            async with asyncio.timeout(60):
                await nursery._ready.wait()
            if child.returncode is not None or reading.done():
                raise AssertionError(f"the nursery could not import {', '.join(modules)}")
            yield nursery
        finally:
            if child.stdin is not None:
                child.stdin.close()
            await child.wait()
            await reading

    async def bear(self, program: Program, *, log: Path, extra: Mapping[str, str]) -> Life:
        number = next(self._numbers)
        birth: asyncio.Future[Life] = asyncio.get_running_loop().create_future()
        self._births[number] = birth
        wanted = {
            "id": number,
            "module": program.module,
            "words": program.words,
            "environment": {**program.environment, **extra},
            "log": str(log),
            "memory": program.memory,
        }
        assert self.child.stdin is not None
        self.child.stdin.write(json.dumps(wanted).encode() + b"\n")
        await self.child.stdin.drain()
        return await birth

    async def _listen(self) -> None:
        assert self.child.stdout is not None
        async for line in self.child.stdout:
            self._hear(json.loads(line))
        self._ready.set()  # nobody need wait for what will not come

    def _hear(self, told: Mapping[str, Any]) -> None:
        if "ready" in told:
            self._ready.set()
        elif "id" in told:
            life = Life(told["pid"], asyncio.get_running_loop().create_future())
            self._lives[life.pid] = life
            self._births.pop(told["id"]).set_result(life)
        elif not (ended := self._lives.pop(told["pid"]).ended).done():
            ended.set_result(told["code"])


@dataclass(slots=True)
class Kept:
    """One program, started again at once whenever it ends, while it is wanted."""

    program: Program
    nursery: Nursery
    folder: Path
    extra: dict[str, str] = field(default_factory=dict)  # of the environment of its next life
    ends: list[int] = field(default_factory=list)
    is_wanted: bool = True
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _life: Life | None = None
    _keeping: "asyncio.Task[None] | None" = None

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        return None if self._life is None else self._life.pid

    async def start(self, *, is_once: bool = False) -> None:
        """Whoever runs already goes on."""
        if self._keeping is not None and not self._keeping.done():
            return
        self.is_wanted = not is_once
        self._life = await self._bear()
        self._keeping = asyncio.create_task(self._keep())

    async def ended(self, seconds: float = 30.0) -> int:
        """Of a life that is not followed by another."""
        assert self._keeping is not None
        async with asyncio.timeout(seconds):
            await asyncio.shield(self._keeping)
        return self.ends[-1]

    async def until_ended(self, times: int, *, seconds: float = 60.0) -> None:
        """So often in all."""
        async with asyncio.timeout(seconds):
            while len(self.ends) < times:
                self._news.clear()
                await self._news.wait()

    async def stop(self, number: signal.Signals = signal.SIGTERM, *, seconds: float = 20.0) -> int | None:
        """For good. One that does not end in time is killed, and its end tells so."""
        self.is_wanted = False
        if self._keeping is None:
            return None
        self.signal(signal.SIGCONT)
        self.signal(number)
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._keeping)
        except TimeoutError:
            self.signal(signal.SIGKILL)
            await self._keeping
        self._keeping = None
        return self.ends[-1]

    def signal(self, number: signal.Signals) -> bool:
        """False: it is not alive just now."""
        if self._life is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(self._life.pid, number)
            return True
        return False

    def kill(self) -> bool:
        return self.signal(signal.SIGKILL)

    async def serves(self, seconds: float = 30.0) -> None:
        """Until it says that it takes work."""
        end = time.monotonic() + seconds
        while self._life is None or not (await asyncio.to_thread(ask, self.program.port, path="/ready")).alive:
            if time.monotonic() > end:
                raise AssertionError(f"{self.name} does not serve:\n{self.last_words()}")
            await asyncio.sleep(_LOOKS)

    def last_words(self, lines: int = 12) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    async def _bear(self) -> Life:
        return await self.nursery.bear(self.program, log=self.log, extra=self.extra)

    async def _keep(self) -> None:
        """Whoever was killed is back at once; whoever gives up by itself again and again is waited for longer."""
        pause = _PAUSE
        while self._life is not None:
            self.ends.append(await self._life.ended)
            self._life = None
            self._news.set()
            if not self.is_wanted:
                return
            is_killed = self.ends[-1] == KILLED
            pause = _PAUSE if is_killed else min(2 * pause, _LONGEST_PAUSE)
            await asyncio.sleep(0 if is_killed else pause)
            if self.is_wanted:  # it may have been stopped during the pause
                self._life = await self._bear()


@asynccontextmanager
async def kept(programs: Sequence[Kept]) -> AsyncIterator[None]:
    """They run until the block ends, and are asked to end in an orderly way first."""
    try:
        for each in programs:
            await each.start()
        yield
    finally:
        await asyncio.gather(*(each.stop(seconds=5.0) for each in programs))
