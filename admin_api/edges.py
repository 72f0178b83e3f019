"""What every request passes before it is parsed, and every response before it leaves."""

import json
import re
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from admin_api.problems import MEDIA_TYPE, problem
from core.errors import TooLarge
from core.ids import new_id
from core.logging import bound
from core.texts import Text, language_of_header

MOST_BYTES: Final = 3 * 1024 * 1024  # what Meta says a webhook may weigh; uploads get routes of their own
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_ID_HEADER: Final = b"x-request-id"
_TOO_LARGE: Final = Text(f"O corpo passa de {MOST_BYTES} bytes.", f"The body is larger than {MOST_BYTES} bytes.")

_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "interest-cohort=()",
    "cache-control": "no-store",
}


class Edges:
    """A request id bound to every log line, security headers, and a body that cannot outgrow its cap."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        headers = _HEADERS | ({"strict-transport-security": "max-age=31536000"} if is_https else {})
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        with bound(request_id=request_id):
            await self._handle(scope, receive, self._stamping(send, request_id))

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _announces_too_much(Headers(scope=scope).get("content-length", "")):
            await _refuse_size(scope, send)
            return
        body = _CappedBody(receive, send)
        try:
            await self._app(scope, body.receive, body.send)
        except _BodyTooLarge:
            if body.has_answered:
                raise
            await _refuse_size(scope, send)

    def _stamping(self, send: Send, request_id: str) -> Send:
        async def stamp(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [header for header in message.get("headers", ()) if header[0] != _ID_HEADER]
                names = {name for name, _ in given}
                ours = [header for header in self._headers if header[0] not in names]
                message["headers"] = [*given, *ours, (_ID_HEADER, request_id.encode())]
            await send(message)

        return stamp


class _BodyTooLarge(BaseException):
    """Not an Exception, so that no handler on the way takes it for a bug of the route."""


class _CappedBody:
    """Counts what arrives, because a length may be absent or a lie."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._seen = 0
        self.has_answered = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > MOST_BYTES:
            raise _BodyTooLarge
        return message

    async def send(self, message: Message) -> None:
        self.has_answered = True
        await self._send(message)


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else str(new_id())


def _announces_too_much(length: str) -> bool:
    """What is no number is judged by what arrives; Python refuses to read a very long one."""
    if not (length.isascii() and length.isdigit()):
        return False
    digits = length.lstrip("0")
    return len(digits) > len(str(MOST_BYTES)) or int(digits or "0") > MOST_BYTES


async def _refuse_size(scope: Scope, send: Send) -> None:
    language = language_of_header(Headers(scope=scope).get("accept-language", ""))
    body = json.dumps(problem(TooLarge.status, TooLarge.title, _TOO_LARGE, language=language)).encode()
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-language", language.value.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": TooLarge.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
