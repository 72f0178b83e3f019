"""The real PostgreSQL and Valkey that `masteria up` brings along where no address is given."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from core.db import roles
from core.errors import Misconfigured
from core.home import Home
from core.servers.account import OUTSIDE, Account
from core.servers.postgres import Postgres
from core.servers.valkey import Valkey

DATABASE: Final = "masteria"


@dataclass(frozen=True, kw_only=True, slots=True)
class Urls:
    app: str
    migrator: str


@dataclass(slots=True)
class Embedded:
    """Both servers of one home. Starting twice is harmless; a leftover of a killed supervisor is ended first."""

    home: Home
    postgres: Postgres
    valkey: Valkey

    @classmethod
    def of(cls, home: Home, *, postgres_settings: dict[str, str] | None = None) -> "Embedded":
        account = Account.for_servers()
        folder = servers_folder(home, account)
        ports = home.ports()
        postgres = Postgres(
            folder=folder / "postgres",
            account=account,
            superuser_password=home.password("postgres"),
            wanted_port=ports.get("postgres", 0),
            settings=postgres_settings or {},
        )
        valkey = Valkey(
            folder=folder / "valkey",
            account=account,
            password=home.password("valkey"),
            wanted_port=ports.get("valkey", 0),
        )
        return cls(home, postgres, valkey)

    async def start(self, log: IO[Any] | int | None = None) -> None:
        """Both servers as children of this process, for tests and benchmarks; `up` starts them under its own eyes."""
        await asyncio.to_thread(self.postgres.start, log)
        await asyncio.to_thread(self.valkey.start, log)
        await self.wait_ready()

    async def wait_ready(self) -> None:
        await self.wait_postgres()
        await self.valkey.wait_ready()

    async def wait_postgres(self) -> None:
        """Ready means that the roles and the database are there too."""
        await self.postgres.wait_ready()
        await self._make_database()

    def stop(self) -> None:
        self.valkey.stop()
        self.postgres.stop()

    def urls(self, database: str) -> Urls:
        return Urls(
            app=self.postgres.url(user=roles.APP, password=self.home.password("app"), database=database),
            migrator=self.postgres.url(user=roles.MIGRATOR, password=self.home.password("migrator"), database=database),
        )

    async def _make_database(self) -> None:
        superuser = await self.postgres.connect()
        try:
            passwords = {f"{role}_password": self.home.password(role) for role in (roles.MIGRATOR, roles.APP)}
            await roles.make_roles(superuser, **passwords)
            await roles.make_database(superuser, DATABASE)
        finally:
            await superuser.close()
        inside = await self.postgres.connect(DATABASE)
        try:
            await roles.make_extensions(inside)
        finally:
            await inside.close()


def servers_folder(home: Home, account: Account) -> Path:
    """Inside the home, or beside the other services where the servers' user cannot get into the home."""
    inside, outside = home.folder / "servers", OUTSIDE / "homes" / home.id
    if inside.exists() or not outside.exists():
        if account.can_enter(home.folder):
            return inside
        if inside.exists():  # an empty cluster elsewhere would look as if the data were lost
            raise _out_of_reach(home.folder)
    if OUTSIDE.exists() and not account.can_enter(OUTSIDE):
        raise _out_of_reach(OUTSIDE)
    return outside


def _out_of_reach(folder: Path) -> Misconfigured:
    return Misconfigured(
        f"O usuário dos servidores embutidos não alcança {folder}: libere a passagem (chmod o+x) nas pastas acima, "
        "ou use outra pasta (--home).",
        f"The embedded servers' user cannot reach {folder}: let it pass (chmod o+x) the folders above it, "
        "or use another folder (--home).",
    )
