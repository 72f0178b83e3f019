"""`make bench-turn`: turns through the real engine, against a bare LangGraph graph on the stock Postgres saver.

Both in this process, on the same PostgreSQL, with the same number of connections and as many conversations at once. The
models of both answer at once, so that what is measured is everything else: claim, load, graph, decide, commit.
"""

import asyncio
import gc
import json
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import psutil

from admin_api.frame import spare_collector
from bench import turn_phases, turn_scene
from bench.bare_graph import BareGraph, bare_graph, open_saver, take_turn
from bench.turn_overhead import CALLS, Overhead, measure_overhead, node_names
from bench.turn_phases import Spread
from bench.turn_scene import Scene, open_scene
from bench.turn_talk import SCRIPT, BenchModel, Knowledge
from core.probe import Pulse
from graphs.conversation.graph import compile_graph
from graphs.stores import personas
from graphs.stores.personas import Version, Wanted
from graphs.turn_taking import SLOTS, TurnTaker

PEOPLE: Final = 400
ROUNDS: Final = len(SCRIPT)  # every conversation goes all through it
CROWD: Final = 6_000  # twelve times as many as there are places: filling them and the last ones weigh less
MODEL_SECONDS: Final = 2.0
RATIO_TARGET: Final = 0.9
CROWD_TARGET: Final = 0.8
DIALOGUE_TARGET: Final = 1024  # bytes
OVERHEAD_TARGETS: Final = (0.004, 0.008)  # seconds, p50 and p95
_PATIENCE: Final = 300.0
_LOOK_SECONDS: Final = 0.02
_KB: Final = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """Turns per second."""

    bare: float
    ours: float

    @property
    def ratio(self) -> float:
        return self.ours / self.bare


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """So many conversations at once, whose model takes its time."""

    per_second: float
    most_waiting: int
    kb_per_turn: float

    @property
    def share(self) -> float:
        """Of what could be, if nothing but the model took any time."""
        return self.per_second / (SLOTS / (MODEL_SECONDS * CALLS))


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What a turn leaves behind, in bytes."""

    dialogue: int  # the largest
    turn: int  # a row with its trace, on average
    bare: int  # what the yardstick keeps per turn


def main() -> int:
    return asyncio.run(_measure())


async def _measure() -> int:
    async with open_scene() as scene, open_saver(scene.bare_database) as saver:
        version = await _version(scene)
        await turn_scene.add_people(scene, PEOPLE)
        bare = bare_graph(node_names(compile_graph(version.persona)), saver)
        spare_collector()  # as every process of ours does; the yardstick gains by it as well
        rounds = [(await _bare(scene, bare, number), await _ours(scene, number)) for number in range(ROUNDS)]
        yardstick, ours = (statistics.median(column) for column in zip(*rounds, strict=True))
        stored = await _stored(scene)
        phases = await turn_phases.measure(scene)
        crowd = await _crowd(scene)
        overhead = await measure_overhead(version)
    return _report(Rates(bare=yardstick, ours=ours), phases, crowd=crowd, overhead=overhead, stored=stored)


async def _version(scene: Scene) -> Version:
    async with scene.floor.database.tenant_session(scene.companies[0]) as session:
        version = (await personas.answering(session, [Wanted()]))[Wanted()]
    if version is None:
        raise RuntimeError("no persona answers")
    return version


async def _bare(scene: Scene, graph: BareGraph, number: int) -> float:
    """Every conversation has one turn due, as in ours."""
    threads = [str(row["id"]) for row in await scene.eye.fetch("SELECT id FROM conversations")]
    words = SCRIPT[number].words
    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for thread in threads:
            group.create_task(take_turn(graph, thread, words))
    return len(threads) / (time.perf_counter() - start)


async def _ours(scene: Scene, number: int) -> float:
    await turn_scene.let_speak(scene, number)
    await turn_scene.tidy(scene)
    return PEOPLE / await _take_all(scene, BenchModel())


async def _crowd(scene: Scene) -> Crowd:
    """Newcomers, all of whom write at the same moment. Memory is what it grows by until the last of them waits."""
    await turn_scene.add_people(scene, CROWD)
    await turn_scene.let_speak(scene, 0, only_new=True)
    await turn_scene.tidy(scene)
    gc.collect()
    model, process = BenchModel(seconds=MODEL_SECONDS), psutil.Process()
    before = process.memory_info().rss
    grown = asyncio.create_task(_grown(model, process))
    took = await _take_all(scene, model)
    return Crowd(
        per_second=CROWD / took,
        most_waiting=model.most_waiting,
        kb_per_turn=(await grown - before) / _KB / model.most_waiting,
    )


async def _grown(model: BenchModel, process: psutil.Process) -> int:
    """The memory in use when the first turns get their second answer: then all places are taken."""
    while model.calls <= SLOTS:  # noqa: ASYNC110 - nothing tells when
        await asyncio.sleep(_LOOK_SECONDS)
    return int(process.memory_info().rss)


async def _take_all(scene: Scene, model: BenchModel) -> float:
    """Seconds until the last turn that is due is committed; each must have gone the long way through the graph."""
    due = await scene.eye.fetchval("SELECT count(*) FROM turns WHERE state = 'open'")
    gateway: Any = model
    taker, stop = TurnTaker(scene.floor, gateway, lambda _: Knowledge()), asyncio.Event()
    start = time.perf_counter()
    working = asyncio.create_task(taker.run(stop, Pulse().loop("turns")))
    async with asyncio.timeout(_PATIENCE):
        while await scene.eye.fetchval(_ANY_LEFT):  # noqa: ASYNC110 - what is waited for happens in the database
            await asyncio.sleep(_LOOK_SECONDS)
    took = time.perf_counter() - start
    stop.set()
    taker.wake.set()
    await working
    if (again := model.calls - due * CALLS) < 0:
        raise RuntimeError(f"{model.calls} calls of the model for {due} turns: some went another way")
    if again:
        print(f"{again} calls of {model.calls} were made again: turns were left, and tried a second time")
    return took


async def _stored(scene: Scene) -> Stored:
    dialogue = await scene.eye.fetchval("SELECT max(octet_length(dialogue::text)) FROM conversations")
    turn = await scene.eye.fetchval("SELECT avg(pg_column_size(t.*)) FROM turns t")
    return Stored(dialogue=dialogue, turn=round(turn), bare=await turn_scene.bare_bytes(scene) // (PEOPLE * ROUNDS))


def _report(rates: Rates, phases: Mapping[str, Spread], *, crowd: Crowd, overhead: Overhead, stored: Stored) -> int:
    _row("bare graph on the stock saver, turns/s", rates.bare, "yardstick")
    _row("ours, turns/s", rates.ours, f"÷ yardstick {rates.ratio:.2f}, target {RATIO_TARGET}")
    for name, spread in phases.items():
        _row(f"{name}, ms (p50)", spread.p50 * 1000, f"p95 {spread.p95 * 1000:.2f}")
    share = f"{crowd.share:.2f} of the limit, target {CROWD_TARGET}"
    _row(f"{SLOTS} at once, a model of {MODEL_SECONDS:g} s, turns/s", crowd.per_second, share)
    _row("calls waiting for the model at the same time", crowd.most_waiting, "")
    _row("memory per turn in flight, kB", crowd.kb_per_turn, "")
    most = " and ".join(f"{seconds * 1000:g}" for seconds in OVERHEAD_TARGETS)
    _row("our graph without a database, ms (p50)", overhead.ours.p50 * 1000, f"p95 {overhead.ours.p95 * 1000:.2f}")
    _row("bare graph without a saver, ms (p50)", overhead.bare.p50 * 1000, f"p95 {overhead.bare.p95 * 1000:.2f}")
    _row("what ours adds, ms (p50)", overhead.p50 * 1000, f"p95 {overhead.p95 * 1000:.2f}, targets {most}")
    _row("largest dialogue, bytes", stored.dialogue, f"target ≤ {DIALOGUE_TARGET}")
    _row("a turn's row with its trace, bytes", stored.turn, f"bare {stored.bare}; 0 checkpoint rows")
    print(json.dumps(_result(rates, phases, crowd=crowd, overhead=overhead, stored=stored)))
    is_lean = overhead.p50 <= OVERHEAD_TARGETS[0] and overhead.p95 <= OVERHEAD_TARGETS[1]
    is_fast = rates.ratio >= RATIO_TARGET and crowd.share >= CROWD_TARGET
    return 0 if is_fast and is_lean and stored.dialogue <= DIALOGUE_TARGET else 1


def _result(
    rates: Rates, phases: Mapping[str, Spread], *, crowd: Crowd, overhead: Overhead, stored: Stored
) -> dict[str, Any]:
    return {
        "bench": "turn",
        "ratio": round(rates.ratio, 3),
        "ours_per_second": round(rates.ours, 1),
        "yardstick_per_second": round(rates.bare, 1),
        "phases_ms": {name: [_ms(spread.p50), _ms(spread.p95)] for name, spread in phases.items()},
        "crowd_per_second": round(crowd.per_second, 1),
        "crowd_share": round(crowd.share, 3),
        "kb_per_turn_in_flight": round(crowd.kb_per_turn, 1),
        "overhead_ms": [_ms(overhead.p50), _ms(overhead.p95)],
        "dialogue_bytes": stored.dialogue,
        "turn_bytes": stored.turn,
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _row(what: str, value: float, verdict: str) -> None:
    print(f"{what:<56} {value:>10.2f}  {verdict}")


_ANY_LEFT: Final = "SELECT EXISTS (SELECT FROM turns WHERE state IN ('open', 'running'))"

if __name__ == "__main__":
    sys.exit(main())
