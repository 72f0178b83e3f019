"""Turns whose time has come are taken: claimed across companies, run at the same time, and committed or given way."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import Final

from agents.gateway.gateway import Gateway
from agents.ports import Retriever
from core import telemetry
from core.clock import Deadline
from core.crashpoints import CrashPoint, crashpoint
from core.db.away import AWAY
from core.errors import AppError
from core.floor import Floor
from core.ids import CompanyId
from core.logging import get_logger
from core.models.stream import TurnState
from core.probe import Beat
from core.telemetry import Phase
from graphs import store
from graphs.committing import Unfenced, commit
from graphs.conversation.graph import graph_of, run
from graphs.conversation.ports import Context
from graphs.conversation.state import Committed, Outcome
from graphs.stores import personas, snapshots, turns
from graphs.stores.appointments import ContactAppointments
from graphs.stores.orders import ContactOrders
from graphs.stores.snapshots import Begun, Missing
from graphs.stores.spending import CallsToday
from graphs.stores.turns import Claim

SLOTS: Final = 500  # turns at the same time in one process: nearly all of them wait for a model
LEASE: Final = timedelta(seconds=60)
TRIES: Final = 3
_A_ROUND: Final = 100
_HARD_SECONDS: Final = 50.0  # below the lease: what does not heed its own deadline is ended before others take it
_LOOK_SECONDS: Final = 0.5
_AWAY_SECONDS: Final = 1.0
_REMEMBERED_SECONDS: Final = 10.0
_LONG_AGO: Final = Deadline(0.0)
_MODEL_NODES: Final = frozenset({"understand", "respond", "repair"})
_RETRIEVING: Final = frozenset({"prefetch"})

log = get_logger(__name__)


@dataclass(slots=True)
class TurnTaker:
    """One per engine process. `wake` says that a turn may be due."""

    floor: Floor
    gateway: Gateway
    retriever_of: Callable[[CompanyId], Retriever]
    name: str = "turns"
    channels: tuple[str, ...] = ("turns", "clock")
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    _known_to_have_one: dict[CompanyId, Deadline] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Until told to stop: then no more is claimed, and what has not committed is cut off, to be run elsewhere."""
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                beat.beat()
                self.wake.clear()
                claimed = await self._try_round(group)
                await self._rest(0.0 if claimed else _LOOK_SECONDS)
            for task in self._running:
                task.cancel()

    async def run_due(self) -> int:
        """One round by itself, up to the end of its turns."""
        async with asyncio.TaskGroup() as group:
            return await self._round(group)

    async def _rest(self, seconds: float) -> None:
        if len(self._running) >= SLOTS:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        if seconds:
            try:
                async with asyncio.timeout(seconds):
                    await self.wake.wait()
            except TimeoutError:
                return

    async def _try_round(self, group: asyncio.TaskGroup) -> int:
        try:
            return await self._round(group)
        except AWAY as error:
            log.warning("turns.database_away", reason=type(error).__name__)
            await asyncio.sleep(_AWAY_SECONDS)
            return 0

    async def _round(self, group: asyncio.TaskGroup) -> int:
        most = min(_A_ROUND, SLOTS - len(self._running))
        claims = await store.claim_turns(self.floor.database, most=most, lease=LEASE) if most > 0 else []
        if claims:
            crashpoint(CrashPoint.TURN_PRE_START)
        for company, own in groupby(sorted(claims, key=_company_of), key=_company_of):
            for claim in await self._with_persona(company, list(own)):
                task = group.create_task(self._take(claim))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        return len(claims)

    async def _with_persona(self, company: CompanyId, claims: list[Claim]) -> list[Claim]:
        """All of them; or none, and they are closed together, where the company has no persona at all."""
        if not self._known_to_have_one.get(company, _LONG_AGO).passed:
            return claims
        async with self.floor.database.tenant_session(company) as session:
            if await personas.has_any(session):
                self._known_to_have_one[company] = Deadline.after(_REMEMBERED_SECONDS)
                return claims
            await turns.close(session, claims, state=TurnState.IGNORED, reason=Missing.PERSONA.value)
        return []

    async def _take(self, claim: Claim) -> None:
        """Whatever happens to one turn, a bug too, is its own affair: the others go on, and it is tried again."""
        [trouble] = await asyncio.gather(self._begin(claim), return_exceptions=True)
        if trouble is None:
            return
        is_known = isinstance(trouble, (AppError, *AWAY))
        log.warning(
            "turns.left", turn=str(claim.turn), reason=type(trouble).__name__, exc_info=None if is_known else trouble
        )
        await self._leave(claim)

    async def _begin(self, claim: Claim) -> None:
        async with asyncio.timeout(_HARD_SECONDS):
            await self._take_up(claim)

    async def _take_up(self, claim: Claim) -> None:
        async with self.floor.database.tenant_session(claim.company) as session:
            begun = await snapshots.load(session, claim)
            if begun is Missing.PERSONA:
                await turns.close(session, [claim], state=TurnState.IGNORED, reason=begun.value)
        if isinstance(begun, Begun):
            await self._run(begun)

    async def _run(self, begun: Begun) -> None:
        snapshot, budget = begun.snapshot, begun.version.persona.budget
        spending = CallsToday(self.floor.database, snapshot.company, snapshot.contact)
        started = time.perf_counter()
        context = Context(
            persona=begun.version.persona,
            snapshot=snapshot,
            model=self.gateway.for_turn(budget.model_calls, spending, of_contact=budget.contact_calls_per_day),
            retriever=self.retriever_of(snapshot.company),
            appointments=ContactAppointments(self.floor.database, snapshot.company, snapshot.contact),
            orders=ContactOrders(self.floor.database, snapshot.company, snapshot.contact),
            commit=lambda outcome: self._commit(begun, outcome),
            deadline=Deadline.after(budget.turn_deadline.total_seconds()),
            cache_key=f"{snapshot.company}:{begun.version.id}",
        )
        try:
            await run(graph_of(begun.version.sha256, begun.version.persona), context)
        except Unfenced as error:
            await self._give_way(begun, error.committed)
        else:
            _measure(begun, context, time.perf_counter() - started)

    async def _commit(self, begun: Begun, outcome: Outcome) -> Committed:
        async with self.floor.database.tenant_session(begun.snapshot.company) as session:
            await commit(session, begun, outcome)
        return Committed.DONE

    async def _give_way(self, begun: Begun, committed: Committed) -> None:
        """The customer wrote meanwhile: all is answered together, in the turn that is open by now."""
        log.info("turns.gave_way", turn=str(begun.claim.turn), to=committed.value)
        if committed is Committed.LOST:
            return
        async with self.floor.database.tenant_session(begun.snapshot.company) as session:
            await turns.give_way(session, begun.claim, reason=committed.value)

    async def _leave(self, claim: Claim) -> None:
        """Soon somebody tries again; after several tries it has failed, and is shown as such."""
        try:
            async with self.floor.database.tenant_session(claim.company) as session:
                await turns.leave(session, claim, tries=TRIES)
        except AWAY as error:
            log.warning("turns.left_to_lease", turn=str(claim.turn), reason=type(error).__name__)


def _company_of(claim: Claim) -> CompanyId:
    return claim.company


def _measure(begun: Begun, context: Context, seconds: float) -> None:
    persona = begun.version.name
    model = sum(took for node, took in context.phases.items() if node in _MODEL_NODES)
    retrieving = sum(took for node, took in context.phases.items() if node in _RETRIEVING)
    committing = context.phases.get("commit", 0.0)
    for phase, took in (
        (Phase.MODEL, model),
        (Phase.RETRIEVE, retrieving),
        (Phase.COMMIT, committing),
        (Phase.GRAPH, max(0.0, seconds - model - committing)),
    ):
        telemetry.turn_seconds(persona=persona, phase=phase).observe(took)
