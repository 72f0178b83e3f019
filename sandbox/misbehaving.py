"""Answers that go wrong on the wire: late, half, broken, cut off, or never."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from sandbox.faults import (
    AcceptThenDrop,
    AcceptThenServerError,
    AcceptThenSilence,
    BrokenJson,
    DropBefore,
    Fault,
    HalfBody,
    ServerError,
    SilenceBefore,
    SlowBody,
)

Answer = Callable[[], Awaitable[web.StreamResponse]]

_PIECES: Final = 20
_LOOKS: Final = 0.02  # how often a silent answer looks whether anybody still listens
_AT_ONCE: Final = struct.pack("ii", 1, 0)  # linger for no time: the kernel sends RST


async def unaccepted(request: web.Request, fault: Fault) -> web.StreamResponse:
    """The answer of a fault that strikes before anything was done."""
    match fault:
        case ServerError(status=status, body=body):
            return web.Response(status=status, text=body, content_type="text/html")
        case DropBefore(reset=reset):
            return hang_up(request, reset=reset)
        case SilenceBefore():
            return await never_answer(request)
        case _:
            raise ValueError(f"{type(fault).__name__} does not strike before acceptance")


async def accepted(request: web.Request, fault: Fault, answer: web.Response) -> web.StreamResponse:
    """What becomes of the answer to something that was done."""
    match fault:
        case AcceptThenServerError(status=status, body=body):
            return web.Response(status=status, text=body, content_type="text/html")
        case AcceptThenDrop(reset=reset):
            return hang_up(request, reset=reset)
        case AcceptThenSilence():
            return await never_answer(request)
        case SlowBody(seconds=seconds):
            return await dribble(request, answer, seconds=seconds)
        case HalfBody():
            return await break_off(request, answer)
        case BrokenJson():
            return web.Response(body=_half(answer), headers=answer.headers)
        case _:
            raise ValueError(f"{type(fault).__name__} does not strike after acceptance")


def hang_up(request: web.Request, *, reset: bool = False) -> web.Response:
    """The response is never written: its connection is gone."""
    if (transport := request.transport) is not None:
        if reset and (sock := transport.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        transport.abort()
    return web.Response()


async def never_answer(request: web.Request) -> web.Response:
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110 - no event tells it
        await asyncio.sleep(_LOOKS)
    return web.Response()


async def dribble(request: web.Request, answer: web.Response, *, seconds: float) -> web.StreamResponse:
    body = _bytes(answer)
    response = await _begun(request, answer)
    step = max(1, len(body) // _PIECES)
    pieces = [body[start : start + step] for start in range(0, len(body), step)]
    for piece in pieces:
        await response.write(piece)
        await asyncio.sleep(seconds / len(pieces))
    return response


async def break_off(request: web.Request, answer: web.Response) -> web.StreamResponse:
    response = await _begun(request, answer)
    await response.write(_half(answer))
    if request.transport is not None:
        request.transport.close()  # unlike an abort, it lets the half leave
    return response


async def _begun(request: web.Request, answer: web.Response) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(_bytes(answer))
    await response.prepare(request)
    return response


def _half(answer: web.Response) -> bytes:
    body = _bytes(answer)
    return body[: len(body) // 2]


def _bytes(answer: web.Response) -> bytes:
    if not isinstance(answer.body, bytes):
        raise TypeError("only an answer that is whole can be broken")
    return answer.body
