"""How a webhook is declared: a path, and who proves that its provider sent it. Without the second there is no route."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import Counter
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from admin_api.webhooks.doors import Doors
from admin_api.webhooks.inbox import Inbox
from admin_api.webhooks.incoming import Incoming
from admin_api.webhooks.quota import Room, Share
from admin_api.webhooks.seldom import Seldom
from admin_api.webhooks.store import Stray
from core.errors import Unauthenticated, Unavailable
from core.logging import get_logger
from core.models.people import ConnectionKind
from core.telemetry import InboundOutcome, inbound

PREFIX: Final = "/webhooks/"
_BODY_SECONDS: Final = 20.0
_MOST_BODIES: Final = 64 << 20  # bytes of all that are being read and judged

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Posted:
    """As it came, byte for byte: whatever is read of it before it is judged is not to be believed."""

    body: bytes
    headers: Sequence[tuple[bytes, bytes]]
    path: Mapping[str, str] = field(default_factory=dict)  # what the address names

    def values(self, name: bytes) -> list[str]:
        """Every value of a header, for a second one may be a forger's."""
        return [value.decode("latin-1") for given, value in self.headers if given == name]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What of it is proved: rows for companies here, and what is signed but nobody's. Empty, it is a forgery."""

    rows: Sequence[Incoming] = ()
    stray: Stray | None = None
    refused: int = 0  # addresses whose part was not given to them, for it was not signed with their own secret


Judge = Callable[[Posted, Doors], Awaitable[Judged]]


class SignedRoute(Route):
    """Read once, judged, kept, answered: what is particular to a provider is in the judge alone."""

    def __init__(self, path: str, *, channel: ConnectionKind, judge: Judge) -> None:
        super().__init__(path, _Receiver(channel, judge), methods=["POST"], include_in_schema=False)


class _Receiver:
    """An ASGI application, because Starlette takes a function for one of its own endpoints."""

    def __init__(self, channel: ConnectionKind, judge: Judge) -> None:
        self._channel = channel
        self._judge = judge
        self._counters: dict[InboundOutcome, Counter] = {}
        self._refused = Seldom(log, "webhook.refused")
        self._room = Room(_MOST_BODIES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        inbox = inbox_of(scope)
        with self._room.share() as share:
            posted = Posted(await _read(scope, receive, share), scope["headers"], scope.get("path_params", {}))
            judged = await self._judge(posted, inbox.doors)
        self._count(InboundOutcome.REFUSED, judged.refused)
        if judged.rows:
            self._count(await inbox.keep(judged.rows), len(judged.rows))
        if judged.stray:
            await inbox.keep_stray(judged.stray)
            self._count(InboundOutcome.IGNORED, 1)
        if not (judged.rows or judged.stray):
            raise self._forgery()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    def _count(self, outcome: InboundOutcome, count: int) -> None:
        if count and outcome not in self._counters:
            self._counters[outcome] = inbound(channel=self._channel, outcome=outcome)
        if count:
            self._counters[outcome].inc(count)

    def _forgery(self) -> Unauthenticated:
        self._count(InboundOutcome.REFUSED, 1)
        self._refused.warn(channel=self._channel)
        return Unauthenticated("Assinatura ausente ou inválida.", "Missing or invalid signature.")


def inbox_of(scope: Scope) -> Inbox:
    inbox: Inbox | None = getattr(scope["app"].state, "inbox", None)
    if inbox is None:
        raise Unavailable("A caixa de entrada não está aberta neste processo.", "This process has no inbox open.")
    return inbox


async def _read(scope: Scope, receive: Receive, share: Share) -> bytes:
    """In a time that ends: whoever dribbles, or sends nothing, holds a connection and memory.

    Its size is capped before it comes here; what is packed is refused, for it could grow past that.
    """
    if any(name == b"content-encoding" and value.lower() != b"identity" for name, value in scope["headers"]):
        raise HTTPException(415)
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await _all(receive, share)
    except TimeoutError:
        raise HTTPException(408) from None


async def _all(receive: Receive, share: Share) -> bytes:
    parts, has_more = [], True
    while has_more:
        message = await _next(receive)
        part: bytes = message.get("body", b"")
        share.grow(len(part))
        parts.append(part)
        has_more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _next(receive: Receive) -> Message:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message
