"""Turns whose time has come are taken: claimed across companies, run at the same time, and committed or given way."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import Final

from sqlalchemy.exc import IntegrityError

from agents.gateway.gateway import Gateway, used_by
from agents.gateway.port import ModelPort
from agents.ports import Retriever
from core import telemetry
from core.clock import Deadline
from core.crashpoints import CrashPoint, crashpoint
from core.db.away import AWAY, is_trouble
from core.db.sessions import TenantSession
from core.errors import AppError
from core.floor import Floor
from core.ids import CompanyId
from core.logging import get_logger
from core.models.stream import TurnState
from core.probe import Beat
from core.telemetry import Phase
from graphs import drafts, store, summarising
from graphs.committing import Unfenced, commit
from graphs.conversation.graph import graph_of, run
from graphs.conversation.ports import Context
from graphs.conversation.state import Committed, Outcome
from graphs.overtaking import Thinkers
from graphs.stores import personas, snapshots, turns
from graphs.stores.appointments import ContactAppointments
from graphs.stores.orders import ContactOrders
from graphs.stores.snapshots import Begun, Missing
from graphs.stores.spending import CallsToday, CompaniesToday
from graphs.stores.turns import Claim
from graphs.summarising import Ended

SLOTS: Final = 500  # turns at the same time in one process: nearly all of them wait for a model
LEASE: Final = timedelta(seconds=60)
TRIES: Final = 3
_A_ROUND: Final = 100
_LOADED_TOGETHER: Final = 20  # in one transaction
_HARD_SECONDS: Final = 50.0  # below the lease: what does not heed its own deadline is ended before others take it
_LOOK_SECONDS: Final = 0.5
_AWAY_SECONDS: Final = 1.0
_REMEMBERED_SECONDS: Final = 10.0
_LONG_AGO: Final = Deadline(0.0)
_MODEL_NODES: Final = frozenset({"understand", "respond", "repair"})
_RETRIEVING: Final = frozenset({"prefetch"})

log = get_logger(__name__)


class TooLong(AppError):
    """What a turn does has not heeded its own deadline."""

    def __init__(self) -> None:
        super().__init__("O turno demorou demais.", "The turn took too long.")


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
    _thinkers: Thinkers = field(init=False)
    _companies_today: CompaniesToday = field(default_factory=CompaniesToday)
    _known_to_have_one: dict[CompanyId, Deadline] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._thinkers = Thinkers(self.floor.database)

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
            await self._thinkers.cut()
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
        chunks = [
            (company, some)
            for company, own in groupby(sorted(claims, key=_company_of), key=_company_of)
            for some in _in_chunks(list(own))
        ]
        loads = [self._load(company, some) for company, some in chunks]
        for (_, some), loaded in zip(chunks, await asyncio.gather(*loads, return_exceptions=True), strict=True):
            # Where one of them is trouble, each is taken by itself, and the trouble stays with it.
            works = map(self._take, some) if isinstance(loaded, BaseException) else map(self._take_loaded, loaded)
            for work in works:
                task = group.create_task(work)
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        return len(claims)

    async def _load(self, company: CompanyId, claims: Sequence[Claim]) -> list[Begun]:
        """Those that can begin, in one transaction; where the company has no persona at all, all are closed."""
        async with self.floor.database.tenant_session(company) as session:
            if self._known_to_have_one.get(company, _LONG_AGO).passed:
                if not await personas.has_any(session):
                    await turns.close(session, claims, state=TurnState.IGNORED, reason=Missing.PERSONA.value)
                    return []
                self._known_to_have_one[company] = Deadline.after(_REMEMBERED_SECONDS)
            loaded = [await self._load_one(session, claim) for claim in claims]
        return [begun for begun in loaded if begun is not None]

    async def _load_one(self, session: TenantSession, claim: Claim) -> Begun | None:
        begun = await snapshots.load(session, claim)
        if begun is Missing.PERSONA:
            await turns.close(session, [claim], state=TurnState.IGNORED, reason=begun.value)
        return begun if isinstance(begun, Begun) else None

    async def _take_loaded(self, begun: Begun) -> None:
        await self._take(begun.claim, begun)

    async def _take(self, claim: Claim, begun: Begun | None = None) -> None:
        """Whatever happens to one turn, a bug too, is its own affair: the others go on, and it is tried again."""
        [trouble] = await asyncio.gather(self._begin(claim, begun), return_exceptions=True)
        if trouble is None:
            return
        is_known = isinstance(trouble, (AppError, *AWAY))
        log.warning(
            "turns.left", turn=str(claim.turn), reason=type(trouble).__name__, exc_info=None if is_known else trouble
        )
        await self._leave(claim, is_ours=is_trouble(trouble))

    async def _begin(self, claim: Claim, begun: Begun | None) -> None:
        scope = asyncio.timeout(_HARD_SECONDS)
        try:
            async with scope:
                for one in [begun] if begun is not None else await self._load(claim.company, [claim]):
                    await self._run(one)
        except TimeoutError as error:  # which may be the database's, too
            raise (TooLong() if scope.expired() else error) from None

    async def _run(self, begun: Begun) -> None:
        snapshot, budget = begun.snapshot, begun.version.persona.budget
        model = self._model(begun, budget.model_calls)
        started = time.perf_counter()
        context = Context(
            persona=begun.version.persona,
            snapshot=snapshot,
            model=model,
            retriever=self.retriever_of(snapshot.company),
            appointments=ContactAppointments(self.floor.database, snapshot.company, snapshot.contact),
            orders=ContactOrders(self.floor.database, snapshot.company, snapshot.contact),
            commit=lambda outcome: self._commit(begun, outcome),
            deadline=Deadline.after(budget.turn_deadline.total_seconds()),
            cache_key=begun.cache_key,
        )
        graph = graph_of(begun.version.sha256, begun.version.persona)
        try:
            outcome = await self._thinkers.think(begun, run(graph, context))
        except Unfenced as error:
            await self._give_way(begun, error.committed, model)
        else:
            _measure(begun, context, time.perf_counter() - started)
            await self._sum_up(Ended(begun=begun, outcome=outcome))

    async def _sum_up(self, ended: Ended) -> None:
        """After the commit: the customer has the answer, and waits for nothing of this."""
        if summarising.is_due(ended):
            model = self._model(ended.begun, summarising.MOST_STEPS)
            await summarising.sum_up(self.floor.database, model, ended)

    def _model(self, begun: Begun, most: int) -> ModelPort:
        snapshot = begun.snapshot
        spending = CallsToday(self.floor.database, snapshot.company, snapshot.contact, companies=self._companies_today)
        of_contact = begun.version.persona.budget.contact_calls_per_day
        return self.gateway.for_turn(most, spending, of_contact=of_contact)

    async def _commit(self, begun: Begun, outcome: Outcome) -> Committed:
        self._thinkers.commits(begun)
        try:
            async with self.floor.database.tenant_session(begun.snapshot.company) as session:
                await commit(session, begun, outcome)
                crashpoint(CrashPoint.TURN_PRE_COMMIT)
        except Unfenced as error:
            if error.committed is Committed.TAKEN:
                async with self.floor.database.tenant_session(begun.snapshot.company) as session:
                    await drafts.suggest(session, begun, outcome)
            raise
        crashpoint(CrashPoint.TURN_POST_COMMIT)
        return Committed.DONE

    async def _give_way(self, begun: Begun, committed: Committed, model: ModelPort) -> None:
        """The customer wrote meanwhile: all is answered together, in the turn that is open by now."""
        log.info("turns.gave_way", turn=str(begun.claim.turn), to=committed.value)
        if committed is Committed.LOST:
            return
        try:
            await self._give_way_once(begun, committed, model)
        except IntegrityError:  # another was opened in this very moment, and is found now
            await self._give_way_once(begun, committed, model)

    async def _give_way_once(self, begun: Begun, committed: Committed, model: ModelPort) -> None:
        is_restart = committed is Committed.OVERTAKEN
        async with self.floor.database.tenant_session(begun.snapshot.company) as session:
            await turns.give_way(session, begun.claim, reason=committed.value, is_restart=is_restart)
            await turns.charge(session, begun.claim.turn, used_by(model))

    async def _leave(self, claim: Claim, *, is_ours: bool) -> None:
        """Soon somebody tries again; after several tries it has failed, and is shown as such.

        `is_ours`: the trouble is no fault of the turn's, and no try of it.
        """
        try:
            async with self.floor.database.tenant_session(claim.company) as session:
                if is_ours:
                    await turns.give_back(session, claim)
                else:
                    await turns.leave(session, claim, tries=TRIES)
        except AWAY as error:
            log.warning("turns.left_to_lease", turn=str(claim.turn), reason=type(error).__name__)


def _in_chunks(claims: Sequence[Claim]) -> Iterator[Sequence[Claim]]:
    for start in range(0, len(claims), _LOADED_TOGETHER):
        yield claims[start : start + _LOADED_TOGETHER]


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
