"""What the embedded servers have in common: how one is started, waited for and stopped."""

import asyncio
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, ClassVar, Final

from core.clock import Deadline
from core.errors import Misconfigured, Unavailable
from core.servers.account import Account
from core.servers.process import Stop, stop_child

# Nothing of ours: a server that can be made to show its environment must not hold the keys to what it stores.
ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


@dataclass(kw_only=True)
class Server(ABC):
    folder: Path
    account: Account
    wanted_port: int = 0
    port: int = 0
    _child: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    title: ClassVar[str]
    how_to_stop: ClassVar[Stop]
    ready_seconds: ClassVar[float]

    @abstractmethod
    def prepare(self) -> None:
        """What must be done before each start."""

    @property
    @abstractmethod
    def argv(self) -> list[str]:
        """The command, once prepared."""

    @property
    @abstractmethod
    def workplace(self) -> Path:
        """The folder the server works in, by which a leftover is known."""

    @staticmethod
    @abstractmethod
    def is_noise(line: str) -> bool:
        """Whether a line it prints is of no use to anybody."""

    @abstractmethod
    async def answers(self) -> bool:
        """Whether it takes our password by now."""

    @property
    def start_options(self) -> dict[str, Any]:
        return {
            "cwd": self.workplace,
            "env": ENVIRONMENT,
            "start_new_session": True,
            "umask": 0o077,
            **self.account.start_options,
        }

    def start(self, log: IO[Any] | int | None = None) -> "subprocess.Popen[bytes]":
        self.stop()
        self.prepare()
        self._child = subprocess.Popen(self.argv, stdout=log, stderr=subprocess.STDOUT, **self.start_options)
        return self._child

    async def wait_ready(self) -> None:
        deadline = Deadline.after(self.ready_seconds)
        while not await self.answers():
            if self._child is not None and self._child.poll() is not None:
                raise Misconfigured(
                    f"O {self.title} embutido em {self.folder} terminou ao iniciar (código {self._child.returncode}).",
                    f"The embedded {self.title} in {self.folder} ended while starting (code {self._child.returncode}).",
                )
            if deadline.passed:
                raise Unavailable(
                    f"O {self.title} embutido em {self.folder} não respondeu em {self.ready_seconds:.0f} s.",
                    f"The embedded {self.title} in {self.folder} did not answer within {self.ready_seconds:.0f} s.",
                )
            await asyncio.sleep(0.05)

    def stop(self) -> None:
        if self._child is not None:
            stop_child(self._child, self.how_to_stop)
