"""How a media URL answers: as it should, or in one of the ways that hurt whoever downloads without limits.

Manner
├── Plain
├── Slow           the bytes, spread over some seconds
├── Endless        bytes without end
├── WrongLength    a Content-Length that is not the length
├── GzipBomb       little on the wire, much when unpacked
├── Redirect       go elsewhere
└── Failing        an HTTP status
"""

import asyncio
import zlib
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from aiohttp import web
from pydantic import Discriminator

from sandbox.misbehaving import dribble
from sandbox.strict import strict

_BLOCK: Final = bytes(64 * 1024)
_GZIP: Final = 16 + zlib.MAX_WBITS
_CHARGE: Final = bytes(1024 * 1024)


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Plain:
    kind: Literal["plain"] = "plain"


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Slow:
    kind: Literal["slow"] = "slow"
    seconds: float


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Endless:
    kind: Literal["endless"] = "endless"
    every: float = 0.0  # seconds between two blocks of 64 KiB


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class WrongLength:
    kind: Literal["wrong_length"] = "wrong_length"
    length: int


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class GzipBomb:
    kind: Literal["gzip_bomb"] = "gzip_bomb"
    size: int = 2 * 1024**3  # unpacked


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Redirect:
    kind: Literal["redirect"] = "redirect"
    to: str
    status: int = 302


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Failing:
    kind: Literal["failing"] = "failing"
    status: int = 404


Manner = Annotated[Plain | Slow | Endless | WrongLength | GzipBomb | Redirect | Failing, Discriminator("kind")]
PLAIN: Final = Plain()


async def download(request: web.Request, data: bytes, mime_type: str, manner: Manner) -> web.StreamResponse:
    whole = web.Response(body=data, headers={"Content-Type": mime_type})
    match manner:
        case Plain():
            return whole
        case Slow(seconds=seconds):
            return await dribble(request, whole, seconds=seconds)
        case Endless(every=every):
            return await _endless(request, mime_type, every)
        case WrongLength(length=length):
            return _lying(request, data, mime_type, length)
        case GzipBomb(size=size):
            return await _bomb(request, mime_type, size)
        case Redirect() | Failing():
            elsewhere = {"Location": manner.to} if isinstance(manner, Redirect) else None
            return web.Response(status=manner.status, headers=elsewhere)


async def _endless(request: web.Request, mime_type: str, every: float) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": mime_type})
    await response.prepare(request)
    while True:  # until nobody listens: then the write fails
        await response.write(_BLOCK)
        await asyncio.sleep(every)


def _lying(request: web.Request, data: bytes, mime_type: str, length: int) -> web.Response:
    """Past the HTTP library, which counts what it writes."""
    if request.transport is not None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {mime_type}\r\nContent-Length: {length}\r\n\r\n"
        request.transport.write(head.encode("latin-1") + data)
        request.transport.close()
    return web.Response()


async def _bomb(request: web.Request, mime_type: str, size: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": mime_type, "Content-Encoding": "gzip"})
    await response.prepare(request)
    packer = zlib.compressobj(wbits=_GZIP)
    for start in range(0, size, len(_CHARGE)):
        if piece := packer.compress(_CHARGE[: size - start]):
            await response.write(piece)
        await asyncio.sleep(0)
    await response.write(packer.flush())
    return response
