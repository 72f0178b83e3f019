"""The door to Valkey, which carries only hints: losing every key of it may cost time, never a message."""

import hashlib
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import redis.asyncio as redis
from redis import exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig

from core.errors import AppError, Misconfigured, Unavailable
from core.logging import get_logger
from core.texts import Text

SECONDS: Final = 2.0  # to connect, to answer, and to wait for a free connection
_CONNECTIONS: Final = 32
_CHECK_KEY: Final = "masteria:check"

log = get_logger(__name__)


def open_valkey(url: str, *, name: str = "masteria", seconds: float = SECONDS) -> redis.Redis:
    """Made once at the start of a process, by its entry point; strings go in and out.

    A blocking read (BLPOP, XREAD BLOCK) longer than two seconds needs a client of its own.
    """
    try:
        pool = redis.BlockingConnectionPool.from_url(
            url,
            client_name=name,
            max_connections=_CONNECTIONS,
            timeout=seconds,
            socket_timeout=seconds,
            socket_connect_timeout=seconds,
            # Once more on a connection that the server had already closed; a slow server is not asked twice.
            retry=Retry(NoBackoff(), 1, supported_errors=(exceptions.ConnectionError,)),
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
            decode_responses=True,
        )
    except ValueError:  # its text may quote a piece of the password
        raise _malformed() from None
    return redis.Redis.from_pool(pool)


async def check(valkey: redis.Redis) -> None:
    """Refuse to start on a server that is away, refuses us, or cannot be written to."""
    try:
        async with named_failure(valkey):
            await valkey.set(_CHECK_KEY, "1", px=1000)
            memory = await valkey.info("memory")
    except exceptions.ResponseError:
        raise _error_of(_REFUSED, valkey) from None
    if may_evict(memory):
        log.warning("valkey.may_evict", policy=memory["maxmemory_policy"], remedy="maxmemory-policy noeviction")


def may_evict(memory: dict[str, Any]) -> bool:
    """Whether the server may drop single keys under pressure: a rate limit would forget what it gave out."""
    return bool(memory.get("maxmemory")) and memory.get("maxmemory_policy", "noeviction") != "noeviction"


@dataclass(frozen=True)
class Script:
    """Lua that runs in one step. The server may forget it at any time, so the whole text is the way back."""

    text: str

    @cached_property
    def sha(self) -> str:
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    async def run(self, valkey: redis.Redis, keys: Sequence[str], arguments: Sequence[str | int]) -> Any:
        async with named_failure(valkey):
            try:
                return await valkey.evalsha(self.sha, len(keys), *keys, *arguments)
            except exceptions.NoScriptError:
                return await valkey.eval(self.text, len(keys), *keys, *arguments)


def opaque(*names: str) -> str:
    """A key part that tells nothing: names may be phone numbers, and keys end up in logs and dumps."""
    joined = "".join(f"{len(name)}:{name}" for name in names)
    return hashlib.blake2b(joined.encode(), digest_size=16).hexdigest()


@asynccontextmanager
async def named_failure(valkey: redis.Redis) -> AsyncIterator[None]:
    """A failure of the server becomes one of our errors; a bug in a command stays what it is."""
    try:
        yield
    except tuple(kind for cause in _CAUSES for kind in cause.kinds) as error:
        raise _error_of(_cause_of(error), valkey) from None  # an old server quotes the whole HELLO, password included


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cause:
    kinds: tuple[type[Exception], ...]
    reason: Text
    raised: type[AppError] = Unavailable


_CAUSES: Final = (
    _Cause(
        kinds=(exceptions.AuthenticationError, exceptions.AuthenticationWrongNumberOfArgsError),
        reason=Text("usuário ou senha recusados", "user or password refused"),
        raised=Misconfigured,
    ),
    _Cause(
        kinds=(exceptions.NoPermissionError, exceptions.AuthorizationError),
        reason=Text("a conta não tem permissão", "the account lacks a permission"),
        raised=Misconfigured,
    ),
    _Cause(
        kinds=(exceptions.InvalidResponse,),
        reason=Text("quem respondeu não é um Valkey", "what answered is not a Valkey"),
        raised=Misconfigured,
    ),
    _Cause(
        kinds=(ssl.SSLError,),
        reason=Text("a conexão TLS falhou", "the TLS connection failed"),
        raised=Misconfigured,
    ),
    _Cause(kinds=(exceptions.BusyLoadingError,), reason=Text("ainda carrega os dados", "still loading its data")),
    _Cause(kinds=(exceptions.ReadOnlyError,), reason=Text("é uma réplica só de leitura", "it is a read-only replica")),
    _Cause(kinds=(exceptions.OutOfMemoryError,), reason=Text("memória esgotada", "out of memory")),
    _Cause(
        kinds=(exceptions.TimeoutError, TimeoutError),
        reason=Text("sem resposta a tempo", "no answer in time"),
    ),
    _Cause(kinds=(socket.gaierror,), reason=Text("nome não encontrado", "name not found")),
    _Cause(kinds=(ConnectionRefusedError,), reason=Text("conexão recusada", "connection refused")),
    _Cause(kinds=(exceptions.ConnectionError,), reason=Text("a conexão caiu", "the connection broke")),
)


_REFUSED: Final = _Cause(
    kinds=(exceptions.ResponseError,),
    reason=Text(
        "recusou um comando: o banco existe e a versão é 7 ou mais nova?",
        "it refused a command: is the database there, the version 7+?",
    ),
    raised=Misconfigured,
)


def _cause_of(error: Exception) -> _Cause:
    chain = (error, error.__context__)  # the client wraps what the socket said
    return next(cause for cause in _CAUSES if any(isinstance(link, cause.kinds) for link in chain))


def _error_of(cause: _Cause, valkey: redis.Redis) -> AppError:
    where = _where(valkey)
    if cause.raised is Misconfigured:
        return Misconfigured(
            f"Não consigo usar o Valkey de REDIS_URL ({where}: {cause.reason.pt}). "
            "Corrija REDIS_URL, ou apague-a para usar o embutido.",
            f"Cannot use the Valkey in REDIS_URL ({where}: {cause.reason.en}). "
            "Mend REDIS_URL, or unset it to use the embedded one.",
        )
    return Unavailable(
        f"Não consegui usar o Valkey de REDIS_URL ({where}: {cause.reason.pt}). "
        "Confira se ele está no ar, ou apague REDIS_URL para usar o embutido.",
        f"Could not use the Valkey in REDIS_URL ({where}: {cause.reason.en}). "
        "Check that it is up, or unset REDIS_URL to use the embedded one.",
    )


def _where(valkey: redis.Redis) -> str:
    arguments = valkey.connection_pool.connection_kwargs
    if path := arguments.get("path"):
        return str(path)
    return f"{arguments.get('host', 'localhost')}:{arguments.get('port', 6379)}"


def _malformed() -> Misconfigured:
    return Misconfigured(
        "Valor inválido em REDIS_URL: esperado redis://:senha@host:porta/0. "
        "Escreva / # ? @ e : da senha como %2F %23 %3F %40 %3A e rode de novo.",
        "Invalid value in REDIS_URL: expected redis://:password@host:port/0. "
        "Write / # ? @ and : of the password as %2F %23 %3F %40 %3A and run again.",
    )
