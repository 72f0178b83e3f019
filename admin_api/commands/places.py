"""Where a command finds the installation: what the environment names, or what runs in the home."""

from argparse import Namespace

from pydantic import SecretStr

from admin_api.commands.home_option import settings_from
from core.db.roles import APP, MIGRATOR
from core.embedded import DATABASE
from core.errors import Misconfigured
from core.home import Home
from core.servers.process import LOOPBACK
from core.settings import Settings


def settings_here(options: Namespace) -> Settings:
    """The settings, with the addresses of the embedded servers filled in where none are given."""
    settings = settings_from(options)
    if settings.database_url is not None and settings.redis_url is not None:
        return settings
    here = Home(settings.masteria_home)
    ports = running_ports(here)
    found: dict[str, SecretStr | None] = {
        "database_url": _database(here, APP, ports["postgres"]) if "postgres" in ports else None,
        "database_migrate_url": _database(here, MIGRATOR, ports["postgres"]) if "postgres" in ports else None,
        "redis_url": SecretStr(f"redis://:{here.password('valkey')}@{LOOPBACK}:{ports['valkey']}/0")
        if "valkey" in ports
        else None,
    }
    missing = {name: url for name, url in found.items() if url is not None and getattr(settings, name) is None}
    return settings.model_copy(update={**missing, "masteria_embedded": settings.database_url is None})


def running_ports(home: Home) -> dict[str, int]:
    if not home.is_held():
        raise Misconfigured(
            f"Nada está no ar em {home.folder}: rode `masteria up`, ou defina DATABASE_URL e REDIS_URL.",
            f"Nothing runs in {home.folder}: run `masteria up`, or set DATABASE_URL and REDIS_URL.",
        )
    return home.ports()


def _database(home: Home, role: str, port: int) -> SecretStr:
    return SecretStr(f"postgresql+asyncpg://{role}:{home.password(role)}@{LOOPBACK}:{port}/{DATABASE}")
