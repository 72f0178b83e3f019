"""What compose tells PostgreSQL and Valkey is understood by the real ones."""

import asyncio
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
import redis.asyncio as redis

from core import valkey
from core.clock import Deadline
from core.servers.account import Account
from core.servers.postgres import SUPERUSER, Postgres
from core.servers.process import LOOPBACK, free_port
from core.servers.valkey import Valkey
from tests.deploy.files import services

PASSWORD: Final = "correcthorse"
CONFIGURATION: Final = "/run/secrets/valkey.conf"


@asynccontextmanager
async def valkey_of_compose(folder: Path) -> AsyncIterator[int]:
    """The command of compose, with the secret's place, the port and the address changed to ones of this machine."""
    configuration = folder / "valkey.conf"
    configuration.write_text(f"requirepass {PASSWORD}\n")
    port = free_port(0)
    program, *words = services()["valkey"]["command"]
    assert program == "valkey-server"
    here = [str(configuration) if word == CONFIGURATION else word for word in words]
    here[here.index("--port") + 1] = str(port)
    server = Valkey(folder=folder, account=Account(), password=PASSWORD)._program()
    command = [str(server), *here, "--bind", LOOPBACK, "--dir", str(folder)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        await _answers(port)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _answers(port: int) -> None:
    deadline = Deadline.after(5)
    while True:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            if deadline.passed:
                raise
            await asyncio.sleep(0.02)
        else:
            return


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


class TestValkey:
    async def test_it_wants_the_password_evicts_nothing_and_writes_nothing(self, tmp_path: Path) -> None:
        async with valkey_of_compose(tmp_path) as port:
            async with redis.Redis(host=LOOPBACK, port=port) as stranger:
                with pytest.raises(redis.AuthenticationError):
                    await stranger.ping()
            async with valkey.open_valkey(f"redis://:{PASSWORD}@{LOOPBACK}:{port}/0") as client:
                await valkey.check(client)  # what every process asks for at its start
                kept = {name: (await client.config_get(name))[name] for name in ("save", "appendonly", "maxmemory")}
        assert kept == {"save": "", "appendonly": "no", "maxmemory": str(192 * 1024 * 1024)}
        assert names(tmp_path) == {"valkey.conf"}

    async def test_the_health_check_says_what_the_server_wants_to_hear(self, tmp_path: Path) -> None:
        async with valkey_of_compose(tmp_path) as port:
            kind, test = services()["valkey"]["healthcheck"]["test"]
            said, asked, judged = test.replace("$$", "$").partition("| valkey-cli -p 6379")
            words = await _shell(said.replace(CONFIGURATION, str(tmp_path / "valkey.conf")))
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            writer.write(words)
            answer = [await reader.readline() for _ in range(2)]
            writer.close()
        assert (kind, bool(asked), judged) == ("CMD-SHELL", True, " | grep -q PONG")
        assert answer == [b"+OK\r\n", b"+PONG\r\n"]


class TestPostgres:
    def test_initdb_takes_the_arguments_of_compose(self) -> None:
        arguments = services()["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split()
        account = Account.for_servers()
        with tempfile.TemporaryDirectory(prefix="masteria-initdb-") as name:
            Path(name).chmod(0o711)
            folder = account.own_folder(Path(name) / "cluster")
            password = account.own_file(folder / "password", PASSWORD)
            initdb = Postgres(folder=folder, account=account, superuser_password=PASSWORD)._programs() / "initdb"
            command = [str(initdb), "-D", str(folder / "data"), "-U", SUPERUSER, f"--pwfile={password}", *arguments]
            made = subprocess.run(command, cwd=folder, capture_output=True, check=False, **account.start_options)
            assert made.returncode == 0, made.stderr
            rules = (folder / "data" / "pg_hba.conf").read_text()
        assert {line.split()[-1] for line in rules.splitlines() if line and line[0] != "#"} == {"scram-sha-256"}

    def test_the_cluster_lies_on_the_volume(self) -> None:
        assert "database:/var/lib/postgresql" in services()["postgres"]["volumes"]

    def test_there_is_a_line_for_every_copy_that_the_manual_speaks_of(self) -> None:
        words = services()["postgres"]["command"]
        (lines,) = (int(word.partition("=")[2]) for word in words if word.startswith("max_connections="))
        assert lines >= 20 + 3 * 16 + 2 * 8 + 20


async def _shell(command: str) -> bytes:
    ran = await asyncio.to_thread(subprocess.run, ["/bin/sh", "-c", command], capture_output=True, check=True)
    return ran.stdout
