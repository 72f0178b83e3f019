"""The programs that `masteria up` keeps running: one class for ours and for the servers, their output line by line."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from io import FileIO
from typing import Any, Final

from admin_api.terminal import text
from core.clock import Deadline
from core.errors import AppError

_BACKOFF: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
_STEADY_SECONDS: Final = 60.0  # who ran this long starts its next life without waiting
SAFE_PATH: Final = ("-P",)  # Python would put the current folder first on its path, whoever's it is
_ERROR: Final = "✗ "
_LINE_LIMIT: Final = 1 << 20
_LAST_WORDS_SECONDS: Final = 1.0

PrintLine = Callable[[str, str], None]


def nothing_to_prepare() -> None:
    """Most programs just start."""


@dataclass(kw_only=True, slots=True)
class Program:
    name: str
    argv: Callable[[], Sequence[str]]
    options: Callable[[], Mapping[str, Any]]
    print_line: PrintLine
    prepare: Callable[[], None] = nothing_to_prepare
    is_noise: Callable[[str], bool] = lambda _: False
    stop_signal: signal.Signals = signal.SIGTERM
    port: int = 0
    niceness: int = 0  # how far it steps back where processors are short
    restarts: int = field(default=0, init=False)
    started_at: float = field(default=0.0, init=False)
    exit_code: int | None = field(default=None, init=False)
    last_error: str = field(default="", init=False)  # the line in which a process of ours says why it ended
    _life: Deadline = field(default=Deadline(0.0), init=False)
    _process: asyncio.subprocess.Process | None = field(default=None, init=False)
    _output: FileIO | None = field(default=None, init=False)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def facts(self) -> dict[str, Any]:
        """For `masteria status`."""
        pid = self._process.pid if self._process is not None else 0
        return {"pid": pid, "port": self.port, "restarts": self.restarts, "started_at": self.started_at}

    async def start(self) -> None:
        await asyncio.to_thread(self.prepare)
        reading, writing = os.pipe()
        self._output = os.fdopen(reading, "rb", buffering=0)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self.argv(), stdin=subprocess.DEVNULL, stdout=writing, stderr=writing, **self.options()
            )
        except OSError:
            self._output.close()
            raise
        finally:
            os.close(writing)
        self._step_back(self._process.pid)
        self.started_at = time.time()
        self._life = Deadline.after(_STEADY_SECONDS)
        if self._stopping.is_set():
            self._send(self.stop_signal)

    def _step_back(self, pid: int) -> None:
        if self.niceness:
            with suppress(OSError):  # it has ended already
                os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, 0) + self.niceness)

    async def keep(self, on_change: Callable[[], None]) -> None:
        """Until told to stop: print what it says, and start it again when it ends."""
        while True:
            self.exit_code = await self._wait()
            if self._stopping.is_set():
                return
            why = self.last_error or text(f"código {self.exit_code}", f"exit code {self.exit_code}")
            self._say(text(f"✗ terminou ({why}); reinicia", f"✗ ended ({why}); starting it again"))
            if not await self._start_again():
                return
            self._tell(on_change)

    async def run_once(self) -> int:
        await self.start()
        return await self._wait()

    def stop(self) -> None:
        self._stopping.set()
        self._send(self.stop_signal)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    async def _start_again(self) -> bool:
        """Later each time, for as long as it takes; False once told to stop."""
        is_steady = self._life.passed
        while True:
            self.restarts += 1
            await self._pause(0.0 if is_steady else _BACKOFF[min(self.restarts, len(_BACKOFF)) - 1])
            if self._stopping.is_set():
                return False
            try:
                await self.start()
            except (OSError, AppError) as error:
                is_steady = False
                why = text(error.detail.pt, error.detail.en) if isinstance(error, AppError) else str(error)
                self._say(text(f"✗ não iniciou ({why})", f"✗ did not start ({why})"))
            else:
                return True

    async def _wait(self) -> int:
        if self._process is None or self._output is None:
            raise AssertionError(f"{self.name} was not started")
        async with _lines_of(self._output) as lines, asyncio.TaskGroup() as group:
            printing = group.create_task(self._print(lines))
            code = await self._process.wait()
            # All it said is in the pipe by now, but what it left behind may hold the other end for ever.
            await asyncio.wait([printing], timeout=_LAST_WORDS_SECONDS)
            printing.cancel()
            return code

    async def _print(self, lines: asyncio.StreamReader) -> None:
        while not lines.at_eof():
            with suppress(ValueError):  # a line beyond the limit is dropped
                line = (await lines.readline()).decode(errors="replace").rstrip()
                if line.startswith(_ERROR):  # said once: by whoever deals with the end it announces
                    self.last_error = line.removeprefix(_ERROR)
                elif line and not self.is_noise(line):
                    self._say(line)

    def _say(self, line: str) -> None:
        with suppress(OSError):  # nobody reads us, or the disk is full: no reason to stop keeping
            self.print_line(self.name, line)

    def _tell(self, on_change: Callable[[], None]) -> None:
        try:
            on_change()
        except AppError as error:
            self._say(f"✗ {text(error.detail.pt, error.detail.en)}")

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None and self.is_running:
            # Not through asyncio: its way looks first whether the child has ended, and so takes its exit code away.
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, number)


@asynccontextmanager
async def _lines_of(output: FileIO) -> AsyncIterator[asyncio.StreamReader]:
    """A pipe of our own, because the one that asyncio makes cannot be closed while somebody else holds it."""
    lines = asyncio.StreamReader(limit=_LINE_LIMIT)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), output)
    try:
        yield lines
    finally:
        transport.close()
