"""Turns whose time has come are taken: claimed across companies, run at the same time, and committed or given way."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, TypeVar

from sqlalchemy.exc import IntegrityError

from agents.gateway.gateway import Gateway, used_by
from agents.gateway.port import ModelPort
from agents.ports import Retriever, Spending
from core import telemetry
from core.clock import Deadline
from core.crashpoints import CrashPoint, crashpoint
from core.db.away import AWAY, is_trouble
from core.errors import AppError
from core.floor import Floor
from core.ids import CompanyId, ContactId, TurnId
from core.logging import get_logger
from core.models.stream import TurnState
from core.probe import Beat
from core.telemetry import Phase
from graphs import drafts, store, summarising
from graphs.committing import Unfenced
from graphs.conversation.graph import graph_of, run
from graphs.conversation.ports import Context
from graphs.conversation.state import Committed, Outcome
from graphs.group_commit import GroupCommit
from graphs.holding import Holding
from graphs.learning import learn
from graphs.overtaking import Thinkers
from graphs.rounds import Rounds
from graphs.stores import snapshots, spending, turns
from graphs.stores.appointments import ContactAppointments
from graphs.stores.endings import Ended
from graphs.stores.orders import ContactOrders
from graphs.stores.snapshots import Begun, Missing
from graphs.stores.spending import CallsToday, CompaniesToday, Taken
from graphs.stores.turns import Claim
from graphs.suspects import Suspects

SLOTS: Final = 500  # turns at the same time in one process: nearly all of them wait for a model
TRIES: Final = 3
_A_ROUND: Final = 200
_LOADED_TOGETHER: Final = 25  # in one transaction
_HARD_SECONDS: Final = 50.0  # what does not heed its own deadline is ended: nobody else takes it while it runs
_LOOK_SECONDS: Final = 0.5
_GATHER_SECONDS: Final = 0.05  # what falls due meanwhile, or finds a place, is claimed and loaded together
_MODEL_NODES: Final = frozenset({"understand", "respond", "repair"})

_T = TypeVar("_T")

log = get_logger(__name__)


class TooLong(AppError):
    """What a turn does has not heeded its own deadline."""

    def __init__(self) -> None:
        super().__init__("O turno demorou demais.", "The turn took too long.")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Loaded:
    """A turn that can begin, with what its contact and company may still spend."""

    begun: Begun
    spending: Spending


@dataclass(slots=True)
class TurnTaker:
    """One per engine process. `wake` says that a turn may be due."""

    floor: Floor
    gateway: Gateway
    retriever_of: Callable[[CompanyId], Retriever]
    name: str = "turns"
    channels: tuple[str, ...] = ("turns", "clock")
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _rounds: Rounds = field(init=False)
    _holding: Holding = field(init=False)
    _suspects: Suspects = field(init=False)
    _thinkers: Thinkers = field(init=False)
    _group_commit: GroupCommit = field(init=False)
    _companies_today: CompaniesToday = field(default_factory=CompaniesToday)

    def __post_init__(self) -> None:
        self._rounds = Rounds(self.name, SLOTS, self.wake, is_cut_off=True)
        self._holding = Holding(self.floor.database)
        self._suspects = Suspects(self.floor.database)
        self._thinkers = Thinkers(self.floor.database)
        self._group_commit = GroupCommit(self.floor.database)

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Until told to stop: then no more is claimed, and what has not committed is cut off, to be run elsewhere."""
        await self._rounds.run(self._tend_and_round, self._rest, stop=stop, beat=beat)
        await self._holding.let_go()

    async def run_due(self) -> int:
        """One round by itself, up to the end of its turns."""
        return await self._rounds.once(self._round)

    async def _rest(self, claimed: int) -> None:
        """What waits for a place is not waited for one by one: several are filled at once."""
        if claimed or not self._rounds.room:
            await asyncio.sleep(0.0 if claimed == _A_ROUND else _GATHER_SECONDS)
        else:
            await self._rounds.until_woken(_LOOK_SECONDS)

    async def _tend_and_round(self, group: asyncio.TaskGroup) -> int:
        await self._holding.renew()
        await self._thinkers.cut()
        return await self._round(group)

    async def _round(self, group: asyncio.TaskGroup) -> int:
        claims = await self._claim(min(_A_ROUND, self._rounds.room))
        self._holding.add(claims)
        if claims:
            crashpoint(CrashPoint.TURN_PRE_START)
        for company, own in groupby(sorted(claims, key=_company_of), key=_company_of):
            for some in _in_chunks(list(own)):
                loading = group.create_task(self._try_to_load(company, some))
                for claim in some:
                    self._rounds.begin(group, self._take(claim, loading))
        return len(claims)

    async def _claim(self, most: int) -> list[Claim]:
        if not most:
            return []
        lease = self._holding.lease
        claims = await store.claim_turns(self.floor.database, most=most, lease=lease)
        return [*claims, *await self._suspects.claim(lease)]

    async def _try_to_load(self, company: CompanyId, claims: Sequence[Claim]) -> dict[TurnId, _Loaded] | BaseException:
        return await _what_comes_of(self._load(company, claims))

    async def _load(self, company: CompanyId, claims: Sequence[Claim]) -> dict[TurnId, _Loaded]:
        """Those that can begin, in one transaction; those that no persona takes are closed."""
        async with self.floor.database.tenant_session(company) as session:
            found = await snapshots.load(session, claims)
            for reason in (Missing.PERSONA, Missing.PAUSED):
                if lone := [claim for claim, one in zip(claims, found, strict=True) if one is reason]:
                    await turns.close(session, lone, state=TurnState.IGNORED, reason=reason.value)
            begun = [one for one in found if isinstance(one, Begun)]
            contacts = {one.snapshot.contact for one in begun}
            taken = await spending.taken(session, contacts, self._companies_today)
        return {one.claim.turn: _Loaded(begun=one, spending=_left(one, taken)) for one in begun}

    async def _take(self, claim: Claim, loading: asyncio.Task[dict[TurnId, _Loaded] | BaseException]) -> None:
        """Whatever happens to one turn, a bug too, is its own affair: the others go on, and it is tried again."""
        trouble = await _what_comes_of(self._begin(claim, loading))
        self._holding.drop(claim)
        self._suspects.ended(claim)
        if trouble is None:
            return
        is_known = isinstance(trouble, (AppError, *AWAY))
        log.warning(
            "turns.left", turn=str(claim.turn), reason=type(trouble).__name__, exc_info=None if is_known else trouble
        )
        await self._leave(claim, is_ours=is_trouble(trouble))

    async def _begin(self, claim: Claim, loading: asyncio.Task[dict[TurnId, _Loaded] | BaseException]) -> None:
        scope = asyncio.timeout(_HARD_SECONDS)
        try:
            async with scope:
                loaded = await loading  # who gives it up does so for all: they have waited equally long
                if isinstance(loaded, BaseException):  # of one of them: each is taken by itself, and it stays with that
                    loaded = await self._load(claim.company, [claim])
                if (own := loaded.pop(claim.turn, None)) is not None:
                    await self._run(own.begun, own.spending)
        except TimeoutError as error:  # which may be the database's, too
            raise (TooLong() if scope.expired() else error) from None

    async def _run(self, begun: Begun, left: Spending) -> None:
        snapshot, budget = begun.snapshot, begun.version.persona.budget
        model = self._model(begun, budget.model_calls, left)
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
            ended = Ended(begun=begun, outcome=outcome)
            await learn(self.floor.database, ended)
            await self._sum_up(ended)

    async def _sum_up(self, ended: Ended) -> None:
        """After the commit: the customer has the answer, and waits for nothing of this."""
        if not summarising.is_due(ended):
            return
        database, snapshot = self.floor.database, ended.begun.snapshot
        left = CallsToday(
            database,
            snapshot.company,
            snapshot.contact,
            of_company=ended.begun.version.persona.budget.company_calls_per_day,
            companies=self._companies_today,
        )
        await summarising.sum_up(database, self._model(ended.begun, summarising.MOST_STEPS, left), ended)

    def _model(self, begun: Begun, most: int, left: Spending) -> ModelPort:
        return self.gateway.for_turn(most, left, of_contact=begun.version.persona.budget.contact_calls_per_day)

    async def _commit(self, begun: Begun, outcome: Outcome) -> Committed:
        self._thinkers.commits(begun)
        try:
            await self._group_commit.commit(Ended(begun=begun, outcome=outcome))
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


async def _what_comes_of(work: Awaitable[_T]) -> _T | BaseException:
    """Its result, or what it raised: nothing but being cancelled reaches the others."""
    [outcome] = await asyncio.gather(work, return_exceptions=True)
    return outcome


def _left(begun: Begun, taken: Mapping[ContactId, Taken]) -> Spending:
    return taken[begun.snapshot.contact].within(begun.version.persona.budget.company_calls_per_day)


def _in_chunks(claims: Sequence[Claim]) -> Iterator[Sequence[Claim]]:
    for start in range(0, len(claims), _LOADED_TOGETHER):
        yield claims[start : start + _LOADED_TOGETHER]


def _company_of(claim: Claim) -> CompanyId:
    return claim.company


def _measure(begun: Begun, context: Context, seconds: float) -> None:
    for phase, took in phases_of(context.phases, seconds).items():
        telemetry.turn_seconds(persona=begun.version.name, phase=phase).observe(took)


def phases_of(nodes: Mapping[str, float], seconds: float) -> Mapping[Phase, float]:
    """What is left of a turn is the graph's. Knowledge is looked up while a model understands: it waits for both."""
    model = sum(took for node, took in nodes.items() if node in _MODEL_NODES)
    retrieving, committing = nodes.get("prefetch", 0.0), nodes.get("commit", 0.0)
    waited = model + max(0.0, retrieving - nodes.get("understand", 0.0)) + committing
    return {
        Phase.MODEL: model,
        Phase.RETRIEVE: retrieving,
        Phase.COMMIT: committing,
        Phase.GRAPH: max(0.0, seconds - waited),
    }
