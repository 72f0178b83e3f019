"""The control plane under `/_sandbox`: clock, faults, ledger and counters, over JSON and from this machine only."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from sandbox.clock import LONGEST_SHIFT, ClockHeld
from sandbox.fault_json import fault_from, fault_to
from sandbox.ground import Ground
from sandbox.ledger_json import accepted_to, call_to
from sandbox.paging import page_of, patience_of
from sandbox.panel import LARGEST_BODY, Refusal, answer, checked, guarded, read
from sandbox.strict import strict
from sandbox.telegram.control import TelegramControl
from sandbox.telegram.provider import Telegram
from sandbox.whatsapp.control import WhatsAppControl
from sandbox.whatsapp.provider import WhatsApp

_PREFIX: Final = "/_sandbox"


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    seconds: float


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class FaultList:
    faults: tuple[dict[str, Any], ...]


class Control:
    def __init__(
        self, ground: Ground, whatsapp: WhatsApp, telegram: Telegram, *, reset: Callable[[], Awaitable[None]]
    ) -> None:
        self._ground = ground
        self._whatsapp = whatsapp
        self._telegram = telegram
        self._reset = reset

    def add_to(self, app: web.Application) -> None:
        panel = web.Application(middlewares=[guarded], client_max_size=LARGEST_BODY)
        router = panel.router
        router.add_get("/clock", self._clock)
        router.add_post("/clock/turn", self._turn)
        router.add_get("/faults", self._faults)
        router.add_post("/faults", self._add_faults)
        router.add_delete("/faults", self._clear_faults)
        router.add_get("/ledger/calls", self._calls)
        router.add_get("/ledger/accepted", self._accepted)
        router.add_get("/ledger/doubled", self._doubled)
        router.add_get("/counters", self._counters)
        router.add_post("/reset", self._start_again)
        WhatsAppControl(self._whatsapp).add_to(router, "/whatsapp")
        TelegramControl(self._telegram).add_to(router, "/telegram")
        app.add_subapp(_PREFIX, panel)

    async def _clock(self, _request: web.Request) -> web.Response:
        clock = self._ground.clock
        return answer({"now": clock.now().isoformat(), "shift_seconds": clock.shift.total_seconds()})

    async def _turn(self, request: web.Request) -> web.Response:
        seconds = (await read(request, Turn)).seconds
        try:
            await self._ground.clock.turn(timedelta(seconds=seconds))
        except (ValueError, OverflowError):
            days = LONGEST_SHIFT.days
            pt, en = f"O relógio gira no máximo {days} dias.", f"The clock turns by {days} days at most."
            raise Refusal(422, pt, en) from None
        except ClockHeld:
            raise Refusal(409, "O relógio só gira em ensaios.", "The clock is turned in rehearsals alone.") from None
        return await self._clock(request)

    async def _faults(self, _request: web.Request) -> web.Response:
        faults = self._ground.faults
        return answer({"faults": [fault_to(fault) for fault in faults.set_now], "met": dict(faults.met)})

    async def _add_faults(self, request: web.Request) -> web.Response:
        """One fault, or several under `faults`."""
        told = await read(request, dict[str, Any])
        several = checked(FaultList, told).faults if "faults" in told else (told,)
        self._ground.faults.add(*[fault_from(each) for each in several])
        return await self._faults(request)

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self._ground.faults.clear()
        return await self._faults(request)

    async def _calls(self, request: web.Request) -> web.Response:
        page, ledger = page_of(request), self._ground.ledger
        calls = ledger.calls_page(after=page.after, limit=page.limit)
        return answer(page.told([call_to(call) for call in calls], forgotten=ledger.forgotten))

    async def _accepted(self, request: web.Request) -> web.Response:
        """With `wait` it answers as soon as there is something, or after that many seconds."""
        page, ledger, recipient = page_of(request), self._ground.ledger, request.query.get("recipient")
        found = await ledger.accepted_within(
            patience_of(request),
            after=page.after,
            limit=page.limit,
            recipient=None if recipient is None else self._whatsapp.name_of(recipient),
            intent=request.query.get("intent"),
        )
        return answer(page.told([accepted_to(each) for each in found], forgotten=ledger.forgotten))

    async def _doubled(self, _request: web.Request) -> web.Response:
        doubled = self._ground.ledger.doubled()
        told = {intent: [accepted_to(each) for each in entries] for intent, entries in doubled.items()}
        return answer({"doubled": told, "forgotten": self._ground.ledger.forgotten})

    async def _counters(self, _request: web.Request) -> web.Response:
        ledger, webhooks = self._ground.ledger, self._whatsapp.webhooks
        return answer(
            {
                "ledger": {"calls": ledger.called, "accepted": ledger.taken, "forgotten": ledger.forgotten},
                "faults": dict(self._ground.faults.met),
                "webhooks": {**asdict(webhooks.counters), "pending": webhooks.pending},
                "planned": self._ground.agenda.pending,
            }
        )

    async def _start_again(self, request: web.Request) -> web.Response:
        await self._reset()
        return await self._counters(request)
