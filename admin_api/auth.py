"""Who may come in: an API key becomes a `Principal`, and `Needs(Role.X)` says what a route takes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Annotated, Any, Final

import redis.asyncio as redis
from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader

from admin_api.principals import Principal
from core.db.sessions import Database
from core.errors import Forbidden, Misconfigured, TooMany, Unauthenticated, Unavailable
from core.logging import get_logger
from core.models.people import Role
from core.rate_limit import Limit, Wait, take

KEY_HEADER: Final = "X-API-Key"
_SHOWN: Final = 12  # of a key, as in the list of keys: enough to tell two apart, too little to open anything
_MINUTE: Final = 60
_PER_ADDRESS: Final = 30
_PER_KEY: Final = 10
_HOUSEHOLD: Final = 64  # the bits that an IPv6 customer keeps

_HEADER: Final = APIKeyHeader(
    name=KEY_HEADER, scheme_name="ApiKey", description="`masteria token` makes one.", auto_error=False
)
# Finds the company of a key. It is handed over, because the store that knows stands beside endpoints that stand on us.
OpenKey = Callable[[Database, str], Awaitable[Principal | None]]

log = get_logger(__name__)


class Throttle:
    """Slows down who tries keys: wrong ones are counted, right ones pass however many wrong ones came before.

    So nobody can lock a company out by guessing at its key. Without Valkey nothing is counted: a key is 256 random
    bits, and whoever has one must not depend on a hint.
    """

    def __init__(self, valkey: redis.Redis) -> None:
        self._valkey = valkey
        self._is_blind = False

    async def count(self, address: str, key: str) -> None:
        try:
            answer = await take(
                self._valkey, _limit("address", address, _PER_ADDRESS), _limit_of_key(key), group="auth"
            )
        except (Unavailable, Misconfigured) as error:
            if not self._is_blind:
                log.warning("auth.throttle_away", error=type(error).__name__)
            self._is_blind = True
            return
        self._is_blind = False
        if isinstance(answer, Wait):
            raise TooMany(
                "Chaves erradas demais: espere e confira a chave.",
                "Too many wrong keys: wait, and check the key.",
                retry_after=answer.seconds,
            )


def _limit(name: str, of: str, count: int) -> Limit:
    return Limit(name=name, of=of, count=count, period=_MINUTE, burst=count, is_full_when_forgotten=True)


def _limit_of_key(key: str) -> Limit:
    return _limit("key", key[:_SHOWN], _PER_KEY)


@dataclass(frozen=True, slots=True)
class Needed:
    """A dependency that is known by its role, so that a route can be asked what it needs before it is called."""

    role: Role

    async def __call__(self, request: Request, _: Annotated[str | None, Security(_HEADER)]) -> Principal:
        return await admit(request, self.role)


def Needs(role: Role) -> Any:  # noqa: N802 - it stands in annotations, where it reads as a word
    """401 without a good credential, 403 where its role is weaker than this one."""
    return Depends(Needed(role))


async def admit(request: Request, needed: Role) -> Principal:
    """Asked twice in one request, the key is looked up once."""
    if not hasattr(request.state, "principal"):
        request.state.principal = await _authenticate(request)
    principal: Principal = request.state.principal
    if not principal.may(needed):
        raise Forbidden(
            f"Esta credencial tem o papel `{principal.role}`; aqui é preciso `{needed}` ou mais.",
            f"This credential has the role `{principal.role}`; this takes `{needed}` or more.",
        )
    return principal


async def _authenticate(request: Request) -> Principal:
    keys = request.headers.getlist(KEY_HEADER)
    if not keys:
        raise _missing(request)
    open_key: OpenKey = request.app.state.open_key
    principal = await open_key(request.app.state.floor.database, keys[0]) if len(keys) == 1 else None
    if principal is None:
        throttle: Throttle = request.app.state.throttle
        await throttle.count(_address_of(request), keys[0])
        raise Unauthenticated(
            "A chave de API não existe, foi revogada ou venceu: crie outra com `masteria token`.",
            "The API key does not exist, was revoked or has expired: make another with `masteria token`.",
        )
    return principal


def _missing(request: Request) -> Unauthenticated:
    if request.headers.get("authorization", "").lower().startswith("bearer "):
        return Unauthenticated(
            f"Tokens `Bearer` ainda não são aceitos aqui: envie uma chave de API no cabeçalho {KEY_HEADER}.",
            f"`Bearer` tokens are not taken here yet: send an API key in the header {KEY_HEADER}.",
        )
    return Unauthenticated(
        f"Falta a credencial: envie uma chave de API no cabeçalho {KEY_HEADER} (`masteria token` cria uma).",
        f"The credential is missing: send an API key in the header {KEY_HEADER} (`masteria token` makes one).",
    )


def _address_of(request: Request) -> str:
    """An IPv6 customer has more addresses than anyone can count: the network stands for all of them."""
    try:
        address = ip_address(request.client.host if request.client else "")
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(IPv6Network((address, _HOUSEHOLD), strict=False))
    return str(address)
