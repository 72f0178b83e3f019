"""What our graph adds to a bare one with as many nodes, where neither has a database and both models answer at once."""

import time
from dataclasses import dataclass
from typing import Final

from bench.bare_graph import BareGraph, bare_graph, take_turn
from bench.turn_phases import Spread
from bench.turn_talk import SCRIPT, BenchModel, BenchPort, Knowledge
from bench.turn_walk import Walk
from graphs.conversation.graph import Graph, compile_graph
from graphs.stores.personas import Version

CALLS: Final = 2  # of a turn that goes the long way: understand and respond
_CONVERSATIONS: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Overhead:
    ours: Spread
    bare: Spread

    @property
    def p50(self) -> float:
        return self.ours.p50 - self.bare.p50

    @property
    def p95(self) -> float:
        return self.ours.p95 - self.bare.p95


async def measure_overhead(version: Version) -> Overhead:
    """Turn about, so that both meet the same moments of the machine."""
    graph = compile_graph(version.persona)
    bare = bare_graph(node_names(graph))
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(_CONVERSATIONS):
        walk = Walk(version.persona, graph, BenchPort(BenchModel(), None, 0), Knowledge())
        for line in SCRIPT:
            await walk.say(line.words)
            theirs.append(await _timed(bare, line.words))
        _must_be_long(walk)
        ours += walk.seconds
    return Overhead(ours=Spread.of(ours), bare=Spread.of(theirs))


def node_names(graph: Graph) -> list[str]:
    return [name for name in graph.get_graph().nodes if not name.startswith("__")]


async def _timed(bare: BareGraph, words: str) -> float:
    begun = time.perf_counter()
    await take_turn(bare, "none", words)
    return time.perf_counter() - begun


def _must_be_long(walk: Walk) -> None:
    """A turn that took a shorter way through the graph proves nothing."""
    for number, outcome in enumerate(walk.outcomes):
        if outcome.usage.calls != CALLS:
            raise RuntimeError(f"turn {number}: {outcome.usage.calls} calls, rules {outcome.decision.rules}")
