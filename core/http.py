"""Calls to other servers: one client, no retries, a deadline for the whole call and a cap on what may come back.

CallFailed          no usable answer; `may_have_arrived` says whether the other server may have acted on the call
├── Unreachable     no connection was made
├── TooLate         the time to begin had passed, and not one byte of the call had left
├── TimedOut        the deadline passed during the call
├── BrokenOff       the connection ended before the answer did
├── Oversized       the answer is larger than the caller takes
└── Garbled         the answer is not HTTP, or is packed in a way we did not ask for
"""

import asyncio
import logging
import ssl
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import ClassVar, Final

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver
from httpx_aiohttp import AiohttpTransport

from core.clock import Deadline
from core.errors import AppError
from core.punctual import START, Late, PunctualRequest, PunctualStream, Start
from core.texts import Text

USER_AGENT: Final = "master-ia/1"
_PACKING_ALLOWANCE: Final = 64 * 1024  # what gzip may add to a body that is within its cap
_LONGEST_WAIT: Final = 60.0  # for a connection, where a client names no limit of its own
_SHORTEST_WAIT: Final = 0.001
_GZIP: Final = 16 + zlib.MAX_WBITS


class CallFailed(AppError):
    status = 502
    retryable = True
    report = False
    title = Text("Falha em outro servidor", "Another server failed")
    may_have_arrived: ClassVar[bool] = True
    what: ClassVar[Text] = Text("A chamada falhou", "The call failed")

    def __init__(self, place: str) -> None:
        super().__init__(f"{self.what.pt}: {place}.", f"{self.what.en}: {place}.")


class Unreachable(CallFailed):
    may_have_arrived = False
    what = Text("Não foi possível conectar", "Could not connect")


class TooLate(CallFailed):
    status = 504
    may_have_arrived = False
    what = Text("O prazo acabou antes de a chamada sair", "The deadline passed before the call left")


class TimedOut(CallFailed):
    status = 504
    what = Text("O prazo acabou durante a chamada", "The deadline passed during the call")


class BrokenOff(CallFailed):
    what = Text("A conexão caiu antes do fim da resposta", "The connection ended before the answer did")


class Oversized(CallFailed):
    retryable = False
    what = Text("A resposta é grande demais", "The answer is too large")


class Garbled(CallFailed):
    retryable = False
    what = Text("A resposta veio ilegível", "The answer cannot be read")


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Seconds and connections. `silence` bounds calls that bypass `perform`, such as those of a provider's library."""

    connect: float = 5.0
    silence: float = 60.0
    # Many servers hang up after 5 s of silence (Node's default); a call sent into that moment is lost and not repeated.
    idle: float = 4.0
    connections: int = 100
    per_host: int = 0


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """`body` is unpacked; `headers` are as they came."""

    status: int
    headers: httpx.Headers
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """An answer whose body is still on its way; unpacked, like that of `Answer`."""

    status: int
    headers: httpx.Headers
    pieces: AsyncIterator[bytes]


@asynccontextmanager
async def open_client(
    *,
    base_url: str = "",
    headers: Mapping[str, str] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    tls: ssl.SSLContext | None = None,
    resolver: AbstractResolver | None = None,
    socket_factory: aiohttp.SocketFactoryType | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """The httpx API on aiohttp. It keeps no cookies, follows nothing, repeats nothing and ignores proxy variables."""
    # At INFO httpx writes whole addresses into the log, and some providers carry their token in the path.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    context = tls or _public_tls()
    connector = aiohttp.TCPConnector(
        ssl=context,
        resolver=resolver,
        use_dns_cache=resolver is None,
        keepalive_timeout=limits.idle,
        limit=limits.connections,
        limit_per_host=limits.per_host,
        socket_factory=socket_factory,
    )
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        middlewares=(_only_once,),
        request_class=PunctualRequest,
    )
    async with httpx.AsyncClient(
        base_url=base_url,
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", **(headers or {})},
        transport=AiohttpTransport(client=session, verify=context),
        timeout=httpx.Timeout(limits.silence, connect=limits.connect, pool=limits.connect),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        event_hooks={"request": [_without_user]},
        follow_redirects=False,
        trust_env=False,
    ) as client:
        yield client


@cache
def _public_tls() -> ssl.SSLContext:
    """Everybody's certificates, read once: that takes longer than all the rest of a client."""
    return httpx.create_ssl_context(trust_env=False)


async def _without_user(request: httpx.Request) -> None:
    # By now httpx has made a header of it, and aiohttp refuses to be told twice.
    request.url = request.url.copy_with(userinfo=b"")


async def _only_once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    # aiohttp sends a GET or PUT again when its connection drops, unless the error is not one of its own;
    # and httpx-aiohttp names such a drop ConnectTimeout, which would read as proof that nothing was sent.
    if start := START.get():
        start.is_watched = True
    try:
        return await send(request)
    except Late:
        raise
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        if start:
            start.demand_time()
        raise httpx.ConnectError("no connection") from None
    except TimeoutError:
        raise httpx.ReadTimeout("no answer in time") from None
    except aiohttp.ClientResponseError:
        raise httpx.RemoteProtocolError("not HTTP") from None
    except (aiohttp.ClientError, OSError):
        raise httpx.ReadError("the connection dropped") from None


async def perform(
    client: httpx.AsyncClient,
    request: httpx.Request,
    *,
    deadline: Deadline,
    max_bytes: int,
    starts_by: Deadline | None = None,
) -> Answer:
    """Send once and read the answer, all before the deadline. A redirect is an answer like any other.

    `starts_by`: the first byte leaves by then or never, however long a connection took; without it, by the deadline.
    """
    async with receive(client, request, deadline=deadline, max_bytes=max_bytes, starts_by=starts_by) as incoming:
        body = b"".join([piece async for piece in incoming.pieces])
    return Answer(status=incoming.status, headers=incoming.headers, body=body)


@asynccontextmanager
async def receive(
    client: httpx.AsyncClient,
    request: httpx.Request,
    *,
    deadline: Deadline,
    max_bytes: int,
    starts_by: Deadline | None = None,
) -> AsyncIterator[Incoming]:
    """The same, for an answer too large to be held: its body is read inside the block, which the deadline ends too."""
    place = _place(request)
    by = deadline if starts_by is None or deadline.at < starts_by.at else starts_by
    if by.passed:
        raise TooLate(place)
    start, timeout = Start(by), asyncio.timeout(deadline.remaining)
    try:
        async with timeout:
            response = await _begin(client, request, start=start, place=place)
            try:
                async with aclosing(_pieces(response, place=place, max_bytes=max_bytes)) as pieces:
                    yield Incoming(status=response.status_code, headers=response.headers, pieces=pieces)
            finally:
                await response.aclose()
    except TimeoutError:
        if not timeout.expired():  # then it is another's, of the block
            raise
        raise (TimedOut if start.may_have_begun else TooLate)(place) from None


async def _begin(client: httpx.AsyncClient, request: httpx.Request, *, start: Start, place: str) -> httpx.Response:
    timeouts = request.extensions.get("timeout", {})
    # aiohttp takes this for the whole way to a connection, and 0 for no limit at all.
    pool = max(min(timeouts.get("pool") or _LONGEST_WAIT, start.by.remaining), _SHORTEST_WAIT)
    request.extensions = {**request.extensions, "timeout": {**timeouts, "pool": pool, "read": None, "write": None}}
    if not isinstance(request.stream, httpx.ByteStream) and isinstance(request.stream, httpx.AsyncByteStream):
        request.stream = PunctualStream(request.stream, start)
    token = START.set(start)
    try:
        with _named_errors(place):
            return await client.send(request, stream=True, follow_redirects=False)
    finally:
        START.reset(token)


def _place(request: httpx.Request) -> str:
    """No path, query or user: each of them is where somebody keeps a token."""
    return f"{request.method} {request.url.scheme}://{request.url.netloc.decode('ascii')}"


@contextmanager
def _named_errors(place: str) -> Iterator[None]:
    # `from None`: the errors beneath carry the whole address, and a log prints the chain.
    try:
        yield
    except Late:
        raise TooLate(place) from None
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol):
        raise Unreachable(place) from None
    except (TimeoutError, httpx.TimeoutException):
        raise TimedOut(place) from None
    except (httpx.RemoteProtocolError, httpx.InvalidURL, UnicodeError):
        # The last two are what httpx lets slip on reading a Location, which it does although it is not to follow it.
        raise Garbled(place) from None
    except httpx.TransportError:
        raise BrokenOff(place) from None


async def _pieces(response: httpx.Response, *, place: str, max_bytes: int) -> AsyncGenerator[bytes]:
    meter = _Meter(_unpacker(response, place), place=place, max_bytes=max_bytes)
    if _announced(response) > meter.max_received:
        raise Oversized(place)
    try:
        async for piece in response.aiter_raw():
            if unpacked := meter.take(piece):
                yield unpacked
    except (httpx.TransportError, aiohttp.ClientError):
        raise BrokenOff(place) from None
    meter.finish()


def _announced(response: httpx.Response) -> int:
    if response.request.method == "HEAD":
        return 0
    length = response.headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _unpacker(response: httpx.Response, place: str) -> "_Gunzip | None":
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return None
    if encoding in {"gzip", "x-gzip"}:
        return _Gunzip(place)
    raise Garbled(place)


class _Gunzip:
    """Unpacks gzip, one member after another, never further than there is room.

    httpx would unpack each piece without a limit, in as many layers as a server names.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._member = zlib.decompressobj(_GZIP)

    def feed(self, piece: bytes, *, room: int) -> bytes:
        """At most `room` bytes; the caller gives up when it gets them all."""
        unpacked = bytearray()
        while piece and len(unpacked) < room:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            try:
                unpacked += self._member.decompress(piece, room - len(unpacked))
            except zlib.error:
                raise Garbled(self._place) from None
            piece = self._member.unused_data or self._member.unconsumed_tail
        return bytes(unpacked)

    def finish(self) -> None:
        if not self._member.eof:
            raise BrokenOff(self._place)


class _Meter:
    """Lets a body pass within its cap, counting what is received as well as what it unpacks to."""

    def __init__(self, unpacker: _Gunzip | None, *, place: str, max_bytes: int) -> None:
        self._unpacker = unpacker
        self._place = place
        self._room = max_bytes
        self._received = 0
        self.max_received = max_bytes + (_PACKING_ALLOWANCE if unpacker else 0)

    def take(self, piece: bytes) -> bytes:
        self._received += len(piece)
        if self._unpacker:
            piece = self._unpacker.feed(piece, room=self._room + 1)
        self._room -= len(piece)
        if self._room < 0 or self._received > self.max_received:
            raise Oversized(self._place)
        return piece

    def finish(self) -> None:
        if self._unpacker and self._received:
            self._unpacker.finish()
