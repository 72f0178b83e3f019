"""Tests of the embedded servers at rest: who may open them, from where, and what they run as. All on the real ones."""

import asyncio
import os
import stat
from itertools import product
from pathlib import Path
from typing import Final

import asyncpg
import psutil
import pytest

from core.embedded import DATABASE
from core.home import Home
from tests.fixtures.servers import Servers

IS_ROOT: Final = os.getuid() == 0
NAMES: Final = ("app", "migrator", "postgres", "valkey")
ADMIN: Final = (
    "CONFIG GET dir",
    "CONFIG SET dir /tmp",
    "MODULE LIST",
    "MODULE LOAD /tmp/x.so",
    "DEBUG SLEEP 0",
    "REPLICAOF NO ONE",
    "REPLICAOF 127.0.0.1 1",
    "SLAVEOF NO ONE",
    "PSYNC ? -1",
    "ACL LIST",
    "ACL SETUSER x on nopass +@all ~*",
    "SAVE",
    "BGSAVE",
    "BGREWRITEAOF",
    "MONITOR",
    "SHUTDOWN NOSAVE",
    "CLIENT LIST",
    "LATENCY RESET",
)


def roots(servers: Servers) -> list[psutil.Process]:
    children = (servers.embedded.postgres._child, servers.embedded.valkey._child)
    return [psutil.Process(child.pid) for child in children if child is not None]


def processes(servers: Servers) -> list[psutil.Process]:
    """Both servers and everything they started."""
    found = roots(servers)
    return found + [child for root in found for child in root.children(recursive=True)]


async def talk(servers: Servers, *lines: str) -> list[str]:
    """What Valkey answers to each line, over a bare socket."""
    reader, writer = await asyncio.open_connection("127.0.0.1", servers.embedded.valkey.port)
    try:
        answers = []
        for line in lines:
            writer.write(f"{line}\r\n".encode())
            answers.append((await asyncio.wait_for(reader.readline(), 5)).decode().strip())
        return answers
    finally:
        writer.close()
        await writer.wait_closed()


class TestPostgres:
    async def log_in(self, servers: Servers, *, user: str, password: str, database: str = DATABASE) -> str:
        port = servers.embedded.postgres.port
        connection = await asyncpg.connect(
            host="127.0.0.1", port=port, user=user, password=password, database=database, ssl=False
        )
        try:
            return str(await connection.fetchval("SELECT current_user"))
        finally:
            await connection.close()

    @pytest.mark.parametrize("user", ["app", "migrator", "postgres"])
    async def test_each_role_opens_with_its_own_password(self, servers: Servers, user: str) -> None:
        password = servers.embedded.home.password(user)
        assert await self.log_in(servers, user=user, password=password) == user

    @pytest.mark.parametrize(
        ("user", "other"), [pair for pair in product(("app", "migrator", "postgres"), NAMES) if len({*pair}) == 2]
    )
    async def test_no_password_opens_another_role(self, servers: Servers, user: str, other: str) -> None:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await self.log_in(servers, user=user, password=servers.embedded.home.password(other))

    @pytest.mark.parametrize("password", ["", "x", "postgres", "masteria"])
    @pytest.mark.parametrize("user", ["app", "migrator", "postgres"])
    async def test_neither_none_nor_a_guess_opens(
        self, servers: Servers, user: str, password: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("PGPASSWORD", raising=False)
        with pytest.raises(asyncpg.InvalidPasswordError):
            await self.log_in(servers, user=user, password=password)

    async def test_a_role_that_cannot_log_in_does_not(self, servers: Servers) -> None:
        for user in ("masteria_priv", "root", "nobody"):
            with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
                await self.log_in(servers, user=user, password=servers.embedded.home.password("app"))

    async def test_app_enters_only_the_databases_it_is_let_into(self, servers: Servers) -> None:
        superuser = await servers.embedded.postgres.connect(DATABASE)
        granted = await superuser.fetchval("SELECT has_database_privilege('app', $1, 'CONNECT')", DATABASE)
        powers = await superuser.fetch(
            "SELECT has_database_privilege('app', $1, p) FROM unnest(ARRAY['CREATE', 'TEMP']) p", DATABASE
        )
        await superuser.close()
        assert (granted, [row[0] for row in powers]) == (True, [False, False])

    def test_nothing_but_scram_lets_anyone_in(self, servers: Servers) -> None:
        text = (servers.embedded.postgres.data / "pg_hba.conf").read_text()
        rules = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        assert rules
        assert {rule[-1] for rule in rules} == {"scram-sha-256"}

    async def test_passwords_are_kept_as_scram_verifiers(self, servers: Servers) -> None:
        superuser = await servers.embedded.postgres.connect()
        rows = await superuser.fetch("SELECT rolname, rolpassword FROM pg_authid WHERE rolcanlogin")
        await superuser.close()
        assert {row["rolname"] for row in rows} == {"app", "migrator", "postgres"}
        assert all(row["rolpassword"].startswith("SCRAM-SHA-256$") for row in rows)

    async def test_it_is_the_18_with_vectors_and_durable_by_default(self, servers: Servers) -> None:
        superuser = await servers.embedded.postgres.connect(DATABASE)
        assert superuser.get_server_version().major == 18
        assert await superuser.fetchval("SELECT '[1,2]'::vector <-> '[1,3]'::vector") == 1.0
        await superuser.close()
        ours = servers.embedded.postgres
        plain = type(ours)(folder=ours.folder, account=ours.account, superuser_password="x")
        assert not any(word.startswith(("fsync", "full_page", "synchronous")) for word in plain.argv)


class TestValkey:
    async def test_without_a_password_nothing_is_answered(self, servers: Servers) -> None:
        answers = await talk(servers, "PING", "KEYS *", "INFO", "CONFIG GET dir")
        assert all(answer.startswith("-NOAUTH") for answer in answers)

    @pytest.mark.parametrize("name", ["app", "migrator", "postgres"])
    async def test_no_other_password_opens_it(self, servers: Servers, name: str) -> None:
        answers = await talk(servers, f"AUTH {servers.embedded.home.password(name)}", "PING")
        assert [answer.split()[0] for answer in answers] == ["-WRONGPASS", "-NOAUTH"]

    async def test_its_own_password_opens_it(self, servers: Servers) -> None:
        assert await talk(servers, f"AUTH {servers.embedded.valkey.password}", "PING") == ["+OK", "+PONG"]

    @pytest.mark.parametrize("command", ADMIN)
    async def test_a_command_that_turns_a_password_into_code_is_refused(self, servers: Servers, command: str) -> None:
        _, refusal, alive = await talk(servers, f"AUTH {servers.embedded.valkey.password}", command, "PING")
        assert refusal.startswith("-NOPERM") or "command not allowed" in refusal
        assert alive == "+PONG"

    async def test_it_keeps_nothing_on_disk(self, servers: Servers) -> None:
        await talk(servers, f"AUTH {servers.embedded.valkey.password}", "SET kept x", "DEL kept")
        assert [path.name for path in servers.embedded.valkey.folder.iterdir()] == ["valkey.conf"]


class TestProcesses:
    def test_they_listen_on_loopback_only(self, servers: Servers) -> None:
        connections = [line for process in processes(servers) for line in process.net_connections("inet")]
        listening = {(line.laddr.ip, line.laddr.port) for line in connections if line.status == psutil.CONN_LISTEN}
        ports = {servers.embedded.postgres.port, servers.embedded.valkey.port}
        assert {ip for ip, _ in listening} <= {"127.0.0.1", "::1"}
        assert {port for _, port in listening} == ports

    def test_they_open_no_udp_port_beyond_loopback(self, servers: Servers) -> None:
        open_ports = [line for process in processes(servers) for line in process.net_connections("udp")]
        assert {line.laddr.ip for line in open_ports} <= {"127.0.0.1", "::1"}

    def test_they_make_no_unix_socket(self, servers: Servers) -> None:
        sockets = [line.laddr for process in processes(servers) for line in process.net_connections("unix")]
        assert {repr(address) for address in sockets} <= {"''", "None"}
        assert [path for path in servers.embedded.home.folder.rglob("*") if path.is_socket()] == []

    def test_they_run_as_an_ordinary_user_alone(self, servers: Servers) -> None:
        wanted = (servers.embedded.postgres.account.uid, servers.embedded.postgres.account.gid)
        if not IS_ROOT:
            wanted = (os.getuid(), os.getgid())
        for process in processes(servers):
            assert set(process.uids()) == {wanted[0]}
            assert set(process.gids()) == {wanted[1]}
            assert 0 not in wanted

    def test_they_keep_none_of_roots_groups(self, servers: Servers) -> None:
        wanted = set() if IS_ROOT else set(os.getgroups())
        for process in roots(servers):
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            groups = next(line for line in lines if line.startswith("Groups:"))
            assert {int(group) for group in groups.split()[1:]} <= wanted

    def test_no_password_is_on_a_command_line_or_in_an_environment(self, servers: Servers) -> None:
        shown = " ".join(repr((process.cmdline(), process.environ())) for process in processes(servers))
        assert not [name for name in NAMES if servers.embedded.home.password(name) in shown]

    def test_nothing_of_ours_is_in_their_environment(self, servers: Servers) -> None:
        """A server that can be made to show its environment must not hold the keys to what it stores."""
        assert {name for process in processes(servers) for name in process.environ()} <= {"PATH", "LC_ALL"}


class TestFiles:
    def test_what_the_servers_own_is_closed_to_everyone_else(self, servers: Servers) -> None:
        for folder in (
            servers.embedded.postgres.folder,
            servers.embedded.valkey.folder,
            servers.embedded.postgres.data,
        ):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        configuration = servers.embedded.valkey.folder / "valkey.conf"
        assert stat.S_IMODE(configuration.stat().st_mode) == 0o600

    def test_no_password_file_and_no_draft_is_left(self, servers: Servers) -> None:
        assert [path.name for path in servers.embedded.postgres.folder.iterdir()] == ["data"]

    def test_the_servers_user_owns_no_secret_of_the_home(self, servers: Servers) -> None:
        home: Home = servers.embedded.home
        files = list((home.folder / "secrets").iterdir())
        assert {file.stat().st_uid for file in files} == {os.getuid()}
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
