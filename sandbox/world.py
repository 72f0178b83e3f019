"""The sandbox: every simulated provider on one loopback port, with one clock, one set of faults and one ledger."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from aiohttp import web

from sandbox.clock import TurnHook, VirtualClock
from sandbox.control import Control
from sandbox.faults import Faults
from sandbox.ground import Ground
from sandbox.ledger import Bounds, Ledger
from sandbox.openai.control import OpenAiControl
from sandbox.openai.provider import OpenAi
from sandbox.telegram.provider import Telegram
from sandbox.whatsapp.provider import WhatsApp

LOOPBACK: Final = "127.0.0.1"
_BACKLOG: Final = 1024
_LAST_ANSWERS: Final = 0.5  # seconds that requests get at the end
_LOOKS: Final = 0.002


class Unsettled(Exception):
    """Something was still to be told when the time was over."""


class Sandbox:
    def __init__(self, ground: Ground, client: aiohttp.ClientSession) -> None:
        self.ground = ground
        self.whatsapp = WhatsApp(ground, client)
        self.telegram = Telegram(ground, client)
        self.openai = OpenAi(ground)  # whoever opens a sandbox says who answers there

    @classmethod
    @asynccontextmanager
    async def open(
        cls, *, port: int = 0, seed: int = 0, on_turn: TurnHook | None = None, bounds: Bounds | None = None
    ) -> AsyncIterator["Sandbox"]:
        """Serves until the block ends. Port 0 takes a free one."""
        with socket.create_server((LOOPBACK, port), backlog=_BACKLOG) as listening:
            ground = Ground(
                url=f"http://{LOOPBACK}:{listening.getsockname()[1]}",
                clock=VirtualClock(on_turn),
                faults=Faults(seed),
                ledger=Ledger(bounds),
                random=random.Random(seed),  # noqa: S311 - what is drawn must be drawn again with the same seed
            )
            connector = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as client:
                sandbox = cls(ground, client)
                try:
                    async with _serving(sandbox.app(), listening):
                        yield sandbox
                finally:
                    ground.agenda.clear()
                    await ground.background.close()

    @property
    def url(self) -> str:
        return self.ground.url

    @property
    def clock(self) -> VirtualClock:
        return self.ground.clock

    @property
    def faults(self) -> Faults:
        return self.ground.faults

    @property
    def ledger(self) -> Ledger:
        return self.ground.ledger

    def app(self) -> web.Application:
        app = web.Application()
        self.whatsapp.add_routes(app)
        self.telegram.add_routes(app)
        self.openai.add_routes(app)
        OpenAiControl(self.openai, self.faults).add_to(app)
        Control(self.ground, self.whatsapp, self.telegram, reset=self.reset).add_to(app)
        return app

    async def reset(self) -> None:
        """As after the start, but for the accounts and their templates."""
        self.ground.agenda.clear()
        await self.ground.background.cancel()
        self.whatsapp.reset()
        self.telegram.reset()
        self.openai.reset()
        self.faults.clear()
        self.ledger.clear()
        await self.clock.reset()

    async def settle(self, seconds: float = 10.0) -> None:
        """Returns when everything that was planned has been told and acknowledged."""
        try:
            async with asyncio.timeout(seconds):
                while self.ground.agenda.pending or self._unheard:  # noqa: ASYNC110 - only tests wait
                    await asyncio.sleep(_LOOKS)
        except TimeoutError:
            left = f"{self.ground.agenda.pending} planned, {self._unheard} not acknowledged"
            raise Unsettled(left) from None

    @property
    def _unheard(self) -> int:
        return self.whatsapp.webhooks.pending + self.telegram.pending


@asynccontextmanager
async def _serving(app: web.Application, listening: socket.socket) -> AsyncIterator[None]:
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=_LAST_ANSWERS)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        yield
    finally:
        await runner.cleanup()
