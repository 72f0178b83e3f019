"""Everything that may be set from outside, read once at the start of a process and passed down."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from core.errors import Misconfigured
from core.texts import Text

SECRET_FILES: Final = Path("/run/secrets")


def _split(value: str, expected: str) -> SplitResult:
    """What the parser says of a wrong address quotes pieces of it, and those may be a password's."""
    try:
        url = urlsplit(value)
        _ = url.port
    except ValueError:
        raise ValueError(expected) from None
    return url


def _database_url(value: SecretStr) -> SecretStr:
    """`postgresql://` is read as asyncpg, whose name for `sslmode` is `ssl`."""
    url = _split(value.get_secret_value(), "postgresql://user:password@host:port/database")
    if url.scheme not in {"postgres", "postgresql", "postgresql+asyncpg"} or not (url.hostname and url.path[1:]):
        raise ValueError("postgresql://user:password@host:port/database")
    query = parse_qsl(url.query)
    unknown = {key for key, _ in query} - {"sslmode", "ssl"}
    if unknown:
        raise ValueError(f"postgresql://user:password@host/database?sslmode=… ({', '.join(sorted(unknown))}: ?)")
    query = [("ssl", item) for _, item in query]
    return SecretStr(urlunsplit(url._replace(scheme="postgresql+asyncpg", query=urlencode(query))))


def _redis_url(value: SecretStr) -> SecretStr:
    url = _split(value.get_secret_value(), "redis://:password@host:port/0")
    if url.scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("redis://:password@host:port/0")
    return value


def _broker_url(value: SecretStr) -> SecretStr:
    """Any broker that Celery knows by its scheme."""
    expected = "redis://…, amqp://…"
    if not _split(value.get_secret_value(), expected).scheme:
        raise ValueError(expected)
    return value


def _storage_url(value: str) -> str:
    expected = "file:///folder, s3://bucket/prefix, gs://bucket/prefix"
    if _split(value, expected).scheme not in {"file", "s3", "gs"}:
        raise ValueError(expected)
    return value


def _http_url(value: str) -> str:
    url = _split(value, "https://host")
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ValueError("https://host")
    return value.rstrip("/")


def _model_names(value: str) -> str:
    names = value.replace(" ", "")
    if not all(_MODEL.fullmatch(name) for name in names.split(",")):
        raise ValueError("openai/gpt-4o, gemini/gemini-2.5-flash, rehearsal")
    return names


def _embedding_name(value: str) -> str:
    if not _EMBEDDING.fullmatch(value):
        raise ValueError("openai/text-embedding-3-small, openai/…?dimensions=768")
    return value


_EMBEDDING: Final = re.compile(r"(?!rehearsal/)[a-z][a-z0-9_]*/[\w.:@/-]{1,120}(\?dimensions=[1-9]\d{0,3})?")
_MODEL: Final = re.compile(r"rehearsal(/[a-z_]+)?(\?seed=\d{1,9})?|(?!rehearsal/)[a-z][a-z0-9_]*/[\w.:@/-]{1,120}")

DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
BrokerUrl = Annotated[SecretStr, AfterValidator(_broker_url)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
StorageUrl = Annotated[str, AfterValidator(_storage_url)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
EmbeddingName = Annotated[str, AfterValidator(_embedding_name)]
ModelNames = Annotated[str, AfterValidator(_model_names)]
Port = Annotated[int, Field(ge=0, le=65535)]


def default_home() -> Path:
    """Root's own folder is closed to the user the servers run as, so root's home lies with the other services."""
    return Path("/var/lib/masteria") if os.getuid() == 0 else Path.home() / ".masteria"


def bare_asyncpg(url: str) -> str:
    """The same address for asyncpg by itself, which knows `sslmode` by that name alone."""
    parts = urlsplit(url)
    query = urlencode([("sslmode", item) for _, item in parse_qsl(parts.query)])
    return urlunsplit(parts._replace(scheme="postgresql", query=query))


class Settings(BaseSettings):
    """The names are those of the environment, in capitals; a file of that name in /run/secrets serves as well."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, env_ignore_empty=True)

    masteria_home: Annotated[Path, AfterValidator(Path.expanduser)] = Field(default_factory=default_home)
    database_url: DatabaseUrl | None = None
    database_migrate_url: DatabaseUrl | None = None
    database_listen_url: DatabaseUrl | None = None
    redis_url: RedisUrl | None = None
    celery_broker_url: BrokerUrl | None = None
    masteria_secret_keys: SecretStr | None = None
    masteria_public_url: HttpUrl | None = None
    masteria_storage_url: StorageUrl | None = None
    masteria_metrics_port: Port = 0
    masteria_drain_seconds: Annotated[float, Field(gt=0, le=600)] = 30.0
    masteria_spool_bytes: Annotated[int, Field(ge=1 << 20, le=1 << 40)] = 256 << 20  # of events the database refused
    masteria_media_sealed: bool = False  # received files are sealed with a key of their company
    debug: bool = False
    # Where the providers are; the version and the path are ours.
    whatsapp_api_base: HttpUrl = "https://graph.facebook.com"
    whatsapp_api_version: Annotated[str, Field(pattern=r"^v\d{1,3}\.\d$")] = "v23.0"
    telegram_api_base: HttpUrl = "https://api.telegram.org"
    telegram_bot_token: SecretStr | None = None  # of the demo company's bot, under `masteria up`
    # Which models answer: the first, then the others where it does not. Their keys have the providers' usual names.
    masteria_model: ModelNames = "rehearsal"
    masteria_hearing_model: ModelNames | None = None  # voice notes; without it one of the same providers, if any hears
    masteria_seeing_model: ModelNames | None = None  # pictures; without it those of masteria_model
    masteria_embedding_model: EmbeddingName | None = None  # vectors for knowledge; without it words alone are searched
    openai_api_key: SecretStr | None = None
    openai_base_url: HttpUrl | None = None  # a server that speaks as OpenAI's does
    anthropic_api_key: SecretStr | None = None
    gemini_api_key: SecretStr | None = None
    groq_api_key: SecretStr | None = None
    mistral_api_key: SecretStr | None = None
    deepseek_api_key: SecretStr | None = None
    openrouter_api_key: SecretStr | None = None
    xai_api_key: SecretStr | None = None
    # What `masteria up` hands to its children; nobody else need set these.
    masteria_metrics_sum: Path | None = None  # the folder whose metrics the api adds up
    masteria_log_format: Literal["json", "console"] = "json"
    masteria_lifeline: int | None = None  # a pipe that closes when the supervisor dies
    masteria_embedded: bool = False
    masteria_sandbox_url: HttpUrl | None = None  # where the simulated providers are, for the connections that use them

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the environment; a wrong value is one line that names its variable."""
        if environment is not None:
            os.environ.update(environment)
        try:
            return cls(_secrets_dir=SECRET_FILES if SECRET_FILES.is_dir() else None)
        except ValidationError as error:
            raise _first_wrong(error) from None
        except (SettingsError, OSError, UnicodeDecodeError) as error:
            raise _unreadable_secret(error) from None

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


def _unreadable_secret(error: Exception) -> Misconfigured:
    """Named by its file alone: what is in it is nobody's business."""
    names = [file.name for file in sorted(SECRET_FILES.iterdir()) if file.is_file() and not _is_text(file)]
    which = ", ".join(names) or type(error).__name__
    return Misconfigured(
        f"Não consegui ler {SECRET_FILES}: {which}. Confira o dono e o modo do arquivo, e que ele seja texto.",
        f"Could not read {SECRET_FILES}: {which}. Check the file's owner and mode, and that it is text.",
    )


def _is_text(file: Path) -> bool:
    try:
        file.read_text()
    except (OSError, UnicodeDecodeError):
        return False
    return True


def _first_wrong(error: ValidationError) -> Misconfigured:
    first = error.errors(include_input=False, include_url=False)[0]
    name = str(first["loc"][0]).upper()
    wanted = _wanted(first)
    return Misconfigured(
        f"Valor inválido em {name}: esperado {wanted.pt}. Corrija a variável e rode de novo.",
        f"Invalid value in {name}: expected {wanted.en}. Mend the variable and run again.",
    )


def _wanted(wrong: ErrorDetails) -> Text:
    """Of our own checks the words they raise; of pydantic's, which speaks English only, its limits in ours."""
    limits = {name: limit for name, limit in wrong.get("ctx", {}).items() if name in _LIMITS}
    if limits:
        name, limit = next(iter(limits.items()))
        return Text(_LIMITS[name].pt.format(limit), _LIMITS[name].en.format(limit))
    raised = wrong["msg"].removeprefix("Value error, ")
    return _KINDS.get(wrong["type"].partition("_")[0], Text(raised, raised))


_LIMITS: Final = {
    "pattern": Text("o formato {}", "the format {}"),
    "ge": Text("um número a partir de {}", "a number from {} on"),
    "gt": Text("um número acima de {}", "a number above {}"),
    "le": Text("um número até {}", "a number up to {}"),
    "expected": Text("um destes: {}", "one of {}"),
}
_KINDS: Final = {
    "int": Text("um número inteiro", "a whole number"),
    "float": Text("um número", "a number"),
    "finite": Text("um número", "a number"),
    "bool": Text("true ou false", "true or false"),
}
