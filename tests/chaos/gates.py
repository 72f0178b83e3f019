"""The gates that a test shuts itself, each with the moment from which on nothing may begin."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from channels import batches, consent
from channels.consent import Evidence
from core.models.outbox import Purpose
from core.models.people import ConsentSource
from graphs import handoff
from graphs.handoff import Source, Taker
from tests.chaos.crowd import Person
from tests.chaos.facts import ALL, Gate, GateKind
from tests.chaos.world import World

BOTS: Final = frozenset({Purpose.REPLY, Purpose.UTILITY, Purpose.MARKETING})


@dataclass(frozen=True, kw_only=True, slots=True)
class Gatekeeper:
    """Stricter than promised: the moment is before the commit is asked for, once the product says that all is still."""

    world: World
    waits: list[float] = field(default_factory=list)  # seconds until each pause held

    async def opt_out(self, person: Person) -> None:
        async with self.world.crowd.session() as session:
            await consent.opt_out(session, person.contact, Evidence(source=ConsentSource.STAFF, quote="pediu por voz"))
            shut = time.monotonic_ns()
        self._note(GateKind.OPT_OUT, person.contact, shut, stops=ALL - {Purpose.NOTICE})

    async def take_over(self, person: Person) -> None:
        async with self.world.crowd.session() as session:
            await handoff.take_over(session, person.conversation, Taker(source=Source.STAFF))
            shut = time.monotonic_ns()
        self._note(GateKind.TAKEOVER, person.conversation, shut, stops=BOTS)

    async def pause_for(self, batch: UUID, seconds: float) -> None:
        asked = time.monotonic_ns()
        async with self.world.crowd.session() as session:
            await batches.pause(session, batch, "chaos")
            shut = time.monotonic_ns()
        self.waits.append((shut - asked) / 1e9)
        await asyncio.sleep(seconds)
        opened = time.monotonic_ns()
        async with self.world.crowd.session() as session:
            await batches.resume(session, batch)
        self._note(GateKind.PAUSE, batch, shut, opened=opened)

    def _note(
        self, kind: GateKind, of: UUID, shut: int, *, opened: int | None = None, stops: frozenset[Purpose] = ALL
    ) -> None:
        self.world.gates.append(Gate(kind=kind, of=of, shut_ns=shut, opened_ns=opened, stops=stops))
