"""One request to the Graph: parsed, answered in JSON, refused in Meta's words, and met by the faults that are set."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from aiohttp import web

from sandbox import misbehaving
from sandbox.faults import QUIET, ErrorCode, Occasion, Stage, TooManyRequests, Trouble
from sandbox.ground import Ground
from sandbox.whatsapp.errors import GraphError
from sandbox.whatsapp.fields import Json
from sandbox.whatsapp.ids import Ids
from sandbox.whatsapp.wire import to_json

Work = Callable[[], Awaitable[Mapping[str, Any]]]
Route = Callable[[web.Request, Json], Awaitable[Mapping[str, Any]]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_JSON: Final = {"Content-Type": "application/json; charset=UTF-8"}


def answer(value: Mapping[str, Any]) -> web.Response:
    return web.Response(body=to_json(value), headers=_JSON)


def parsed(body: bytes) -> Json:
    """An object, or nothing at all."""
    if not body:
        return {}
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise GraphError(100, "The body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise GraphError(100, "The body is not a JSON object.")
    return value


class Graph:
    def __init__(self, ground: Ground, ids: Ids) -> None:
        self._ground = ground
        self._ids = ids

    def route(self, work: Route) -> Handler:
        """For everything but sending, which keeps the ledger as well."""

        async def handler(request: web.Request) -> web.StreamResponse:
            try:
                payload = parsed(await request.read()) if request.content_type != "multipart/form-data" else {}
                trouble = self.draw(Occasion(path=request.path, phone_id=request.match_info.get("id", "")))
                return await self.troubled(request, trouble, lambda: work(request, payload))
            except GraphError as error:
                return self.refusal(error)

        return handler

    def draw(self, occasion: Occasion) -> Trouble:
        return self._ground.faults.draw(occasion)

    async def troubled(self, request: web.Request, trouble: Trouble, work: Work) -> web.StreamResponse:
        """The work and its answer, unless a fault strikes before or after."""
        if trouble is QUIET:
            return answer(await work())
        await asyncio.sleep(trouble.delay)
        fault = trouble.fault
        match fault:
            case TooManyRequests(code=code, retry_after=after):
                refusal = self.refusal(GraphError(code, status=web.HTTPTooManyRequests.status_code))
                refusal.headers.update({} if after is None else {"Retry-After": after})
                return refusal
            case ErrorCode(code=code, details=details, status=status):
                return self.refusal(GraphError(code, details, status=status))
        if fault is not None and fault.stage is Stage.BEFORE:
            return await misbehaving.unaccepted(request, fault)
        whole = answer(await work())
        return whole if fault is None else await misbehaving.accepted(request, fault, whole)

    def refusal(self, error: GraphError) -> web.Response:
        return error.response(trace=self._ids.trace())
