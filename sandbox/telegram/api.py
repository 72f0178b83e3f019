"""`/bot<token>/<method>`: who asks, what for, whether it may be, which fault it meets, and the answer."""

import asyncio
from dataclasses import replace
from typing import Final

from aiohttp import web

from sandbox import misbehaving
from sandbox.clock import Stamp
from sandbox.faults import (
    AccountLocked,
    CallLimited,
    ErrorCode,
    Fault,
    Occasion,
    PairLimited,
    RateLimited,
    Stage,
    TokenExpired,
    TooManyRequests,
)
from sandbox.ledger import Outcome
from sandbox.telegram.asking import Ask, Deed, Method, Reach, Result, Table
from sandbox.telegram.book import Call
from sandbox.telegram.bots import Bot
from sandbox.telegram.errors import BotApiError, forbidden, not_found, too_many, unauthorized
from sandbox.telegram.faults import READ, SEND, UPDATES, BadGateway, FloodWait, Refused
from sandbox.telegram.office import Office
from sandbox.telegram.parameters import Parameters, read, whole
from sandbox.telegram.receiving import awaited, described
from sandbox.telegram.wire import to_json

_PATHS: Final = {Reach.SEND: SEND, Reach.CHANGE: SEND, Reach.READ: READ, Reach.UPDATES: UPDATES}
_REFUSALS: Final = range(400, 600)


def _refuse(_ask: Ask) -> Deed:
    raise BotApiError(404, "Not Found: method not found")


_NO_METHOD: Final = Method("", Reach.READ, _refuse)


class Api:
    def __init__(self, office: Office, methods: Table) -> None:
        self._office = office
        self._methods = methods

    async def handle(self, request: web.Request) -> web.StreamResponse:
        at = Stamp.now()
        call: Call | None = None
        try:
            bot = self._bot(request.match_info["token"])
            told = await read(request)
            method = self._method(request.match_info["method"])
            call = self._arrived(at, bot, method, told)
            return await self._met(request, Ask(bot=bot, method=method.name, told=told, call=call), method)
        except BotApiError as error:
            if call is not None:
                call.outcome, call.code, call.description = Outcome.REFUSED, error.code, error.description
            return error.response()

    def _bot(self, token: str) -> Bot:
        number, separator, _ = token.partition(":")
        if not separator or not (number.isascii() and number.isdecimal()):
            raise not_found()
        if (bot := self._office.bots.of_token(token)) is None:
            raise unauthorized()
        return bot

    def _method(self, name: str) -> Method:
        """Under the name by which it was asked, where there is none."""
        return self._methods.get(name.lower()) or replace(_NO_METHOD, name=name)

    def _arrived(self, at: Stamp, bot: Bot, method: Method, told: Parameters) -> Call:
        """What asks for news is not in the book: it comes all the time."""
        call = Call(
            number=0,
            at=at,
            bot_id=bot.id,
            method=method.name,
            chat_id=whole(told.values.get("chat_id")) or None,
            thread_id=told.whole("message_thread_id") or None,
            parameters={name: value for name, value in told.values.items() if name != "secret_token"},
            files={name: upload.sha256 for name, upload in told.files.items()},
        )
        return call if method.reach is Reach.UPDATES else self._office.book.arrived(call)

    async def _met(self, request: web.Request, ask: Ask, method: Method) -> web.StreamResponse:
        """What is refused anyway meets no fault."""
        deed = method.plan(ask)
        trouble = self._office.ground.faults.draw(self._occasion(ask, method))
        ask.call.fault = None if trouble.fault is None else type(trouble.fault).__name__
        await asyncio.sleep(trouble.delay)
        fault = trouble.fault
        if fault is not None and fault.stage is Stage.BEFORE:
            return await self._struck(request, ask, fault)
        if ask.call.outcome is Outcome.PENDING and method.reach in {Reach.READ, Reach.UPDATES}:
            ask.call.outcome = Outcome.READ
        answer = _answer(await awaited(deed()))
        return answer if fault is None else await misbehaving.accepted(request, fault, answer)

    async def _struck(self, request: web.Request, ask: Ask, fault: Fault) -> web.StreamResponse:
        if (refusal := _refusal(fault)) is not None:
            raise refusal
        ask.call.outcome = Outcome.FAILED
        return await misbehaving.unaccepted(request, fault)

    def _occasion(self, ask: Ask, method: Method) -> Occasion:
        chat_id = ask.told.text("chat_id")
        return Occasion(
            path=f"{_PATHS[method.reach]}{method.name}",
            sends=method.reach is Reach.SEND,
            phone_id=str(ask.bot.id),
            recipients=(chat_id,) if chat_id else (),
        )


def _answer(result: Result) -> web.Response:
    return web.Response(body=to_json(described(result)), content_type="application/json")


def _refusal(fault: Fault) -> BotApiError | None:
    """Faults that answer in Telegram's own words; None of those that break the wire."""
    match fault:
        case FloodWait(seconds=seconds):
            return too_many(seconds)
        case TooManyRequests(retry_after=after):
            return too_many(max(1, whole(after, 1)))
        case Refused(code=code, description=description):
            return BotApiError(code, description)
        case BadGateway():
            return BotApiError(502, "Bad Gateway")
        case ErrorCode():
            return _by_meaning(fault)
    return None


def _by_meaning(fault: ErrorCode) -> BotApiError:
    """The codes of WhatsApp's table, told by what they mean."""
    match fault:
        case RateLimited() | PairLimited() | CallLimited():
            return too_many(1)
        case TokenExpired():
            return unauthorized()
        case AccountLocked():
            return forbidden("bot was blocked by the user")
    wanted = fault.status or fault.code
    return BotApiError(wanted if wanted in _REFUSALS else min(_REFUSALS), fault.details or "Bad Request")
