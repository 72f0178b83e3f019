"""`make bench-startup`: `masteria up` (installed) to READY, and the memory of the idle stack.

The yardstick of the same run is what any such stack must pay on this machine: an empty PostgreSQL cluster made and
started, a Valkey started, and one bare Python that imports the same libraries as the api and the worker.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from bench.stack import Stack, new_stack
from core.embedded import Embedded
from core.home import Home

RUNS: Final = 3
SETTLE_SECONDS: Final = 10.0
READY_TARGET: Final = 15.0
STACK_TARGET_MB: Final = 1024
API_TARGET_MB: Final = 160
_MB: Final = 1024 * 1024
_LIBRARIES: Final = (
    "import fastapi, uvicorn, sqlalchemy.ext.asyncio, asyncpg, celery, redis.asyncio, cryptography, pydantic"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    first: float
    again: float
    yardstick: float


def main() -> int:
    times = [_measure_times() for _ in range(RUNS)]
    first = statistics.median(run.first for run in times)
    again = statistics.median(run.again for run in times)
    yardstick = statistics.median(run.yardstick for run in times)
    memory = _measure_memory()
    total = sum(memory.values())
    _row("first `up` to READY, s", first, READY_TARGET)
    _row("second `up` to READY, s", again, READY_TARGET)
    _row("yardstick, s", yardstick, None)
    for name, megabytes in memory.items():
        _row(f"memory of {name}, MB (PSS)", megabytes, API_TARGET_MB if name == "api" else None)
    _row("memory of the whole idle stack, MB (PSS)", total, STACK_TARGET_MB)
    result = {
        "bench": "startup",
        "ratio": round(first / yardstick, 3),
        "first_seconds": round(first, 2),
        "again_seconds": round(again, 2),
        "yardstick_seconds": round(yardstick, 2),
        "memory_mb": {name: round(megabytes, 1) for name, megabytes in memory.items()},
        "stack_mb": round(total, 1),
    }
    print(json.dumps(result))
    is_met = first < READY_TARGET and total < STACK_TARGET_MB and memory["api"] < API_TARGET_MB
    return 0 if is_met else 1


def _measure_times() -> Times:
    with new_stack() as stack:
        first = _timed(lambda: _up(stack))
        stack.run("down")
        again = _timed(lambda: _up(stack))
    return Times(first=first, again=again, yardstick=_timed(_yardstick))


def _up(stack: Stack) -> None:
    started = stack.up()
    if started.returncode != 0:
        raise RuntimeError(started.stderr)


def _yardstick() -> None:
    with tempfile.TemporaryDirectory(prefix="masteria-bench-") as folder:
        Path(folder).chmod(0o711)
        embedded = Embedded.of(Home.open(Path(folder) / "home"))
        asyncio.run(embedded.start(log=subprocess.DEVNULL))
        subprocess.run([sys.executable, "-c", _LIBRARIES], check=True)
        embedded.stop()


def _measure_memory() -> dict[str, float]:
    with new_stack() as stack:
        _up(stack)
        time.sleep(SETTLE_SECONDS)
        pids = {"supervisor": stack.state()["pid"]}
        pids |= {name: facts["pid"] for name, facts in stack.state()["processes"].items()}
        supervisor = {pids["supervisor"]}
        return {name: _pss(pid, with_children=pid not in supervisor) for name, pid in pids.items()}


def _pss(pid: int, *, with_children: bool) -> float:
    process = psutil.Process(pid)
    family = [process, *(process.children(recursive=True) if with_children else [])]
    return sum(member.memory_full_info().pss for member in family) / _MB


def _timed(action: Callable[[], None]) -> float:
    start = time.monotonic()
    action()
    return time.monotonic() - start


def _row(what: str, value: float, target: float | None) -> None:
    verdict = "" if target is None else f"target < {target:g}  {'✓' if value < target else '✗'}"
    print(f"{what:<44} {value:>9.2f}  {verdict}")


if __name__ == "__main__":
    sys.exit(main())
