"""Everything that may be set from outside, read once at the start of a process and passed down."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import Misconfigured

SECRET_FILES: Final = Path("/run/secrets")


def _database_url(value: SecretStr) -> SecretStr:
    """`postgresql://` is read as asyncpg, whose name for `sslmode` is `ssl`."""
    url = urlsplit(value.get_secret_value())
    if url.scheme not in {"postgres", "postgresql", "postgresql+asyncpg"} or not url.hostname:
        raise ValueError("postgresql://user:password@host:port/database")
    query = [("ssl" if key == "sslmode" else key, item) for key, item in parse_qsl(url.query)]
    return SecretStr(urlunsplit(url._replace(scheme="postgresql+asyncpg", query=urlencode(query))))


def _redis_url(value: SecretStr) -> SecretStr:
    url = urlsplit(value.get_secret_value())
    if url.scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("redis://:password@host:port/0")
    return value


def _storage_url(value: str) -> str:
    if urlsplit(value).scheme not in {"file", "s3", "gs"}:
        raise ValueError("file:///folder, s3://bucket/prefix, gs://bucket/prefix")
    return value


def _http_url(value: str) -> str:
    url = urlsplit(value)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ValueError("https://host")
    return value.rstrip("/")


DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
StorageUrl = Annotated[str, AfterValidator(_storage_url)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Port = Annotated[int, Field(ge=0, le=65535)]


def default_home() -> Path:
    """Root's own folder is closed to the user the servers run as, so root's home lies with the other services."""
    return Path("/var/lib/masteria") if os.getuid() == 0 else Path.home() / ".masteria"


class Settings(BaseSettings):
    """The names are those of the environment, in capitals; a file of that name in /run/secrets serves as well."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, env_ignore_empty=True)

    masteria_home: Path = Field(default_factory=default_home)
    database_url: DatabaseUrl | None = None
    database_migrate_url: DatabaseUrl | None = None
    database_listen_url: DatabaseUrl | None = None
    redis_url: RedisUrl | None = None
    celery_broker_url: SecretStr | None = None
    masteria_secret_keys: SecretStr | None = None
    masteria_public_url: HttpUrl | None = None
    masteria_storage_url: StorageUrl | None = None
    masteria_metrics_port: Port = 0
    masteria_drain_seconds: Annotated[float, Field(gt=0, le=600)] = 30.0
    debug: bool = False
    # What `masteria up` hands to its children; nobody else need set these.
    masteria_metrics_sum: Path | None = None  # the folder whose metrics the api adds up
    masteria_log_format: Literal["json", "console"] = "json"
    masteria_lifeline: int | None = None  # a pipe that closes when the supervisor dies
    masteria_embedded: bool = False

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the environment; a wrong value is one line that names its variable."""
        if environment is not None:
            os.environ.update(environment)
        try:
            return cls(_secrets_dir=SECRET_FILES if SECRET_FILES.is_dir() else None)
        except ValidationError as error:
            raise _first_wrong(error) from None

    def require(self, name: str) -> str:
        """The value of a setting this process cannot do without."""
        value = getattr(self, name.lower())
        if value is None:
            raise Misconfigured(
                f"Falta a variável {name}: defina-a, ou use `masteria up`, que traz o serviço embutido.",
                f"{name} is not set: set it, or use `masteria up`, which brings the service along.",
            )
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)

    @property
    def broker_url(self) -> str:
        return self.require("CELERY_BROKER_URL" if self.celery_broker_url else "REDIS_URL")

    @property
    def storage_url(self) -> str:
        return self.masteria_storage_url or (self.masteria_home / "storage").absolute().as_uri()


def _first_wrong(error: ValidationError) -> Misconfigured:
    first = error.errors(include_input=False, include_url=False)[0]
    name = str(first["loc"][0]).upper()
    reason = first["msg"].removeprefix("Value error, ")
    return Misconfigured(
        f"Valor inválido em {name}: esperado {reason}. Corrija a variável e rode de novo.",
        f"Invalid value in {name}: expected {reason}. Mend the variable and run again.",
    )
