"""The one way out to an address that a user gave: https, public, judged where the socket is made, at every hop."""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urljoin

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from core.clock import Deadline
from core.http import Answer, Limits, open_client, perform
from core.targets import MAX_HOPS, Blocked, Reason, Target, demand_legible, is_loopback_address, is_public, target_of

Lookup = Callable[[str], Awaitable[Sequence[str]]]  # a host name to its addresses
Judge = Callable[[str], bool]  # may this address be dialled?
Follow = Callable[[Target], Awaitable[bool]]  # may a redirect be followed there? Else it is the answer
# One slow receiver must not take the connections of all the others.
_LIMITS: Final = Limits(per_host=8)
_LOOKUP_THREADS: Final = 8
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
# Headers that steer the connection itself and are nobody's to choose.
_OUR_HEADERS: Final = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "te", "trailer"}
    | {"transfer-encoding", "upgrade"}
)
# What may follow to another origin. Any other header may be a credential: X-Api-Key looks like X-Request-Id.
_HARMLESS_HEADERS: Final = frozenset({"accept", "accept-language", "content-type", "user-agent"})


class _NotDialled(OSError):
    """An OSError, because aiohttp's race between addresses loses track of any other kind."""


def _dialler(may_dial: Judge) -> aiohttp.SocketFactoryType:
    """The last word, for literals and names alike: the judged tuple is the very one the socket then connects to."""

    def dial(info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        if not may_dial(address[0]):
            raise _NotDialled("not an address to dial")
        return socket.socket(family, kind, protocol)

    return dial


class _Names(AbstractResolver):
    """Refuses a name as soon as one of its addresses is refused: only an attacker mixes public with private ones."""

    def __init__(self, lookup: Lookup, may_dial: Judge) -> None:
        self._lookup = lookup
        self._may_dial = may_dial

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = await self._lookup(host)
        if not all(map(self._may_dial, addresses)):
            raise Blocked(Reason.NOT_PUBLIC)
        if not addresses:
            raise OSError("no address")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in addresses
        ]

    @override
    async def close(self) -> None:
        pass


@asynccontextmanager
async def _system_lookup() -> AsyncIterator[Lookup]:
    """On threads of its own: a user's name server that never answers must not hold up every other lookup."""
    pool = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="egress-lookup")
    ask = partial(socket.getaddrinfo, port=None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)

    async def lookup(host: str) -> Sequence[str]:
        found = await asyncio.get_running_loop().run_in_executor(pool, ask, host)
        return [str(address[0]) for *_, address in found]

    try:
        yield lookup
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Call:
    method: str
    target: Target
    headers: Mapping[str, str]
    content: bytes | None = None


class EgressClient:
    """Made by `open_egress`. Follows at most three redirects; whatever else comes back is the caller's answer."""

    def __init__(self, *, public: httpx.AsyncClient, near: httpx.AsyncClient, loopback: frozenset[str]) -> None:
        self._public = public
        self._near = near
        self._loopback = loopback

    async def get(
        self,
        url: str,
        *,
        deadline: Deadline,
        max_bytes: int,
        headers: Mapping[str, str] | None = None,
        may_follow: Follow | None = None,
    ) -> Answer:
        target = target_of(url, loopback=self._loopback)
        call = _Call(method="GET", target=target, headers=_sendable(headers or {}))
        return await self._follow(call, deadline=deadline, max_bytes=max_bytes, may_follow=may_follow)

    async def post(
        self, url: str, *, content: bytes, deadline: Deadline, max_bytes: int, headers: Mapping[str, str] | None = None
    ) -> Answer:
        target = target_of(url, loopback=self._loopback)
        call = _Call(method="POST", target=target, headers=_sendable(headers or {}), content=content)
        return await self._follow(call, deadline=deadline, max_bytes=max_bytes)

    async def _follow(
        self, call: _Call, *, deadline: Deadline, max_bytes: int, may_follow: Follow | None = None
    ) -> Answer:
        for _ in range(MAX_HOPS + 1):
            client = self._near if call.target.is_loopback else self._public
            request = client.build_request(call.method, call.target.url, headers=call.headers, content=call.content)
            answer = await perform(client, request, deadline=deadline, max_bytes=max_bytes)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or not location:
                return answer
            there = self._next_target(call.target, location)
            if may_follow is not None and not await may_follow(there):
                return answer
            call = _redirected(call, answer.status, there)
        raise Blocked(Reason.HOPS)

    def _next_target(self, here: Target, location: str) -> Target:
        demand_legible(location)  # before urljoin, which removes some of what is illegible
        try:
            joined = urljoin(here.url, location)
        except ValueError:
            raise Blocked(Reason.HOST) from None
        there = target_of(joined, loopback=self._loopback)
        if there.is_loopback and not here.is_loopback:
            raise Blocked(Reason.NOT_PUBLIC)
        if here.url.startswith("https:") and not there.url.startswith("https:"):
            raise Blocked(Reason.DOWNGRADE)
        return there


def _redirected(call: _Call, status: int, target: Target) -> _Call:
    """The method rules of RFC 9110, section 15.4."""
    becomes_get = call.method == "POST" and status in {301, 302, 303}
    kept = {
        name: value
        for name, value in call.headers.items()
        if (target.origin == call.target.origin or name in _HARMLESS_HEADERS)
        and not (becomes_get and name.startswith("content-"))
    }
    if becomes_get:
        return _Call(method="GET", target=target, headers=kept)
    return _Call(method=call.method, target=target, headers=kept, content=call.content)


def _sendable(headers: Mapping[str, str]) -> dict[str, str]:
    sendable = {name.lower(): value for name, value in headers.items()}
    for name, value in sendable.items():
        is_ours = name in _OUR_HEADERS or name.startswith("proxy-")
        if is_ours or not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise Blocked(Reason.HEADER)
    return sendable


@asynccontextmanager
async def open_egress(
    *, loopback: frozenset[str] = frozenset(), lookup: Lookup | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[EgressClient]:
    """`loopback` names whole origins (`http://127.0.0.1:9000`) for the sandbox and tests: never from a user's hand."""
    tls = tls or httpx.create_ssl_context(trust_env=False)
    async with (
        _system_lookup() as system_lookup,
        _open_judged(is_public, lookup=lookup or system_lookup, tls=tls) as public,
        _open_judged(is_loopback_address, lookup=lookup or system_lookup, tls=tls) as near,
    ):
        yield EgressClient(public=public, near=near, loopback=loopback)


@asynccontextmanager
async def _open_judged(may_dial: Judge, *, lookup: Lookup, tls: ssl.SSLContext) -> AsyncIterator[httpx.AsyncClient]:
    resolver, factory = _Names(lookup, may_dial), _dialler(may_dial)
    async with open_client(limits=_LIMITS, tls=tls, resolver=resolver, socket_factory=factory) as client:
        yield client
