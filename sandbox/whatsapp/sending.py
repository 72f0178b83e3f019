"""`POST /{phone_id}/messages`: every request is in the ledger, whatever becomes of it."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from sandbox.clock import Stamp
from sandbox.faults import ErrorCode, Fault, Occasion, Stage, TooManyRequests, Trouble
from sandbox.ledger import Call, Ledger, Outcome
from sandbox.whatsapp.accounts import Number
from sandbox.whatsapp.doors import Doors
from sandbox.whatsapp.errors import GraphError
from sandbox.whatsapp.fields import Json
from sandbox.whatsapp.graph import Graph, parsed
from sandbox.whatsapp.messages import Desk

_PATH: Final = "/messages"


class Sending:
    def __init__(self, graph: Graph, doors: Doors, desk: Desk, ledger: Ledger) -> None:
        self._graph = graph
        self._doors = doors
        self._desk = desk
        self._ledger = ledger

    async def handle(self, request: web.Request) -> web.StreamResponse:
        at = Stamp.now()
        body = await request.read()
        try:
            payload, problem = parsed(body), None
        except GraphError as error:
            payload, problem = {}, error
        call = self._arrived(request, at, payload, body)
        try:
            if problem is not None:
                raise problem
            number = self._doors.number(request, call.phone_id, payload)
            if "status" in payload:
                return await self._mark(request, call, payload)
            return await self._send(request, call, number, payload)
        except GraphError as error:
            self._ledger.settle(call, Outcome.REFUSED, code=error.code)
            return self._graph.refusal(error)

    def _arrived(self, request: web.Request, at: Stamp, payload: Json, body: bytes) -> Call:
        recipient = payload.get("to") or payload.get("recipient") or ""
        tag = payload.get("biz_opaque_callback_data")
        return self._ledger.arrived(
            at,
            phone_id=request.match_info["id"],
            recipient=str(recipient).lstrip("+"),
            tag=None if tag is None else str(tag),
            body=body,
        )

    async def _send(self, request: web.Request, call: Call, number: Number, payload: Json) -> web.StreamResponse:
        draft = self._desk.check(number, payload)
        trouble = self._graph.draw(draft.occasion(request.path))

        async def accept() -> Mapping[str, Any]:
            return await self._desk.accept(call, draft)

        self._blame(call, trouble)
        return await self._graph.troubled(request, trouble, accept)

    async def _mark(self, request: web.Request, call: Call, payload: Json) -> web.StreamResponse:
        told = self._desk.mark_read(payload)
        trouble = self._graph.draw(Occasion(path=request.path, phone_id=call.phone_id))

        async def mark() -> Mapping[str, Any]:
            self._ledger.settle(call, Outcome.READ, fault=call.fault)
            return told

        self._blame(call, trouble)
        return await self._graph.troubled(request, trouble, mark)

    def _blame(self, call: Call, trouble: Trouble) -> None:
        """A fault is known from here on; one that leaves nothing accepted settles the call before it strikes."""
        match trouble.fault:
            case None:
                return
            case TooManyRequests(code=code) | ErrorCode(code=code):
                self._ledger.settle(call, Outcome.REFUSED, code=code, fault=_name(trouble.fault))
            case Fault(stage=Stage.BEFORE):
                self._ledger.settle(call, Outcome.FAILED, fault=_name(trouble.fault))
            case _:
                self._ledger.settle(call, Outcome.PENDING, fault=_name(trouble.fault))


def _name(fault: Fault) -> str:
    return type(fault).__name__
