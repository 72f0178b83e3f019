"""What each part of a turn takes, one turn at a time: by hand, with the steps that the engine's turn taker makes."""

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any, Final

from bench import turn_scene
from bench.turn_scene import Scene
from bench.turn_talk import BenchModel, Knowledge
from core.clock import Deadline
from graphs import store
from graphs.committing import commit
from graphs.conversation.graph import graph_of, run
from graphs.conversation.ports import Context
from graphs.conversation.state import Committed, Outcome
from graphs.holding import LEASE
from graphs.stores import snapshots
from graphs.stores.appointments import ContactAppointments
from graphs.stores.orders import ContactOrders
from graphs.stores.snapshots import Begun, Missing
from graphs.stores.spending import CallsToday
from graphs.stores.turns import Claim

PHASES: Final = ("claim", "load", "graph", "decide", "commit", "budget")
_EACH: Final = 5  # turns of a company in each round
_ROUNDS: Final = 8
_DECIDING: Final = "decide"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """Seconds."""

    p50: float
    p95: float

    @classmethod
    def of(cls, seconds: list[float]) -> "Spread":
        return cls(p50=median(seconds), p95=quantiles(seconds, n=20)[-1])


@dataclass(slots=True)
class Stopwatch:
    took: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def note(self, phase: str, since: float) -> None:
        self.took[phase].append(time.perf_counter() - since)


async def measure(scene: Scene) -> Mapping[str, Spread]:
    watch = Stopwatch()
    for number in range(_ROUNDS):
        await turn_scene.let_speak(scene, number, most=_EACH)
        for _ in range(_EACH * turn_scene.COMPANIES):
            await _one(scene, watch)
    return {phase: Spread.of(watch.took[phase]) for phase in PHASES}


async def _one(scene: Scene, watch: Stopwatch) -> None:
    begun = time.perf_counter()
    [claim] = await store.claim_turns(scene.floor.database, most=1, lease=LEASE)
    watch.note("claim", begun)
    begun = time.perf_counter()
    loaded = await _load(scene, claim)
    watch.note("load", begun)
    begun = time.perf_counter()
    calls = CallsToday(scene.floor.database, claim.company, loaded.snapshot.contact, of_company=100)
    await calls.calls_left(of_contact=100)
    watch.note("budget", begun)
    await _run(scene, loaded, watch)


async def _load(scene: Scene, claim: Claim) -> Begun:
    async with scene.floor.database.tenant_session(claim.company) as session:
        [loaded] = await snapshots.load(session, [claim])
    if isinstance(loaded, Missing):
        raise RuntimeError(f"the turn cannot begin: {loaded}")  # noqa: TRY004 - it says why, and is no wrong type
    return loaded


async def _run(scene: Scene, loaded: Begun, watch: Stopwatch) -> None:
    async def write(outcome: Outcome) -> Committed:
        begun = time.perf_counter()
        async with scene.floor.database.tenant_session(loaded.snapshot.company) as session:
            await commit(session, loaded, outcome)
        watch.note("commit", begun)
        return Committed.DONE

    snapshot, database = loaded.snapshot, scene.floor.database
    model: Any = BenchModel()
    context = Context(
        persona=loaded.version.persona,
        snapshot=snapshot,
        model=model.for_turn(
            4, CallsToday(database, snapshot.company, snapshot.contact, of_company=100), of_contact=100
        ),
        retriever=Knowledge(),
        appointments=ContactAppointments(database, snapshot.company, snapshot.contact),
        orders=ContactOrders(database, snapshot.company, snapshot.contact),
        commit=write,
        deadline=Deadline.after(20),
        cache_key="bench",
    )
    graph = graph_of(loaded.version.sha256, loaded.version.persona)
    begun = time.perf_counter()
    await run(graph, context)
    watch.note("graph", begun + watch.took["commit"][-1])  # the commit runs inside the graph
    watch.took[_DECIDING].append(context.phases[_DECIDING])
