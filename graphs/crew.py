"""What an engine does: its loops, put together."""

import asyncio
from typing import Final

from agents.gateway.gateway import Gateway
from channels import media, settling
from channels.media import Manner
from channels.outbound import Sender
from channels.policy import Patience
from channels.station import Station
from channels.stores.holds import Mark
from core import events
from core.probe import Pulse
from graphs import effects, intake, recovery, store, timers
from graphs.engine import SWEEP_SECONDS, Engine, Loop
from graphs.hearing import Hearer
from graphs.retrieving import Knowledge
from graphs.stores import summaries
from graphs.turn_taking import TurnTaker
from knowledge.embeddings import EmbeddingPort

_SETTLE_SECONDS: Final = 1.0
_AT_ONCE: Final = 0.0
_INTAKE_SECONDS: Final = 1.0  # nobody is woken for what a dead engine had claimed
_GATHER_SECONDS: Final = 0.04  # what comes meanwhile is taken in together, in fewer transactions
_LEAST_SECONDS: Final = 0.2  # what somebody else holds is due, and not ours


class Crew:
    def __init__(
        self, station: Station, patience: Patience, gateway: Gateway, embeddings: EmbeddingPort | None = None
    ) -> None:
        self._station = station
        knowledge = Knowledge(station.floor.database, embeddings)
        self._turns = TurnTaker(station.floor, gateway, knowledge.of)
        self._hearer = Hearer(station.floor, station.storage, gateway)
        self._patience = patience
        self._noted: Mark | None = None
        self._sender = Sender(station.floor, station.registry, station.lines, patience, storage=station.storage)

    def engine(self, pulse: Pulse) -> Engine:
        loops = (
            Loop("depths", self._publish_depths, channels=(events.CHANNEL,)),
            Loop("intake", self._take_in, channels=("incoming",)),
            Loop("timers", self._ring_timers, channels=("timers", "clock")),
            Loop("effects", self._run_effects, channels=("effects", "clock")),
            Loop("settling", self._settle),
            Loop("media", self._fetch_media, channels=("media",)),
            Loop("clock", self._follow_clock, channels=("clock",)),
        )
        hints = {"connections": self._station.lines.forget}
        return Engine(self._station.floor, pulse, (*loops, self._turns, self._hearer, self._sender), hints)

    async def _publish_depths(self) -> float:
        await store.publish_depths(self._station.floor)
        return SWEEP_SECONDS

    async def _take_in(self) -> float:
        taken = await intake.take_in(self._station.floor, self._station.registry)
        if 0 < taken < intake.MOST:
            await asyncio.sleep(_GATHER_SECONDS)
        return _AT_ONCE if taken else _INTAKE_SECONDS

    async def _ring_timers(self) -> float:
        done = await timers.run_due(self._station.floor)
        return _AT_ONCE if done else await self._next("timers")

    async def _run_effects(self) -> float:
        done = await effects.run_due(self._station.floor)
        return _AT_ONCE if done else await self._next("effects")

    async def _next(self, work: str) -> float:
        seconds = await store.seconds_to_next(self._station.floor.database, work)
        return SWEEP_SECONDS if seconds is None else max(seconds, _LEAST_SECONDS)

    async def _settle(self) -> float:
        station = self._station
        await self._note_newest()
        await settling.mark_lapsed(station.floor)
        await settling.join_parked(station.floor, summaries.forget)
        if await settling.settle_silence(station.floor, station.registry, station.lines, self._patience):
            self._sender.wake.set()
        return _SETTLE_SECONDS

    async def _note_newest(self) -> None:
        newest = self._sender.last_begun
        if newest != self._noted:
            await recovery.remember(self._station.floor, newest)
            self._noted = newest

    async def _fetch_media(self) -> float:
        manner = Manner(is_sealed=self._station.floor.settings.masteria_media_sealed)
        return _AT_ONCE if await media.fetch_due(self._station, manner) else SWEEP_SECONDS

    async def _follow_clock(self) -> float:
        if await store.follow_clock(self._station.floor):
            self._sender.wake.set()
        return SWEEP_SECONDS
