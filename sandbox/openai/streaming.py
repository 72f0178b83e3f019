"""A stream of server-sent events on the wire, whole or as a fault leaves it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from aiohttp import web

from sandbox import misbehaving
from sandbox.faults import Fault
from sandbox.openai.errors import OpenAiError
from sandbox.openai.faults import BrokenSse, CutStream, ModelFault, QuietEnd, SlowTokens, StreamError
from sandbox.openai.replies import DONE, event

_HEADERS: Final = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
_NO_JSON: Final = b'data: {"id": "chatcmpl-broken", "choices": [{"delta": {"conte\n\n'


async def streamed(
    request: web.Request, events: Sequence[bytes], *, fault: Fault | None, request_id: str
) -> web.StreamResponse:
    """`events` without the mark of the end, which a fault may withhold."""
    headers = {**_HEADERS, "x-request-id": request_id}
    if fault is not None and not isinstance(fault, ModelFault):
        whole = web.Response(body=b"".join([*events, DONE]), headers=headers)
        return await misbehaving.accepted(request, fault, whole)
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    with suppress(ConnectionResetError):  # whoever asked may go away
        for piece in _pieces(events, fault):
            await asyncio.sleep(fault.seconds if isinstance(fault, SlowTokens) else 0)
            await response.write(piece)
    if isinstance(fault, CutStream) and request.transport is not None:
        await asyncio.sleep(0)
        request.transport.close()  # unlike an abort, it lets what was written leave
    return response


def _pieces(events: Sequence[bytes], fault: Fault | None) -> list[bytes]:
    whole = [*events, DONE]
    match fault:
        case CutStream(after=after) | QuietEnd(after=after):
            return whole[: after + 1]  # the first event only names the role
        case BrokenSse(after=after):
            return [*whole[: after + 1], _NO_JSON, *whole[after + 1 :]]
        case StreamError(after=after):
            error = OpenAiError(500, "The server had an error while processing your request.")
            return [*whole[: after + 1], event(error.told), DONE]
    return whole
