"""`make bench-knowledge DATA=…`: what the search finds, how sure it is, and how long it takes among very many passages.

No provider and no vectors: words alone. DATA is a set in the layout of SQuAD. Its passages are asked for by themselves,
against the wrong base, and among as many made ones as `SIZES` says (`make bench-knowledge-full`: a million).
"""

import asyncio
import json
import math
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

import psutil

from bench import knowledge_shop
from bench.knowledge_oracle import weigh_all
from bench.knowledge_scene import DataSet, Scene, fill, made_up, open_scene, read
from knowledge.search import Found, search

SIZES: Final = (1_000, 100_000)
RECALL_TARGETS: Final = {1: 0.86, 5: 0.975}
WRONG_TARGET: Final = 0.03
ANSWERED_TARGET: Final = 0.85
SECONDS_TARGET: Final = 0.010  # p50 among the most passages that are in a gate
GATED: Final = 100_000
LOSS_TARGET: Final = 0.01
_DEPTHS: Final = (1, 5, 10)
_TIMED: Final = 300  # questions
_EXACT: Final = 150  # of them, against weighing everything
_FIRST: Final = 5
_Z: Final = 1.96
_MB: Final = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """So many of so many, with where the truth lies in 95 of 100 cases (Wilson)."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        if not self.of:
            return 0.0, 1.0
        spread = _Z * math.sqrt(self.value * (1 - self.value) / self.of + _Z**2 / (4 * self.of**2))
        middle, scale = self.value + _Z**2 / (2 * self.of), 1 + _Z**2 / self.of
        return (middle - spread) / scale, (middle + spread) / scale


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    recall: dict[int, Share]
    answered: Share  # of questions of its own base
    wrongly: Share  # of questions of another


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """Among so many passages."""

    size: int
    p50: float
    p99: float
    cpu: float  # of this process, per question
    loss: float  # of recall@5, against weighing everything
    per_second: float  # passages put
    megabytes: float  # of tables and indexes


def main(sizes: Sequence[int] = SIZES) -> int:
    data = read(Path(os.environ["DATA"])) if os.environ.get("DATA") else None
    if data is None:
        sys.stderr.write("DATA=… must name a file in the layout of SQuAD\n")
        return 2
    return asyncio.run(_measure(data, sizes))


async def _measure(data: DataSet, sizes: Sequence[int]) -> int:
    async with open_scene() as scene:
        await fill(scene, "texts", [("", text) for text in data.passages], name="texts")
        await fill(scene, "shop", knowledge_shop.PASSAGES, name="shop")
        quality = await _quality(scene, data)
        _say_quality(quality)
        paces = [await _pace(scene, data, size) for size in sizes]
    return _report(quality, paces)


async def _quality(scene: Scene, data: DataSet) -> Quality:
    ranks, answered, wrong = [], 0, 0
    for question, place in data.questions:
        found = await _asked(scene, question, "texts", max(_DEPTHS))
        ranks.append(_rank(found, data.passages[place]))
        answered += found.is_answer
        wrong += (await _asked(scene, question, "shop", 5)).is_answer
    shop = knowledge_shop.questions()
    for question in shop:
        wrong += (await _asked(scene, question, "texts", 5)).is_answer
    count = len(data.questions)
    return Quality(
        recall={depth: Share(hits=sum(rank <= depth for rank in ranks), of=count) for depth in _DEPTHS},
        answered=Share(hits=answered, of=count),
        wrongly=Share(hits=wrong, of=count + len(shop)),
    )


async def _pace(scene: Scene, data: DataSet, size: int) -> Pace:
    there: int = await scene.eye.fetchval("SELECT sum(passages)::bigint FROM knowledge_bases WHERE name = 'texts'")
    bulk = [("", text) for text in made_up(data.passages, size)][there:]
    start = time.perf_counter()
    await fill(scene, "texts", bulk, name=f"made {size}")
    put = (time.perf_counter() - start) / max(1, len(bulk))
    await scene.eye.execute("VACUUM ANALYZE")  # as autovacuum does in its own time
    questions = [question for question, _ in data.questions[:: max(1, len(data.questions) // _TIMED)]]
    took, cpu = [], time.process_time()
    for question in questions:
        start = time.perf_counter()
        await _asked(scene, question, "texts", 5)
        took.append(time.perf_counter() - start)
    cpu = (time.process_time() - cpu) / len(questions)
    bytes_ = await scene.eye.fetchval(_BYTES)
    loss = await _loss(scene, data)
    pace = Pace(
        size=size,
        p50=median(took),
        p99=quantiles(took, n=100)[98],
        cpu=cpu,
        loss=loss,
        per_second=1 / put,
        megabytes=bytes_ / _MB,
    )
    _say_pace(pace)
    return pace


async def _loss(scene: Scene, data: DataSet) -> float:
    """Questions whose passage is among the first five where everything is weighed, less those where it is in ours."""
    ours = exact = 0
    questions = data.questions[:: max(1, len(data.questions) // _EXACT)]
    for question, place in questions:
        ours += _rank(await _asked(scene, question, "texts", 5), data.passages[place]) <= _FIRST
        async with scene.database.tenant_session(scene.company) as session:
            best = await weigh_all(session, question, ["texts"], most=_FIRST)
        exact += data.passages[place] in [one.text for one in best]
    return (exact - ours) / len(questions)


async def _asked(scene: Scene, question: str, base: str, most: int) -> Found:
    async with scene.database.tenant_session(scene.company) as session:
        return await search(session, question, [base], most)


def _rank(found: Found, text: str) -> int:
    return next((place for place, hit in enumerate(found.hits, 1) if hit.text == text), max(_DEPTHS) + 1)


def _say_quality(quality: Quality) -> None:
    for depth, share in quality.recall.items():
        low, high = share.interval
        target = f", target {RECALL_TARGETS[depth]}" if depth in RECALL_TARGETS else ""
        _row(f"recall@{depth} of {share.of} questions", share.value, f"{low:.3f} to {high:.3f}{target}")
    _row("answered from their own base", quality.answered.value, f"target ≥ {ANSWERED_TARGET}")
    _row("answered from the wrong base", quality.wrongly.value, f"of {quality.wrongly.of}, target ≤ {WRONG_TARGET}")


def _say_pace(pace: Pace) -> None:
    target = f", target p50 {SECONDS_TARGET * 1000:g}" if pace.size == GATED else ""
    _row(f"{pace.size} passages: ms per question (p50)", pace.p50 * 1000, f"p99 {pace.p99 * 1000:.1f}{target}")
    _row("  of that in this process", pace.cpu * 1000, "")
    _row("  recall@5 lost against weighing everything", pace.loss, f"target ≤ {LOSS_TARGET}")
    _row("  passages put per second", pace.per_second, f"{pace.megabytes:.0f} MB of tables and indexes")
    _row("  memory of this process, MB", psutil.Process().memory_info().rss / _MB, "")


def _report(quality: Quality, paces: Sequence[Pace]) -> int:
    print(json.dumps(_result(quality, paces)))
    is_good = all(quality.recall[depth].value >= target for depth, target in RECALL_TARGETS.items())
    is_honest = quality.wrongly.value <= WRONG_TARGET and quality.answered.value >= ANSWERED_TARGET
    gated = [pace for pace in paces if pace.size <= GATED]
    is_quick = all(pace.p50 <= SECONDS_TARGET and pace.loss <= LOSS_TARGET for pace in gated)
    return 0 if is_good and is_honest and is_quick else 1


def _result(quality: Quality, paces: Sequence[Pace]) -> dict[str, Any]:
    return {
        "bench": "knowledge",
        "recall": {str(depth): round(share.value, 4) for depth, share in quality.recall.items()},
        "intervals": {str(depth): [round(end, 4) for end in share.interval] for depth, share in quality.recall.items()},
        "answered": round(quality.answered.value, 4),
        "wrongly": round(quality.wrongly.value, 4),
        "paces": {
            str(pace.size): {
                "p50_ms": round(pace.p50 * 1000, 2),
                "p99_ms": round(pace.p99 * 1000, 2),
                "loss": round(pace.loss, 4),
                "passages_per_second": round(pace.per_second),
            }
            for pace in paces
        },
    }


def _row(what: str, value: float, verdict: str) -> None:
    print(f"{what:<56} {value:>10.4f}  {verdict}", flush=True)


_BYTES: Final = """
    SELECT sum(pg_total_relation_size(oid)) FROM pg_class
    WHERE relkind = 'r' AND relname IN ('knowledge_passages', 'knowledge_postings', 'knowledge_spellings')
"""

if __name__ == "__main__":
    sys.exit(main())
